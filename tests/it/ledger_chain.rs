//! The chain of the ledger: whoever changes what was written, is found out.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use serde_json::json;
use tegata::jose::{Algorithm, KeyEncryptionKey, SigningKey};
use tegata::model::{ChainEnd, Checkpoint};
use tegata::server::ledger::{OurKeys, Verification, checkpoint, tend, verify};
use tegata::store::ledger::{Walked, checkpoints, newest_checkpoints};

use crate::support::{Database, HOME, WORLD, World};

/// `rows` requests that are refused, and so have a row each.
pub(crate) async fn refused(world: &World, rows: usize) {
    for _ in 0..rows {
        let answer =
            world.post_token(HOME, "nobody", &[("grant_type", "client_credentials")]).await;
        assert_eq!(answer.status, 401);
    }
}

pub(crate) async fn execute(world: &World, statement: &str) {
    world.live.shared().store.write().execute_unprepared(statement).await.unwrap();
}

async fn keys(world: &World) -> OurKeys {
    let records = tegata::store::keys::all(world.live.shared().store.read()).await.unwrap();
    OurKeys::unseal(&records, &KeyEncryptionKey::new([7; 32])).unwrap()
}

pub(crate) async fn verified(world: &World) -> Result<Walked, String> {
    against(world, &[]).await
}

/// Verifies the ledger, also against `kept`.
async fn against(world: &World, kept: &[Checkpoint]) -> Result<Walked, String> {
    let keys = keys(world).await;
    let mut elsewhere: BTreeMap<i64, Vec<ChainEnd>> = BTreeMap::new();
    for checkpoint in kept {
        let end = keys.checkpoint(&checkpoint.jws).unwrap();
        elsewhere.entry(end.number).or_default().push(end);
    }
    let store = &world.live.shared().store;
    let verification = Verification { store, keys: &keys, since: None, elsewhere };
    verify(verification, |_| ()).await.map_err(|error| error.to_string())
}

/// A world with five rows, all of them vouched for.
async fn written() -> World {
    let world = World::new().await;
    refused(&world, 5).await;
    tend(&world.live).await.unwrap();
    world
}

#[tokio::test]
async fn a_whole_ledger() {
    let world = written().await;
    refused(&world, 2).await;
    let walked = verified(&world).await.unwrap();
    let expected =
        Walked { rows: 7, unchained: 0, chains: 1, links: 0, checkpoints: 1, unvouched: 2 };
    assert_eq!(walked, expected);
    // Nobody signs twice what has not grown.
    assert_eq!(checkpoint(&world.live).await.unwrap(), 1);
    assert_eq!(checkpoint(&world.live).await.unwrap(), 0);
    assert_eq!(verified(&world).await.unwrap().unvouched, 0);
}

#[tokio::test]
async fn a_row_that_was_changed() {
    for change in [
        "client = 'wiki-agent'",
        "at = at + 1",
        "outcome = 'issued', code = NULL, reason = NULL",
        "jti = ''",
        "chain = 2",
        "place = 7",
        "place = NULL",
        "hash = NULL",
    ] {
        let world = written().await;
        execute(&world, &format!("UPDATE ledger_202601 SET {change} WHERE number = 3")).await;
        let broken = verified(&world).await.unwrap_err();
        assert!(broken.starts_with("row 3 "), "{change}: {broken}");
    }
}

/// To hash the changed row anew does not help: the next one holds the hash of what was there.
#[tokio::test]
async fn a_row_with_the_hash_of_another() {
    let world = written().await;
    let hash = "(SELECT hash FROM ledger WHERE number = 2)";
    execute(&world, &format!("UPDATE ledger_202601 SET hash = {hash} WHERE number = 3")).await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"row 3 (place 3 of chain 1) or a row before it was changed");
}

#[tokio::test]
async fn a_row_that_was_taken_away() {
    let world = written().await;
    execute(&world, "DELETE FROM ledger_202601 WHERE number = 3").await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"row 4 is at place 4 of chain 1 where place 3 was expected: a row is missing, or rows changed places");
}

#[tokio::test]
async fn rows_that_changed_places() {
    let world = written().await;
    for (from, to) in [(2, 99), (3, 2), (99, 3)] {
        let change = format!("UPDATE ledger_202601 SET number = {to} WHERE number = {from}");
        execute(&world, &change).await;
    }
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"row 2 is at place 3 of chain 1 where place 2 was expected: a row is missing, or rows changed places");
}

#[tokio::test]
async fn a_row_that_nobody_wrote() {
    let world = written().await;
    let columns = "at, request, issuer, event, outcome";
    let row = format!("SELECT 99, {columns} FROM ledger_202601 WHERE number = 3");
    let month = match world.live.shared().store.read().get_database_backend() {
        sea_orm::DbBackend::Sqlite => ("", ""),
        _ => ("month, ", "202601, "),
    };
    let row = row.replace("SELECT ", &format!("SELECT {}", month.1));
    execute(&world, &format!("INSERT INTO ledger_202601 ({}number, {columns}) {row}", month.0))
        .await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"row 99 has no place in a chain, though it is newer than the first chain");
}

/// A checkpoint vouches for the last row.
#[tokio::test]
async fn the_end_was_cut_off() {
    let world = written().await;
    execute(&world, "DELETE FROM ledger_202601 WHERE number >= 4").await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"the checkpoint of row 5 (place 5 of chain 1) is about a row that is not there");
}

#[tokio::test]
async fn everything_was_taken_away() {
    let world = written().await;
    execute(&world, "DELETE FROM ledger_202601").await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"the checkpoint of row 5 (place 5 of chain 1) is about a row that is not there");
}

/// Without the checkpoint, the next chain knows.
#[tokio::test]
async fn the_end_was_cut_off_with_its_checkpoint() {
    let world = World::on(Database::shared().await, WORLD).await;
    refused(&world, 5).await;
    let again = World::on(std::sync::Arc::clone(&world.database), WORLD).await;
    refused(&again, 1).await;
    tend(&world.live).await.unwrap();
    let walked = verified(&world).await.unwrap();
    assert_eq!((walked.rows, walked.chains, walked.links, walked.checkpoints), (6, 2, 1, 2));

    execute(&world, "DELETE FROM ledger_202601 WHERE number = 5").await;
    execute(&world, "DELETE FROM ledger_checkpoints WHERE chain = 1").await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"chain 1 ends at place 4, but chain 2 was linked to its place 5: rows were cut off");
    execute(&world, "DELETE FROM ledger_202601 WHERE chain = 1").await;
    execute(&world, "DELETE FROM ledger_chains WHERE id = 1").await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"chain 2 was linked to chain 1, which is gone");
}

/// Who takes everything away that was signed after some time leaves a ledger that is whole by
/// itself. What was kept elsewhere tells.
#[tokio::test]
async fn a_checkpoint_that_was_kept_elsewhere() {
    let world = written().await;
    let kept = newest_checkpoints(world.live.shared().store.read()).await.unwrap();
    refused(&world, 2).await;
    checkpoint(&world.live).await.unwrap();
    assert_eq!(against(&world, &kept).await.unwrap().checkpoints, 3);

    execute(&world, "DELETE FROM ledger_202601 WHERE number >= 5").await;
    execute(&world, "DELETE FROM ledger_checkpoints").await;
    assert_eq!(verified(&world).await.unwrap().rows, 4);
    insta::assert_snapshot!(against(&world, &kept).await.unwrap_err(), @"the checkpoint of row 5 (place 5 of chain 1) is about a row that is not there");
}

/// A key of somebody else, under the name of ours; and a true one about another row.
#[tokio::test]
async fn a_forged_checkpoint() {
    let world = written().await;
    let db = world.live.shared().store.read();
    let [real] = checkpoints(db, 0, 10).await.unwrap().try_into().unwrap();
    let ours = world.server(HOME).keys.signer(Algorithm::ES256).unwrap().key_id().to_owned();
    let claims = crate::support::claims_of(&real.jws);
    assert_eq!((&claims["place"], &claims["iss"]), (&json!(5), &json!(HOME)));
    let typ = "tegata-ledger-checkpoint+jwt";
    for forged in [
        SigningKey::generate(Algorithm::ES256, &ours).sign(typ, &claims),
        world.sign(crate::support::CHAT, typ, &claims),
        world.sign(HOME, "JWT", &claims),
        "nonsense".to_owned(),
    ] {
        execute(&world, &format!("UPDATE ledger_checkpoints SET jws = '{forged}'")).await;
        let broken = verified(&world).await.unwrap_err();
        assert!(broken.ends_with("is not signed by one of our keys"), "{broken}");
    }
    let set = format!("UPDATE ledger_checkpoints SET jws = '{}', place = 4, number = 4", real.jws);
    execute(&world, &set).await;
    insta::assert_snapshot!(verified(&world).await.unwrap_err(), @"the checkpoint of row 4 (place 4 of chain 1) is signed for another row");
}

/// A key that is gone still proves what it signed.
#[tokio::test]
async fn a_checkpoint_of_a_key_that_is_gone() {
    let world = written().await;
    execute(&world, "UPDATE keys SET retired_at = 1, gone_at = 1 WHERE algorithm = 'ES256'").await;
    assert_eq!(verified(&world).await.unwrap().checkpoints, 1);
}

/// A server goes on while its ledger is verified: what it writes meanwhile is not looked at, and
/// is no reason for an alarm.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_begins_meanwhile() {
    let world = World::on(Database::shared().await, WORLD).await;
    refused(&world, 5).await;
    checkpoint(&world.live).await.unwrap();
    let before = verified(&world).await.unwrap();
    let keys = keys(&world).await;
    let store = &world.live.shared().store;
    let verification = Verification { store, keys: &keys, since: None, elsewhere: BTreeMap::new() };
    let meanwhile = async || {
        let other = World::on(std::sync::Arc::clone(&world.database), WORLD).await;
        refused(&other, 1).await;
        refused(&world, 1).await;
        assert_ne!(checkpoint(&other.live).await.unwrap(), 0);
    };
    let progress = |_| {
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(meanwhile()));
    };
    assert_eq!(verify(verification, progress).await.unwrap(), before);
    assert_eq!(verified(&world).await.unwrap().rows, 7);
}

/// Each process has a chain of its own, and any of them vouches for all.
#[tokio::test]
async fn two_nodes() {
    let one = World::on(Database::shared().await, WORLD).await;
    let other = World::on(std::sync::Arc::clone(&one.database), WORLD).await;
    for _ in 0..3 {
        refused(&one, 1).await;
        refused(&other, 2).await;
    }
    assert_eq!(checkpoint(&other.live).await.unwrap(), 2);
    assert_eq!(checkpoint(&one.live).await.unwrap(), 0);
    refused(&one, 1).await;
    let third = World::on(std::sync::Arc::clone(&one.database), WORLD).await;
    refused(&third, 1).await;
    let walked = verified(&third).await.unwrap();
    // The second was linked to the first, the third to both.
    assert_eq!((walked.rows, walked.chains, walked.links, walked.unvouched), (11, 3, 3, 2));
}
