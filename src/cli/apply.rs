//! `tegata apply`: makes the directory as a file says.

use std::path::PathBuf;

use super::failure::Failure;
use super::opened::{Need, Opened};
use crate::config::Config;
use crate::directory::{self, Mark, Options, Plan};
use crate::terminal::{Ink, complain, printable, say};

/// Makes users, groups, services, clients and connections as a file says.
///
/// Prints what changes, a line each: + added, ~ changed, - taken out. Either all of it happens
/// or nothing; applied once more, nothing changes. A running server notices within a second.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata apply directory.toml --dry-run   see what would change
  tegata apply directory.toml             change it
  tegata apply directory.toml --prune     and deactivate what the file does not have")]
pub(super) struct Args {
    /// The directory file (TOML).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Prints what would change, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Deactivates what is not in the file. Nothing is deleted: put it back to undo that.
    #[arg(long)]
    prune: bool,
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    let Args { file, dry_run, prune } = args;
    let need = if dry_run { Need::Anything } else { Need::Lasting };
    let opened = Opened::open(config, need).await?;
    let ground = opened.ground().await?;
    let options = Options { dry_run, prune, announce: |text| complain(text) };
    let plan = directory::apply_file(&ground, &file, options).await;
    drop(ground);
    opened.close().await?;
    print(&plan?, dry_run, Ink::of_stdout());
    Ok(())
}

fn print(plan: &Plan, dry_run: bool, ink: Ink) {
    for change in &plan.changes {
        let line = printable(&change.to_string());
        match change.mark {
            Mark::TakenOut => say(ink.accent(line)),
            Mark::Added | Mark::Changed => say(line),
        }
    }
    let count = |mark| plan.changes.iter().filter(|it| it.mark == mark).count();
    let (added, changed, out) = (count(Mark::Added), count(Mark::Changed), count(Mark::TakenOut));
    say(match (plan.is_empty(), dry_run) {
        (true, _) => "Nothing to change.".to_owned(),
        (false, true) => format!(
            "Would add {added}, change {changed}, take out {out}. Nothing was changed (--dry-run)."
        ),
        (false, false) => format!("Added {added}, changed {changed}, took out {out}."),
    });
    if !plan.not_in_file.is_empty() {
        let names = printable(&plan.not_in_file.join(", "));
        let count = plan.not_in_file.len();
        say(ink.quiet(format!("Not in the file, and left alone ({count}): {names}")));
    }
}
