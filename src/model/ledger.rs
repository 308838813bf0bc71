//! The ledger: who did what, for whom.

use time::OffsetDateTime;

use crate::oauth::{ClientId, Issuer, RequestId, Scope, Subject};

/// One line of the append-only record of all that was issued and all that was refused.
///
/// It holds identifiers, never a token, a code or a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    pub at: OffsetDateTime,
    pub request: RequestId,
    /// The issuer that answered.
    pub issuer: Issuer,
    pub event: LedgerEvent,
    /// Who acted; for a refusal, who claimed to.
    pub client: Option<ClientId>,
    /// For whom.
    pub user: Option<Subject>,
    /// At what: the audience.
    pub service: Option<String>,
    pub scope: Option<Scope>,
    pub resource: Option<String>,
    /// The `jti` of what was issued; the `sid` of a sign-in; the family of a code.
    pub jti: Option<String>,
    /// The `jti` of that by which it was obtained.
    pub parent: Option<String>,
    pub outcome: Outcome,
}

/// What somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LedgerEvent {
    SignIn,
    SignOut,
    Code,
    AccessToken,
    IdToken,
    IdJag,
    /// A token request that did not get as far as a kind of token.
    TokenRequest,
}

impl LedgerEvent {
    const ALL: [Self; 7] = [
        Self::SignIn,
        Self::SignOut,
        Self::Code,
        Self::AccessToken,
        Self::IdToken,
        Self::IdJag,
        Self::TokenRequest,
    ];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignOut => "sign_out",
            Self::Code => "code",
            Self::AccessToken => "access_token",
            Self::IdToken => "id_token",
            Self::IdJag => "id_jag",
            Self::TokenRequest => "token_request",
        }
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Issued,
    /// With the code and the sentence that the client got.
    Refused {
        code: String,
        reason: String,
    },
}

/// An entry that was committed.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// Ascending in the order of commits.
    pub number: i64,
    pub entry: LedgerEntry,
}
