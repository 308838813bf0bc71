//! Guessing passwords is slow (NIST SP 800-63B §5.2.2): per account and per address, for all
//! nodes, and not for those who know theirs.

use std::net::SocketAddr;
use std::sync::Arc;

use insta::assert_snapshot;
use time::Duration;
use tokio::task::JoinSet;

use crate::support::{Answer, Browser, World};

const SIGN_IN: &str = "https://home.example/sign-in";

/// One try in a new browser.
async fn attempt(world: &World, from: &str, username: &str, password: &str) -> Answer {
    let mut browser = Browser::open(world, SIGN_IN).await;
    browser.address = from.parse::<SocketAddr>().ok();
    browser.sign_in(username, password).await;
    browser.page
}

async fn wrong(world: &World, times: usize) {
    for time in 0..times {
        assert_eq!(attempt(world, "", "alice", "guess").await.status, 422, "{time}");
    }
}

async fn right(world: &World) -> u16 {
    attempt(world, "", "alice", "alice-password").await.status.as_u16()
}

/// Five are free. After the sixth there is a pause, for who knows the password, too; or it would
/// be told apart from others.
#[tokio::test]
async fn too_many_tries() {
    let world = World::new().await;
    wrong(&world, 6).await;
    let slowed = attempt(&world, "", "alice", "alice-password").await;
    assert_eq!((slowed.status.as_u16(), slowed.header("retry-after")), (429, "2"));
    assert_snapshot!(slowed.words(), @"
    Sign in
    That did not work
    Too many tries. Wait 2 seconds, then try again.
    User name
    Password
    Your password stays on this page. No app or agent ever sees it.
    Sign in
    ");
    assert_eq!(attempt(&world, "", "bob", "bob-password").await.status, 200, "others go on");

    world.hands.advance(Duration::seconds(1));
    assert_eq!(right(&world).await, 429);
    world.hands.advance(Duration::seconds(1));
    assert_eq!(right(&world).await, 200);
    // And all is forgiven.
    wrong(&world, 5).await;
    assert_eq!(right(&world).await, 200);
}

/// The pauses double, up to a minute; the twentieth failure locks the account for a quarter of
/// an hour. Then who knows the password gets in.
#[tokio::test]
async fn pauses_grow_until_the_account_is_locked() {
    let world = World::new().await;
    wrong(&world, 5).await;
    let mut pauses = vec![];
    for _ in 6..=20 {
        wrong(&world, 1).await;
        let slowed = attempt(&world, "", "alice", "guess").await;
        assert_eq!(slowed.status, 429);
        let pause: i64 = slowed.header("retry-after").parse().unwrap();
        pauses.push(pause.to_string());
        world.hands.advance(Duration::seconds(pause));
    }
    assert_snapshot!(pauses.join(" "), @"2 4 8 16 32 60 60 60 60 60 60 60 60 60 900");
    assert_eq!(right(&world).await, 200);
}

/// An account that is not there is as slow as one that is.
#[tokio::test]
async fn an_unknown_account() {
    let world = World::new().await;
    for _ in 0..6 {
        assert_eq!(attempt(&world, "", "nobody", "guess").await.status, 422);
    }
    let slowed = attempt(&world, "", "nobody", "guess").await;
    assert_eq!((slowed.status.as_u16(), slowed.header("retry-after")), (429, "2"));
}

/// Other spellings are no other account.
#[tokio::test]
async fn capitals_are_no_way_around() {
    let world = World::new().await;
    for username in ["alice", "Alice", "ALICE", "aLICE", "alicE", "AlicE"] {
        assert_eq!(attempt(&world, "", username, "guess").await.status, 422);
    }
    assert_eq!(right(&world).await, 429);
}

/// What was long ago does not count.
#[tokio::test]
async fn failures_are_forgotten() {
    let world = World::new().await;
    wrong(&world, 5).await;
    world.hands.advance(Duration::hours(1));
    wrong(&world, 5).await;
    assert_eq!(right(&world).await, 200);
}

/// Neither does it count in a place that was left to be swept: nineteen of yesterday and one of
/// today are one.
#[tokio::test]
async fn failures_are_forgotten_before_they_are_swept() {
    let world = World::new().await;
    for _ in 0..19 {
        wrong(&world, 1).await;
        world.hands.advance(Duration::seconds(60));
    }
    world.hands.advance(Duration::hours(1));
    wrong(&world, 2).await;
    assert_eq!(right(&world).await, 200);
}

/// Many at a time get no more tries than one after the other.
#[tokio::test]
async fn a_burst_of_guesses() {
    let world = Arc::new(World::new().await);
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { attempt(&world, "", "alice", "guess").await.status.as_u16() });
    }
    let statuses = tasks.join_all().await;
    let tried = statuses.iter().filter(|it| **it == 422).count();
    assert!((1..=6).contains(&tried), "{tried} of 40 were tried: {statuses:?}");
    assert!(statuses.iter().all(|it| [422, 429].contains(it)), "{statuses:?}");
}

/// What is counted is counted for all nodes.
#[tokio::test]
async fn another_node_knows() {
    let world = World::new().await;
    wrong(&world, 6).await;
    assert_eq!(right(&world.second_node().await).await, 429);
}

/// A world in which so many refusals are all recorded: here guesses are counted.
async fn unlimited() -> World {
    World::configured(&[("limits.refusals_per_address", "off")]).await
}

/// One guess at each of many accounts is guessing, too. The pause is for the address alone.
#[tokio::test]
async fn one_address_many_accounts() {
    let world = unlimited().await;
    for number in 0..51 {
        let name = format!("user-{number}");
        let answer = attempt(&world, "192.0.2.1:1000", &name, "guess").await;
        assert_eq!(answer.status, 422, "{number}");
    }
    // Another port is no other address, and neither is its name in IPv6.
    for from in ["192.0.2.1:2000", "[::ffff:192.0.2.1]:1000"] {
        let slowed = attempt(&world, from, "alice", "alice-password").await;
        assert_eq!((slowed.status.as_u16(), slowed.header("retry-after")), (429, "2"), "{from}");
    }
    let elsewhere = attempt(&world, "192.0.2.2:1000", "alice", "alice-password").await;
    assert_eq!(elsewhere.status, 200);
    world.hands.advance(Duration::seconds(2));
    let later = attempt(&world, "192.0.2.1:1000", "alice", "alice-password").await;
    assert_eq!(later.status, 200);
}

/// An address that may not try holds nothing against those whose names it sends.
#[tokio::test]
async fn a_blocked_address_locks_nobody_out() {
    let world = unlimited().await;
    for number in 0..51 {
        attempt(&world, "192.0.2.1:1000", &format!("user-{number}"), "guess").await;
    }
    for _ in 0..20 {
        assert_eq!(attempt(&world, "192.0.2.1:1000", "alice", "guess").await.status, 429);
    }
    let elsewhere = attempt(&world, "192.0.2.2:1000", "alice", "alice-password").await;
    assert_eq!(elsewhere.status, 200);
}

/// RFC 6177: a customer has a /64 at least, and so has a guesser.
#[tokio::test]
async fn an_ipv6_network_is_one_address() {
    let world = unlimited().await;
    for number in 0..51 {
        let (from, name) = (format!("[2001:db8::{number:x}]:1000"), format!("user-{number}"));
        assert_eq!(attempt(&world, &from, &name, "guess").await.status, 422, "{number}");
    }
    let slowed = attempt(&world, "[2001:db8::ffff:1]:1000", "alice", "alice-password").await;
    assert_eq!(slowed.status, 429);
    let next = attempt(&world, "[2001:db8:0:1::1]:1000", "alice", "alice-password").await;
    assert_eq!(next.status, 200);
}

/// A whole office signs in from one address, and so does everybody if there is a proxy before
/// us: those who know their password are not held against each other.
#[tokio::test]
async fn an_office_signs_in() {
    let world = World::new().await;
    for time in 0..60 {
        let answer = attempt(&world, "192.0.2.1:1000", "alice", "alice-password").await;
        assert_eq!(answer.status, 200, "{time}");
    }
}

/// But who knows one password does not buy guesses at others with it.
#[tokio::test]
async fn an_insider_guesses() {
    let world = unlimited().await;
    let mut tried = 0;
    for number in 0..60 {
        let name = format!("user-{number}");
        let guess = attempt(&world, "192.0.2.1:1000", &name, "guess").await;
        tried += usize::from(guess.status == 422);
        attempt(&world, "192.0.2.1:1000", "bob", "bob-password").await;
    }
    assert_eq!(tried, 51);
}
