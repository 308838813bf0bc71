//! The ledger: who did what, for whom.

use time::OffsetDateTime;

use super::tier::Tier;
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
    /// For whom; of a workload, its issuer and what that calls it.
    pub user: Option<Subject>,
    /// At what: the audience.
    pub service: Option<String>,
    pub scope: Option<Scope>,
    /// Of a link: the issuer whose subject it is, and the tenant.
    pub resource: Option<String>,
    /// The `jti` of what was issued; the `sid` of a sign-in; the family of a code; the subject of a
    /// link, as its issuer calls it.
    pub jti: Option<String>,
    /// The `jti` of that by which it was obtained.
    pub parent: Option<String>,
    /// Of what was issued. It stands in the place of the reason.
    pub remark: Option<Remark>,
    pub outcome: Outcome,
}

/// What else there is to say of something that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Of a code for a client that nobody declared: how much was known of it.
    Tier(Tier),
    /// Of a token with an `act` claim: that claim, as JSON (RFC 8693 §4.1).
    Act(String),
}

impl Remark {
    /// Reads what [`Remark::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        match text.starts_with('{') {
            true => Some(Self::Act(text.to_owned())),
            false => Tier::parse(text).ok().map(Self::Tier),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Tier(tier) => tier.as_str(),
            Self::Act(act) => act,
        }
    }
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
    /// A JWT authorization grant of identity chaining.
    JwtGrant,
    /// All that came from one authorization ended, at the client's wish.
    Revocation,
    /// A client registered itself, changed what it said, or took itself out.
    Registration,
    /// A person linked who they are at another issuer to their account here.
    Link,
    /// They took that back.
    Unlink,
    /// A token request that did not get as far as a kind of token.
    TokenRequest,
}

impl LedgerEvent {
    const ALL: [Self; 12] = [
        Self::SignIn,
        Self::SignOut,
        Self::Code,
        Self::AccessToken,
        Self::IdToken,
        Self::IdJag,
        Self::JwtGrant,
        Self::Revocation,
        Self::Registration,
        Self::Link,
        Self::Unlink,
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
            Self::JwtGrant => "jwt_grant",
            Self::Revocation => "revocation",
            Self::Registration => "registration",
            Self::Link => "link",
            Self::Unlink => "unlink",
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

/// A row as it lies in the database, letter by letter: what is hashed and exported, whether or
/// not anybody can make sense of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerRecord {
    pub number: i64,
    /// In milliseconds since 1970.
    pub at: i64,
    pub request: String,
    pub issuer: String,
    pub event: String,
    pub client: Option<String>,
    pub user: Option<String>,
    pub service: Option<String>,
    pub scope: Option<String>,
    pub resource: Option<String>,
    pub jti: Option<String>,
    pub parent: Option<String>,
    pub outcome: String,
    pub code: Option<String>,
    pub reason: Option<String>,
    /// Where it stands; a row from before there were chains has none of these.
    pub chain: Option<i64>,
    /// From 1 on, without gaps in a chain.
    pub place: Option<i64>,
    pub hash: Option<Vec<u8>>,
}

impl LedgerRecord {
    /// The texts with their names, always in this order, which is that of the hash.
    pub fn texts(&self) -> [(&'static str, Option<&str>); 13] {
        [
            ("request", Some(&self.request)),
            ("issuer", Some(&self.issuer)),
            ("event", Some(&self.event)),
            ("client", self.client.as_deref()),
            ("user", self.user.as_deref()),
            ("service", self.service.as_deref()),
            ("scope", self.scope.as_deref()),
            ("resource", self.resource.as_deref()),
            ("jti", self.jti.as_deref()),
            ("parent", self.parent.as_deref()),
            ("outcome", Some(&self.outcome)),
            ("code", self.code.as_deref()),
            ("reason", self.reason.as_deref()),
        ]
    }
}

/// A row with its place in a chain: it stands for all rows of the chain up to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEnd {
    pub chain: i64,
    pub place: i64,
    pub hash: Vec<u8>,
    /// The number of the row in the whole ledger.
    pub number: i64,
}

/// The rows that one writer appended, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerChain {
    pub id: i64,
    /// The process that wrote it.
    pub node: String,
    /// The newest row of the whole ledger when it began.
    pub after: i64,
    /// How far other chains were then: chain, place and hash in hexadecimal.
    pub links: Vec<(i64, i64, String)>,
}

/// A signed word about a row and all before it in its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub end: ChainEnd,
    pub at: OffsetDateTime,
    pub jws: String,
}

/// A month that is gone, with the signed word about how its chains stood at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedMonth {
    /// As a number like 202601; 0 is all from before there were months.
    pub month: i32,
    pub at: OffsetDateTime,
    /// Its last row.
    pub last_number: i64,
    pub jws: String,
}
