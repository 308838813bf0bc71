//! Forgetting: what has expired goes, step by step, and what may still be shown stays.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tegata::store::sweep;
use time::Duration;

use crate::support::{
    Answer, Browser, HOME, World, at_any_time, authorize_url, exchange, id_token_of, redeem,
    redeem_code, signed_in, tokens_of,
};

/// The tables that forget; refresh tokens go with their families.
const TABLES: [&str; 7] = [
    "codes",
    "token_families",
    "refresh_tokens",
    "single_uses",
    "sessions",
    "logins",
    "sign_in_failures",
];

async fn count(world: &World, table: &str) -> i64 {
    let db = world.live.shared().store.read();
    let count = format!("SELECT COUNT(*) AS rows_there FROM {table}");
    let statement = Statement::from_string(db.get_database_backend(), count);
    let row = db.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "rows_there").unwrap()
}

async fn step(world: &World, at_most: u32) -> u64 {
    let shared = world.live.shared();
    let now = shared.environment.clock.now();
    sweep::expired(shared.store.write(), now, at_most).await.unwrap()
}

async fn swept(world: &World) {
    while step(world, 500).await > 0 {}
}

/// Alice signs in once more: what she consented to is remembered.
pub(crate) async fn signed_in_again(world: &World) -> Browser<'_> {
    let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    browser
}

/// A wrong password, a sign-in, a code that waits, and the whole way.
async fn lived_in(world: &World) -> String {
    let mut browser = Browser::open(world, &format!("{HOME}/sign-in")).await;
    browser.sign_in("bob", "wrong").await;
    let _waits = signed_in(world, "alice").await.sent("code").unwrap();
    let tokens = tokens_of(world, &signed_in_again(world).await).await;
    let id_jag = exchange(world, &tokens.member("id_token"), &[]).await.access_token();
    redeem(world, &id_jag, &[]).await.access_token();
    tokens.member("refresh_token")
}

async fn refreshed(world: &World, refresh_token: &str) -> Answer {
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    world.post_token(HOME, "wiki-agent", &grant).await
}

#[tokio::test]
async fn what_has_expired_goes() {
    let world = World::new().await;
    lived_in(&world).await;
    for table in TABLES {
        assert!(count(&world, table).await > 0, "{table} was empty before");
    }
    let ledger = count(&world, "ledger").await;
    let users = count(&world, "users").await;
    // Sessions expire by the clock of tower-sessions, which is the real one.
    world.hands.advance(Duration::days(365 * 200));
    swept(&world).await;
    for table in TABLES {
        assert_eq!(count(&world, table).await, 0, "{table}");
    }
    // What was issued is never forgotten, nor who was there.
    assert_eq!(count(&world, "ledger").await, ledger);
    assert_eq!(count(&world, "users").await, users);
    assert_eq!(count(&world, "consents").await, 1);
}

/// A step is as long as it is told to be, so that requests get in between.
#[tokio::test]
async fn a_little_at_a_time() {
    let world = World::new().await;
    signed_in(&world, "alice").await;
    for _ in 0..4 {
        signed_in_again(&world).await;
    }
    world.hands.advance(Duration::days(365 * 200));
    let codes = count(&world, "codes").await;
    assert_eq!(codes, 5);
    for left in (0..codes).rev() {
        assert!((1..=7).contains(&step(&world, 1).await));
        assert_eq!(count(&world, "codes").await, left);
    }
    swept(&world).await;
    assert_eq!(step(&world, 1).await, 0);
}

/// Nothing that still works is swept, at any moment of its life.
#[tokio::test]
async fn what_is_valid_stays() {
    let world = World::new().await;
    let mut refresh_token = lived_in(&world).await;
    let kept = async || (count(&world, "logins").await, count(&world, "single_uses").await);
    let before = kept().await;
    swept(&world).await;
    assert_eq!(kept().await, before);

    let waits = signed_in_again(&world).await.sent("code").unwrap();
    let lifetimes = world.live.shared().lifetimes;
    world.hands.advance(lifetimes.code - Duration::seconds(1));
    swept(&world).await;
    assert_eq!(redeem_code(&world, &waits).await.status, 200);

    // An agent that comes back again and again, long after the person's session has ended.
    refresh_token = refreshed(&world, &refresh_token).await.member("refresh_token");
    for turn in 0..6 {
        world.hands.advance(lifetimes.refresh_token - Duration::seconds(1));
        swept(&world).await;
        let answer = refreshed(&world, &refresh_token).await;
        assert_eq!(answer.status, 200, "turn {turn}: {}", answer.text);
        refresh_token = answer.member("refresh_token");
    }
    world.hands.advance(lifetimes.refresh_token + Duration::seconds(1));
    swept(&world).await;
    assert_eq!(refreshed(&world, &refresh_token).await.status, 400);
}

/// A node whose clock is ahead forgets nothing that another would still take: PostgreSQL has a
/// clock for all. And nothing is forgotten as soon as it is over.
#[tokio::test]
async fn clocks_that_differ() {
    let world = World::new().await;
    let db = world.live.shared().store.write();
    let now = world.live.shared().environment.clock.now();
    assert_eq!(sweep::surely_past(db, now).await.unwrap(), now - Duration::minutes(10));
    let ahead = now + Duration::days(365 * 200);
    let past = sweep::surely_past(db, ahead).await.unwrap();
    match db.get_database_backend() {
        DbBackend::Postgres => assert!(past < ahead - Duration::days(365 * 100)),
        _ => assert_eq!(past, ahead - Duration::minutes(10)),
    }
}

/// A used ID-JAG is remembered for as long as it could be taken for a new one: to
/// its `exp`, and the leeway that clocks are given.
/// Row 126.
#[tokio::test]
async fn a_used_id_jag_is_remembered() {
    let world = World::new().await;
    let id_jag = exchange(&world, &id_token_of(&world, "alice").await, &[]).await;
    let expires_in = id_jag.json()["expires_in"].as_i64().unwrap();
    let id_jag = id_jag.access_token();
    redeem(&world, &id_jag, &[]).await.access_token();
    let mut said = vec![];
    world.hands.advance(Duration::seconds(expires_in - 2));
    for second in expires_in - 2..expires_in + 40 {
        swept(&world).await;
        let refusal = at_any_time(&redeem(&world, &id_jag, &[]).await.refusal());
        if said.last().is_none_or(|(_, last)| *last != refusal) {
            said.push((second - expires_in, refusal));
        }
        world.hands.advance(Duration::seconds(1));
    }
    insta::assert_debug_snapshot!(said, @r#"
    [
        (
            -2,
            "400 invalid_grant: the assertion was already used",
        ),
        (
            30,
            "400 invalid_grant: the assertion is not acceptable: it has expired, some seconds ago by the clock here",
        ),
    ]
    "#);
    // The authorization request that the person answered is remembered for a day.
    world.hands.advance(Duration::days(1));
    swept(&world).await;
    assert_eq!(count(&world, "single_uses").await, 0);
}

/// RFC 6749 §4.1.2: a code that is used twice takes with it what it gave, also when it comes
/// late.
#[tokio::test]
async fn a_used_code_is_remembered() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let code = browser.sent("code").unwrap();
    let refresh_token = redeem_code(&world, &code).await.member("refresh_token");
    world.hands.advance(Duration::hours(20));
    swept(&world).await;
    insta::assert_snapshot!(redeem_code(&world, &code).await.refusal(), @"400 invalid_grant: the code was already used");
    insta::assert_snapshot!(refreshed(&world, &refresh_token).await.refusal(), @"400 invalid_grant: the refresh token was revoked");
}

/// RFC 9700 §4.14.2: so does a refresh token that was rotated away.
#[tokio::test]
async fn a_used_refresh_token_is_remembered() {
    let world = World::new().await;
    let first = lived_in(&world).await;
    let second = refreshed(&world, &first).await.member("refresh_token");
    world.hands.advance(world.live.shared().lifetimes.refresh_token - Duration::hours(1));
    swept(&world).await;
    insta::assert_snapshot!(refreshed(&world, &first).await.refusal(), @"400 invalid_grant: the refresh token was already used, so all that came from it is revoked");
    insta::assert_snapshot!(refreshed(&world, &second).await.refusal(), @"400 invalid_grant: the refresh token was revoked");
}
