//! What administrators and people decided, at token exchange (ID-JAG §4.3.3).

use insta::assert_snapshot;
use serde_json::json;
use tegata::model::{Connection, Service, User};
use tegata::oauth::{ClientId, Resource, ServiceId};
use tegata::store;
use time::Duration;

use crate::support::{
    Browser, CALENDAR, HOME, VERIFIER, WORLD, World, authorize_url, exchange, exchange_of,
    id_token_of, signed_in, tokens_of,
};

const BY_USER: &str = "scopes = [\"calendar.read\"]\napproval = \"user\"";
const BY_ADMIN: &str = "scopes = [\"calendar.read\"]\napproval = \"admin\"";

/// Changes the connection of the wiki agent with chat, past the directory.
async fn with_connection(world: &World, change: impl FnOnce(&mut Connection)) {
    let db = world.live.shared().store.write();
    let (client, service) = (ClientId::parse("wiki-agent"), ServiceId::parse("chat"));
    let found = store::connections::find(db, &client.unwrap(), &service.unwrap()).await;
    let mut connection = found.unwrap().unwrap();
    change(&mut connection);
    store::connections::approve(db, &connection).await.unwrap();
    world.meddled().await;
}

async fn with_user(world: &World, username: &str, change: impl FnOnce(&mut User)) {
    let db = world.live.shared().store.write();
    let mut user = store::users::named(db, username).await.unwrap().unwrap();
    change(&mut user);
    store::users::keep(db, &user).await.unwrap();
    world.meddled().await;
}

async fn with_chat(world: &World, change: impl FnOnce(&mut Service)) {
    let db = world.live.shared().store.write();
    let found = store::services::find(db, &ServiceId::parse("chat").unwrap()).await;
    let mut chat = found.unwrap().unwrap();
    change(&mut chat);
    store::services::keep(db, &chat).await.unwrap();
    world.meddled().await;
}

async fn for_calendar(world: &World, id_token: &str) -> crate::support::Answer {
    exchange(world, id_token, &[("audience", CALENDAR)]).await
}

/// `docs/decisions/0005-entitlement-is-access-denied.md`: no new sign-in helps, so nothing asks
/// for one.
/// Rows 43, 77.
#[tokio::test]
async fn a_client_without_a_connection() {
    let world = World::new().await;
    let redirect = ("redirect_uri", "http://127.0.0.1:18765/callback");
    let url = authorize_url(HOME, "plain-app", &[("scope", "openid")]);
    let mut browser = Browser::open(&world, &url).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let code = browser.sent("code").unwrap();
    let request = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        redirect,
        ("code_verifier", VERIFIER),
    ];
    let id_token = world.post_token(HOME, "plain-app", &request).await.member("id_token");
    let answer = world.post_token(HOME, "plain-app", &exchange_of(&id_token)).await;
    assert_snapshot!(answer.refusal(), @"400 access_denied: the administrator has not connected the client with this service");
}

/// Row 44.
#[tokio::test]
async fn a_connection_that_was_suspended() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    with_connection(&world, |connection| connection.active = false).await;
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 access_denied: the administrator has suspended this connection");
    with_connection(&world, |connection| connection.active = true).await;
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
}

/// The connection is for sales, and bob is an engineer.
/// Row 44.
#[tokio::test]
async fn a_person_whom_the_connection_is_not_for() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "bob").await;
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 access_denied: the administrator has not opened this connection to the person");
}

/// The groups of now decide, not those of the sign-in.
#[tokio::test]
async fn a_person_who_left_the_group() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
    with_user(&world, "alice", |alice| alice.groups = vec!["engineering".into()]).await;
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 access_denied: the administrator has not opened this connection to the person");
}

#[tokio::test]
async fn a_service_that_was_suspended() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    with_chat(&world, |chat| chat.active = false).await;
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 access_denied: the administrator has suspended this service");
}

/// What the service has no more, an old connection cannot give.
#[tokio::test]
async fn scope_that_the_service_gave_up() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    with_chat(&world, |chat| chat.scopes.retain(|(name, _)| name == "chat.read")).await;
    assert_eq!(exchange(&world, &id_token, &[]).await.claims()["scope"], "chat.read");
    let refusal = exchange(&world, &id_token, &[("scope", "chat.write")]).await.refusal();
    assert_snapshot!(refusal, @"400 invalid_scope: no scope that was asked for can be granted");
}

/// `docs/decisions/0016-ended-sessions.md`.
/// Row 59.
#[tokio::test]
async fn a_person_who_is_disabled() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    with_user(&world, "alice", |alice| alice.active = false).await;
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 invalid_grant: the person is unknown or not active");
}

/// `docs/decisions/0016-ended-sessions.md`; and a new login is as good as the first.
/// Row 59.
#[tokio::test]
async fn a_person_who_signed_out() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "alice").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    browser.submit(&[]).await;
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");

    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
}

/// A page that was opened and not answered ends nothing.
#[tokio::test]
async fn a_person_who_only_looked_at_the_sign_out_page() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "alice").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    browser.go(&format!("{HOME}/oauth2/logout?id_token_hint={id_token}")).await;
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
}

/// What the person allowed on the consent page, they allowed.
#[tokio::test]
async fn a_person_who_consented() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "bob").await;
    assert_eq!(for_calendar(&world, &id_token).await.claims()["scope"], "calendar.read");
}

/// `docs/decisions/0012-consent-required.md`.
#[tokio::test]
async fn a_person_who_was_never_asked() {
    let world = World::but(BY_USER, BY_ADMIN).await;
    let mut browser = signed_in(&world, "alice").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    assert_eq!(for_calendar(&world, &id_token).await.status, 200);

    // From now on it is theirs to say; and the refusal tells the agent how to let them.
    world.apply(WORLD).await;
    assert_snapshot!(for_calendar(&world, &id_token).await.refusal(), @"400 consent_required: the person has not consented yet: send them to the authorization endpoint");
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    assert!(browser.page.text.contains("Calendar"), "{}", browser.page.text);
    browser.allow().await;
    assert_eq!(for_calendar(&world, &id_token).await.status, 200);
}

/// A consent is for one person, one agent and one service.
#[tokio::test]
async fn a_person_for_whom_somebody_else_consented() {
    let world = World::but(BY_USER, BY_ADMIN).await;
    let of_bob = id_token_of(&world, "bob").await;
    world.apply(WORLD).await;
    let of_alice = id_token_of(&world, "alice").await;
    assert_eq!(for_calendar(&world, &of_alice).await.status, 200);
    assert_snapshot!(for_calendar(&world, &of_bob).await.refusal(), @"400 consent_required: the person has not consented yet: send them to the authorization endpoint");
}

/// A consent covers what was shown: when the connection widens, the person is asked again, and
/// until then gets what they had.
#[tokio::test]
async fn a_connection_that_has_become_wider() {
    let world = World::new().await;
    let mut browser = signed_in(&world, "alice").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    let wider = WORLD
        .replace(
            "\"calendar.read\" = \"See your appointments\"",
            "\"calendar.read\" = \"See your appointments\", \"calendar.write\" = \"Make them\"",
        )
        .replace(
            "scopes = [\"calendar.read\"]",
            "scopes = [\"calendar.read\", \"calendar.write\"]",
        );
    world.apply(&wider).await;
    assert_snapshot!(for_calendar(&world, &id_token).await.refusal(), @"400 consent_required: the person has not consented yet: send them to the authorization endpoint");
    let as_before = [("audience", CALENDAR), ("scope", "calendar.read")];
    assert_eq!(exchange(&world, &id_token, &as_before).await.status, 200);

    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    assert!(browser.page.text.contains("Make them"), "{}", browser.page.text);
    browser.allow().await;
    let claims = for_calendar(&world, &id_token).await.claims();
    assert_eq!(claims["scope"], "calendar.read calendar.write");
}

/// The administrator's "no" comes first: the person's consent does not undo it.
#[tokio::test]
async fn consent_to_what_the_administrator_closed() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "bob").await;
    world.apply(&WORLD.replace(BY_USER, &format!("{BY_USER}\ngroups = [\"sales\"]"))).await;
    assert_snapshot!(for_calendar(&world, &id_token).await.refusal(), @"400 access_denied: the administrator has not opened this connection to the person");
}

/// Who may not be acted for hears nothing of scopes and resources.
#[tokio::test]
async fn which_refusal_comes_first() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "bob").await;
    let wrong = [("scope", "made.up"), ("resource", "https://mail.example")];
    assert_snapshot!(exchange(&world, &id_token, &wrong).await.refusal(), @"400 access_denied: the administrator has not opened this connection to the person");
}

/// MCP EMA §7.6.1: a connection that is for some resources never gives all. What the service has no
/// more is left out, and where nothing is left of them, there is nothing to give.
#[tokio::test]
async fn resources_that_the_service_gave_up() {
    const MCP: &str = "https://chat.example/mcp";
    const FILES: &str = "https://chat.example/files";
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let both = [MCP, FILES].map(|it| Resource::parse(it).unwrap()).to_vec();
    with_connection(&world, |connection| connection.resources = both).await;
    assert_eq!(exchange(&world, &id_token, &[]).await.claims()["resource"], json!([MCP, FILES]));
    let row = world.ledger().await.pop().unwrap().entry;
    assert_eq!(row.resource, Some(format!("{MCP} {FILES}")));
    with_chat(&world, |chat| chat.resources.retain(|it| it.as_str() == FILES)).await;
    assert_eq!(exchange(&world, &id_token, &[]).await.claims()["resource"], FILES);
    with_chat(&world, |chat| chat.resources.clear()).await;
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 invalid_target: the resource is not one of this audience that the client may name");
}

/// One of its groups is enough.
#[tokio::test]
async fn a_connection_for_two_groups() {
    let world = World::new().await;
    with_connection(&world, |it| it.groups = vec!["sales".into(), "engineering".into()]).await;
    for username in ["alice", "bob"] {
        let id_token = id_token_of(&world, username).await;
        assert_eq!(exchange(&world, &id_token, &[]).await.status, 200, "{username}");
    }
}

/// ID-JAG §9.2: nobody is sent to sign in by what there is not; and what there is besides is asked
/// for alone.
#[tokio::test]
async fn a_login_that_nobody_can_have() {
    const PASSWORD: &str = "urn:tegata:acr:password";
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    with_connection(&world, |it| it.terms.acr = vec!["urn:other".into()]).await;
    assert_snapshot!(exchange(&world, &id_token, &[]).await.refusal(), @"400 access_denied: the administrator wants a way to sign in that there is not here");

    with_connection(&world, |it| {
        it.terms.acr = vec!["urn:other".into(), PASSWORD.into()];
        it.terms.max_age = Some(60);
    })
    .await;
    assert_eq!(exchange(&world, &id_token, &[]).await.status, 200);
    world.hands.advance(Duration::seconds(61));
    let refused = exchange(&world, &id_token, &[]).await;
    assert_eq!(refused.member("error"), "insufficient_user_authentication");
    assert_eq!(refused.member("acr_values"), PASSWORD);
}

/// What nobody can reach is not on the page by which people decide.
#[tokio::test]
async fn what_the_consent_page_leaves_out() {
    let is_shown = async |world: &World| {
        let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", &[])).await;
        browser.sign_in("alice", "alice-password").await;
        let words = browser.page.words();
        assert!(words.contains("Calendar"), "{words}");
        words.contains("Chat")
    };
    let world = World::new().await;
    assert!(is_shown(&world).await);
    with_connection(&world, |connection| connection.active = false).await;
    assert!(!is_shown(&world).await, "a connection that was suspended");
    with_connection(&world, |connection| connection.active = true).await;
    assert!(is_shown(&world).await);
    with_chat(&world, |chat| chat.scopes.retain(|(name, _)| name == "chat.admin")).await;
    assert!(!is_shown(&world).await, "a service that has nothing of the scope any more");

    let world = World::new().await;
    with_chat(&world, |chat| chat.active = false).await;
    assert!(!is_shown(&world).await, "a service that was suspended");
}
