//! How ID-JAGs are asked for, and where those come from that a service is to take.

use std::collections::VecDeque;

use super::ask::said;
use super::endpoint::Endpoint;
use super::subject::Subject;
use crate::oauth::{GrantType, TokenType};
use crate::walkthrough::wire::params;

/// A right request for an ID-JAG (ID-JAG §4.3).
pub(super) struct Leg1<'a> {
    pub endpoint: Endpoint<'a>,
    pub subject: &'a Subject,
    /// The issuer of whoever takes the ID-JAG.
    pub audience: String,
    pub resource: Option<String>,
    pub scope: Option<String>,
}

impl Leg1<'_> {
    pub(super) fn params(&self) -> Vec<(String, String)> {
        let mut params = params(&[
            ("grant_type", GrantType::TokenExchange.as_str()),
            ("requested_token_type", TokenType::IdJag.as_str()),
            ("audience", &self.audience),
            ("subject_token", &self.subject.id_token),
            ("subject_token_type", TokenType::IdToken.as_str()),
        ]);
        let optional = [("resource", &self.resource), ("scope", &self.scope)];
        params.extend(
            optional.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it.clone()?))),
        );
        params
    }

    /// A new ID-JAG.
    pub(super) async fn id_jag(&self) -> Result<String, String> {
        let answer = self.endpoint.ask(self.params()).await?;
        let refused = || format!("the identity provider gave no ID-JAG: {}", said(&answer));
        answer.text("access_token").map(str::to_owned).ok_or_else(refused)
    }
}

/// ID-JAGs for one service. One that was presented may be used up, so each check has its own.
pub(super) struct Purse<'a> {
    /// Those that were given as files.
    files: VecDeque<String>,
    /// Where there are more, or why there are not.
    leg_1: Result<Leg1<'a>, String>,
    last: Option<String>,
}

impl<'a> Purse<'a> {
    pub(super) fn new(files: &[String], leg_1: Result<Leg1<'a>, String>) -> Self {
        Self { files: files.iter().cloned().collect(), leg_1, last: None }
    }

    /// One that nobody has presented.
    pub(super) async fn unused(&mut self) -> Result<String, String> {
        let id_jag = match (self.files.pop_front(), &self.leg_1) {
            (Some(file), _) => file,
            (None, Ok(leg_1)) => leg_1.id_jag().await?,
            (None, Err(why)) if self.last.is_none() => return Err(why.clone()),
            (None, Err(_)) => {
                let hint = "each --id-jag is presented once, and there are no more";
                return Err(hint.to_owned());
            }
        };
        self.last = Some(id_jag.clone());
        Ok(id_jag)
    }

    /// One to make something else of. If there are no new ones, it may have been presented before.
    pub(super) async fn any(&mut self) -> Result<String, String> {
        match (&self.leg_1, &self.last) {
            (Ok(leg_1), _) if self.files.is_empty() => leg_1.id_jag().await,
            (_, Some(last)) => Ok(last.clone()),
            (_, None) => self.unused().await,
        }
    }
}
