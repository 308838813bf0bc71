//! `tegata explain`: what a decision was about, and what to change.

mod advice;

use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::failure::Failure;
use super::ledger::shown::Names;
use super::opened::{Need, Opened};
use crate::config::Config;
use crate::model::Outcome;
use crate::store;
use crate::terminal::{Ink, say};

/// Says what came of one request, by which rule, and what to change.
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
    // As the refusal prints it, or the bare digits.
    let decision = args.decision.trim().trim_matches(['[', ']']);
    let decision = decision.trim_start_matches("decision").trim();
    let at = time_of(decision).ok_or_else(|| {
        Failure::new("that is no name of a decision: it has 32 hexadecimal digits")
    })?;
    let rows = store::ledger::of_request(opened.store.read(), decision, at).await?;
    if rows.is_empty() {
        return Err(Failure::new(
            "the ledger has nothing of it: it is of another database, too old, or one of many \
             refusals that were only counted",
        ));
    }
    let (mut names, ink) = (Names::new(&opened.store), Ink::of_stdout());
    let mut told = Vec::new();
    for row in &rows {
        let advice = match &row.entry.outcome {
            Outcome::Refused { code, reason } => Some(advice::of(code, reason)),
            Outcome::Issued => None,
        };
        match (args.json, advice) {
            (true, advice) => {
                let mut row = names.json(row).await?;
                row["rule"] = json!(advice.map(|it| it.rule));
                row["change"] = json!(advice.map(|it| it.change));
                told.push(row);
            }
            (false, None) => say(names.line(row, ink).await?),
            (false, Some(advice)) => {
                say(names.line(row, ink).await?);
                say(format_args!("\n  The rule   {}", advice.rule));
                say(format_args!("  To change  {}", advice.change));
            }
        }
    }
    if args.json {
        say(json!({ "decision": decision, "rows": told }));
    }
    Ok(())
}

/// When a request came, which its name begins with (`Environment::ordered_id`).
fn time_of(decision: &str) -> Option<OffsetDateTime> {
    let fits = decision.len() == 32 && decision.bytes().all(|it| it.is_ascii_hexdigit());
    let milliseconds = i64::from_str_radix(decision.get(..12).filter(|_| fits)?, 16).ok()?;
    OffsetDateTime::UNIX_EPOCH.checked_add(Duration::milliseconds(milliseconds))
}
