//! The ledger by months: it goes on where the month turns, and months that are old enough go.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use tegata::model::DroppedMonth;
use tegata::server::ledger::{checkpoint, retain, tend};
use tegata::store::Store;
use tegata::store::backup::{self, Archive, Ground, Wish};
use tegata::store::ledger::{checkpoints, clear, drop_month, past, prepare, tail};
use time::Duration;

use crate::ledger_chain::{execute, refused, verified};
use crate::support::{Database, WORLD, World};

async fn numbers(world: &World) -> Vec<i64> {
    numbers_in(&world.live.shared().store).await
}

async fn numbers_in(store: &Store) -> Vec<i64> {
    let rows = tail(store.read(), None, 1000).await.unwrap();
    rows.iter().map(|row| row.number).collect()
}

async fn is_there(world: &World, table: &str) -> bool {
    let text = format!("SELECT 1 FROM {table} LIMIT 1");
    world.live.shared().store.read().execute_unprepared(&text).await.is_ok()
}

#[tokio::test]
async fn the_month_turns() {
    let world = World::new().await;
    refused(&world, 3).await;
    world.hands.advance(Duration::days(31));
    refused(&world, 2).await;
    tend(&world.live).await.unwrap();
    refused(&world, 1).await;
    assert_eq!(numbers(&world).await, [1, 2, 3, 4, 5, 6]);
    assert!(is_there(&world, "ledger_202601").await && is_there(&world, "ledger_202602").await);
    let walked = verified(&world).await.unwrap();
    assert_eq!((walked.rows, walked.chains, walked.unvouched), (6, 1, 1));
    let tail = tail(world.live.shared().store.read(), Some(2), 2).await.unwrap();
    assert_eq!(tail.iter().map(|row| row.number).collect::<Vec<_>>(), [5, 6]);
}

/// A process whose clock is behind writes where the others write.
#[tokio::test]
async fn another_process_turned_the_month() {
    let ahead = World::on(Database::shared().await, WORLD).await;
    let behind = World::on(Arc::clone(&ahead.database), WORLD).await;
    refused(&ahead, 1).await;
    refused(&behind, 2).await;
    ahead.hands.advance(Duration::days(31));
    refused(&ahead, 1).await;
    refused(&behind, 2).await;
    refused(&ahead, 1).await;
    assert_eq!(numbers(&ahead).await, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(verified(&ahead).await.unwrap().rows, 7);
}

/// January goes when February is a month old, and not a day earlier.
#[tokio::test]
async fn months_that_are_old_enough() {
    let world = World::new().await;
    refused(&world, 3).await;
    tend(&world.live).await.unwrap();
    world.hands.advance(Duration::days(31));
    refused(&world, 2).await;
    tend(&world.live).await.unwrap();
    world.hands.advance(Duration::days(27));
    refused(&world, 1).await;
    tend(&world.live).await.unwrap();

    // It is the 1st of March.
    retain(&world.live, Duration::days(30)).await.unwrap();
    assert_eq!(numbers(&world).await, [1, 2, 3, 4, 5, 6]);
    world.hands.advance(Duration::days(2));
    retain(&world.live, Duration::days(30)).await.unwrap();
    assert_eq!(numbers(&world).await, [4, 5, 6]);
    assert!(!is_there(&world, "ledger_202601").await);
    refused(&world, 1).await;
    tend(&world.live).await.unwrap();
    let walked = verified(&world).await.unwrap();
    assert_eq!((walked.rows, walked.chains, walked.unvouched), (4, 1, 0));

    // The newest month stays, however old it is, so that numbers and chains go on.
    world.hands.advance(Duration::days(900));
    retain(&world.live, Duration::days(1)).await.unwrap();
    assert_eq!(numbers(&world).await, [6, 7]);
    assert_eq!(verified(&world).await.unwrap().rows, 2);
}

/// On PostgreSQL rows of two months interleave where they meet. A chain that ended there keeps its
/// checkpoint when the earlier month goes.
#[tokio::test]
async fn a_checkpoint_between_rows_that_go() {
    let world = World::on(Database::shared().await, WORLD).await;
    refused(&world, 2).await;
    let ended = World::on(Arc::clone(&world.database), WORLD).await;
    ended.hands.advance(Duration::days(31));
    refused(&ended, 1).await;
    let last = World::on(Arc::clone(&world.database), WORLD).await;
    last.hands.advance(Duration::days(31));
    refused(&last, 1).await;
    let shared = last.live.shared();
    prepare(&shared.store, shared.environment.clock.now()).await.unwrap();
    execute(&world, "UPDATE ledger_202602 SET number = 2 WHERE number = 3").await;
    execute(&world, "UPDATE ledger_202601 SET number = 3 WHERE number = 2").await;
    assert_ne!(checkpoint(&last.live).await.unwrap(), 0);
    last.hands.advance(Duration::days(40));
    retain(&last.live, Duration::days(30)).await.unwrap();
    assert_eq!(numbers(&world).await, [2, 4]);
    let kept = checkpoints(shared.store.read(), 0, 10).await.unwrap();
    assert_eq!(kept.iter().map(|it| it.end.number).collect::<Vec<_>>(), [2, 4]);
    let walked = verified(&world).await.unwrap();
    assert_eq!((walked.rows, walked.checkpoints, walked.unvouched), (2, 2, 0));
}

/// SQLite empties a month step by step. What of it is still there is in no backup: it would be
/// taken for the ledger.
#[tokio::test]
async fn a_backup_while_a_month_is_emptied() {
    let world = World::on(Database::in_a_file(), WORLD).await;
    refused(&world, 3).await;
    world.hands.advance(Duration::days(31));
    refused(&world, 2).await;
    let shared = world.live.shared();
    let (store, now) = (&shared.store, shared.environment.clock.now());
    let ending = past(store.read(), now).await.unwrap().unwrap();
    let (month, last_number) = (ending.month, ending.last_number);
    let dropped = DroppedMonth { month, at: now, last_number, jws: "a JWS".into() };
    drop_month(store, &dropped).await.unwrap();
    assert!(clear(store, 1).await.unwrap());
    assert!(is_there(&world, "ledger_202601").await);

    let mut file = tempfile::tempfile().unwrap();
    backup::write(store, &mut file, now, &mut |_, _| ()).await.unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let archive = Archive::open(file).unwrap();
    let wish = Wish { ground: Ground::Empty, keep_grants: true, now };
    let restored = Database::in_a_file();
    backup::restore(restored.url(), &archive, wish, &mut |_, _| ()).await.unwrap();
    let restored = Store::open(restored.url()).await.unwrap();
    assert_eq!(numbers_in(&restored).await, [4, 5]);
    while clear(&restored, 500).await.unwrap() {}
    assert_eq!(numbers_in(&restored).await, [4, 5]);
}

/// Who takes rows away cannot say that they were dropped.
#[tokio::test]
async fn rows_that_were_not_dropped() {
    let world = World::new().await;
    refused(&world, 3).await;
    tend(&world.live).await.unwrap();
    world.hands.advance(Duration::days(31));
    refused(&world, 2).await;
    tend(&world.live).await.unwrap();
    world.hands.advance(Duration::days(60));
    refused(&world, 1).await;
    tend(&world.live).await.unwrap();
    retain(&world.live, Duration::days(60)).await.unwrap();
    assert_eq!(numbers(&world).await, [4, 5, 6]);

    execute(&world, "UPDATE ledger_drops SET jws = 'nonsense'").await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"the record of the dropped month 202601 is not signed by one of our keys");
    execute(&world, "DELETE FROM ledger_drops").await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"row 4 is at place 4 of chain 1 where place 1 was expected: a row is missing, or rows changed places");
}
