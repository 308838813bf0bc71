//! What is asked for in more words than a scope (RFC 9396, ID-JAG §4.3.3 and §4.4.1).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    Answer, CHAT, HOME, Holder, ID_JAG_TYP, WORLD, World, exchange, id_token_of, redeem, the_same,
};

const TYPES: &str = r#"authorization_details_types = { "channel" = '{"type":"object","required":["type","name"],"properties":{"type":{},"name":{"type":"string"},"actions":{"type":"array","items":{"enum":["read","write"]}}},"additionalProperties":false}', "export" = '{"type":"object"}' }"#;

/// A world in which chat knows two types, and the wiki agent may ask for one of them.
async fn world() -> World {
    let chat = "id = \"chat\"\n";
    let admin = "approval = \"admin\"\n";
    let directory = WORLD.replace(chat, &format!("{chat}{TYPES}\n"));
    let allowed = format!("{admin}authorization_details = [\"channel\"]\n");
    World::of(&directory.replace(admin, &allowed)).await
}

fn channel(name: &str) -> Value {
    json!({ "type": "channel", "name": name, "actions": ["read"] })
}

async fn asked(world: &World, id_token: &str, details: &Value) -> Answer {
    exchange(world, id_token, &[("authorization_details", &details.to_string())]).await
}

/// What chat says to an ID-JAG with these details, where the request asks for those.
async fn redeemed(world: &World, vouched: Value, asked: Option<Value>) -> Answer {
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    claims["authorization_details"] = vouched;
    let id_jag = world.sign(HOME, ID_JAG_TYP, &claims);
    let asked = asked.map(|it| it.to_string()).unwrap_or_default();
    redeem(world, &id_jag, &[("authorization_details", &asked)]).await
}

/// Rows 23, 91.
#[tokio::test]
async fn from_the_request_to_the_access_token() {
    let world = world().await;
    let details = json!([channel("general"), { "type": "export" }, channel("random")]);
    let granted = json!([channel("general"), channel("random")]);
    let id_jag = asked(&world, &id_token_of(&world, "alice").await, &details).await;
    assert_eq!(id_jag.json()["authorization_details"], granted);
    assert_eq!(id_jag.claims()["authorization_details"], granted);
    let token = redeem(&world, &id_jag.access_token(), &[]).await;
    assert_eq!(token.json()["authorization_details"], granted);
    assert_eq!(token.claims()["authorization_details"], granted);
}

/// RFC 9396 §5.
/// Row 69.
#[tokio::test]
async fn what_cannot_be_asked_for() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    let mut said = vec![];
    for wrong in [
        "x".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "[1]".to_owned(),
        r#"[{"name":"general"}]"#.to_owned(),
        r#"[{"type":1}]"#.to_owned(),
        json!(vec![channel("x"); 33]).to_string(),
    ] {
        let asked = [("authorization_details", &*wrong)];
        said.push(exchange(&world, &id_token, &asked).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_authorization_details: authorization_details is malformed: it is no JSON array of 1 to 32 objects with a type");
    let mut said = vec![];
    for wrong in [
        json!([{ "type": "unknown" }]),
        json!([channel("general"), { "type": "unknown" }]),
        json!([{ "type": "channel" }]),
        json!([{ "type": "channel", "name": "general", "more": 1 }]),
        json!([{ "type": "channel", "name": "general", "actions": ["rule"] }]),
        json!([{ "type": "export" }]),
    ] {
        said.push(asked(&world, &id_token, &wrong).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @r"
    400 invalid_authorization_details: authorization_details has a type that the service does not have
    400 invalid_authorization_details: authorization_details has a type that the service does not have
    400 invalid_authorization_details: authorization_details has an object that is not as the service declared its type
    400 invalid_authorization_details: authorization_details has an object that is not as the service declared its type
    400 invalid_authorization_details: authorization_details has an object that is not as the service declared its type
    400 invalid_authorization_details: no type of authorization_details that was asked for can be granted
    ");
    // Where there are no types, none can be asked for.
    let plain = World::new().await;
    let id_token = id_token_of(&plain, "alice").await;
    assert_snapshot!(asked(&plain, &id_token, &json!([channel("x")])).await.refusal(), @"400 invalid_authorization_details: authorization_details has a type that the service does not have");
}

/// JSON in a text of JSON, which our reader would take for JSON: a few kilobytes of it overflowed
/// the stack, at home and at a service.
#[tokio::test]
async fn more_levels_than_there_seem_to_be() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = world.sign(HOME, ID_JAG_TYP, &world.id_jag_claims(&world.sub_of("alice").await));
    let raw = |inner: &str| {
        let text = inner.replace('\\', "\\u005c").replace('"', "\\u0022");
        format!("{{\"$serde_json::private::RawValue\":\"{text}\"}}")
    };
    let within =
        |levels: usize, inner: &str| format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
    let bomb = (0..24).fold(within(126, ""), |inner, _| within(124, &raw(&inner)));
    for (wrong, why) in [
        (raw(&bomb), "is longer than 8 KB"),
        (raw(&within(126, &raw(&within(126, "")))), "no JSON array"),
        (raw("1"), "no JSON array"),
        ("1,\"type\":\"channel\"".to_owned(), "no JSON array"),
        (within(16, "1"), "no JSON array"),
        (format!("\"{}\"", "x".repeat(8192)), "is longer than 8 KB"),
    ] {
        let details = format!("[{{\"type\":\"channel\",\"name\":{wrong}}}]");
        let asked = [("authorization_details", &*details)];
        for answer in
            [exchange(&world, &id_token, &asked).await, redeem(&world, &id_jag, &asked).await]
        {
            let said = answer.refusal();
            assert!(said.starts_with("400 invalid_authorization_details: "), "{said}");
            assert!(said.contains(why), "{said}");
        }
    }
}

/// Row 141.
#[tokio::test]
async fn claims_of_another_form() {
    let world = world().await;
    let mut said = vec![];
    for wrong in [channel("x"), json!("x"), json!([]), json!([1]), json!([{}]), Value::Null] {
        said.push(redeemed(&world, wrong, None).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: its claims are incomplete or of the wrong type");
    let said = [
        redeemed(&world, json!([{ "type": "unknown" }]), None).await.refusal(),
        redeemed(&world, json!([{ "type": "channel" }]), None).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @r"
    400 invalid_grant: the assertion is not acceptable: its authorization_details has a type that the service does not have
    400 invalid_grant: the assertion is not acceptable: its authorization_details has an object that is not as the service declared its type
    ");
}

/// RFC 9396 §6: less, and nothing else.
/// Row 142.
#[tokio::test]
async fn a_request_for_other_details_than_the_assertion_has() {
    let world = world().await;
    let (one, other) = (channel("general"), channel("random"));
    let both = json!([one, other]);
    let less = redeemed(&world, both.clone(), Some(json!([other]))).await;
    assert_eq!(less.claims()["authorization_details"], json!([other]));
    let wider = json!({ "type": "channel", "name": "general", "actions": ["read", "write"] });
    let mut said = vec![];
    for asked in [json!([wider]), json!([channel("secret")]), json!([one, channel("secret")])] {
        said.push(redeemed(&world, both.clone(), Some(asked)).await.refusal());
    }
    let plain = world.sign(HOME, ID_JAG_TYP, &world.id_jag_claims(&world.sub_of("alice").await));
    let asked = json!([one]).to_string();
    said.push(redeem(&world, &plain, &[("authorization_details", &asked)]).await.refusal());
    assert_snapshot!(the_same(&said), @"400 invalid_authorization_details: authorization_details asks for what is not in the assertion");
}

/// RFC 9396 §5: where nothing becomes of them they are refused, and not passed over.
#[tokio::test]
async fn elsewhere() {
    let world = world().await;
    let details = json!([channel("x")]).to_string();
    let asked = [("authorization_details", &*details)];
    let url = crate::support::authorize_url(HOME, "wiki-agent", &asked);
    assert_snapshot!(world.get(&url).await.redirected_error(HOME), @"invalid_authorization_details: authorization_details are not taken here: ask for an ID-JAG with them");
    let itself = [("grant_type", "client_credentials"), asked[0]];
    let answer = world.post_token(HOME, "wiki-agent", &itself).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_authorization_details: authorization_details are not taken by this grant");
}

/// Another issuer gives the types that its trust names, and an issuer that vouches for details alone
/// has not vouched for every scope.
#[tokio::test]
async fn what_an_issuer_may_vouch_for() {
    let trust = "accounts = \"just_in_time\"";
    let chat = "id = \"chat\"\n";
    let directory = WORLD.replace(chat, &format!("{chat}{TYPES}\n"));
    let trusted = format!("{trust}\nauthorization_details = [\"channel\"]");
    let trusting = World::of(&directory.replace(trust, &trusted)).await;
    let plain = World::of(&directory).await;
    let of_carol = async |world: &World, changes: Value| {
        let mut claims = world.id_jag_claims("carol");
        claims["iss"] = json!(crate::support::PARTNER);
        claims["jti"] = json!(changes.to_string());
        claims["authorization_details"] = json!([channel("x")]);
        let claims = crate::support::with(&claims, &changes);
        redeem(world, &world.sign(crate::support::PARTNER, ID_JAG_TYP, &claims), &[]).await
    };
    let granted = of_carol(&trusting, json!({})).await.claims();
    assert_eq!(granted["authorization_details"], json!([channel("x")]));
    let said = [
        of_carol(&plain, json!({})).await.refusal(),
        of_carol(&trusting, json!({ "authorization_details": [{ "type": "export" }] }))
            .await
            .refusal(),
        of_carol(&trusting, json!({ "scope": null })).await.refusal(),
    ];
    assert_snapshot!(said.join("\n"), @r"
    400 invalid_grant: its issuer is not trusted with the authorization_details of the assertion
    400 invalid_grant: its issuer is not trusted with the authorization_details of the assertion
    400 invalid_scope: no scope that was asked for can be granted
    ");
}

/// RFC 9396 §10.
#[tokio::test]
async fn what_the_metadata_say() {
    let world = world().await;
    let at = |issuer: &str| format!("{issuer}/.well-known/oauth-authorization-server");
    let chat = world.get(&at(CHAT)).await.json();
    assert_eq!(chat["authorization_details_types_supported"], json!(["channel", "export"]));
    let home = world.get(&at(HOME)).await.json();
    assert_eq!(home.get("authorization_details_types_supported"), None);
}

/// One type that the trust names does not carry another one that it does not.
#[tokio::test]
async fn details_of_which_one_is_not_trusted() {
    let (trust, chat) = ("accounts = \"just_in_time\"", "id = \"chat\"\n");
    let trusted = format!("{trust}\nauthorization_details = [\"channel\"]");
    let directory = WORLD.replace(chat, &format!("{chat}{TYPES}\n")).replace(trust, &trusted);
    let world = World::of(&directory).await;
    let mut claims = world.id_jag_claims("carol");
    claims["iss"] = json!(crate::support::PARTNER);
    claims["authorization_details"] = json!([channel("x"), { "type": "export" }]);
    let id_jag = world.sign(crate::support::PARTNER, ID_JAG_TYP, &claims);
    assert_snapshot!(redeem(&world, &id_jag, &[]).await.refusal(), @"400 invalid_grant: its issuer is not trusted with the authorization_details of the assertion");
}

/// ID-JAG §9.8: by the other name of the grant as well.
#[tokio::test]
async fn with_a_proof_of_a_key() {
    let (world, holder) = (world().await, Holder::new());
    let asked = json!([channel("random")]);
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    claims["cnf"] = json!({ "jkt": holder.thumbprint() });
    claims["authorization_details"] = json!([channel("general"), channel("random")]);
    let id_jag = world.sign(HOME, ID_JAG_TYP, &claims);
    let details = asked.to_string();
    let request = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-dpop"),
        ("assertion", &*id_jag),
        ("authorization_details", &*details),
    ];
    let proof = holder.proof(CHAT);
    let answer = world.post_proven(CHAT, "wiki-at-chat", &request, &[&proof]).await;
    assert_eq!(answer.claims()["authorization_details"], asked);
}
