//! [`issue`]: checks, commits, signs, and lets out what was committed; in this order.

use time::Duration;
use tokio::task::yield_now;

use super::attempt::{Attempt, NotRecorded};
use super::orders::{self, Order};
use super::standing;
use super::warrant::Warrant;
use crate::clients::AuthenticatedClient;
use crate::jose::{Algorithm, SigningKey};
use crate::limits::TurnedAway;
use crate::oauth::{AuthorizationDetails, ErrorCode, Resource, Scope, TokenType};
use crate::server::{AuthorizationServer, IssuerKeys};
use crate::store::{CommitError, Conflict, Effect, Late, StoreError};
use crate::tokens::access_token_hash;

/// What leaves. The tokens in it are good from this moment on.
#[derive(Debug)]
pub struct Issued {
    /// The access token, or what is in its place (RFC 8693 §2.2.1).
    pub token: String,
    /// What `token` is.
    pub kind: TokenType,
    /// How it is sent (RFC 6749 §7.1).
    pub token_type: &'static str,
    pub expires_in: Duration,
    pub scope: Scope,
    pub resources: Vec<Resource>,
    pub details: Option<AuthorizationDetails>,
    pub id_token: Option<String>,
    pub refresh_token: Option<String>,
}

/// Why nothing leaves. What each says is the `error_description` that is sent.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the client is not active")]
    ClientInactive,
    #[error("the person is unknown or not active")]
    UserInactive,
    #[error(
        "the subject token has a sub or a sid by which the client knows nobody now: the person has to \
         sign in again"
    )]
    OtherName,
    #[error("the account of the person is not active here")]
    AccountInactive,
    #[error("the login that this comes from has ended: the person has to sign in again")]
    LoginEnded,
    #[error(
        "all that came from the same authorization was revoked: the person has to sign in again"
    )]
    FamilyRevoked,
    #[error("the client that the access token was issued to is not active any more")]
    IssuedToGone,
    #[error("nothing of the scope that was granted may be given to the client any more")]
    NothingLeft,
    #[error("the connection is not active")]
    ConnectionInactive,
    #[error("the issuer of the assertion is not trusted here")]
    TrustInactive,
    #[error("the assertion was already used")]
    Replayed,
    #[error("client authentication failed: the assertion was already used")]
    ProofReplayed,
    #[error("the DPoP proof was already used: make one for each request")]
    PossessionReplayed,
    #[error("the request was already answered")]
    RequestAnswered,
    #[error("the code was already used")]
    CodeReused,
    #[error("the refresh token was already used, so all that came from it is revoked")]
    RefreshTokenReused,
    #[error("the refresh token was revoked")]
    Revoked,
    #[error("there is no key for the algorithm {0}, which the client registered")]
    NoKey(String),
    #[error("too much is asked for at the moment: try again")]
    Overloaded,
    #[error("{0}")]
    Late(#[source] Late),
    #[error("{0}")]
    TurnedAway(#[from] TurnedAway),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::ClientInactive | Self::ProofReplayed => ErrorCode::InvalidClient,
            Self::PossessionReplayed => ErrorCode::InvalidDpopProof,
            Self::AccountInactive | Self::ConnectionInactive => ErrorCode::AccessDenied,
            Self::UserInactive
            | Self::OtherName
            | Self::LoginEnded
            | Self::FamilyRevoked
            | Self::IssuedToGone
            | Self::NothingLeft
            | Self::TrustInactive
            | Self::Replayed
            | Self::RequestAnswered
            | Self::CodeReused
            | Self::RefreshTokenReused
            | Self::Revoked => ErrorCode::InvalidGrant,
            Self::Overloaded | Self::Late(_) => ErrorCode::TemporarilyUnavailable,
            Self::NoKey(_) => ErrorCode::ServerError,
            Self::Store(it) => it.code(),
            Self::TurnedAway(_) => ErrorCode::SlowDown,
        }
    }
}

impl Refusal {
    /// Whether it is about something that was used before, which has been seen to.
    pub fn is_reuse(&self) -> bool {
        matches!(self, Self::CodeReused | Self::RefreshTokenReused)
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            CommitError::Overloaded => Self::Overloaded,
            CommitError::Late(late) => Self::Late(late),
            CommitError::Conflict(conflict) => match conflict {
                Conflict::GrantUsed => Self::Replayed,
                Conflict::ProofUsed => Self::ProofReplayed,
                Conflict::PossessionUsed => Self::PossessionReplayed,
                Conflict::RequestAnswered => Self::RequestAnswered,
                Conflict::CodeUsed => Self::CodeReused,
                Conflict::RefreshTokenUsed => Self::RefreshTokenReused,
                Conflict::FamilyRevoked => Self::Revoked,
                // No token comes of a registration or a link.
                Conflict::InvitationUsed | Conflict::LinkOver => Self::Overloaded,
            },
        }
    }
}

impl From<NotRecorded> for Refusal {
    fn from(error: NotRecorded) -> Self {
        error.into_refusal()
    }
}

/// Issues what `warrant` gives `client` the right to.
pub async fn issue(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    warrant: Warrant<'_>,
    attempt: &mut Attempt,
) -> Result<Issued, Refusal> {
    let standing = standing::of(server, client, &warrant, attempt.now).await?;
    let mut order = orders::order(server, client, warrant, standing, attempt)?;
    if let Some(user) = &attempt.user {
        server.shared.limits.token_for(user)?;
    }
    // Before anything is used up, for without a key nothing can leave.
    let signers = Signers::of(server, &order)?;

    // Single-use marks, rotations and the ledger, all or nothing. A client's own proof comes
    // first, for whoever replays that has shown nothing else.
    let mut effects = client.effects();
    effects.append(&mut order.effects);
    let store = &server.shared.store;
    let committing = store.begin_commit(effects, attempt.now, attempt.heard)?;
    // The writer may begin, and others come as far who share the commit: it is signed while the disk
    // is at work, and leaves when that is done.
    yield_now().await;
    store.step_aside();
    let (signed, family) = signers.sign(order);
    if let Err(error) = committing.durable().await {
        let refusal = Refusal::from(error);
        if let (Refusal::CodeReused | Refusal::RefreshTokenReused, Some(family)) =
            (&refusal, family)
        {
            // RFC 6749 §4.1.2 and RFC 9700 §4.14.2: one of the two is a thief; nobody can
            // tell which.
            store.commit(vec![Effect::RevokeFamily(family)], attempt.now).await?;
        }
        return Err(refusal);
    }
    Ok(signed)
}

/// The keys that an order needs.
struct Signers<'a> {
    token: &'a SigningKey,
    id_token: Option<&'a SigningKey>,
}

impl<'a> Signers<'a> {
    fn of(server: &'a AuthorizationServer, order: &Order) -> Result<Self, Refusal> {
        let signer = |algorithm: Algorithm| {
            let key = server.keys.signer(algorithm);
            key.ok_or_else(|| Refusal::NoKey(algorithm.as_str().to_owned()))
        };
        let id_token = order.id_token.as_ref().map(|(_, algorithm)| signer(*algorithm));
        let main = match order.token {
            orders::Token::Access(_) => server.access_tokens_are_signed_by(),
            orders::Token::IdJag(_) | orders::Token::JwtGrant(_) => IssuerKeys::MAIN,
        };
        Ok(Self { token: signer(main)?, id_token: id_token.transpose()? })
    }

    /// What leaves once it is committed, and what is to be revoked if it is not.
    fn sign(self, order: Order) -> (Issued, Option<String>) {
        let (token, kind) = match &order.token {
            orders::Token::Access(claims) => (claims.sign(self.token), TokenType::AccessToken),
            orders::Token::IdJag(claims) => (claims.sign(self.token), TokenType::IdJag),
            orders::Token::JwtGrant(grant) => (grant.sign(self.token), TokenType::Jwt),
        };
        let id_token = order.id_token.zip(self.id_token).map(|((mut claims, algorithm), key)| {
            claims.at_hash = access_token_hash(&token, algorithm);
            claims.sign(key)
        });
        let issued = Issued {
            token,
            kind,
            token_type: order.token_type,
            expires_in: order.lifetime,
            scope: order.scope,
            resources: order.resources,
            details: order.details,
            id_token,
            refresh_token: order.refresh_token,
        };
        (issued, order.family)
    }
}
