//! `tegata ledger verify`: is the ledger as it was written? And `checkpoints`, to ask it again
//! later with what was kept elsewhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::{Step, date};
use crate::cli::failure::Failure;
use crate::cli::opened::Opened;
use crate::model::ChainEnd;
use crate::server::ledger::{OurKeys, Verification, verify};
use crate::store::{self, ledger::Walked};
use crate::terminal::say;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only from the beginning of this day's month on.
    #[arg(long, value_name = "DATE", value_parser = date::parse)]
    since: Option<OffsetDateTime>,
    /// Checkpoints that `tegata ledger checkpoints` printed earlier, a line each.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

pub(super) async fn run(opened: &Opened, args: &Args) -> Result<(), Failure> {
    let records = store::keys::all(opened.store.read()).await?;
    let keys = OurKeys::unseal(&records, &opened.kek().await?)?;
    let elsewhere = match &args.checkpoint {
        Some(file) => read(file, &keys)?,
        None => BTreeMap::new(),
    };
    let verification =
        Verification { store: &opened.store, keys: &keys, since: args.since, elsewhere };
    let mut step = Step::of("checked");
    let walked = verify(verification, |rows| step.at(rows)).await;
    let walked = walked.map_err(|error| Failure::of("the ledger is not whole", &error))?;
    tell(&walked);
    Ok(())
}

fn tell(walked: &Walked) {
    let Walked { rows, unchained, chains, links, checkpoints, unvouched } = *walked;
    say("The ledger is whole.");
    say(format_args!("  {rows} rows in {chains} chains, with {links} links between them"));
    say(format_args!("  {checkpoints} checkpoints, all signed by our keys"));
    if unvouched > 0 {
        say(format_args!("  {unvouched} rows are newer than the last checkpoint of their chain"));
    }
    if unchained > 0 {
        say(format_args!(
            "  {unchained} rows are from before there were chains: nothing is known of them"
        ));
    }
}

/// Checkpoints that were kept elsewhere, by the numbers of their rows.
fn read(file: &Path, keys: &OurKeys) -> Result<BTreeMap<i64, Vec<ChainEnd>>, Failure> {
    let named = |error: &dyn std::error::Error| Failure::of(&file.display().to_string(), error);
    let text = std::fs::read_to_string(file).map_err(|error| named(&error))?;
    let mut ends: BTreeMap<i64, Vec<ChainEnd>> = BTreeMap::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let end = keys.checkpoint(line.trim()).map_err(|error| {
            Failure::of(&format!("{}, line {}", file.display(), index + 1), &error)
        })?;
        ends.entry(end.number).or_default().push(end);
    }
    match ends.is_empty() {
        true => Err(Failure::new(format!("{} has no checkpoint in it", file.display()))),
        false => Ok(ends),
    }
}

/// The newest checkpoint of each chain, a line each.
pub(super) async fn checkpoints(opened: &Opened) -> Result<(), Failure> {
    for checkpoint in store::ledger::newest_checkpoints(opened.store.read()).await? {
        say(checkpoint.jws);
    }
    Ok(())
}
