//! `tegata explain`: what a decision was about, and what to change.

use serde_json::json;

use super::failure::Failure;
use super::ledger::shown::Names;
use super::opened::{Need, Opened};
use crate::config::Config;
use crate::flows::explanation::{self, Decision};
use crate::terminal::{Ink, printable, say};

/// Says what came of one request, what was expected, by which rule, and what to change.
///
/// A refusal ends with [decision …], and every answer has the same name in X-Request-Id.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  tegata explain 019ac7f3b2d40f5c8e6a1b2c3d4e5f60")]
pub(super) struct Args {
    /// The name of the decision, or the `X-Request-Id` of the answer.
    decision: String,
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    let opened = Opened::open(config, Need::Existing).await?;
    let done = explained(&opened, &args).await;
    opened.close().await?;
    done
}

async fn explained(opened: &Opened, args: &Args) -> Result<(), Failure> {
    let decision = Decision::parse(&args.decision).ok_or_else(|| {
        Failure::new("that is no name of a decision: it has 32 hexadecimal digits")
    })?;
    let explained = explanation::explain(&opened.store, &decision).await?;
    if explained.is_empty() {
        return Err(Failure::new(
            "the ledger has nothing of it: it is of another database, too old, or one of many \
             refusals that were only counted",
        ));
    }
    let (mut names, ink) = (Names::new(&opened.store), Ink::of_stdout());
    let mut told = Vec::new();
    for it in &explained {
        if args.json {
            let mut row = names.json(&it.row).await?;
            row["rule"] = json!(it.advice.map(|it| it.rule));
            row["expected"] = json!(it.advice.map(|it| it.expected));
            row["change"] = json!(it.advice.map(|it| it.change));
            told.push(row);
            continue;
        }
        say(names.line(&it.row, ink).await?);
        if it.advice.is_some() {
            say("");
            for line in it.told(None).lines() {
                say(printable(&line));
            }
        }
    }
    if args.json {
        say(json!({ "decision": decision.as_str(), "rows": told }));
    }
    Ok(())
}
