//! Who asks too often (RFC 6585 §4): told so, summed up in the ledger, and never at the cost of
//! others (`docs/decisions/0026-who-is-turned-away.md`).

use crate::ledger_chain::execute;
use sea_orm::DbBackend;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use tegata::model::{LedgerRow, Outcome};
use tegata::{issuance, store};
use time::Duration;

use crate::support::{
    Answer, Browser, HOME, VERIFIER, World, authorize_url, exchange, form, id_token_of, request,
    secret_of,
};

const ONE: &str = "192.0.2.1";
const OTHER: &str = "192.0.2.2";

/// Asks for a token for itself, from `address`.
async fn ask(world: &World, address: &str, client: &str, secret: &str, via: &str) -> Answer {
    let basic = BASE64_STANDARD.encode(format!("{client}:{secret}"));
    let asks = form(&[("grant_type", "client_credentials"), ("scope", "reports")]);
    let request = request("POST", &format!("{HOME}/oauth2/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", format!("Basic {basic}"))
        .header("x-forwarded-for", via)
        .extension(ConnectInfo(SocketAddr::new(address.parse().unwrap(), 50_000)))
        .body(Body::from(asks));
    world.send(request.unwrap()).await
}

async fn wrong(world: &World, address: &str) -> Answer {
    ask(world, address, "wiki-agent", "guess", "").await
}

async fn right(world: &World, address: &str) -> Answer {
    ask(world, address, "wiki-agent", &secret_of("wiki-agent"), "").await
}

async fn get(world: &World, address: &str, url: &str, language: &str) -> Answer {
    let request = request("GET", url)
        .header("accept-language", language)
        .extension(ConnectInfo(SocketAddr::new(address.parse().unwrap(), 50_000)))
        .body(Body::empty());
    world.send(request.unwrap()).await
}

async fn rows(world: &World) -> Vec<LedgerRow> {
    store::ledger::tail(world.live.shared().store.read(), None, 1_000).await.unwrap()
}

async fn sums(world: &World) -> Vec<String> {
    issuance::record_sums(world.live.shared()).await.unwrap();
    let rows = rows(world).await.into_iter().map(|row| row.entry);
    let line = |entry: tegata::model::LedgerEntry| match entry.outcome {
        Outcome::Refused { code, reason } if code == "slow_down" => {
            let client = entry.client.map_or("-".to_owned(), |it| it.to_string());
            Some(format!("{} {client}: {reason}", entry.event.as_str()))
        }
        _ => None,
    };
    rows.filter_map(line).collect()
}

/// Refusals cost a row each. After some, a stranger is told to wait, and costs one row in all;
/// who is right at the same address is answered.
#[tokio::test]
async fn a_stranger_who_is_refused_too_often() {
    let world = World::configured(&[("limits.refusals_per_address", "2/s burst 5")]).await;
    for _ in 0..5 {
        assert_eq!(wrong(&world, ONE).await.status, 401);
    }
    let before = rows(&world).await.len();
    let turned_away = wrong(&world, ONE).await;
    assert_snapshot!(turned_away.refusal(), @"429 slow_down: too many requests: wait for 1 seconds");
    assert_eq!(turned_away.header("retry-after"), "1");
    assert_eq!(wrong(&world, ONE).await.status, 429);
    assert_eq!(rows(&world).await.len(), before);

    assert_eq!(right(&world, ONE).await.status, 200);
    assert_eq!(wrong(&world, OTHER).await.status, 401, "others have their own");
    assert_snapshot!(sums(&world).await.join("\n"), @"token_request -: 2 requests came too early and have no entry of their own");
    assert_eq!(sums(&world).await.len(), 1, "nothing was left to sum up");

    world.hands.advance(Duration::seconds(1));
    assert_eq!(wrong(&world, ONE).await.status, 401);
    let metrics = world.get("https://home.example/metrics").await.text;
    let line = r#"tegata_turned_away_total{limit="refusals_per_address",at="token_request"} 2"#;
    assert!(metrics.contains(line), "{metrics}");
}

/// Whoever the proxy saw is counted, and not the proxy; whoever is no proxy cannot name another.
#[tokio::test]
async fn behind_a_proxy() {
    let settings = [("limits.refusals_per_address", "1/s"), ("trusted_proxies", "10.0.0.1")];
    let world = World::configured(&settings).await;
    let via = async |address, seen| ask(&world, address, "x", "guess", seen).await.status.as_u16();
    assert_eq!(via("10.0.0.1", ONE).await, 401);
    assert_eq!(via("10.0.0.1", ONE).await, 429);
    assert_eq!(via("10.0.0.1", OTHER).await, 401);
    assert_eq!(via("192.0.2.3", "198.51.100.1").await, 401);
    assert_eq!(via("192.0.2.3", "198.51.100.2").await, 429);
}

/// A body that cannot be read is refused and recorded, too.
#[tokio::test]
async fn loopback_is_exempt_unless_it_is_said_otherwise() {
    let limit = ("limits.refusals_per_address", "1/s");
    let world = World::configured(&[limit]).await;
    let local = async |world: &World| {
        let first = wrong(world, "127.0.0.1").await.status.as_u16();
        (first, wrong(world, "127.0.0.1").await.status.as_u16())
    };
    assert_eq!(local(&world).await, (401, 401));
    let world = World::configured(&[limit, ("limits.exempt", OTHER)]).await;
    assert_eq!(local(&world).await, (401, 429));
}

/// What a client may do is used up by itself alone: not by who merely knows its name, and not by
/// another client.
#[tokio::test]
async fn tokens_per_client() {
    let settings =
        [("limits.tokens_per_client", "60/m burst 2"), ("limits.refusals_per_address", "off")];
    let world = World::configured(&settings).await;
    for _ in 0..10 {
        assert_eq!(wrong(&world, ONE).await.status, 401);
    }
    assert_eq!(right(&world, ONE).await.status, 200);
    assert_eq!(right(&world, OTHER).await.status, 200);
    let turned_away = right(&world, ONE).await;
    assert_snapshot!(turned_away.refusal(), @"429 slow_down: too many requests: wait for 1 seconds");
    let other = ask(&world, ONE, "plain-app", &secret_of("plain-app"), "").await;
    assert_eq!(other.status, 400, "it may not use this grant, and hears that");
    assert_snapshot!(sums(&world).await.join("\n"), @"token_request wiki-agent: 1 requests came too early and have no entry of their own");
    world.hands.advance(Duration::seconds(1));
    assert_eq!(right(&world, ONE).await.status, 200);
}

/// The refusals of a client that has proven who it is are its own.
#[tokio::test]
async fn refusals_per_client() {
    let settings =
        [("limits.refusals_per_client", "1/s burst 2"), ("limits.refusals_per_address", "1/s")];
    let world = World::configured(&settings).await;
    let grant = [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")];
    for status in [400, 400, 429] {
        let answer = world.post_token(HOME, "wiki-agent", &grant).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(world.post_token(HOME, "plain-app", &grant).await.status, 400);
    assert_eq!(right(&world, ONE).await.status, 200);
    assert_snapshot!(sums(&world).await.join("\n"), @"token_request wiki-agent: 1 requests came too early and have no entry of their own");
}

/// For one person, whoever asks; others are served.
#[tokio::test]
async fn tokens_per_user() {
    let world = World::configured(&[("limits.tokens_per_user", "1/s burst 2")]).await;
    let alice = id_token_of(&world, "alice").await;
    assert_eq!(exchange(&world, &alice, &[]).await.status, 200);
    let turned_away = exchange(&world, &alice, &[]).await;
    assert_snapshot!(turned_away.refusal(), @"429 slow_down: too many requests: wait for 1 seconds");
    assert_eq!(turned_away.header("retry-after"), "1");
    assert_eq!(right(&world, ONE).await.status, 200, "that token is nobody's");
    world.hands.advance(Duration::seconds(1));
    assert_eq!(exchange(&world, &alice, &[]).await.status, 200);
}

/// Each part of the server has a limit of its own, and answers in its own form.
#[tokio::test]
async fn requests_per_address() {
    let settings = [
        ("limits.tokens_per_address", "1/s"),
        ("limits.documents_per_address", "1/s"),
        ("limits.pages_per_address", "6/m burst 1"),
    ];
    let world = World::configured(&settings).await;
    assert_eq!(right(&world, ONE).await.status, 200);
    let turned_away = right(&world, ONE).await;
    assert_snapshot!(turned_away.refusal(), @"429 slow_down: too many requests: wait for 1 seconds");

    let jwks = format!("{HOME}/oauth2/jwks");
    assert_eq!(get(&world, ONE, &jwks, "").await.status, 200);
    let metadata = format!("{HOME}/.well-known/openid-configuration");
    let turned_away = get(&world, ONE, &metadata, "").await;
    assert_snapshot!(turned_away.refusal(), @"429 slow_down: too many requests: wait for 1 seconds");

    let page = format!("{HOME}/sign-in");
    assert_eq!(get(&world, ONE, &page, "en").await.status, 200);
    let turned_away = get(&world, ONE, &page, "en").await;
    assert_eq!(turned_away.header("retry-after"), "10");
    assert_snapshot!(turned_away.page_error(), @"429 slow_down: too many requests: wait for 10 seconds");
    assert!(turned_away.words().contains("One moment, please"), "{}", turned_away.words());
    let turned_away = get(&world, ONE, &page, "ja").await;
    assert!(turned_away.text.contains("lang=\"ja\""));
    assert_eq!(get(&world, OTHER, &page, "en").await.status, 200);
}

/// Refusals that go back to an application are recorded, too: whoever knows its address can make
/// them. So can who guesses passwords.
#[tokio::test]
async fn refusals_at_the_pages() {
    let world = World::configured(&[("limits.refusals_per_address", "6/m burst 1")]).await;
    let url = authorize_url(HOME, "wiki-agent", &[("scope", "everything")]);
    let refused = get(&world, ONE, &url, "en").await;
    assert_eq!(refused.redirected("error").as_deref(), Some("invalid_scope"));
    let turned_away = get(&world, ONE, &url, "en").await;
    assert_snapshot!(turned_away.page_error(), @"429 slow_down: too many requests: wait for 10 seconds");
    assert_eq!(turned_away.header("retry-after"), "10");

    let guess = async |address: &str, password: &str| {
        let mut browser = Browser::open(&world, &format!("{HOME}/sign-in")).await;
        browser.address = Some(SocketAddr::new(address.parse().unwrap(), 50_000));
        browser.sign_in("alice", password).await;
        (browser.page.status.as_u16(), browser.page.header("retry-after").to_owned())
    };
    assert_eq!(guess(OTHER, "guess").await, (422, String::new()));
    assert_eq!(guess(OTHER, "guess").await, (429, "10".to_owned()));
    assert_eq!(guess(OTHER, "alice-password").await.0, 200);
    let mut sums = sums(&world).await;
    sums.sort();
    assert_snapshot!(sums.join("\n"), @"
    code -: 1 requests came too early and have no entry of their own
    sign_in -: 1 requests came too early and have no entry of their own
    ");
}

/// What cannot be read is refused and recorded as anything else is, and held against whoever sent
/// it.
#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let world = World::configured(&[("limits.refusals_per_address", "2/s burst 2")]).await;
    let unread = async |address: &str| {
        let request = request("POST", &format!("{HOME}/oauth2/token"))
            .header("content-type", "application/json")
            .extension(ConnectInfo(SocketAddr::new(address.parse().unwrap(), 50_000)))
            .body(Body::from("{}"));
        world.send(request.unwrap()).await
    };
    assert_eq!(unread(ONE).await.status, 400);
    assert_eq!(unread(ONE).await.status, 400);
    let before = rows(&world).await.len();
    assert_snapshot!(unread(ONE).await.refusal(), @"429 slow_down: too many requests: wait for 1 seconds");
    assert_eq!(rows(&world).await.len(), before);
    assert_eq!(unread(OTHER).await.status, 400, "others have their own");
}

/// A client that only names itself has nothing of its own to use up: anybody knows its name.
#[tokio::test]
async fn a_client_that_anybody_can_name() {
    let settings = [
        ("limits.tokens_per_client", "60/m burst 1"),
        ("limits.refusals_per_client", "60/m burst 1"),
    ];
    let world = World::configured(&settings).await;
    let request = [
        ("grant_type", "authorization_code"),
        ("client_id", "todo-app"),
        ("code", "unknown"),
        ("code_verifier", VERIFIER),
    ];
    for _ in 0..4 {
        let answer = world.post_bare(HOME, &request).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
    }
}

/// A sum that could not be recorded counts the next time.
#[tokio::test]
async fn sums_that_could_not_be_recorded() {
    let world = World::configured(&[("limits.refusals_per_address", "1/s")]).await;
    assert_eq!(wrong(&world, ONE).await.status, 401);
    assert_eq!(wrong(&world, ONE).await.status, 429);
    // On SQLite the ledger is a view of the tables of its months.
    let table = match world.live.shared().store.read().get_database_backend() {
        DbBackend::Sqlite => "ledger_202601",
        _ => "ledger",
    };
    execute(&world, &format!("ALTER TABLE {table} RENAME TO ledger_away")).await;
    assert!(issuance::record_sums(world.live.shared()).await.is_err());
    execute(&world, &format!("ALTER TABLE ledger_away RENAME TO {table}")).await;
    assert_snapshot!(sums(&world).await.join("\n"), @"token_request -: 1 requests came too early and have no entry of their own");
}

/// RFC 9110 §10.2.3: for as long as it takes, and for nobody else.
#[tokio::test]
async fn how_long_to_wait() {
    let world = World::configured(&[("limits.tokens_per_address", "6/m burst 1")]).await;
    let refused = wrong(&world, ONE).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (401, ""));
    let early = right(&world, ONE).await;
    assert_eq!((early.status.as_u16(), early.header("retry-after")), (429, "10"));
}
