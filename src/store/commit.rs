//! The one way in which an answer becomes durable before it becomes visible.
//!
//! All that a request changes is handed over as a list of effects: either all of them are on
//! the disk when [`Committing::durable`] returns, or none is. Nothing that a token depends on
//! happens outside of its list (the counting of attempts to sign in does), so the lists of many
//! requests share one commit: see `queue`.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::oneshot;

use super::open::Store;
use super::queue::Asking;
use super::{StoreError, sessions};
use crate::model::{
    AuthorizationCode, Consent, Digest, LedgerEntry, Link, LinkInvitation, Login, RefreshToken,
    Registration, TokenFamily,
};
use crate::oauth::{ClientId, ErrorCode, Issuer, Jti, SessionId, Subject};
use crate::telemetry::Stopwatch;

/// Something that an answer changes.
#[derive(Debug)]
pub enum Effect {
    /// Uses up what counts once, be it a grant, a client's proof or an authorization request
    /// that waited: `otherwise` says which.
    UseOnce {
        issuer: String,
        jti: Jti,
        forget_after: OffsetDateTime,
        otherwise: Conflict,
    },
    KeepCode(Arc<AuthorizationCode>),
    /// Uses a code up and opens the family of what it gives.
    RedeemCode {
        code: Digest,
        opens: Arc<TokenFamily>,
        forget_after: OffsetDateTime,
    },
    KeepRefreshToken(Arc<RefreshToken>),
    /// Uses a refresh token up and keeps its successor.
    RotateRefreshToken {
        old: Digest,
        new: Arc<RefreshToken>,
    },
    RevokeFamily(String),
    BeginLogin {
        login: Login,
        forget_after: OffsetDateTime,
    },
    EndLogin(SessionId),
    RememberConsent(Consent),
    Register(Box<Registration>),
    ChangeRegistration(Box<Registration>),
    /// So that a registration is not forgotten.
    KeepRegistration(Issuer, ClientId),
    RemoveRegistration(Issuer, ClientId),
    Invite(Box<LinkInvitation>),
    /// Makes the link that an invitation is for, and ends all invitations for its subject.
    Link {
        by: Box<LinkInvitation>,
        account: Subject,
    },
    /// Ends them without a link.
    Dismiss(Box<LinkInvitation>),
    Unlink(Box<Link>),
    /// A session of a browser that was not there before.
    OpenSession(Box<sessions::Kept>),
    KeepSession(Box<sessions::Kept>),
    CloseSession(Digest),
    /// Takes back an attempt to sign in that was none of a guesser, with the pause that it began.
    TakeBack {
        key: String,
        blocked_until: OffsetDateTime,
    },
    /// Holds nothing against an account any more.
    Forgive(String),
    Record(Box<LedgerEntry>),
}

/// What somebody else was faster with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    GrantUsed,
    ProofUsed,
    /// A DPoP proof.
    PossessionUsed,
    RequestAnswered,
    /// An initial access token.
    InvitationUsed,
    CodeUsed,
    RefreshTokenUsed,
    /// An invitation to link was answered, or a link that was to end is there no more.
    LinkOver,
    FamilyRevoked,
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("it was used already")]
    Conflict(Conflict),
    /// So many wait to be written down that one more would only wait too long.
    #[error("more is asked for than can be written down: try again in a moment")]
    Overloaded,
    #[error(transparent)]
    Late(#[from] Late),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something was decided so long ago that it may be different by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it took too long to decide about the request: try again")]
pub struct Late;

impl CommitError {
    /// A conflict is a refusal only where somebody says of what.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Conflict(_) => ErrorCode::ServerError,
            Self::Overloaded | Self::Late(_) => ErrorCode::TemporarilyUnavailable,
            Self::Store(it) => it.code(),
        }
    }
}

/// Effects that are on their way to the disk. They happen, whoever waits for them or not.
#[derive(Debug)]
pub struct Committing(pub(super) oneshot::Receiver<Result<(), CommitError>>);

impl Committing {
    /// Returns when all effects are on the disk, or none of them will be.
    pub async fn durable(self) -> Result<(), CommitError> {
        self.0.await.unwrap_or(Err(CommitError::Store(StoreError::Closed)))
    }
}

impl Store {
    /// Announces that there will be something to commit, for as long as this is kept.
    pub fn asks(&self) -> Asking {
        self.queue().asks()
    }

    /// Does all `effects` or, if one of them meets a conflict, none. They are durable when
    /// this returns.
    pub async fn commit(
        &self,
        effects: Vec<Effect>,
        now: OffsetDateTime,
    ) -> Result<(), CommitError> {
        self.queue().push(effects, now, None)?.durable().await
    }

    /// The same for what was decided by the news of `heard`, while one does something else: it
    /// does not happen if that is too long ago when its turn comes.
    pub fn begin_commit(
        &self,
        effects: Vec<Effect>,
        now: OffsetDateTime,
        heard: Stopwatch,
    ) -> Result<Committing, CommitError> {
        self.queue().push(effects, now, Some(heard))
    }
}

/// One failure, for all whose effects it undid.
pub(super) fn shared(error: &Arc<StoreError>) -> CommitError {
    CommitError::Store(StoreError::Shared(Arc::clone(error)))
}
