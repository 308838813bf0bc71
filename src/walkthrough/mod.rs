//! `tegata walkthrough`: the chain against a running server, with no back doors.
//!
//! Each step is a free function that returns what it got and writes into a [`report`] what
//! happened; printing is apart, so that the demo walks the same way.

pub mod agent;
pub mod args;
pub mod breakage;
pub mod cast;
pub mod chain;
pub mod decoded;
pub mod explain;
pub mod failure;
pub mod human;
pub mod report;
pub mod wire;

mod browser;
mod call;
mod claims;
mod code;
mod discover;
mod exchange;
mod html_form;
mod json;
mod mcp;
mod redeem;
mod shown;
mod sign_in;

use std::process::ExitCode;

pub use args::Args;
pub use discover::well_known;

use self::chain::Refused;
use self::failure::Failure;
use self::report::Report;
use crate::terminal::{self, Ink};

/// Walks, and prints what happened.
pub async fn run(args: Args) -> ExitCode {
    let ink = Ink::of_stdout();
    let quiet = args.json;
    let mut report = Report::new(move |number, step| {
        if !quiet {
            terminal::say(human::step(number, step, ink));
        }
    });
    let end = walk(&args, &mut report).await;
    match &end {
        _ if args.json => terminal::say(json::report(&report, args.broken, &end)),
        Ok(Some(refused)) => terminal::say(human::refused(refused, ink)),
        Ok(None) => {
            terminal::say(format!("\n{}", ink.strong("The whole way, and every check was right.")));
        }
        Err(failure) => terminal::complain(terminal::printable(&failure.to_string())),
    }
    if end.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn walk(args: &Args, report: &mut Report) -> Result<Option<Refused>, Failure> {
    let agent = args.agent()?;
    let target = args.target();
    let signed_in = chain::sign_in(&agent, report).await?;
    match args.broken {
        None => chain::reach(&agent, &signed_in, &target, report).await.map(|()| None),
        Some(broken) => {
            let wrong = (&target, &args.stranger(&target));
            chain::reach_broken(&agent, &signed_in, wrong, broken, report).await.map(Some)
        }
    }
}
