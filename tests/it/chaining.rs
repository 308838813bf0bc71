//! JWT authorization grants of identity chaining, beside ID-JAGs
//! (draft-ietf-oauth-identity-chaining-17 §2.3).

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::json;

use crate::support::{
    Answer, CHAT, HOME, Holder, ID_JAG, ID_JAG_TYP, ID_TOKEN, JWT, MAIL, TOKEN_EXCHANGE, WORLD,
    World, changed, claims_of, exchange, header_of, id_token_of, redeem, signed_in, the_same,
    tokens_of, with_mail,
};

pub(crate) const TYP: &str = "authorization-grant+jwt";

/// A world where the wiki agent may have both at mail, on these terms.
pub(crate) async fn world(terms: &str) -> World {
    World::of(&with_mail(&format!("grants = [\"id-jag\", \"chaining\"]\n{terms}"))).await
}

pub(crate) fn chaining_of(id_token: &str) -> Vec<(&str, &str)> {
    vec![
        ("grant_type", TOKEN_EXCHANGE),
        ("requested_token_type", JWT),
        ("resource", MAIL),
        ("subject_token", id_token),
        ("subject_token_type", ID_TOKEN),
    ]
}

/// A request for a JWT authorization grant for mail, after `changes`.
pub(crate) async fn chained(world: &World, id_token: &str, changes: &[(&str, &str)]) -> Answer {
    world.post_token(HOME, "wiki-agent", &changed(&chaining_of(id_token), changes)).await
}

/// RFC 8693 §2.2.1 and identity chaining §2.3.3, with a life as in its example (§2.3.4).
#[tokio::test]
async fn the_answer() {
    let world = world("").await;
    let answer = chained(&world, &id_token_of(&world, "alice").await, &[]).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_json_snapshot!(answer.json(), { ".access_token" => "a grant" }, @r#"
    {
      "access_token": "a grant",
      "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
      "token_type": "N_A",
      "expires_in": 60,
      "scope": "mail.read"
    }
    "#);
    let grant = answer.access_token();
    assert_eq!(header_of(&grant)["typ"], TYP);
    let claims = claims_of(&grant);
    assert_eq!(claims["sub"], world.sub_of("alice").await);
    assert_eq!(claims["exp"].as_i64(), claims["iat"].as_i64().map(|iat| iat + 60));
    assert_json_snapshot!(claims, {
        ".exp" => 60, ".iat" => 0, ".auth_time" => 0, ".sub" => "alice", ".jti" => "jti",
    }, @r#"
    {
      "iss": "https://home.example",
      "sub": "alice",
      "aud": "https://mail.example",
      "client_id": "wiki-at-mail",
      "jti": "jti",
      "exp": 60,
      "iat": 0,
      "scope": "mail.read",
      "auth_time": 0,
      "acr": "urn:tegata:acr:password",
      "amr": [
        "pwd"
      ]
    }
    "#);
}

/// `resource` is the authorization server to one, and what it protects to the other; neither takes
/// the other's word for its own.
/// Row 174.
#[tokio::test]
async fn beside_an_id_jag() {
    let world = world("").await;
    let id_token = id_token_of(&world, "alice").await;
    let grant = chained(&world, &id_token, &[]).await;
    assert_eq!(
        (header_of(&grant.access_token())["typ"].as_str(), &grant.claims()["aud"]),
        (Some(TYP), &json!(MAIL))
    );
    let id_jag = exchange(&world, &id_token, &[("audience", MAIL)]).await;
    assert_eq!(
        (header_of(&id_jag.access_token())["typ"].as_str(), &id_jag.claims()["aud"]),
        (Some(ID_JAG_TYP), &json!(MAIL))
    );
    assert_eq!(grant.claims().get("resource"), None);
    assert_eq!(id_jag.claims().get("resource"), None);

    let said = [
        exchange(&world, &id_token, &[("audience", MAIL), ("resource", MAIL)]).await,
        chained(&world, &id_token, &[("requested_token_type", ID_JAG)]).await,
        exchange(&world, &id_token, &[("resource", CHAT)]).await,
        chained(&world, &id_token, &[("resource", "https://chat.example/mcp")]).await,
    ];
    assert_snapshot!(said.map(|it| it.refusal()).join("\n"), @"
    400 invalid_target: the resource is not one of this audience that the client may name
    400 invalid_request: audience is required
    400 invalid_target: the resource is not one of this audience that the client may name
    400 invalid_target: resource and audience do not name one authorization server that is known here
    ");
}

/// Identity chaining §2.3.1: one of the two is required; RFC 8693 §2.2.2 for what is not known.
#[tokio::test]
async fn how_the_authorization_server_is_named() {
    let world = world("").await;
    let id_token = id_token_of(&world, "alice").await;
    let by_audience = [("resource", ""), ("audience", MAIL)];
    let by_both = [("audience", MAIL)];
    for right in [&[][..], &by_audience, &by_both] {
        assert_eq!(chained(&world, &id_token, right).await.claims()["aud"], MAIL);
    }
    let neither = chained(&world, &id_token, &[("resource", "")]).await;
    assert_snapshot!(neither.refusal(), @"400 invalid_request: resource or audience is required");

    let mut said = vec![];
    for wrong in [
        &[("resource", "https://nobody.example")][..],
        &[("resource", "https://mail.example/")],
        &[("resource", HOME)],
        &[("audience", CHAT)],
        &[("audience", "mail")],
        &[("audience", "https://nobody.example")],
        // A name of ours is no issuer identifier.
        &[("resource", "urn:example:chat")],
        &[("resource", ""), ("audience", HOME)],
    ] {
        said.push(chained(&world, &id_token, wrong).await.refusal());
    }
    // RFC 8693 §2.1: several, of one server.
    for (name, value, right) in
        [("resource", CHAT, false), ("audience", CHAT, false), ("audience", MAIL, true)]
    {
        let mut two = chaining_of(&id_token);
        two.extend([("audience", MAIL), (name, value)]);
        let answer = world.post_token(HOME, "wiki-agent", &two).await;
        match right {
            true => assert_eq!(answer.claims()["aud"], MAIL),
            false => said.push(answer.refusal()),
        }
    }
    assert_snapshot!(the_same(&said), @"400 invalid_target: resource and audience do not name one authorization server that is known here");
    let relative = chained(&world, &id_token, &[("resource", "mail")]).await;
    assert_snapshot!(relative.refusal(), @"400 invalid_target: resource is malformed: a resource must be an absolute URI without fragment");
}

/// RFC 8725 §3.11: its type keeps it out of every door of ours, however right its claims are.
#[tokio::test]
async fn nobody_here_takes_it_for_anything() {
    let world = world("").await;
    let id_token = id_token_of(&world, "alice").await;
    let grant = chained(&world, &id_token, &[]).await.access_token();
    let right = world.id_jag_claims(&world.sub_of("alice").await);
    assert_eq!(redeem(&world, &world.sign(HOME, ID_JAG_TYP, &right), &[]).await.status, 200);
    let other = crate::support::with(&right, &json!({ "jti": "jag-2" }));
    let mut said = vec![];
    for typ in [TYP, "application/authorization-grant+jwt"] {
        said.push(redeem(&world, &world.sign(HOME, typ, &other), &[]).await.refusal());
    }
    said.push(redeem(&world, &grant, &[]).await.refusal());
    // As who somebody is: what we would take, if it were called by another name.
    let as_grant = world.sign(HOME, TYP, &claims_of(&id_token));
    for jwt in [&grant, &as_grant] {
        said.push(exchange(&world, jwt, &[]).await.refusal());
        said.push(chained(&world, jwt, &[]).await.refusal());
    }
    let actor = [
        ("actor_token", &*grant),
        ("actor_token_type", "urn:ietf:params:oauth:token-type:access_token"),
    ];
    said.push(chained(&world, &id_token, &actor).await.refusal());
    assert_snapshot!(said.join("\n"), @"
    400 invalid_grant: the assertion is not acceptable: its typ says that it is something else
    400 invalid_grant: the assertion is not acceptable: its typ says that it is something else
    400 invalid_grant: the assertion is not acceptable: its typ says that it is something else
    400 invalid_grant: the subject token is not acceptable: its typ says that it is something else
    400 invalid_request: the subject token is not acceptable: its typ says that it is something else
    400 invalid_grant: the subject token is not acceptable: its typ says that it is something else
    400 invalid_request: the subject token is not acceptable: its typ says that it is something else
    400 invalid_request: the actor token is not acceptable: its typ says that it is something else
    ");
    let bearer = crate::support::request("GET", &format!("{HOME}/oauth2/userinfo"))
        .header("authorization", format!("Bearer {grant}"));
    let answer = world.send(bearer.body(axum::body::Body::empty()).unwrap()).await;
    assert_snapshot!(answer.refusal(), @"401 invalid_token: the access token is not acceptable: its typ says that it is something else");
}

/// And an ID-JAG is no subject token of it either.
#[tokio::test]
async fn an_id_jag_as_its_subject() {
    let world = world("").await;
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[("audience", MAIL)]).await.access_token();
    assert_snapshot!(chained(&world, &id_jag, &[]).await.refusal(), @"400 invalid_request: the subject token is not acceptable: its typ says that it is something else");
    let typed = chained(&world, &id_jag, &[("subject_token_type", ID_JAG)]).await;
    assert_snapshot!(typed.refusal(), @"400 invalid_request: subject_token_type is malformed: it must be urn:ietf:params:oauth:token-type:id_token or urn:ietf:params:oauth:token-type:refresh_token");
}

/// RFC 7800: whoever shows it has to have the key, if it is read.
#[tokio::test]
async fn one_that_is_bound_to_a_key() {
    let (world, holder) = (world("").await, Holder::new());
    let id_token = id_token_of(&world, "alice").await;
    let request = chaining_of(&id_token);
    let answer = world.post_proven(HOME, "wiki-agent", &request, &[&holder.proof(HOME)]).await;
    assert_eq!(answer.member("token_type"), "N_A");
    assert_eq!(answer.claims()["cnf"], json!({ "jkt": holder.thumbprint() }));
}

/// ID-JAG §4.3.3 for the refresh token that came with the sign-in.
#[tokio::test]
async fn by_a_refresh_token() {
    let world = world("").await;
    let browser = signed_in(&world, "alice").await;
    let token = tokens_of(&world, &browser).await.member("refresh_token");
    let typed = [("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token")];
    let answer = chained(&world, &token, &typed).await;
    assert_eq!(answer.claims()["sub"], world.sub_of("alice").await);
    assert_snapshot!(chained(&world, "nothing", &typed).await.refusal(), @"400 invalid_request: the subject token is no refresh token that is known here");
}

/// What the metadata of home say, who may ask, and what the ledger keeps.
/// Row 171.
#[tokio::test]
async fn where_it_is_told() {
    let told = async |world: &World| {
        let metadata = world.get(&format!("{HOME}/.well-known/openid-configuration")).await.json();
        metadata["identity_chaining_requested_token_types_supported"].clone()
    };
    assert_eq!(told(&World::of(&with_mail("")).await).await, json!([ID_JAG]));
    let off = format!("{}active = false\n", with_mail("grants = [\"chaining\"]"));
    assert_eq!(told(&World::of(&off).await).await, json!([ID_JAG]));
    let world = world("").await;
    assert_eq!(told(&world).await, json!([ID_JAG, JWT]));

    let id_token = id_token_of(&world, "alice").await;
    let grant = chained(&world, &id_token, &[]).await.claims();
    let _ = chained(&world, &id_token, &[("scope", "mail.write")]).await.refusal();
    let ledger = world.ledger().await;
    let rows: Vec<_> = ledger.iter().filter(|it| it.entry.event.as_str() == "jwt_grant").collect();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!(row.entry.parent.as_deref(), claims_of(&id_token)["jti"].as_str());
        assert_eq!(row.entry.service.as_deref(), Some(MAIL));
    }
    assert!(rows.iter().any(|it| it.entry.jti.as_deref() == grant["jti"].as_str()));
}

/// A directory that would promise what cannot be kept.
#[tokio::test]
async fn connections_that_cannot_be() {
    let world = World::new().await;
    let admin = "approval = \"admin\"\n";
    let hosted = WORLD.replace(admin, &format!("{admin}grants = [\"chaining\"]\n"));
    let said = [
        world.mistakes_in(&hosted).await,
        world.mistakes_in(&with_mail("grants = [\"jwt\"]")).await,
        world.mistakes_in(&with_mail("grants = [\"chaining\"]\nresource_required = true")).await,
    ];
    assert_snapshot!(said.join("\n"), @r#"
    world.toml has a mistake
      connection[0] "wiki-agent → chat" grants: services here take ID-JAGs alone; take "chaining" out: it is for services elsewhere
    world.toml has a mistake
      connection[2] "wiki-agent → mail" grants: home gives no "jwt"; write "id-jag", "chaining" (a JWT authorization grant), or both
    world.toml has a mistake
      connection[2] "wiki-agent → mail" grants: no JWT authorization grant is held to resources, which nobody need read; take "chaining" out, or resources and resource_required
    "#);
}

/// The ledger has for whom it was asked, also where nobody is called so.
#[tokio::test]
async fn for_whom_it_was_asked() {
    let world = world("").await;
    let id_token = id_token_of(&world, "alice").await;
    let nobody = "https://nobody.example";
    for changes in [&[("resource", nobody)][..], &[("resource", ""), ("audience", nobody)]] {
        let refused = chained(&world, &id_token, changes).await;
        let name = refused.header("x-request-id").to_owned();
        let rows = world.ledger().await;
        let row = rows.iter().find(|it| it.entry.request.as_str() == name).unwrap();
        assert_eq!(row.entry.service.as_deref(), Some(nobody));
    }
}

/// It is counted as what it is.
#[tokio::test]
async fn how_it_is_counted() {
    let directory = with_mail("grants = [\"id-jag\", \"chaining\"]\n");
    let world = World::set(&[], &directory).await;
    chained(&world, &id_token_of(&world, "alice").await, &[]).await.access_token();
    let metrics = world.get(&format!("{HOME}/metrics")).await.text;
    let counted = |it: &str| it.contains("\"jwt_grant\"") && it.ends_with(" 1");
    assert!(metrics.lines().any(counted), "{metrics}");
}
