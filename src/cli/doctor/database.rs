//! The database: its tables, the settings that are really in force, and its clock.

use super::findings::Findings;
use crate::config::{Config, Database};
use crate::environment::Environment;
use crate::store::{Store, StoreError, Tables};

const GROUP: &str = "database";

/// A server holds up to 16 connections, and others want some, too.
const CONNECTIONS: u64 = 20;

/// PostgreSQL 13 and older get no fixes any more.
const OLDEST: u64 = 140_000;

/// So far apart clocks may be, in milliseconds. Tokens have leeway for little more.
const SKEW: i64 = 2_000;

pub(super) async fn examine(
    config: &Config,
    store: &Store,
    environment: &Environment,
    findings: &mut Findings,
) -> Result<Tables, StoreError> {
    store.ping().await?;
    findings.ok(GROUP, &format!("{} answers", config.database));
    let tables = store.tables().await?;
    match &tables {
        Tables::Current => findings.ok(GROUP, "its tables are of this version"),
        Tables::Older(number) => {
            let what = format!("{number} migrations are to be done");
            findings.warning(GROUP, &what, "the next start does them: take a backup before");
        }
        Tables::Newer(names) => {
            let what = format!("a newer tegata was here: {}", names.join(", "));
            findings.problem(GROUP, &what, "install that version; this one must not serve");
        }
        Tables::Missing => {}
    }
    match config.database {
        Database::Postgres(_) => postgres(store, environment, findings).await?,
        _ => sqlite(store, findings).await?,
    }
    Ok(tables)
}

/// `synchronous` is of each connection, and set by the server for its own.
async fn sqlite(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    match store.setting("journal_mode").await?.as_str() {
        "wal" => findings.ok(GROUP, "journal_mode is wal"),
        other => {
            let what = format!("journal_mode is {other}");
            findings.warning(GROUP, &what, "the next start of the server sets it to wal");
        }
    }
    Ok(())
}

async fn postgres(
    store: &Store,
    environment: &Environment,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let number = store.setting("server_version_num").await?.parse().unwrap_or(0_u64);
    let what = format!("it is PostgreSQL {}", store.setting("server_version").await?);
    match number >= OLDEST {
        true => findings.ok(GROUP, &what),
        false => findings.warning(GROUP, &what, "14 is the oldest one that still gets fixes"),
    }
    for (name, why) in [
        ("fsync", "else a loss of power loses tokens that were given out, or the whole database"),
        ("full_page_writes", "else a loss of power can tear pages"),
        ("synchronous_commit", "else a token leaves before its entry is on the disk"),
    ] {
        match store.setting(name).await?.as_str() {
            "off" => {
                findings.problem(GROUP, &format!("{name} is off"), &format!("turn it on: {why}"));
            }
            value => findings.ok(GROUP, &format!("{name} is {value}")),
        }
    }
    let most = store.setting("max_connections").await?.parse().unwrap_or(0_u64);
    let what = format!("max_connections is {most}");
    match most >= CONNECTIONS {
        true => findings.ok(GROUP, &what),
        false => findings.warning(GROUP, &what, "a server alone takes up to 16: raise it"),
    }
    match store.keeps_its_session().await? {
        true => findings.ok(GROUP, "LISTEN works: no pooler changes connections in between"),
        false => {
            let what = "a pooler hands out another connection for each transaction";
            findings.warning(GROUP, what, "use its session mode, or connect to PostgreSQL itself");
        }
    }
    let before = milliseconds(environment);
    let theirs = store.clock().await?;
    let ours = i64::midpoint(before, milliseconds(environment));
    let skew = theirs - ours;
    let (whole, rest) = (skew.abs() / 1000, skew.abs() % 1000);
    let what = format!(
        "its clock is {whole}.{rest:03} s {} ours",
        if skew < 0 { "behind" } else { "before" }
    );
    match skew.abs() <= SKEW {
        true => findings.ok("clock", &what),
        false => findings.problem("clock", &what, "let NTP set the clocks of both machines"),
    }
    Ok(())
}

fn milliseconds(environment: &Environment) -> i64 {
    let now = environment.clock.now();
    now.unix_timestamp() * 1000 + i64::from(now.millisecond())
}
