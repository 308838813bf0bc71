//! What is told of one entry of the ledger, as JSON and in words.

use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use super::Explained;
use super::advice::Advice;
use crate::model::Outcome;

/// One entry. It names the person only where `Explained::told` was given their name.
#[derive(Debug, Serialize)]
pub struct Told {
    /// RFC 3339.
    pub at: String,
    pub issuer: String,
    pub event: &'static str,
    pub client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    pub service: Option<String>,
    pub scope: Option<String>,
    pub resource: Option<String>,
    pub outcome: &'static str,
    pub code: Option<String>,
    pub reason: Option<String>,
    #[serde(flatten)]
    pub advice: Option<Advice>,
}

impl Explained {
    pub fn told(&self, username: Option<String>) -> Told {
        let entry = &self.row.entry;
        let (outcome, code, reason) = match &entry.outcome {
            Outcome::Issued => ("issued", None, None),
            Outcome::Refused { code, reason } => {
                ("refused", Some(code.clone()), Some(reason.clone()))
            }
        };
        Told {
            at: entry.at.format(&Rfc3339).unwrap_or_default(),
            issuer: entry.issuer.to_string(),
            event: entry.event.as_str(),
            client: entry.client.as_ref().map(ToString::to_string),
            username,
            service: entry.service.clone(),
            scope: entry.scope.as_ref().map(ToString::to_string).filter(|it| !it.is_empty()),
            resource: entry.resource.clone(),
            outcome,
            code,
            reason,
            advice: self.advice,
        }
    }
}

impl Told {
    /// What came: how it ended, and what was asked for.
    pub fn came(&self) -> String {
        let ended = match (&self.code, &self.reason) {
            (Some(code), Some(reason)) => format!("{code}: {reason}"),
            _ => self.outcome.to_owned(),
        };
        let asked =
            [("audience", &self.service), ("scope", &self.scope), ("resource", &self.resource)];
        let asked = asked.into_iter().filter_map(|(name, it)| Some((name, it.as_ref()?)));
        asked.fold(ended, |said, (name, it)| format!("{said}; {name} {it}"))
    }

    /// Who asked, for whom, and where.
    pub fn parties(&self) -> String {
        let client = self.client.as_deref().unwrap_or("somebody");
        let person = self.username.as_ref().map(|it| format!(" for {it}")).unwrap_or_default();
        format!("{client}{person} at {}", self.issuer)
    }

    /// What came, what was expected, by which rule, and what to change: a line each.
    pub fn lines(&self) -> Vec<String> {
        let line = |label: &str, words: &str| format!("  {label:<9}  {words}");
        let mut lines = vec![line("What came", &self.came())];
        if let Some(Advice { rule, expected, change }) = self.advice {
            let rest = [("Expected", expected), ("The rule", rule), ("To change", change)];
            lines.extend(rest.map(|(label, words)| line(label, words)));
        }
        lines
    }
}
