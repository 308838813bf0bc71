//! `tegata conformance`: checks of issuers of any make, by their answers alone.
//!
//! What is checked stands in tables, a row for each rule: of metadata, of right answers and of
//! tokens (`Look`), and of requests in which one thing is broken (`Broken`). What is right is what
//! the specs allow, which may be more than what tegata does.

mod args;
mod ask;
mod broken;
mod check;
mod endpoint;
mod examination;
mod exchange;
mod exchange_answer;
mod exchange_broken;
mod forge;
mod human;
mod id_jag;
mod id_jag_header;
mod json;
mod leg_1;
mod manners;
mod metadata;
mod metadata_roles;
mod redeem;
mod redeem_answer;
mod redeem_broken;
mod redeem_forged;
mod subject;
mod target;

use std::process::ExitCode;

pub use args::Args;

use self::args::Given;
use self::ask::Asker;
use self::check::{Examined, Tally};
use crate::outbound::Reach;
use crate::terminal::{Ink, complain, printable, say};
use crate::walkthrough::args::http;

/// Checks, and prints what came of it.
pub async fn run(args: Args) -> ExitCode {
    let given = match Given::read(&args) {
        Ok(given) => given,
        Err(wrong) => {
            complain(printable(&wrong));
            return ExitCode::from(2);
        }
    };
    // Whoever types an address means it, private or not.
    let asker = match http(Reach::Everywhere) {
        Ok(http) => Asker::new(http),
        Err(failure) => {
            complain(failure);
            return ExitCode::FAILURE;
        }
    };
    let ink = Ink::of_stdout();
    let tell = |examined: &Examined| {
        if !args.json {
            say(human::examined(examined, ink));
        }
    };
    let all = match examination::examine(&asker, &given, tell).await {
        Ok(all) => all,
        Err(nobody) => {
            complain(printable(&nobody));
            return ExitCode::from(2);
        }
    };
    let tally = Tally::of(&all);
    match args.json {
        true => say(json::report(&all, tally)),
        false => say(human::tally(tally, ink)),
    }
    if tally.failed_musts == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Machines know a check by its id, and people what to do by its advice.
    #[test]
    fn each_check_has_a_name_of_its_own() {
        let looks = [metadata::ALWAYS, metadata_roles::IDP, metadata_roles::RAS];
        let looks = looks.into_iter().flatten().map(|it| it.rule);
        let rules: Vec<_> = looks.chain(exchange::rules()).chain(redeem::rules()).collect();
        let ids: BTreeSet<_> = rules.iter().map(|it| it.id).collect();
        assert_eq!(ids.len(), rules.len());
        for rule in rules {
            let texts = [rule.section, rule.title, rule.expected, rule.advice];
            assert!(texts.iter().all(|it| !it.is_empty()), "{}", rule.id);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
            assert!(rule.id.chars().all(plain), "{}", rule.id);
        }
    }
}
