//! Clients that register themselves (RFC 7591).

use axum::body::Body;
use insta::assert_snapshot;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tegata::oauth::Issuer;
use tegata::server::Invitation;
use time::Duration;

use crate::support::{
    Answer, Browser, CHAT, HOME, ID_JAG_TYP, JWT_BEARER, WORLD, World, authorize_url, exchange_of,
    form, id_token_of, request, with,
};

pub(crate) const BACK: &str = "https://agent.example/back";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_JAG: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

/// The world where everybody may register at chat, and may have `chat.read` there.
pub(crate) fn open() -> String {
    let chat = "id = \"chat\"\n";
    let opened = format!("{chat}registration = \"open\"\ndescribed_clients = [\"chat.read\"]\n");
    WORLD.replace(chat, &opened)
}

pub(crate) fn metadata(changes: &Value) -> Value {
    let usual = json!({
        "client_name": "Some agent",
        "redirect_uris": [BACK],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    with(&usual, changes)
}

pub(crate) async fn ask(
    world: &World,
    (method, url): (&str, &str),
    token: Option<&str>,
    body: Option<&Value>,
) -> Answer {
    let mut asked = request(method, url);
    if let Some(token) = token {
        asked = asked.header("authorization", format!("Bearer {token}"));
    }
    let body = body.map(ToString::to_string);
    if body.is_some() {
        asked = asked.header("content-type", "application/json");
    }
    world.send(asked.body(body.map_or_else(Body::empty, Body::from)).unwrap()).await
}

pub(crate) async fn register(
    world: &World,
    at: &str,
    token: Option<&str>,
    changes: &Value,
) -> Answer {
    let url = format!("{at}/oauth2/register");
    ask(world, ("POST", &url), token, Some(&metadata(changes))).await
}

pub(crate) fn invitation(world: &World, at: &str, reusable: bool) -> String {
    let shared = world.live.shared();
    let (issuer, key) = (Issuer::parse(at).unwrap(), &shared.secret_key);
    let made = Invitation::make(key, &issuer, &shared.environment, Duration::HOUR, reusable);
    made.1.expose_secret().to_owned()
}

/// The tokens that a person lets the client have by code, or what is said instead.
pub(crate) async fn by_code(
    world: &World,
    at: &str,
    client: &str,
    more: &[(&str, &str)],
) -> Answer {
    let url = authorize_url(at, client, &[("redirect_uri", BACK), ("scope", "chat.read")]);
    let mut browser = Browser::open(world, &url).await;
    browser.sign_in("bob", "bob-password").await;
    browser.allow().await;
    let code = browser.sent("code").unwrap();
    let own = [("client_id", client), ("redirect_uri", BACK)];
    let redemption = crate::support::redemption(&code);
    let params = crate::support::changed(&redemption, &[&own, more].concat());
    world.post_bare(at, &params).await
}

/// RFC 7591 §3.2.1: all that is registered is in the answer; and it works.
#[tokio::test]
async fn from_the_registration_to_the_token() {
    let world = World::of(&open()).await;
    let changes = json!({ "token_endpoint_auth_method": "client_secret_post" });
    let answer = register(&world, CHAT, None, &changes).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"));
    let mut said = answer.json();
    let [client, secret, token] =
        ["client_id", "client_secret", "registration_access_token"].map(|it| answer.member(it));
    for (name, value) in
        [("client_id", &client), ("client_secret", &secret), ("registration_access_token", &token)]
    {
        assert!(value.len() >= 32, "{name}: {value}");
        said[name] = json!("…");
    }
    assert_eq!(
        said["registration_client_uri"].take(),
        json!(format!("{CHAT}/oauth2/register/{client}"))
    );
    assert_snapshot!(said, @r#"{"client_id":"…","client_id_issued_at":1767323045,"client_secret":"…","client_secret_expires_at":0,"registration_access_token":"…","registration_client_uri":null,"response_types":["code"],"client_name":"Some agent","redirect_uris":["https://agent.example/back"],"token_endpoint_auth_method":"client_secret_post","grant_types":["authorization_code","refresh_token"],"scope":"chat.read"}"#);

    let tokens = by_code(&world, CHAT, &client, &[("client_secret", &secret)]).await;
    assert_eq!(tokens.claims()["client_id"], json!(client));
    assert_eq!(tokens.member("scope"), "chat.read");
    let wrong = [("client_secret", token.as_str()), ("client_id", &client)];
    let wrong = [&wrong[..], &[("grant_type", "refresh_token"), ("refresh_token", "x")]].concat();
    assert_snapshot!(world.post_bare(CHAT, &wrong).await.refusal(), @"401 invalid_client: client authentication failed");
    let told = world.ledger().await;
    let told = told.iter().find(|it| it.entry.event.as_str() == "registration").unwrap();
    assert_eq!(told.entry.client.as_ref().unwrap().as_str(), client);
}

/// RFC 8414 §2: where there is an endpoint, and where there is none.
#[tokio::test]
async fn where_clients_may_register() {
    let world = World::of(&open()).await;
    let metadata = |at: &str| format!("{at}/.well-known/openid-configuration");
    let home = world.get(&metadata(HOME)).await.json();
    assert_eq!(home.get("registration_endpoint"), None);
    assert_eq!(register(&world, HOME, None, &json!({})).await.status, 404);
    let chat = world.get(&metadata(CHAT)).await;
    assert_eq!(chat.member("registration_endpoint"), format!("{CHAT}/oauth2/register"));
    let methods = chat.json()["token_endpoint_auth_methods_supported"].clone();
    assert!(methods.as_array().unwrap().contains(&json!("none")), "{methods}");
}

/// RFC 7591 §3: with an initial access token, once; and a client that has one is kept.
#[tokio::test]
async fn by_invitation() {
    let world = World::configured(&[("clients.registration", "token")]).await;
    let without = register(&world, HOME, None, &json!({})).await;
    let challenge = "Bearer realm=\"tegata\"";
    assert_eq!((without.status.as_u16(), without.header("www-authenticate")), (401, challenge));
    let (once, many) = (invitation(&world, HOME, false), invitation(&world, HOME, true));
    let wrong = register(&world, HOME, Some(&format!("{once}x")), &json!({})).await;
    assert_snapshot!(wrong.refusal(), @"401 invalid_token: the initial access token is not good for this issuer, or not any more");
    assert!(wrong.header("www-authenticate").contains("error=\"invalid_token\""));
    let elsewhere = invitation(&world, CHAT, false);
    let elsewhere = register(&world, HOME, Some(&elsewhere), &json!({})).await;
    assert_snapshot!(elsewhere.refusal(), @"401 invalid_token: the initial access token is not good for this issuer, or not any more");
    // What is wrong with the metadata does not use it up.
    let bad = register(&world, HOME, Some(&once), &json!({ "redirect_uris": [] })).await;
    assert_eq!(bad.member("error"), "invalid_redirect_uri");
    for (token, expected) in [(&once, 201), (&once, 401), (&many, 201), (&many, 201)] {
        let answer = register(&world, HOME, Some(token), &json!({})).await;
        assert_eq!(answer.status, expected, "{}", answer.text);
    }
    let client = register(&world, HOME, Some(&many), &json!({})).await.member("client_id");
    world.hands.advance(Duration::days(2));
    let url = authorize_url(HOME, &client, &[("redirect_uri", BACK)]);
    assert!(Browser::open(&world, &url).await.page.words().contains("Some agent"));
    world.hands.advance(Duration::HOUR);
    assert_eq!(register(&world, HOME, Some(&many), &json!({})).await.status, 401);
}

/// Whoever registers at an open door and gets nothing is forgotten after a day, by all nodes.
#[tokio::test]
async fn what_is_not_used_is_forgotten() {
    let world = World::of(&open()).await;
    let used = register(&world, CHAT, None, &json!({})).await.member("client_id");
    let unused = register(&world, CHAT, None, &json!({})).await.member("client_id");
    by_code(&world, CHAT, &used, &[]).await.access_token();
    let url = |client: &str| authorize_url(CHAT, client, &[("redirect_uri", BACK)]);
    assert_eq!(world.get(&url(&unused)).await.status, 303);
    world.hands.advance(Duration::days(1));
    assert_snapshot!(world.get(&url(&unused)).await.page_error(), @"400 unauthorized_client: the application is not known here, or not active");
    assert_eq!(world.get(&url(&used)).await.status, 303);
    let db = world.live.shared().store.write();
    let now = crate::support::NOW + Duration::days(2);
    tegata::store::sweep::expired(db, now, 100).await.unwrap();
    let left = tegata::store::registrations::all(db).await.unwrap();
    assert_eq!(left.iter().map(|it| it.client.as_str()).collect::<Vec<_>>(), [used]);
}

/// RFC 7591 §3.2.2, and ID-JAG §8: a client of the profile "MUST also include" both grants.
///
/// Row 9.
#[tokio::test]
async fn what_is_not_acceptable() {
    let world = World::of(&open()).await;
    let mut said = vec![];
    for changes in [
        json!({ "authorization_grant_profiles_supported": [ID_JAG], "grant_types": [EXCHANGE] }),
        json!({ "authorization_grant_profiles_supported": [ID_JAG], "grant_types": [JWT_BEARER] }),
        json!({ "redirect_uris": ["http://agent.example/back"] }),
        json!({ "redirect_uris": ["javascript:alert(1)"] }),
        json!({ "redirect_uris": null }),
        json!({ "client_name": "a\u{202e}b" }),
        json!({ "grant_types": ["client_credentials"] }),
        json!({ "grant_types": ["refresh_token"] }),
        json!({ "response_types": ["token"] }),
        json!({ "token_endpoint_auth_method": "tls_client_auth" }),
        json!({ "token_endpoint_auth_method": "private_key_jwt" }),
        json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": "https://agent.example/jwks"
        }),
        json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [{}] } }),
        json!({ "client_secret": "chosen by somebody" }),
        json!({ "software_statement": "eyJ" }),
        json!({ "tls_client_certificate_bound_access_tokens": true }),
        json!({ "subject_type": "pairwise", "redirect_uris": [BACK, "https://b.example/"] }),
        json!({ "scope": 7 }),
    ] {
        said.push(register(&world, CHAT, None, &changes).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @"
    400 invalid_client_metadata: the registration is not acceptable: a client of the ID-JAG profile must have both token-exchange and jwt-bearer in grant_types
    400 invalid_client_metadata: the registration is not acceptable: a client of the ID-JAG profile must have both token-exchange and jwt-bearer in grant_types
    400 invalid_redirect_uri: the registration is not acceptable: it has no redirect_uris, or one that is neither https nor http on loopback
    400 invalid_redirect_uri: the registration is not acceptable: it has no redirect_uris, or one that is neither https nor http on loopback
    400 invalid_redirect_uri: the registration is not acceptable: it has no redirect_uris, or one that is neither https nor http on loopback
    400 invalid_client_metadata: the registration is not acceptable: its client_name is empty, too long, or has characters that do not show
    400 invalid_client_metadata: the registration is not acceptable: a client that registers itself cannot have any of its grant_types here
    400 invalid_client_metadata: the registration is not acceptable: a client that registers itself cannot have any of its grant_types here
    400 invalid_client_metadata: the registration is not acceptable: response_types must have code in it, for there is no other
    400 invalid_client_metadata: the registration is not acceptable: its token_endpoint_auth_method is not one that can be used here
    400 invalid_client_metadata: the registration is not acceptable: private_key_jwt takes either jwks, with public keys alone, or jwks_uri
    400 invalid_client_metadata: the registration is not acceptable: keys are not fetched from the host of its jwks_uri: put them into jwks
    400 invalid_client_metadata: the registration is not acceptable: its jwks is no set of keys that can be used here
    400 invalid_client_metadata: the registration is not acceptable: it has a secret in it
    400 unapproved_software_statement: no software statement is approved here: leave it out
    400 invalid_client_metadata: the registration is not acceptable: tls_client_certificate_bound_access_tokens asks for something that does not happen here
    400 invalid_client_metadata: the registration is not acceptable: pairwise subjects take redirect_uris of one host, which is the sector
    400 invalid_client_metadata: the registration is not acceptable: a member of it has the wrong form
    ");
    for body in ["[]", "{", "{\"a\":1,\"a\":2}"] {
        let asked = request("POST", &format!("{CHAT}/oauth2/register"))
            .header("content-type", "application/json");
        let answer = world.send(asked.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.member("error").as_str()),
            (400, "invalid_request")
        );
    }
    let asked = request("POST", &format!("{CHAT}/oauth2/register"))
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = world.send(asked.body(Body::from(form(&[("client_name", "A")]))).unwrap()).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_request: the Content-Type must be application/json");
}

/// A connection may name it, at home and at the service; and an administrator may switch it off.
#[tokio::test]
async fn connected_by_an_administrator() {
    let settings = [("clients.registration", "open")];
    let world = World::configured(&settings).await;
    let directory = WORLD.replace("id = \"chat\"\n", "id = \"chat\"\nregistration = \"open\"\n");
    world.apply(&directory).await;
    let by_secret = json!({
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": [EXCHANGE, JWT_BEARER],
        "authorization_grant_profiles_supported": [ID_JAG],
    });
    let home = register(&world, HOME, None, &by_secret).await;
    assert_eq!(home.json()["authorization_grant_profiles_supported"], json!([ID_JAG]));
    assert_eq!(home.json()["grant_types"], json!([EXCHANGE]));
    let chat = register(&world, CHAT, None, &by_secret).await;
    let (at_home, at_chat) = (home.member("client_id"), chat.member("client_id"));
    let connection = format!(
        "[[connection]]\nclient = \"{at_home}\"\nservice = \"chat\"\nclient_id = \"{at_chat}\"\n\
         scopes = [\"chat.read\"]\n"
    );
    world.apply(&format!("{directory}\n{connection}")).await;
    world.hands.advance(Duration::days(3));

    // An ID token is for one client, so this one is made for it as home would.
    let sub = world.sub_of("alice").await;
    let claims = crate::support::claims_of(&id_token_of(&world, "alice").await);
    let claims = with(&claims, &json!({ "aud": at_home, "sub": sub }));
    let id_token = world.sign_by(HOME, tegata::jose::Algorithm::RS256, "JWT", &claims);
    let secret = home.member("client_secret");
    let params = exchange_of(&id_token);
    let own = [("client_id", at_home.as_str()), ("client_secret", &secret)];
    let id_jag = world.post_bare(HOME, &[&params, &own[..]].concat()).await.access_token();
    assert_eq!(crate::support::header_of(&id_jag)["typ"], json!(ID_JAG_TYP));
    let secret = chat.member("client_secret");
    let redemption = [
        ("grant_type", JWT_BEARER),
        ("assertion", id_jag.as_str()),
        ("client_id", &at_chat),
        ("client_secret", &secret),
    ];
    assert_eq!(world.post_bare(CHAT, &redemption).await.member("scope"), "chat.read");

    let off = format!(
        "[[client]]\nclient_id = \"{at_home}\"\nname = \"x\"\nactive = false\n\
         token_endpoint_auth_method = \"none\"\nredirect_uris = [\"{BACK}\"]\n"
    );
    world.apply(&format!("{directory}\n{off}")).await;
    let refused = world.post_bare(HOME, &[&params, &own[..]].concat()).await;
    assert_eq!(refused.member("error"), "invalid_client");
    let uri = home.member("registration_client_uri");
    let token = home.member("registration_access_token");
    assert_eq!(ask(&world, ("GET", &uri), Some(&token), None).await.status, 401);
}

/// Nobody fills the database: an address may register so many, and all strangers twenty times that.
#[tokio::test]
async fn not_too_many() {
    let world = World::configured(&[
        ("clients.registration", "open"),
        ("limits.registrations_per_address", "2/m"),
        ("trusted_proxies", "127.0.0.1"),
    ])
    .await;
    let mut statuses = vec![];
    for address in ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        let peer: std::net::SocketAddr = format!("{address}:1").parse().unwrap();
        let mut asked = request("POST", &format!("{HOME}/oauth2/register"))
            .header("content-type", "application/json")
            .body(Body::from(metadata(&json!({})).to_string()))
            .unwrap();
        asked.extensions_mut().insert(axum::extract::ConnectInfo(peer));
        let answer = world.send(asked).await;
        assert_eq!(answer.header("retry-after").is_empty(), answer.status == 201);
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [201, 201, 429, 201]);
}
