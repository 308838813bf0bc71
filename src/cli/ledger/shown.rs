//! An entry of the ledger as a line, and as JSON; people with their usernames.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::cli::failure::Failure;
use crate::model::{LedgerEntry, LedgerEvent, LedgerRow, Outcome, Remark};
use crate::oauth::{ClientId, Subject};
use crate::store::{self, Store};
use crate::terminal::{Ink, printable};

/// The usernames, looked up once each.
pub(in crate::cli) struct Names<'a> {
    store: &'a Store,
    known: BTreeMap<Subject, Option<String>>,
}

impl<'a> Names<'a> {
    pub(in crate::cli) fn new(store: &'a Store) -> Self {
        Self { store, known: BTreeMap::new() }
    }

    async fn of(&mut self, user: Option<&Subject>) -> Result<Option<String>, Failure> {
        let Some(user) = user else { return Ok(None) };
        if let Some(name) = self.known.get(user) {
            return Ok(name.clone());
        }
        let found = store::users::find(self.store.read(), user).await?;
        let name = found.map(|it| it.username);
        self.known.insert(user.clone(), name.clone());
        Ok(name)
    }

    /// When, what, who for whom, at what, how much, and by which name it goes.
    pub(in crate::cli) async fn line(
        &mut self,
        row: &LedgerRow,
        ink: Ink,
    ) -> Result<String, Failure> {
        let entry = &row.entry;
        let name = self.of(entry.user.as_ref()).await?;
        let name = name.or_else(|| entry.user.as_ref().map(ToString::to_string));
        let time = printable(&at(entry.at));
        let what = format!("{:<13}", in_words(entry.event));
        let who = printable(&parties(entry, name.as_deref()));
        let line = match &entry.outcome {
            Outcome::Issued => match &entry.remark {
                Some(Remark::Tier(tier)) => {
                    format!("{time}  {what}  {who}  ({} client)", tier.as_str())
                }
                Some(Remark::Act(act)) => {
                    let names = printable(&actors(act).join(", "));
                    format!("{time}  {what}  {who}  (acting: {names})")
                }
                None => format!("{time}  {what}  {who}"),
            },
            Outcome::Refused { code, reason } => {
                let name = &entry.request;
                let refused = printable(&format!("refused {code}: {reason} [decision {name}]"));
                format!("{time}  {what}  {who}  {}", ink.accent(refused))
            }
        };
        let jti = entry.jti.as_deref().map(|jti| format!("{} {jti}", kind_of_id(entry.event)));
        Ok(match jti {
            Some(jti) => format!("{line}  {}", ink.quiet(printable(&jti))),
            None => line,
        })
    }

    pub(in crate::cli) async fn json(&mut self, row: &LedgerRow) -> Result<Value, Failure> {
        let LedgerRow { number, entry } = row;
        let (outcome, code, reason) = match &entry.outcome {
            Outcome::Issued => ("issued", None, None),
            Outcome::Refused { code, reason } => ("refused", Some(code), Some(reason)),
        };
        let (tier, act) = match &entry.remark {
            Some(Remark::Tier(tier)) => (Some(tier.as_str()), None),
            Some(Remark::Act(act)) => (None, serde_json::from_str::<Value>(act).ok()),
            None => (None, None),
        };
        Ok(json!({
            "number": number,
            "at": at(entry.at),
            "request": entry.request.as_str(),
            "issuer": entry.issuer.as_str(),
            "event": entry.event.as_str(),
            "client": entry.client.as_ref().map(ClientId::as_str),
            "user": entry.user.as_ref().map(Subject::as_str),
            "username": self.of(entry.user.as_ref()).await?,
            "service": entry.service,
            "scope": entry.scope.as_ref().map(ToString::to_string),
            "resource": entry.resource,
            "jti": entry.jti,
            "parent": entry.parent,
            "tier": tier,
            "act": act,
            "outcome": outcome,
            "code": code,
            "reason": reason,
        }))
    }
}

/// The names in an `act` claim, who acts now first.
fn actors(act: &str) -> Vec<String> {
    let act = serde_json::from_str::<Value>(act).ok();
    let all = std::iter::successors(act.as_ref(), |it| it.get("act"));
    all.filter_map(|it| it.get("sub")?.as_str()).map(str::to_owned).collect()
}

fn parties(entry: &LedgerEntry, user: Option<&str>) -> String {
    let client = entry.client.as_ref().map(ClientId::as_str);
    let who = match (client, user) {
        (Some(client), Some(user)) => format!("{client} for {user}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "somebody".to_owned(),
    };
    // What has no audience of its own is about the issuer.
    let at = entry.service.as_deref().unwrap_or(entry.issuer.as_str());
    match entry.scope.as_ref().filter(|it| !it.is_empty()) {
        Some(scope) => format!("{who} at {at}, {scope}"),
        None => format!("{who} at {at}"),
    }
}

fn in_words(event: LedgerEvent) -> &'static str {
    match event {
        LedgerEvent::SignIn => "sign-in",
        LedgerEvent::SignOut => "sign-out",
        LedgerEvent::Code => "code",
        LedgerEvent::AccessToken => "access token",
        LedgerEvent::IdToken => "ID token",
        LedgerEvent::IdJag => "ID-JAG",
        LedgerEvent::JwtGrant => "JWT authorization grant",
        LedgerEvent::Revocation => "revocation",
        LedgerEvent::Registration => "registration",
        LedgerEvent::Link => "link",
        LedgerEvent::Unlink => "unlink",
        LedgerEvent::TokenRequest => "token request",
    }
}

fn kind_of_id(event: LedgerEvent) -> &'static str {
    match event {
        LedgerEvent::SignIn | LedgerEvent::SignOut => "sid",
        LedgerEvent::Code => "family",
        LedgerEvent::Link | LedgerEvent::Unlink => "subject",
        _ => "jti",
    }
}

/// RFC 3339, always of one width.
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

pub(super) fn at(time: OffsetDateTime) -> String {
    time.format(TIME).unwrap_or_default()
}
