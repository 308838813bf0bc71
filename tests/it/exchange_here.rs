//! An access token of a service for a narrower one of the same service (RFC 8693 §2, §4.1).

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use tegata::model::Remark;
use time::Duration;

use crate::support::{
    ACCESS_TOKEN, Answer, CALENDAR, CHAT, FILES, HOME, Holder, MCP, TOKEN_EXCHANGE, WORLD, World,
    changed, exchange, header_of, id_token_of, redeem, secret_of,
};

/// The world where the wiki agent may exchange its own tokens at chat, the API those that are for
/// it, and a third one nothing that anybody has.
pub(crate) fn directory() -> String {
    let alone = "grant_types = [\"urn:ietf:params:oauth:grant-type:jwt-bearer\"]\nscope = \"chat.read chat.write\"";
    assert!(WORLD.contains(alone));
    let both = alone.replace("[\"", &format!("[\"{TOKEN_EXCHANGE}\", \""));
    let other = |id: &str, grants: &str, scope: &str| {
        format!(
            "\n[[client]]\nat = \"chat\"\nclient_id = \"{id}\"\nclient_secret = \"{}\"\n\
             grant_types = [\"{TOKEN_EXCHANGE}\"{grants}]\nscope = \"{scope}\"\n",
            secret_of(id)
        )
    };
    let api = other(MCP, "", "chat.read chat.admin");
    let third = other("third", ", \"client_credentials\"", "chat.read chat.admin");
    format!("{}{api}{third}", WORLD.replace(alone, &both))
}

pub(crate) async fn world() -> World {
    World::of(&directory()).await
}

/// What the wiki agent has at chat for alice.
pub(crate) async fn token_of_alice(world: &World) -> Answer {
    redeemed(world, &id_token_of(world, "alice").await).await
}

/// The same by an ID Token that there is.
pub(crate) async fn redeemed(world: &World, id_token: &str) -> Answer {
    let id_jag = exchange(world, id_token, &[]).await;
    redeem(world, &id_jag.access_token(), &[]).await
}

/// A request of `client` to exchange `token`, after `changes`.
pub(crate) async fn exchanged(
    world: &World,
    client: &str,
    token: &str,
    changes: &[(&str, &str)],
) -> Answer {
    let secret = secret_of(client);
    let request = [
        ("grant_type", TOKEN_EXCHANGE),
        ("subject_token", token),
        ("subject_token_type", ACCESS_TOKEN),
        ("client_id", client),
        ("client_secret", &*secret),
    ];
    world.post_bare(CHAT, &changed(&request, changes)).await
}

/// RFC 8693 §2.2.1 and RFC 9068 §2.2: the same person, the same login, and less.
#[tokio::test]
async fn its_own() {
    let world = world().await;
    let token = token_of_alice(&world).await;
    let less = [("scope", "chat.read"), ("resource", MCP), ("requested_token_type", ACCESS_TOKEN)];
    let answer = exchanged(&world, "wiki-at-chat", &token.access_token(), &less).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_json_snapshot!(answer.json(), { ".access_token" => "a narrower one" }, @r#"
    {
      "access_token": "a narrower one",
      "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
      "token_type": "Bearer",
      "expires_in": 600,
      "scope": "chat.read",
      "resource": "https://chat.example/mcp"
    }
    "#);
    assert_eq!(header_of(&answer.access_token())["typ"], "at+jwt");
    let (had, has) = (token.claims(), answer.claims());
    for same in ["iss", "sub", "client_id", "auth_time", "acr", "amr"] {
        assert_eq!(has[same], had[same], "{same}");
    }
    assert_ne!(has["jti"], had["jti"]);
    assert_eq!((&has["aud"], &has["scope"]), (&json!(MCP), &json!("chat.read")));
    assert_eq!(has["act"], json!({ "iss": CHAT, "sub": "wiki-at-chat" }));
    assert_eq!(has.get("cnf"), None);
    // And once more: who acts is not named twice.
    let again = exchanged(&world, "wiki-at-chat", &answer.access_token(), &[]).await;
    assert_eq!((&again.claims()["act"], &again.claims()["aud"]), (&has["act"], &has["aud"]));
}

/// RFC 8693 §4.1: the one who acts now outside, those before in it.
#[tokio::test]
async fn by_the_api_that_it_is_for() {
    let world = world().await;
    let token = token_of_alice(&world).await;
    let answer = exchanged(&world, MCP, &token.access_token(), &[("audience", FILES)]).await;
    let claims = answer.claims();
    assert_eq!(claims["sub"], world.sub_of("alice").await);
    assert_eq!((&claims["client_id"], &claims["aud"]), (&json!(MCP), &json!(FILES)));
    let before = json!({ "iss": CHAT, "sub": "wiki-at-chat" });
    assert_eq!(claims["act"], json!({ "iss": CHAT, "sub": MCP, "act": before }));
    // Not all that the API may have, nor all that the token gave.
    assert_eq!(claims["scope"], "chat.read");
    // It is for the files now, and the API has it as its client.
    assert_eq!(exchanged(&world, MCP, &answer.access_token(), &[]).await.status, 200);
    let refused = exchanged(&world, "wiki-at-chat", &answer.access_token(), &[]).await;
    assert_snapshot!(refused.refusal(), @"400 invalid_request: the subject token is not acceptable: it was issued neither to this client nor for it");
}

/// At most four act for one another, as at home.
#[tokio::test]
async fn many_who_act() {
    let world = world().await;
    let claims = token_of_alice(&world).await.claims();
    let mut act = json!({ "iss": HOME, "sub": "robot-1" });
    let mut said = vec![];
    for robot in 2..4 {
        let shown = crate::support::with(&claims, &json!({ "act": act }));
        let answer = exchanged(&world, MCP, &world.sign(CHAT, "at+jwt", &shown), &[]).await;
        said.push(match answer.status.as_u16() {
            200 => answer.claims()["act"].to_string(),
            _ => answer.refusal(),
        });
        act = json!({ "iss": HOME, "sub": format!("robot-{robot}"), "act": act });
    }
    let shown = crate::support::with(&claims, &json!({ "act": act }));
    said.push(exchanged(&world, MCP, &world.sign(CHAT, "at+jwt", &shown), &[]).await.refusal());
    assert_snapshot!(said.join("\n"), @r#"
    {"iss":"https://home.example/services/chat","sub":"https://chat.example/mcp","act":{"iss":"https://home.example/services/chat","sub":"wiki-at-chat","act":{"iss":"https://home.example","sub":"robot-1"}}}
    {"iss":"https://home.example/services/chat","sub":"https://chat.example/mcp","act":{"iss":"https://home.example/services/chat","sub":"wiki-at-chat","act":{"iss":"https://home.example","sub":"robot-2","act":{"iss":"https://home.example","sub":"robot-1"}}}}
    400 access_denied: more than 4 act for one another
    "#);
}

/// A client that acts for itself acts for nobody.
#[tokio::test]
async fn of_a_client_itself() {
    let world = world().await;
    let token = world.post_token(CHAT, "third", &[("grant_type", "client_credentials")]).await;
    assert_eq!(token.claims()["scope"], "chat.admin chat.read");
    let less = [("scope", "chat.read")];
    let answer = exchanged(&world, "third", &token.access_token(), &less).await;
    let claims = answer.claims();
    assert_eq!((&claims["sub"], claims.get("act")), (&json!("third"), None));
    assert_eq!(claims["scope"], "chat.read");
    let by_api = exchanged(&world, MCP, &token.access_token(), &[]).await.claims();
    assert_eq!(
        (&by_api["sub"], &by_api["act"]),
        (&json!("third"), &json!({ "iss": CHAT, "sub": MCP }))
    );
}

/// It never lives for longer than what it was exchanged for.
#[tokio::test]
async fn how_long_it_lives() {
    let world = world().await;
    let token = token_of_alice(&world).await;
    let whole = token.json()["expires_in"].as_i64().unwrap();
    world.hands.advance(Duration::seconds(whole - 1));
    let last = exchanged(&world, "wiki-at-chat", &token.access_token(), &[]).await;
    assert_eq!(last.json()["expires_in"], 1);
    assert_eq!(last.claims()["exp"], token.claims()["exp"]);
    world.hands.advance(Duration::seconds(1));
    let refused = exchanged(&world, "wiki-at-chat", &token.access_token(), &[]).await;
    assert_snapshot!(refused.refusal(), @"400 invalid_request: the subject token is not acceptable: it has expired");
    // One that lives for longer than ours do.
    let claims = crate::support::with(
        &token.claims(),
        &json!({ "exp": token.claims()["exp"].as_i64().unwrap() + 90_000 }),
    );
    let long = exchanged(&world, "wiki-at-chat", &world.sign(CHAT, "at+jwt", &claims), &[]).await;
    assert_eq!(long.json()["expires_in"], whole);
}

/// RFC 9449: what is bound is exchanged by who has the key, and what comes of it is bound to it.
#[tokio::test]
async fn tokens_that_are_bound() {
    let (world, holder, stranger) = (world().await, Holder::new(), Holder::new());
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    let redemption = [("grant_type", crate::support::JWT_BEARER), ("assertion", &*id_jag)];
    let bound = world.post_proven(CHAT, "wiki-at-chat", &redemption, &[&holder.proof(CHAT)]).await;
    let free = redeemed(&world, &id_token).await.access_token();
    let bound = bound.access_token();
    let by = async |token: &str, proofs: &[&str]| {
        let request = [
            ("grant_type", TOKEN_EXCHANGE),
            ("subject_token", token),
            ("subject_token_type", ACCESS_TOKEN),
        ];
        world.post_proven(CHAT, "wiki-at-chat", &request, proofs).await
    };
    for token in [&bound, &free] {
        let answer = by(token, &[&holder.proof(CHAT)]).await;
        assert_eq!(answer.member("token_type"), "DPoP");
        assert_eq!(answer.claims()["cnf"], json!({ "jkt": holder.thumbprint() }));
    }
    assert_eq!(by(&free, &[]).await.member("token_type"), "Bearer");
    // The API, which has not the key, has nothing of it.
    let said = [
        by(&bound, &[]).await,
        by(&bound, &[&stranger.proof(CHAT)]).await,
        exchanged(&world, MCP, &bound, &[]).await,
    ];
    assert_snapshot!(said.map(|it| it.refusal()).join("\n"), @"
    400 invalid_request: the subject token is not acceptable: it is bound to a key, and no DPoP proof of that key came with the request
    400 invalid_request: the subject token is not acceptable: it is bound to another key than the DPoP proof shows
    400 invalid_request: the subject token is not acceptable: it is bound to a key, and no DPoP proof of that key came with the request
    ");

    let chat = "id = \"chat\"\n";
    let wanting = format!("{chat}dpop_bound_access_tokens_required = true\n");
    world.apply(&directory().replacen(chat, &wanting, 1)).await;
    assert_snapshot!(by(&free, &[]).await.refusal(), @"400 invalid_dpop_proof: a DPoP proof of a key is required here, for access tokens are bound to one");
    assert_eq!(by(&free, &[&holder.proof(CHAT)]).await.member("token_type"), "DPoP");
}

/// RFC 9396 §6: less may be asked for, and nothing else; what nobody asks about stays.
#[tokio::test]
async fn authorization_details() {
    let chat = "id = \"chat\"\n";
    let types = "authorization_details_types = { \"export\" = '{\"type\":\"object\"}' }\n";
    let world = World::of(&directory().replacen(chat, &format!("{chat}{types}"), 1)).await;
    let had = json!([{ "type": "export", "of": "a" }, { "type": "export", "of": "b" }]);
    let claims = token_of_alice(&world).await.claims();
    let claims = crate::support::with(&claims, &json!({ "authorization_details": had }));
    let token = world.sign(CHAT, "at+jwt", &claims);
    let asked = async |details: &Value| {
        let details = details.to_string();
        exchanged(&world, MCP, &token, &[("authorization_details", &details)]).await
    };
    let all = exchanged(&world, MCP, &token, &[]).await;
    assert_eq!(all.claims()["authorization_details"], had);
    let less = json!([had[1]]);
    let one = asked(&less).await;
    assert_eq!(
        (&one.json()["authorization_details"], &one.claims()["authorization_details"]),
        (&less, &less)
    );
    let said = [
        asked(&json!([{ "type": "export", "of": "c" }])).await.refusal(),
        asked(&json!([{ "type": "other" }])).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @"
    400 invalid_authorization_details: authorization_details asks for what is not in the subject token
    400 invalid_authorization_details: authorization_details asks for what is not in the subject token
    ");
    world.apply(&directory()).await;
    assert_snapshot!(exchanged(&world, MCP, &token, &[]).await.refusal(), @"400 invalid_authorization_details: the subject token is not acceptable any more: its authorization_details has a type that the service does not have");
}

/// RFC 8693 §2.1: "Multiple `audience` parameters may be used".
#[tokio::test]
async fn audiences() {
    let world = world().await;
    let token = token_of_alice(&world).await.access_token();
    let request = |audiences: &[&'static str]| {
        let mut request = vec![
            ("grant_type", TOKEN_EXCHANGE),
            ("subject_token", &*token),
            ("subject_token_type", ACCESS_TOKEN),
        ];
        request.extend(audiences.iter().map(|it| ("audience", *it)));
        request
    };
    let both = world.post_token(CHAT, "wiki-at-chat", &request(&[MCP, FILES])).await;
    assert_eq!(both.claims()["aud"], json!([MCP, FILES]));
    let one = world.post_token(CHAT, "wiki-at-chat", &request(&[FILES])).await;
    assert_eq!(one.claims()["aud"], FILES);
    let other = world.post_token(CHAT, "wiki-at-chat", &request(&[MCP, CALENDAR])).await;
    assert_snapshot!(other.refusal(), @"400 invalid_target: resource and audience may only name what the subject token is for");
}

/// Of a client that acts for itself nobody stands behind the token, through whose hands it goes.
#[tokio::test]
async fn nobody_stands_behind_it() {
    let world = world().await;
    let grant = [("grant_type", "client_credentials"), ("scope", "chat.read")];
    let mut token = world.post_token(CHAT, "third", &grant).await;
    for client in [MCP, MCP] {
        token = exchanged(&world, client, &token.access_token(), &[]).await;
        assert_eq!(token.claims()["sub"], "third");
        let jti = token.claims()["jti"].clone();
        let rows = world.ledger().await;
        let row = rows.into_iter().find(|it| it.entry.jti.as_deref() == jti.as_str()).unwrap();
        assert_eq!(row.entry.user, None);
    }
}

/// Metadata name the grant where somebody may use it, and the ledger has what came of what.
#[tokio::test]
async fn where_it_is_told() {
    let world = world().await;
    for (issuer, listed) in [(CHAT, true), (CALENDAR, false)] {
        let metadata = world.get(&format!("{issuer}/.well-known/oauth-authorization-server")).await;
        let grants = metadata.json()["grant_types_supported"].as_array().unwrap().clone();
        assert_eq!(grants.contains(&json!(TOKEN_EXCHANGE)), listed, "{issuer}");
    }
    let token = token_of_alice(&world).await;
    let narrower = exchanged(&world, MCP, &token.access_token(), &[("scope", "chat.read")]).await;
    let all = exchanged(&world, MCP, &token.access_token(), &[]).await;
    let _ = exchanged(&world, "third", &token.access_token(), &[]).await.refusal();
    let parent = token.claims()["jti"].clone();
    let mut said = vec![];
    for row in world.ledger().await {
        let it = row.entry;
        if it.parent.as_deref() == parent.as_str() {
            assert_eq!(it.user.unwrap().as_str(), token.claims()["sub"]);
            let issued = it.jti.as_deref() == narrower.claims()["jti"].as_str();
            if issued {
                assert_eq!(it.scope.as_ref().unwrap().to_string(), "chat.read");
                let act = narrower.claims()["act"].to_string();
                assert_eq!(it.remark, Some(Remark::Act(act)));
            }
            if it.jti.as_deref() == all.claims()["jti"].as_str() {
                let scope = it.scope.as_ref().map(ToString::to_string);
                assert_eq!(scope.as_deref(), all.claims()["scope"].as_str());
            }
            said.push(format!("{} by {}: {issued}", it.event.as_str(), it.client.unwrap()));
        }
    }
    said.sort();
    assert_snapshot!(said.join("\n"), @"
    access_token by https://chat.example/mcp: false
    access_token by https://chat.example/mcp: true
    access_token by third: false
    ");
}

/// The ledger has what was asked for, also where nothing came of it.
#[tokio::test]
async fn what_was_asked_for_in_vain() {
    let world = world().await;
    let token = token_of_alice(&world).await.access_token();
    let asks = [("scope", "chat.write"), ("resource", CALENDAR)];
    let refused = exchanged(&world, MCP, &token, &asks).await;
    assert_eq!(refused.status, 400);
    let rows = world.ledger().await;
    let entry =
        &rows.iter().rfind(|it| it.entry.client.as_ref().is_some_and(|it| it.as_str() == MCP));
    let entry = &entry.unwrap().entry;
    assert_eq!(entry.scope.as_ref().unwrap().to_string(), "chat.write");
    assert_eq!(entry.resource.as_deref(), Some(CALENDAR));
}
