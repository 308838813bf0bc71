//! What a row of the ledger costs: CPU time and time by the clock for each, in batches of
//! several sizes, each batch one durable commit.
//!
//! `TEGATA_BENCH_DATABASE=sqlite:/tmp/ledger.db cargo bench --bench ledger`, once on an empty
//! database and once after `scripts/bench.d/fill_ledger.py` has put ten million rows into it.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on says where")]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures, and tells"
)]

use std::time::Instant;

use tegata::model::{LedgerEntry, LedgerEvent, Outcome};
use tegata::oauth::{ClientId, Issuer, RequestId, Scope, Subject};
use tegata::store::{Effect, Store};
use time::OffsetDateTime;

/// Rows of each measurement.
const ROWS: usize = 16_384;

#[tokio::main]
async fn main() {
    let url = std::env::var("TEGATA_BENCH_DATABASE").unwrap_or("sqlite::memory:".into());
    let store = Store::open(&url).await.unwrap();
    println!("{url}");
    for size in [1, 8, 16, 64, 100] {
        let batches = if size == 1 { ROWS / 16 } else { ROWS / size };
        let (begun, cpu) = (Instant::now(), cpu_ticks());
        for batch in 0..batches {
            let now = OffsetDateTime::now_utc();
            let effects =
                (0..size).map(|row| Effect::Record(Box::new(entry(batch * size + row, now))));
            store.commit(effects.collect(), now).await.unwrap();
        }
        let rows = u32::try_from(batches * size).unwrap();
        // A tick is a hundredth of a second on every Linux that there is.
        let cpu = f64::from(u32::try_from(cpu_ticks() - cpu).unwrap()) * 10_000.0 / f64::from(rows);
        let clock = begun.elapsed() / rows;
        println!(
            "{size:>4} rows a commit: {cpu:>6.1} µs of CPU a row, {clock:>10.1?} by the clock"
        );
    }
    store.close().await.unwrap();
}

/// User and system time of this process.
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// An access token, with ids that ascend with time.
fn entry(row: usize, at: OffsetDateTime) -> LedgerEntry {
    let id = format!("{:016x}{row:016x}", at.unix_timestamp_nanos());
    LedgerEntry {
        at,
        request: RequestId::try_from(id.clone()).unwrap(),
        issuer: Issuer::parse("https://home.example/services/chat").unwrap(),
        event: LedgerEvent::AccessToken,
        client: Some(ClientId::try_from("wiki-at-chat".to_owned()).unwrap()),
        user: Some(Subject::try_from("0f3a5a3d1e2b4c5d6e7f8091a2b3c4d5".to_owned()).unwrap()),
        service: Some("https://home.example/services/chat".into()),
        scope: Some(Scope::try_from("chat.read chat.write".to_owned()).unwrap()),
        resource: Some("https://chat.example/mcp".into()),
        jti: Some(id.clone()),
        parent: Some(id),
        remark: None,
        outcome: Outcome::Issued,
    }
}
