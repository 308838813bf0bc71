//! Client authentication (RFC 6749 §2.3). Makes the only [`AuthenticatedClient`].

mod possession;
mod presented;
mod private_key_jwt;

pub use presented::{BadCredentials, Headers, Presented};

use std::sync::Arc;

use secrecy::ExposeSecret;
use time::OffsetDateTime;

use crate::jose::{BadJwt, Thumbprint};
use crate::model::Client;
use crate::oauth::{AuthMethod, ClientId, ErrorCode};
use crate::outbound::Unreachable;
use crate::server::{AuthorizationServer, Unknowable};
use crate::store::{Conflict, Effect, StoreError};
use crate::tokens::{BadProof, Confirmation, NotHeld, Unacceptable, VouchedWorkload};
use presented::Proof;

/// A client that proved who it is, as far as its registration asks it to: a public one only
/// named itself. Only [`authenticate`] and [`vouched_for`] make one.
#[derive(Debug)]
pub struct AuthenticatedClient {
    record: Arc<Client>,
    /// Whether an issuer that is trusted with it vouches for it.
    is_vouched_for: bool,
    /// The key that it showed to have, to which it wants bound whatever it gets (RFC 9449 §5).
    key: Option<Thumbprint>,
    /// The certificate of its connection (RFC 8705 §3.1).
    certificate: Option<Thumbprint>,
    /// Which of the two binds whatever it gets.
    confirmation: Option<Confirmation>,
    /// What its proofs use up, together with whatever it gets.
    uses: Vec<UsedProof>,
}

/// A client assertion or a DPoP proof, to be marked as used.
#[derive(Clone, Debug)]
struct UsedProof {
    issuer: String,
    jti: crate::oauth::Jti,
    forget_after: OffsetDateTime,
    otherwise: Conflict,
}

/// What each says is the `error_description` that is sent; an unknown client reads as a wrong
/// secret does.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    Credentials(#[from] BadCredentials),
    /// RFC 6749 §5.2: "no client authentication included".
    #[error("client authentication is required")]
    Missing,
    /// RFC 6749 §5.2: "Client authentication failed".
    #[error("client authentication failed")]
    Failed,
    #[error("client authentication failed: the assertion is not acceptable: {0}")]
    Assertion(#[from] Unacceptable),
    #[error("client authentication failed: the client is registered to use {0}")]
    Method(&'static str),
    #[error("the DPoP proof is not acceptable: {0}")]
    Possession(#[from] BadProof),
    #[error("the DPoP proof must have the nonce that comes with this answer, in DPoP-Nonce")]
    NonceWanted(String),
    #[error("client authentication failed: the document at client_id is not acceptable: {}", .0.told())]
    Undescribed(#[source] Unreachable),
    #[error(transparent)]
    Store(StoreError),
    #[error("the keys of the client cannot be had at the moment")]
    KeysUnreachable(#[source] Unreachable),
}

impl Refusal {
    /// RFC 6749 §5.2 and RFC 7521 §4.2.1: credentials that cannot be read have failed; a
    /// request that contradicts itself about them is malformed.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Credentials(BadCredentials::Header | BadCredentials::Assertion(_))
            | Self::Missing
            | Self::Failed
            | Self::Assertion(_)
            | Self::Method(_) => ErrorCode::InvalidClient,
            Self::Credentials(_) => ErrorCode::InvalidRequest,
            Self::Undescribed(it) if it.is_busy() => ErrorCode::TemporarilyUnavailable,
            Self::Undescribed(_) => ErrorCode::InvalidClient,
            Self::Possession(_) => ErrorCode::InvalidDpopProof,
            Self::NonceWanted(_) => ErrorCode::UseDpopNonce,
            Self::Store(it) => it.code(),
            Self::KeysUnreachable(_) => ErrorCode::TemporarilyUnavailable,
        }
    }
}

impl From<Unknowable> for Refusal {
    fn from(why: Unknowable) -> Self {
        match why {
            Unknowable::Document(why) => Self::Undescribed(why),
            Unknowable::Store(error) => Self::Store(error),
        }
    }
}

impl From<BadJwt> for Refusal {
    fn from(bad: BadJwt) -> Self {
        Self::Assertion(bad.into())
    }
}

/// Finds out who is asking, and which key or certificate they have.
pub async fn authenticate(
    server: &AuthorizationServer,
    presented: &Presented,
    now: OffsetDateTime,
) -> Result<AuthenticatedClient, Refusal> {
    authenticated(server, presented, now).await?.with_possessions(server, presented, now)
}

/// The client that a workload is, and which key it has if it says so. What describes or registered
/// itself is nobody that an administrator could have meant.
pub fn vouched_for(
    server: &AuthorizationServer,
    presented: &Presented,
    workload: &VouchedWorkload,
    now: OffsetDateTime,
) -> Result<AuthenticatedClient, Refusal> {
    let id = workload.client();
    if presented.client_id().is_some_and(|named| named != id) {
        return Err(BadCredentials::OtherClient.into());
    }
    let record = server.clients.active(id).ok_or(Refusal::Failed)?;
    let client =
        AuthenticatedClient { is_vouched_for: true, ..AuthenticatedClient::new(record, vec![]) };
    client.with_possessions(server, presented, now)
}

async fn authenticated(
    server: &AuthorizationServer,
    presented: &Presented,
    now: OffsetDateTime,
) -> Result<AuthenticatedClient, Refusal> {
    let id = presented.client_id().ok_or(Refusal::Missing)?;
    let client = server.client(id).await?;
    let client = client.as_ref();

    // Without a record there is still a secret to compare, so that both take as long.
    let kept = client.and_then(|it| it.record.secret_mac.as_deref()).unwrap_or(&[0; 32]);
    let client = client.filter(|it| it.record.active);
    match (presented.proof(), client) {
        (Proof::Secret(secret), client) => {
            let proven = server.shared.secret_key.proves(secret.expose_secret(), kept);
            let client = client.filter(|it| proven && it.record.secret_mac.is_some());
            let record = Arc::clone(&client.ok_or(Refusal::Failed)?.record);
            match record.auth_method {
                // `docs/decisions/0019-basic-and-post.md`: a secret is a secret either way.
                AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {
                    Ok(AuthenticatedClient::new(record, vec![]))
                }
                other => Err(Refusal::Method(other.as_str())),
            }
        }
        // Nothing tells a stranger whether there is such a client.
        (Proof::None, None) => Err(Refusal::Missing),
        (Proof::Assertion(_), None) => Err(Refusal::Failed),
        (Proof::Assertion(jwt), Some(client)) => {
            let record = Arc::clone(&client.record);
            if record.auth_method != AuthMethod::PrivateKeyJwt {
                return Err(Refusal::Failed);
            }
            let used = private_key_jwt::verify(server, client, jwt, now).await?;
            Ok(AuthenticatedClient::new(record, vec![used]))
        }
        (Proof::None, Some(client)) => match client.record.is_public() {
            true => Ok(AuthenticatedClient::new(Arc::clone(&client.record), vec![])),
            false => Err(Refusal::Missing),
        },
    }
}

impl AuthenticatedClient {
    fn new(record: Arc<Client>, uses: Vec<UsedProof>) -> Self {
        Self {
            record,
            is_vouched_for: false,
            key: None,
            certificate: None,
            confirmation: None,
            uses,
        }
    }

    /// The same with the key that the request proves, if it proves one, and with its certificate.
    fn with_possessions(
        mut self,
        server: &AuthorizationServer,
        presented: &Presented,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        if let Some(proof) = presented.dpop() {
            let (key, used) = possession::verify(server, proof, now)?;
            self.key = Some(key);
            self.uses.push(used);
        }
        self.certificate = presented.certificate().map(|it| it.thumbprint().clone());
        self.confirmation = possession::confirmation(server, &self);
        Ok(self)
    }

    pub fn id(&self) -> &ClientId {
        &self.record.id
    }

    pub fn record(&self) -> &Client {
        &self.record
    }

    /// Whether anything but its word says who it is.
    pub fn is_confidential(&self) -> bool {
        self.is_vouched_for || !self.record.is_public()
    }

    /// The key that it showed to have, if it showed any.
    pub fn key(&self) -> Option<&Thumbprint> {
        self.key.as_ref()
    }

    /// What whatever it gets is bound to, unless that is bound already.
    pub fn confirmation(&self) -> Option<&Confirmation> {
        self.confirmation.as_ref()
    }

    /// Whether it showed to have what something is `bound` to.
    pub fn meets(&self, bound: &Confirmation) -> Result<(), NotHeld> {
        bound.is_met_by(self.key.as_ref(), self.certificate.as_ref())
    }

    /// What has to happen in the commit of whatever this client gets: what it showed is used up, and
    /// if it registered itself lately, it is not forgotten.
    pub fn effects(&self) -> Vec<Effect> {
        let effect = |it: &UsedProof| Effect::UseOnce {
            issuer: it.issuer.clone(),
            jti: it.jti.clone(),
            forget_after: it.forget_after,
            otherwise: it.otherwise,
        };
        let record = &self.record;
        let kept = Effect::KeepRegistration(record.issuer.clone(), record.id.clone());
        self.uses.iter().map(effect).chain(record.fleeting.then_some(kept)).collect()
    }
}
