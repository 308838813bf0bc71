//! Client authentication (RFC 6749 §2.3). Makes the only [`AuthenticatedClient`].

mod presented;
mod private_key_jwt;

pub use presented::{BadCredentials, Presented};

use secrecy::ExposeSecret;
use time::OffsetDateTime;

use crate::jose::BadJwt;
use crate::model::Client;
use crate::oauth::{AuthMethod, ClientId, ErrorCode};
use crate::outbound::Unreachable;
use crate::server::AuthorizationServer;
use crate::store::{self, Conflict, Effect, StoreError};
use crate::tokens::Unacceptable;
use presented::Proof;

/// A client that proved who it is, as far as its registration asks it to: a public one only
/// named itself. Only [`authenticate`] makes one.
#[derive(Debug)]
pub struct AuthenticatedClient {
    record: Client,
    /// What its proof uses up, together with whatever it gets.
    uses: Option<UsedProof>,
}

/// A client assertion, to be marked as used.
#[derive(Clone, Debug)]
struct UsedProof {
    issuer: String,
    jti: crate::oauth::Jti,
    forget_after: OffsetDateTime,
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
    #[error("the keys of the client cannot be had at the moment")]
    KeysUnreachable(#[source] Unreachable),
    #[error(transparent)]
    Store(#[from] StoreError),
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
            Self::KeysUnreachable(_) => ErrorCode::TemporarilyUnavailable,
            Self::Store(it) => it.code(),
        }
    }
}

impl From<BadJwt> for Refusal {
    fn from(bad: BadJwt) -> Self {
        Self::Assertion(bad.into())
    }
}

/// Finds out who is asking.
pub async fn authenticate(
    server: &AuthorizationServer,
    presented: &Presented,
    now: OffsetDateTime,
) -> Result<AuthenticatedClient, Refusal> {
    let id = presented.client_id().ok_or(Refusal::Missing)?;
    let client = store::clients::find(server.shared.store.read(), &server.issuer, id).await?;

    // Without a record there is still a secret to compare, so that both take as long.
    let kept = client.as_ref().and_then(|it| it.secret_mac.clone()).unwrap_or(vec![0; 32]);
    let client = client.filter(|it| it.active);
    match (presented.proof(), client) {
        (Proof::Secret(secret), client) => {
            let proven = server.shared.secret_key.proves(secret.expose_secret(), &kept);
            let record = client.filter(|it| proven && it.secret_mac.is_some());
            let record = record.ok_or(Refusal::Failed)?;
            match record.auth_method {
                // `docs/decisions/0019-basic-and-post.md`: a secret is a secret either way.
                AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {
                    Ok(AuthenticatedClient { record, uses: None })
                }
                other => Err(Refusal::Method(other.as_str())),
            }
        }
        // Nothing tells a stranger whether there is such a client.
        (Proof::None, None) => Err(Refusal::Missing),
        (Proof::Assertion(_), None) => Err(Refusal::Failed),
        (Proof::Assertion(jwt), Some(record)) => {
            if record.auth_method != AuthMethod::PrivateKeyJwt {
                return Err(Refusal::Failed);
            }
            let uses = Some(private_key_jwt::verify(server, &record, jwt, now).await?);
            Ok(AuthenticatedClient { record, uses })
        }
        (Proof::None, Some(record)) => match record.is_public() {
            true => Ok(AuthenticatedClient { record, uses: None }),
            false => Err(Refusal::Missing),
        },
    }
}

impl AuthenticatedClient {
    pub fn id(&self) -> &ClientId {
        &self.record.id
    }

    pub fn record(&self) -> &Client {
        &self.record
    }

    /// Whether anything but its word says who it is.
    pub fn is_confidential(&self) -> bool {
        !self.record.is_public()
    }

    /// What has to be marked as used in the commit of whatever this client gets.
    pub fn effects(&self) -> Vec<Effect> {
        let effect = |it: &UsedProof| Effect::UseOnce {
            issuer: it.issuer.clone(),
            jti: it.jti.clone(),
            forget_after: it.forget_after,
            otherwise: Conflict::ProofUsed,
        };
        self.uses.iter().map(effect).collect()
    }
}
