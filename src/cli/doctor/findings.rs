//! What was found, and how it is told.

use std::error::Error;

use serde_json::json;

use crate::telemetry::with_causes;
use crate::terminal::{Ink, printable, say};

/// All that was looked at, in order.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

struct Finding {
    group: &'static str,
    state: State,
    what: String,
    /// Empty where nothing is to be done.
    advice: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Warning,
    Problem,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Findings {
    pub(super) fn ok(&mut self, group: &'static str, what: &str) {
        self.add(group, State::Ok, what, "");
    }

    /// It works, but not as well as it could, or not for ever.
    pub(super) fn warning(&mut self, group: &'static str, what: &str, advice: &str) {
        self.add(group, State::Warning, what, advice);
    }

    /// The server does not work, or is not safe.
    pub(super) fn problem(&mut self, group: &'static str, what: &str, advice: &str) {
        self.add(group, State::Problem, what, advice);
    }

    /// Something could not be looked at.
    pub(super) fn failed(&mut self, group: &'static str, what: &str, error: &dyn Error) {
        self.add(group, State::Problem, what, &with_causes(error));
    }

    fn add(&mut self, group: &'static str, state: State, what: &str, advice: &str) {
        let (what, advice) = (printable(what), printable(advice));
        self.0.push(Finding { group, state, what, advice });
    }

    pub(super) fn problems(&self) -> usize {
        self.0.iter().filter(|it| it.state == State::Problem).count()
    }

    pub(super) fn tell(&self, as_json: bool) {
        if as_json {
            let all = self.0.iter().map(|it| {
                let (state, advice) = (it.state.as_str(), &it.advice);
                json!({ "group": it.group, "state": state, "what": it.what, "advice": advice })
            });
            say(all.collect::<serde_json::Value>());
            return;
        }
        let ink = Ink::of_stdout();
        let mut before = "";
        for it in &self.0 {
            let group = if it.group == before { "" } else { it.group };
            before = it.group;
            let state = format!("{:<7}", it.state.as_str());
            let state = match it.state {
                State::Ok => ink.quiet(state),
                State::Warning => ink.strong(state),
                State::Problem => ink.accent(state),
            };
            say(format_args!("{group:<9} {state}  {}", it.what));
            if !it.advice.is_empty() {
                say(ink.quiet(format_args!("{:<19}{}", "", it.advice)));
            }
        }
    }
}
