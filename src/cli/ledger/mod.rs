//! `tegata ledger`: who acted for whom.

mod chain;
mod date;
mod export;
pub(super) mod shown;
mod verify;

use std::time::Duration;

use serde_json::json;

use self::chain::Chain;
use self::shown::Names;
use super::failure::Failure;
use super::opened::{Need, Opened};
use crate::config::Config;
use crate::model::LedgerRow;
use crate::store;
use crate::terminal::{Ink, note, say};

/// Shows what was issued and what was refused, to whom and for whom.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata ledger tail --follow
  tegata ledger tail -n 1000 --json | jq 'select(.outcome == \"refused\")'
  tegata ledger show 5f0c…   the whole chain, from the sign-in to the last access token
  tegata ledger checkpoints >> /elsewhere/checkpoints
  tegata ledger verify --checkpoint /elsewhere/checkpoints
  tegata ledger export --format parquet --since 2026-01-01 --output ledger.parquet")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Shows the newest entries.
    Tail {
        /// How many.
        #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20)]
        lines: u32,
        /// Waits for more, until it is interrupted.
        #[arg(long, short)]
        follow: bool,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Shows where a token came from, and what came of it.
    Show {
        /// The `jti` of a token, or the `sid` of a sign-in.
        #[arg(value_name = "JTI")]
        jti: String,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Checks that no row was changed, added, moved or taken away since it was signed.
    Verify(verify::Args),
    /// Prints the newest signed checkpoint of each chain, to be kept elsewhere.
    Checkpoints,
    /// Writes the rows for other tools.
    Export(export::Args),
}

/// How often the ledger is looked at for more.
const PAUSE: Duration = Duration::from_millis(500);

/// More than can come in a pause.
const MOST: u64 = 1_000_000;

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    let opened = Opened::open(config, Need::Existing).await?;
    match args.command {
        Command::Tail { lines, follow, json } => tail(&opened, lines, follow, json).await?,
        Command::Show { jti, json } => show(&opened, &jti, json).await?,
        Command::Verify(args) => verify::run(&opened, &args).await?,
        Command::Checkpoints => verify::checkpoints(&opened).await?,
        Command::Export(args) => export::run(&opened, &args).await?,
    }
    opened.close().await
}

/// Tells now and then how far something long is.
struct Step {
    done: &'static str,
    told: u64,
}

impl Step {
    /// In rows: some seconds of work.
    const WIDE: u64 = 500_000;

    fn of(done: &'static str) -> Self {
        Self { done, told: 0 }
    }

    fn at(&mut self, rows: u64) {
        if rows / Self::WIDE > self.told {
            self.told = rows / Self::WIDE;
            note(format_args!("{rows} rows {}", self.done));
        }
    }
}

async fn tail(opened: &Opened, lines: u32, follow: bool, json: bool) -> Result<(), Failure> {
    let (db, ink) = (opened.store.read(), Ink::of_stdout());
    let mut names = Names::new(&opened.store);
    let mut rows = store::ledger::tail(db, None, lines.into()).await?;
    if rows.is_empty() && !follow && !json {
        say("The ledger is empty.");
    }
    let mut last = match lines {
        // Only what is new counts.
        0 => store::ledger::tail(db, None, 1).await?.last().map_or(0, |it| it.number),
        _ => 0,
    };
    loop {
        for row in &rows {
            last = last.max(row.number);
            match json {
                true => say(names.json(row).await?),
                false => say(names.line(row, ink).await?),
            }
        }
        if !follow {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
        rows = store::ledger::tail(db, Some(last), MOST).await?;
    }
}

async fn show(opened: &Opened, jti: &str, json: bool) -> Result<(), Failure> {
    let chain = Chain::about(&opened.store, jti).await?;
    if chain.is_empty() {
        return Err(Failure::new(
            "the ledger has nothing about it: give the jti claim of a token, which `tegata token` \
             shows, or the sid of a sign-in",
        ));
    }
    let mut names = Names::new(&opened.store);
    if json {
        let back = objects(&mut names, chain.back.iter()).await?;
        let entries = objects(&mut names, chain.entries.iter()).await?;
        let forward = objects(&mut names, chain.forward.iter().map(|(_, row)| row)).await?;
        say(json!({ "jti": jti, "back": back, "entries": entries, "forward": forward }));
        return Ok(());
    }
    print(&chain, &mut names, Ink::of_stdout()).await
}

async fn objects(
    names: &mut Names<'_>,
    rows: impl Iterator<Item = &LedgerRow>,
) -> Result<Vec<serde_json::Value>, Failure> {
    let mut objects = Vec::new();
    for row in rows {
        objects.push(names.json(row).await?);
    }
    Ok(objects)
}

async fn print(chain: &Chain, names: &mut Names<'_>, ink: Ink) -> Result<(), Failure> {
    if let Some(elsewhere) = &chain.elsewhere {
        let text = format!("It begins with {elsewhere}, which was issued elsewhere.");
        say(ink.quiet(super::terminal::printable(&text)));
    }
    for row in &chain.back {
        say(format_args!("  {}", names.line(row, ink).await?));
    }
    for row in &chain.entries {
        say(format_args!("{} {}", ink.accent("→"), names.line(row, ink).await?));
    }
    for (depth, row) in &chain.forward {
        say(format_args!("{}{}", "  ".repeat(depth + 1), names.line(row, ink).await?));
    }
    if chain.forward.is_empty() {
        say(ink.quiet("  Nothing came of it so far."));
    }
    Ok(())
}
