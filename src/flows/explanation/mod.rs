//! What a decision was about: what came, by which rule it was decided, and what to change
//! (RFC 6749 §5.2 `error_uri`; `docs/decisions/0044-explained-decisions.md`).

mod advice;
mod rules;
mod told;
mod traps;

pub use advice::{Advice, advice};
pub use told::Told;

use time::{Duration, OffsetDateTime};

use super::management::{Refusal, used_up};
use crate::clients::AuthenticatedClient;
use crate::issuance::Attempt;
use crate::model::{LedgerRow, Outcome};
use crate::oauth::{Issuer, RequestId};
use crate::server::AuthorizationServer;
use crate::store::{Store, StoreError, ledger};

/// The name of a decision: that of the request, which is told at the end of each refusal and in
/// `X-Request-Id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    name: String,
    at: OffsetDateTime,
}

impl Decision {
    /// As a refusal prints it, or the bare digits, which begin with the time
    /// (`Environment::ordered_id`).
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.trim().trim_matches(['[', ']']);
        let name = name.trim_start_matches("decision").trim().to_ascii_lowercase();
        let fits = name.len() == 32 && name.bytes().all(|it| it.is_ascii_hexdigit());
        let milliseconds = i64::from_str_radix(name.get(..12).filter(|_| fits)?, 16).ok()?;
        let at = OffsetDateTime::UNIX_EPOCH.checked_add(Duration::milliseconds(milliseconds))?;
        Some(Self { name, at })
    }

    pub fn as_str(&self) -> &str {
        &self.name
    }
}

/// Where a decision of `issuer` is explained, in the characters of RFC 6749 §5.2.
pub fn address(issuer: &Issuer, decision: &RequestId) -> String {
    format!("{}/decisions/{decision}", issuer.url().as_str().trim_end_matches('/'))
}

/// One entry of the ledger, and what helps if it is a refusal.
#[derive(Debug)]
pub struct Explained {
    pub row: LedgerRow,
    pub advice: Option<Advice>,
}

/// All that came of a request, whomever it concerns. The ledger may have nothing of it: it is too
/// old, or one of many that were only counted.
pub async fn explain(store: &Store, decision: &Decision) -> Result<Vec<Explained>, StoreError> {
    let rows = ledger::of_request(store.read(), &decision.name, decision.at).await?;
    Ok(rows.into_iter().map(Explained::of).collect())
}

/// The same for a client, of what it asked for itself at this server. What is somebody else's is as
/// if it were not there.
pub async fn explain_to(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    decision: Option<&Decision>,
    attempt: &Attempt,
) -> Result<Vec<Explained>, Refusal> {
    if !client.is_confidential() {
        return Err(Refusal::PublicClient);
    }
    let limits = &server.shared.limits;
    limits.explanation(limits.client_key(&server.issuer, client.id()))?;
    used_up(server, client.effects(), attempt).await?;
    let Some(decision) = decision else { return Ok(vec![]) };
    let mut explained = explain(&server.shared.store, decision).await?;
    explained.retain(|it| {
        let entry = &it.row.entry;
        entry.issuer == server.issuer && entry.client.as_ref() == Some(client.id())
    });
    Ok(explained)
}

impl Explained {
    fn of(row: LedgerRow) -> Self {
        let advice = match &row.entry.outcome {
            Outcome::Refused { code, reason } => Some(advice(code, reason)),
            Outcome::Issued => None,
        };
        Self { row, advice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_decisions() {
        let name = "019ac7f3b2d40f5c8e6a1b2c3d4e5f60";
        let read = Decision::parse(name);
        assert!(read.as_ref().is_some_and(|it| it.as_str() == name));
        assert_eq!(Decision::parse(&format!("[decision {name}]")), read);
        assert_eq!(Decision::parse(&name.to_uppercase()), read);
        for wrong in ["", "x", "[decision ]", &name[1..], &format!("{name}0"), "é", &"g".repeat(32)]
        {
            assert_eq!(Decision::parse(wrong), None, "{wrong}");
        }
    }

    /// RFC 6749 §5.2: "MUST NOT include characters outside the set %x21 / %x23-5B / %x5D-7E".
    #[test]
    fn addresses() {
        let decision = RequestId::parse("019a").unwrap();
        for (issuer, expected) in [
            ("https://id.example", "https://id.example/decisions/019a"),
            ("https://id.example/", "https://id.example/decisions/019a"),
            ("https://id.example/services/chat", "https://id.example/services/chat/decisions/019a"),
            ("https://id.example/手形", "https://id.example/%E6%89%8B%E5%BD%A2/decisions/019a"),
        ] {
            assert_eq!(address(&Issuer::parse(issuer).unwrap(), &decision), expected);
        }
    }
}
