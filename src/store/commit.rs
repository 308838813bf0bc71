//! The one way in which an answer becomes durable before it becomes visible.
//!
//! All that a request changes is handed over as a list of effects: either all of them are on
//! the disk when [`Store::commit`] returns, or none is. Nothing that a token depends on happens
//! outside of its list (sessions and counters of failures do), so the lists of many requests can
//! share one commit.

use time::OffsetDateTime;

use super::open::Store;
use super::single_uses::Use;
use super::{
    StoreError, codes, consents, ledger, logins, refresh_tokens, single_uses, token_families,
};
use crate::model::{
    AuthorizationCode, Consent, Digest, LedgerEntry, Login, RefreshToken, TokenFamily,
};
use crate::oauth::{Jti, SessionId};

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
    KeepCode(Box<AuthorizationCode>),
    /// Uses a code up and opens the family of what it gives.
    RedeemCode {
        code: Digest,
        opens: Box<TokenFamily>,
        forget_after: OffsetDateTime,
    },
    KeepRefreshToken(Box<RefreshToken>),
    /// Uses a refresh token up and keeps its successor.
    RotateRefreshToken {
        old: Digest,
        new: Box<RefreshToken>,
    },
    RevokeFamily(String),
    BeginLogin {
        login: Login,
        forget_after: OffsetDateTime,
    },
    EndLogin(SessionId),
    RememberConsent(Consent),
    Record(Box<LedgerEntry>),
}

/// What somebody else was faster with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    GrantUsed,
    ProofUsed,
    RequestAnswered,
    CodeUsed,
    RefreshTokenUsed,
    FamilyRevoked,
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    #[error("it was used already")]
    Conflict(Conflict),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Does all `effects` or, if one of them meets a conflict, none. They are durable when
    /// this returns.
    pub async fn commit(
        &self,
        effects: Vec<Effect>,
        now: OffsetDateTime,
    ) -> Result<(), CommitError> {
        let transaction = self.begin().await?;
        let mut entries = Vec::new();
        for effect in effects {
            match effect {
                Effect::Record(entry) => entries.push(entry),
                effect => effect.happen(&transaction, now).await?,
            }
        }
        if entries.is_empty() {
            return Ok(Self::finish(transaction).await?);
        }
        let entries: Vec<_> = entries.iter().map(AsRef::as_ref).collect();
        let mut head = self.ledger.lock().await;
        let begun = match &*head {
            Some(head) => head.clone(),
            None => ledger::Head::open(&transaction, &node()).await?,
        };
        let next = ledger::append(&transaction, &begun, &entries).await?;
        Self::finish(transaction).await?;
        *head = Some(next);
        Ok(())
    }
}

impl Effect {
    async fn happen(self, db: &super::Transaction, now: OffsetDateTime) -> Result<(), CommitError> {
        match self {
            Self::UseOnce { issuer, jti, forget_after, otherwise } => {
                let used = single_uses::record(db, &issuer, &jti, forget_after).await?;
                only_if(used == Use::First, otherwise)
            }
            Self::KeepCode(code) => Ok(codes::keep(db, &code).await?),
            Self::RedeemCode { code, opens, forget_after } => {
                only_if(codes::redeem(db, &code, now).await?, Conflict::CodeUsed)?;
                Ok(token_families::open(db, &opens, forget_after).await?)
            }
            Self::KeepRefreshToken(token) => Ok(refresh_tokens::keep(db, &token).await?),
            Self::RotateRefreshToken { old, new } => {
                let redeemed = refresh_tokens::redeem(db, &old, now).await?;
                only_if(redeemed, Conflict::RefreshTokenUsed)?;
                let prolonged = token_families::prolong(db, &new.family.id, new.expires_at).await?;
                only_if(prolonged, Conflict::FamilyRevoked)?;
                logins::prolong(db, &new.family.sid, new.expires_at).await?;
                Ok(refresh_tokens::keep(db, &new).await?)
            }
            Self::RevokeFamily(id) => Ok(token_families::revoke(db, &id, now).await?),
            Self::BeginLogin { login, forget_after } => {
                Ok(logins::begin(db, &login, forget_after).await?)
            }
            Self::EndLogin(sid) => Ok(logins::end(db, &sid, now).await?),
            Self::RememberConsent(consent) => Ok(consents::remember(db, &consent, now).await?),
            Self::Record(_) => unreachable!("entries are appended together"),
        }
    }
}

/// What a process is called in the ledger.
fn node() -> String {
    format!("process {}", std::process::id())
}

fn only_if(held: bool, conflict: Conflict) -> Result<(), CommitError> {
    match held {
        true => Ok(()),
        false => Err(CommitError::Conflict(conflict)),
    }
}
