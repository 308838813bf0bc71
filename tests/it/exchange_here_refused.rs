//! Access tokens that a service does not exchange, and for whom not (RFC 8693 §2.2.2).

use insta::assert_snapshot;
use serde_json::json;

use crate::exchange_here::{directory, exchanged, redeemed, token_of_alice, world};
use crate::support::{
    ACCESS_TOKEN, Answer, Browser, CALENDAR, CHAT, FILES, HOME, ID_JAG, ID_JAG_TYP, ID_TOKEN, JWT,
    MCP, PARTNER, TOKEN_EXCHANGE, World, authorize_url, exchange, redemption, secret_of, signed_in,
    the_same, tokens_of,
};

/// Off, unless the directory says so; and then only for the two whom the token concerns.
#[tokio::test]
async fn who_may_not() {
    let plain = World::new().await;
    let token = token_of_alice(&plain).await.access_token();
    let mut said = vec![exchanged(&plain, "wiki-at-chat", &token, &[]).await.refusal()];
    let world = world().await;
    let token = token_of_alice(&world).await.access_token();
    let nobody = [("client_id", ""), ("client_secret", "")];
    for (client, changes) in [
        ("todo-at-chat", &[][..]),
        ("third", &[]),
        ("mcp-client", &[("client_secret", "")]),
        ("third", &nobody),
    ] {
        said.push(exchanged(&world, client, &token, changes).await.refusal());
    }
    let elsewhere = [
        ("grant_type", TOKEN_EXCHANGE),
        ("subject_token", &*token),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    said.push(world.post_token(CALENDAR, "wiki-at-calendar", &elsewhere).await.refusal());
    assert_snapshot!(said.join("\n"), @"
    400 unsupported_grant_type: this grant type is not supported here
    400 unauthorized_client: the client is not registered to use this grant type
    400 invalid_request: the subject token is not acceptable: it was issued neither to this client nor for it
    400 unauthorized_client: the client is not registered to use this grant type
    401 invalid_client: client authentication is required
    400 unsupported_grant_type: this grant type is not supported here
    ");
    let public = directory().replace(
        "grant_types = [\"authorization_code\", \"refresh_token\"]\n\n[[client]]\nat = \"calendar\"",
        &format!("grant_types = [\"{TOKEN_EXCHANGE}\"]\n\n[[client]]\nat = \"calendar\""),
    );
    assert_snapshot!(world.mistakes_in(&public).await, @r#"
    world.toml has a mistake
      client[5] "mcp-client" grant_types: a service exchanges tokens for clients with credentials; take token-exchange out, or give the client a secret or keys
    "#);
}

/// RFC 8725 §3.11: each kind of token says what it is, and only one kind is taken.
/// Rows 145, 146.
#[tokio::test]
async fn what_is_no_access_token_of_this_service() {
    let world = world().await;
    let browser = signed_in(&world, "alice").await;
    let tokens = tokens_of(&world, &browser).await;
    let (id_token, refresh_token) = (tokens.member("id_token"), tokens.member("refresh_token"));
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    let claims = redeemed(&world, &id_token).await.claims();
    let signed = |issuer: &str, typ: &str, changes| {
        world.sign(issuer, typ, &crate::support::with(&claims, &changes))
    };
    assert_eq!(exchanged(&world, MCP, &signed(CHAT, "at+jwt", json!({})), &[]).await.status, 200);
    let mut said = vec![];
    for token in [
        id_token.clone(),
        id_jag.clone(),
        refresh_token.clone(),
        tokens.access_token(),
        signed(CHAT, "JWT", json!({})),
        signed(CHAT, ID_JAG_TYP, json!({})),
        signed(CHAT, "authorization-grant+jwt", json!({})),
        signed(HOME, "at+jwt", json!({})),
        signed(CALENDAR, "at+jwt", json!({ "iss": CALENDAR })),
        signed(PARTNER, "at+jwt", json!({ "iss": PARTNER })),
        signed(CHAT, "at+jwt", json!({ "iat": i64::MAX })),
    ] {
        said.push(exchanged(&world, MCP, &token, &[]).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @"
    400 invalid_request: the subject token is not acceptable: it was issued by another issuer
    400 invalid_request: the subject token is not acceptable: it was issued by another issuer
    400 invalid_request: the subject token is not acceptable: it has not the form of a signed JWT with an issuer
    400 invalid_request: the subject token is not acceptable: it was issued by another issuer
    400 invalid_request: the subject token is not acceptable: its typ says that it is something else
    400 invalid_request: the subject token is not acceptable: its typ says that it is something else
    400 invalid_request: the subject token is not acceptable: its typ says that it is something else
    400 invalid_request: the subject token is not acceptable: no key of its issuer has its kid and algorithm
    400 invalid_request: the subject token is not acceptable: it was issued by another issuer
    400 invalid_request: the subject token is not acceptable: it was issued by another issuer
    400 invalid_request: the subject token is not acceptable: it was issued in the future or is not valid yet: by the clock here, in 9223372035087452762 seconds
    ");

    let refresh = "urn:ietf:params:oauth:token-type:refresh_token";
    let mut said = vec![];
    for (token, typ) in
        [(&id_token, ID_TOKEN), (&id_jag, ID_JAG), (&refresh_token, refresh), (&id_jag, JWT)]
    {
        said.push(exchanged(&world, MCP, token, &[("subject_token_type", typ)]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_request: subject_token_type is malformed: at a service it must be urn:ietf:params:oauth:token-type:access_token");
    let token = redeemed(&world, &id_token).await.access_token();
    let mut said = vec![];
    for typ in [ID_JAG, ID_TOKEN, refresh, JWT, "x"] {
        said.push(exchanged(&world, MCP, &token, &[("requested_token_type", typ)]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_request: requested_token_type is malformed: at a service it must be urn:ietf:params:oauth:token-type:access_token");
    let said = [
        exchanged(&world, MCP, &token, &[("subject_token", "")]).await,
        exchanged(&world, MCP, &token, &[("subject_token_type", "")]).await,
        exchanged(&world, MCP, &token, &[("actor_token", &token)]).await,
        exchanged(&world, MCP, &token, &[("audience", MCP), ("resource", "x")]).await,
    ];
    assert_snapshot!(said.map(|it| it.refusal()).join("\n"), @"
    400 invalid_request: subject_token is required
    400 invalid_request: subject_token_type is required
    400 invalid_request: actor_token is malformed: a service takes none: whoever exchanges a token acts
    400 invalid_target: resource is malformed: a resource must be an absolute URI without fragment
    ");
    // Home exchanges none: it has ID-JAGs to give.
    let at_home = [("subject_token_type", ACCESS_TOKEN)];
    assert_eq!(exchange(&world, &token, &at_home).await.status, 400);
}

/// RFC 8707 §2.2 and RFC 6749 §6, in their sense: never more than before.
#[tokio::test]
async fn more_than_there_was() {
    let world = world().await;
    let token = token_of_alice(&world).await.access_token();
    let wider =
        exchanged(&world, MCP, &token, &[("scope", "chat.read chat.write chat.admin")]).await;
    assert_eq!(wider.member("scope"), "chat.read");
    let narrow = exchanged(&world, "wiki-at-chat", &token, &[("resource", MCP)]).await;
    let narrow = narrow.access_token();
    let mut said = vec![];
    for (token, changes) in [
        (&token, [("scope", "chat.admin")]),
        (&token, [("scope", "chat.write")]),
        (&token, [("resource", "https://calendar.example/api")]),
        (&token, [("audience", CHAT)]),
        (&token, [("audience", "urn:example:chat")]),
        (&narrow, [("resource", FILES)]),
        (&narrow, [("audience", FILES)]),
    ] {
        said.push(exchanged(&world, MCP, token, &changes).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @"
    400 invalid_scope: no scope that was asked for can be granted
    400 invalid_scope: no scope that was asked for can be granted
    400 invalid_target: resource and audience may only name what the subject token is for
    400 invalid_target: resource and audience may only name what the subject token is for
    400 invalid_target: resource and audience may only name what the subject token is for
    400 invalid_target: resource and audience may only name what the subject token is for
    400 invalid_target: resource and audience may only name what the subject token is for
    ");
    let both = [("audience", FILES), ("resource", MCP)];
    assert_eq!(exchanged(&world, MCP, &token, &both).await.claims()["aud"], json!([MCP, FILES]));
}

/// What the administrator took away since is gone: an API, a scope of either client.
#[tokio::test]
async fn more_than_there_is() {
    let world = world().await;
    let token = token_of_alice(&world).await.access_token();
    let only_files = directory().replace("\"https://chat.example/mcp\", ", "");
    world.apply(&only_files).await;
    let left = exchanged(&world, "wiki-at-chat", &token, &[]).await;
    assert_eq!(left.claims()["aud"], FILES);
    let gone = exchanged(&world, "wiki-at-chat", &token, &[("resource", MCP)]).await;
    assert_snapshot!(gone.refusal(), @"400 invalid_target: resource and audience may only name what the subject token is for");
    let less = directory().replace("scope = \"chat.read chat.write\"", "scope = \"chat.write\"");
    world.apply(&less).await;
    assert_snapshot!(exchanged(&world, MCP, &token, &[]).await.refusal(), @"400 invalid_scope: no scope that was asked for can be granted");
    assert_eq!(exchanged(&world, "wiki-at-chat", &token, &[]).await.member("scope"), "chat.write");
}

async fn code_at_chat(world: &World) -> (Browser<'_>, Answer) {
    let url = authorize_url(CHAT, "mcp-client", &[("scope", "chat.read")]);
    let mut browser = Browser::open(world, &url).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let code = browser.sent("code").unwrap();
    let request = [&redemption(&code)[..], &[("client_id", "mcp-client")]].concat();
    let answer = world.post_bare(CHAT, &request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    (browser, answer)
}

/// What was revoked, and what a sign-out ended, gives nothing new; nor does what came of it.
#[tokio::test]
async fn what_was_revoked() {
    let world = world().await;
    let (_, tokens) = code_at_chat(&world).await;
    let token = tokens.access_token();
    let narrower = exchanged(&world, MCP, &token, &[]).await;
    let (had, has) = (tokens.claims(), narrower.claims());
    assert_eq!((&has["grant_id"], &has["sid"]), (&had["grant_id"], &had["sid"]));
    let about = async |path: &str, client: &str, token: &str| {
        let secret = secret_of(client);
        let mut pairs = vec![("client_id", client), ("token", token)];
        pairs.extend((client != "mcp-client").then_some(("client_secret", &*secret)));
        let request = crate::support::request("POST", &format!("{CHAT}/oauth2/{path}"))
            .header("content-type", "application/x-www-form-urlencoded");
        let body = axum::body::Body::from(crate::support::form(&pairs));
        world.send(request.body(body).unwrap()).await
    };
    let told = about("introspect", MCP, &narrower.access_token()).await.json();
    assert_eq!((&told["active"], &told["act"]), (&json!(true), &has["act"]));
    // It does not end what somebody else was given.
    let refused = about("revoke", MCP, &narrower.access_token()).await;
    assert_snapshot!(refused.refusal(), @"400 unsupported_token_type: tokens of this kind cannot be revoked: they end when they expire");
    assert_eq!(about("revoke", "mcp-client", &token).await.status, 200);
    let said = [
        exchanged(&world, MCP, &token, &[]).await.refusal(),
        exchanged(&world, MCP, &narrower.access_token(), &[]).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 invalid_request: all that came from the same authorization was revoked: the person has to sign in again");
    let told = about("introspect", MCP, &narrower.access_token()).await.json();
    assert_eq!(told, json!({ "active": false }));
}

/// `docs/decisions/0016-ended-sessions.md`: who signs out stops what goes on without them.
#[tokio::test]
async fn after_sign_out() {
    let world = world().await;
    let (mut browser, tokens) = code_at_chat(&world).await;
    assert_eq!(exchanged(&world, MCP, &tokens.access_token(), &[]).await.status, 200);
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    browser.submit(&[]).await;
    let refused = exchanged(&world, MCP, &tokens.access_token(), &[]).await;
    assert_snapshot!(refused.refusal(), @"400 invalid_request: the login that this comes from has ended: the person has to sign in again");
}

/// Who is switched off: the client that had it, also before another one; the one that exchanges it;
/// the person.
#[tokio::test]
async fn those_who_are_gone() {
    let mut said = vec![];
    let (first, second) = (world().await, world().await);
    let token = token_of_alice(&first).await.access_token();
    let own = exchanged(&first, MCP, &token, &[]).await.access_token();
    assert_eq!(exchanged(&first, MCP, &own, &[]).await.status, 200);
    first.disable_client(CHAT, "wiki-at-chat").await;
    said.push(exchanged(&first, MCP, &token, &[]).await.refusal());
    said.push(exchanged(&first, MCP, &own, &[]).await.refusal());
    said.push(exchanged(&first, "wiki-at-chat", &token, &[]).await.refusal());
    let token = token_of_alice(&second).await.access_token();
    second.disable_user("alice").await;
    said.push(exchanged(&second, MCP, &token, &[]).await.refusal());
    assert_snapshot!(said.join("\n"), @"
    400 invalid_request: the client that the access token was issued to is not active any more
    400 invalid_request: the client that the access token was issued to is not active any more
    401 invalid_client: client authentication failed
    400 invalid_request: the person is unknown or not active
    ");
}

/// An account that was made just in time and switched off since.
#[tokio::test]
async fn an_account_that_is_not_active() {
    let world = world().await;
    let mut claims = world.id_jag_claims("carol");
    (claims["iss"], claims["jti"]) = (json!(PARTNER), json!("carol-1"));
    let id_jag = world.sign(PARTNER, ID_JAG_TYP, &claims);
    let token = crate::support::redeem(&world, &id_jag, &[]).await.access_token();
    assert_eq!(exchanged(&world, MCP, &token, &[]).await.status, 200);
    let db = world.live.shared().store.write();
    let service = tegata::oauth::ServiceId::parse("chat").unwrap();
    let issuer = tegata::oauth::Issuer::parse(PARTNER).unwrap();
    let subject = tegata::oauth::Subject::parse("carol").unwrap();
    let carol = tegata::model::Foreign { issuer, tenant: None, subject };
    assert!(tegata::store::accounts::switch(db, &service, &carol, false).await.unwrap());
    world.meddled().await;
    assert_snapshot!(exchanged(&world, MCP, &token, &[]).await.refusal(), @"400 access_denied: the account of the person is not active here");
}

/// Nobody vouched for a client that registered itself: it is not told that there is such a grant.
#[tokio::test]
async fn clients_that_declare_themselves() {
    let chat = "id = \"chat\"\n";
    let open = format!("{chat}registration = \"open\"\n");
    let world = World::of(&directory().replacen(chat, &open, 1)).await;
    let metadata = json!({ "grant_types": [TOKEN_EXCHANGE, crate::support::JWT_BEARER] });
    let request = crate::support::request("POST", &format!("{CHAT}/oauth2/register"))
        .header("content-type", "application/json");
    let body = axum::body::Body::from(metadata.to_string());
    let registered = world.send(request.body(body).unwrap()).await.json();
    assert_eq!(registered["grant_types"], json!([crate::support::JWT_BEARER]));
    let id = registered["client_id"].as_str().unwrap();
    let secret = registered["client_secret"].as_str().unwrap();
    let token = token_of_alice(&world).await.access_token();
    let refused = exchanged(&world, id, &token, &[("client_secret", secret)]).await;
    assert_snapshot!(refused.refusal(), @"400 unauthorized_client: the client is not registered to use this grant type");
}

/// Behind the token of a client that acts for itself stands that client, however often it was
/// exchanged.
#[tokio::test]
async fn a_client_for_itself_that_was_switched_off() {
    let world = world().await;
    let itself = [("grant_type", "client_credentials")];
    let token = world.post_token(CHAT, "todo-at-chat", &itself).await.access_token();
    let once = exchanged(&world, MCP, &token, &[]).await.access_token();
    assert_eq!(exchanged(&world, MCP, &once, &[]).await.status, 200);
    world.disable_client(CHAT, "todo-at-chat").await;
    assert_snapshot!(exchanged(&world, MCP, &once, &[]).await.refusal(), @"400 invalid_request: the client that the access token was issued to is not active any more");
}
