//! Somebody else changes the directory: another process, on the same database. What was taken
//! away is gone, and what is new is there, once the server has heard of it: within a second.

use std::path::Path;
use std::sync::Arc;

use insta::assert_snapshot;
use tegata::app::Opened;
use tegata::directory::{Options, apply_text};
use tegata::jose::KeyEncryptionKey;
use tegata::server::SecretKey;
use tegata::store::Store;

use crate::support::{
    Answer, Browser, CHAT, Database, HOME, World, authorize_url, config, exchange, form,
    id_token_of, redeem, redeem_code, secret_of, signed_in, tokens_of,
};
use crate::sweep::signed_in_again;

const WORLD: &str = include_str!("support/world.toml");

async fn world() -> World {
    World::on(Database::shared().await, WORLD).await
}

/// Another process applies the directory with `from` replaced by `to`, and the server hears of it.
async fn changed(world: &World, from: &str, to: &str) {
    assert!(WORLD.contains(from), "{from}");
    applied(world, &WORLD.replacen(from, to, 1)).await;
    world.noticed().await;
}

async fn applied(world: &World, directory: &str) {
    let environment = world.live.shared().environment.clone();
    let (kek, store) =
        (KeyEncryptionKey::new([7; 32]), Store::open(world.database.url()).await.unwrap());
    let secret_key = SecretKey::load_or_make(&store, &kek, &environment).await.unwrap();
    let ground = Opened { store, kek, secret_key, environment }.ground(&config());
    let applied = apply_text(&ground, Path::new("other.toml"), directory, Options::default()).await;
    applied.unwrap_or_else(|refused| panic!("{refused}"));
    ground.store.close().await.unwrap();
}

#[tokio::test]
async fn a_client_that_was_switched_off() {
    let world = world().await;
    let mut browser = signed_in(&world, "alice").await;
    let code = browser.sent("code").unwrap();
    let id_token = tokens_of(&world, &signed_in_again(&world).await).await.member("id_token");
    let named = "client_id = \"wiki-agent\"\nname";
    changed(&world, named, "active = false\nclient_id = \"wiki-agent\"\nname").await;

    for answer in [
        redeem_code(&world, &code).await,
        exchange(&world, &id_token, &[]).await,
        world.post_token(HOME, "wiki-agent", &[("grant_type", "client_credentials")]).await,
    ] {
        assert_eq!(answer.refusal(), "401 invalid_client: client authentication failed");
    }
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    assert_eq!(browser.page.status, 400);

    applied(&world, WORLD).await;
    world.noticed().await;
    assert_eq!(redeem_code(&world, &code).await.status, 200);
}

/// A person who is gone: no token, no page, and no agent that goes on in their name.
#[tokio::test]
async fn a_person_who_was_switched_off() {
    let world = world().await;
    let mut browser = signed_in(&world, "alice").await;
    let tokens = tokens_of(&world, &browser).await;
    let mut other = signed_in_again(&world).await;
    let (code, id_token) = (other.sent("code").unwrap(), tokens.member("id_token"));
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    changed(&world, "username = \"alice\"", "active = false\nusername = \"alice\"").await;

    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", &tokens.member("refresh_token"))];
    let refusals = [
        redeem_code(&world, &code).await,
        world.post_token(HOME, "wiki-agent", &refresh).await,
        exchange(&world, &id_token, &[]).await,
        redeem(&world, &id_jag, &[]).await,
    ];
    let refusals: Vec<_> = refusals.iter().map(Answer::refusal).collect();
    insta::assert_snapshot!(refusals.join("\n"), @"
    400 invalid_grant: the person is unknown or not active
    400 invalid_grant: the person is unknown or not active
    400 invalid_grant: the person is unknown or not active
    400 access_denied: the account of the person is not active here
    ");

    let bearer = format!("Bearer {}", tokens.access_token());
    let userinfo = crate::support::request("GET", &format!("{HOME}/oauth2/userinfo"));
    let userinfo = userinfo.header("authorization", bearer).body(axum::body::Body::empty());
    assert_eq!(world.send(userinfo.unwrap()).await.status, 401);

    // The session is nobody's, and the password opens nothing.
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    assert_eq!(browser.page.status, 422);
    other.go(&authorize_url(HOME, "wiki-agent", &[("prompt", "none")])).await;
    assert_eq!(other.sent("error").as_deref(), Some("login_required"));
}

/// The administrator's word counts from the next request on.
/// Row 170.
#[tokio::test]
async fn a_connection_that_was_switched_off() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    let connection = "client_id = \"wiki-at-chat\"\nscopes";
    changed(&world, connection, "active = false\nclient_id = \"wiki-at-chat\"\nscopes").await;
    insta::assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 access_denied: the administrator has suspended this connection");

    changed(
        &world,
        "scopes = [\"chat.read\", \"chat.write\"]\napproval",
        "scopes = [\"chat.write\"]\napproval",
    )
    .await;
    assert_eq!(exchange(&world, &id_token, &[]).await.claims()["scope"], "chat.write");
}

/// A department that somebody left.
#[tokio::test]
async fn a_group_that_somebody_left() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    changed(&world, "groups = [\"sales\"]\npassword", "groups = []\npassword").await;
    insta::assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 access_denied: the administrator has not opened this connection to the person");
}

/// The old secret ends with the new one.
#[tokio::test]
async fn a_new_secret() {
    let world = world().await;
    let new = "another-secret-0123456789-0123456789-01";
    changed(&world, &secret_of("wiki-agent"), new).await;
    let grant = [("grant_type", "client_credentials")];
    assert_eq!(world.post_token(HOME, "wiki-agent", &grant).await.status, 401);
    let posted = [("client_id", "wiki-agent"), ("client_secret", new), grant[0]];
    assert_eq!(world.post_bare(HOME, &posted).await.status, 200);
}

/// Nobody tells the server, and it does not look by itself: a second later, what it holds is too
/// old to go by.
#[tokio::test]
async fn what_nobody_told_the_server() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
    let named = "client_id = \"wiki-agent\"\nname";
    let inactive = WORLD.replacen(named, "active = false\nclient_id = \"wiki-agent\"\nname", 1);
    applied(&world, &inactive).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 401);
}

/// PostgreSQL tells all nodes at once; SQLite has one process, and nothing to tell.
#[tokio::test]
async fn a_message_comes_with_the_commit() {
    let world = world().await;
    let store = Store::open(world.database.url()).await.unwrap();
    if world.database.url().starts_with("sqlite:") {
        return;
    }
    let mut messages = store.messages();
    let mut listening = tokio::task::JoinSet::new();
    listening.spawn(async move { messages.next().await });
    // It may be asked before it listens; then there is another message.
    while listening.try_join_next().is_none() {
        applied(&world, &WORLD.replacen("Wiki agent", "Wiki", 1)).await;
        applied(&world, WORLD).await;
    }
    assert!(store.hear().await.unwrap().directory);
}

/// Issuers are held in memory: a new one answers once the server has looked.
#[tokio::test]
async fn a_new_service() {
    let world = world().await;
    let mail = format!("{HOME}/services/mail");
    let document = format!("{mail}/.well-known/openid-configuration");
    // The first time, it hears of the keys that it made itself.
    world.noticed().await;
    let before = world.live.last_known();
    world.noticed().await;
    assert!(Arc::ptr_eq(&before, &world.live.last_known()), "read again, though nothing is new");
    applied(&world, &format!("{WORLD}{MAIL}")).await;
    let keys = world.get(&format!("{CHAT}/oauth2/jwks")).await.text;

    world.noticed().await;
    assert_eq!(world.get(&document).await.json()["issuer"], mail);
    assert_eq!(world.get(&format!("{CHAT}/oauth2/jwks")).await.text, keys);
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[("audience", &mail)]).await.access_token();
    let grant = [("grant_type", crate::support::JWT_BEARER), ("assertion", &id_jag)];
    let access = world.post_token(&mail, "wiki-at-mail", &grant).await;
    assert_eq!(access.claims()["iss"], mail);
}

const MAIL: &str = r#"
[[service]]
id = "mail"
name = "Mail"
resources = ["https://mail.example/"]
scopes = { "mail.read" = "Read your mail" }

[[client]]
at = "mail"
client_id = "wiki-at-mail"
client_secret = "wiki-at-mail-secret-0123456789abcdefghij"
grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]

[[connection]]
client = "wiki-agent"
service = "mail"
client_id = "wiki-at-mail"
scopes = ["mail.read"]
approval = "admin"
"#;

/// A service that was suspended is not issued for at once, and does not answer once the
/// server has looked. When it comes back, it has the keys that it had.
#[tokio::test]
async fn a_suspended_service() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    let keys = world.get(&format!("{CHAT}/oauth2/jwks")).await.text;
    changed(&world, "id = \"chat\"", "active = false\nid = \"chat\"").await;
    insta::assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 access_denied: the administrator has suspended this service");

    world.noticed().await;
    for path in ["/oauth2/jwks", "/.well-known/openid-configuration", "/sign-in"] {
        assert_eq!(world.get(&format!("{CHAT}{path}")).await.status, 404, "{path}");
    }
    assert_eq!(redeem(&world, &id_jag, &[]).await.status, 404);

    applied(&world, WORLD).await;
    world.noticed().await;
    assert_eq!(world.get(&format!("{CHAT}/oauth2/jwks")).await.text, keys);
    assert_eq!(redeem(&world, &id_jag, &[]).await.status, 200);
}

/// Whom a service trusts is its own affair, and may end.
#[tokio::test]
async fn a_trust_that_ended() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[]).await.access_token();
    let trust = "[[service.trust]]\nissuer = \"https://home.example\"";
    changed(&world, trust, &format!("{trust}\nactive = false")).await;
    world.noticed().await;
    insta::assert_snapshot!(redeem(&world, &id_jag, &[]).await.refusal(), @"400 invalid_grant: the issuer of the assertion is not trusted here");
}

/// What a person has begun goes on, or ends with a page, whatever changes meanwhile.
#[tokio::test]
async fn an_application_that_goes_while_somebody_signs_in() {
    let world = world().await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    let csrf = browser.hidden("csrf");
    let named = "client_id = \"wiki-agent\"\nname";
    changed(&world, named, "active = false\nclient_id = \"wiki-agent\"\nname").await;
    let body = form(&[("csrf", &csrf), ("username", "alice"), ("password", "alice-password")]);
    browser.ask("POST", Some(body)).await;
    assert_eq!(browser.page.status, 400);
    assert_eq!(browser.page.header("location"), "");
}

/// What is new says all that is not usual about it: an administrator reads it before it counts.
#[tokio::test]
async fn what_is_new_and_not_usual() {
    let world = World::new().await;
    let more = r#"
        [[service]]
        id = "mail"
        name = "Mail"
        registration = "open"
        described_clients = ["mail.read"]
        scopes = { "mail.read" = "Read" }
        [[service.trust]]
        issuer = "https://other.example"
        jwks_uri = "https://other.example/jwks"
        email_domains = ["other.example"]
        link_domains = ["other.example"]
        aud_sub = true
        active = false
        [[client]]
        at = "mail"
        client_id = "wiki-at-mail"
        client_secret = "wiki-at-mail-secret-0123456789abcdefghij"
        grant_types = ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        scope = "mail.read"
        dpop_bound_access_tokens = true
        [[connection]]
        client = "wiki-agent"
        service = "mail"
        client_id = "wiki-at-mail"
        scopes = ["mail.read"]
        approval = "admin"
        max_age = 60
        claims = { email = "email" }
        [[user]]
        username = "zoe"
        active = false
    "#;
    let plan = crate::pairwise_kept::plan(&world, &format!("{WORLD}{more}")).await.unwrap();
    let lines: Vec<_> = plan.changes.iter().map(ToString::to_string).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    + user zoe: switched off; no password: `tegata user password zoe` gives one
    + service mail: issuer "https://home.example/services/mail"; described_clients "mail.read"; registration "open"
    + trust of mail in https://other.example: accounts "linked"; aud_sub "true"; email_domains "other.example"; link_domains "other.example"; switched off
    + client wiki-at-mail at mail: scope "mail.read"; dpop_bound_access_tokens "true"
    + connection wiki-agent → mail: scope "mail.read"; approval "admin"; max_age "60"; claims "email=email"
    "#);
}
