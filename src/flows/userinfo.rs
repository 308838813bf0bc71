//! The UserInfo endpoint (OIDC Core §5.3), a resource protected as RFC 6750 says.

use serde::Serialize;
use time::OffsetDateTime;

use crate::jose::{BadCertificate, BadJwt, Certificate, UnverifiedJwt};
use crate::model::User;
use crate::oauth::{ErrorCode, Subject};
use crate::server::AuthorizationServer;
use crate::store::{CommitError, Conflict, Effect, StoreError};
use crate::tokens::{
    BadProof, Confirmation, DpopProof, NotHeld, Proven, Unacceptable, VerifiedAccessToken,
};

/// OIDC Core §5.1, as far as the scope gives it (§5.4).
#[derive(Debug, Serialize)]
pub struct UserInfo {
    pub sub: Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the access token is not acceptable: {0}")]
    NotAJwt(#[from] BadJwt),
    #[error("the access token is not acceptable: {0}")]
    Unacceptable(#[from] Unacceptable),
    #[error("the access token was revoked, or the person or the client is not active any more")]
    Revoked,
    #[error("the access token has not the scope openid")]
    Scope,
    #[error("the access token is bound to a key: send it by the scheme DPoP, with a proof")]
    Bound,
    #[error("the access token is not bound to a key: send it by the scheme Bearer")]
    Unbound,
    #[error("the access token is not acceptable: {0}")]
    NotHeld(#[from] NotHeld),
    #[error(transparent)]
    Certificate(#[from] BadCertificate),
    #[error("the DPoP proof is not acceptable: {0}")]
    Possession(#[from] BadProof),
    #[error("the DPoP proof must have the nonce that comes with this answer, in DPoP-Nonce")]
    NonceWanted(String),
    #[error("the DPoP proof was already used: make one for each request")]
    PossessionReplayed,
    #[error(transparent)]
    Commit(CommitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// RFC 6750 §3.1.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotAJwt(_)
            | Self::Unacceptable(_)
            | Self::Revoked
            | Self::Bound
            | Self::Unbound
            | Self::NotHeld(_) => ErrorCode::InvalidToken,
            Self::Certificate(_) => ErrorCode::InvalidRequest,
            Self::Possession(_) | Self::PossessionReplayed => ErrorCode::InvalidDpopProof,
            Self::NonceWanted(_) => ErrorCode::UseDpopNonce,
            Self::Commit(it) => it.code(),
            Self::Scope => ErrorCode::InsufficientScope,
            Self::Store(it) => it.code(),
        }
    }
}

/// How an access token came.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    pub token: &'a str,
    /// By the scheme `DPoP`, with this proof (RFC 9449 §7.1).
    pub proof: Option<&'a str>,
    pub method: &'a str,
    /// Of the connection that it came by.
    pub certificate: Option<&'a Certificate>,
}

pub async fn userinfo(
    server: &AuthorizationServer,
    presented: Presented<'_>,
    now: OffsetDateTime,
) -> Result<UserInfo, Refusal> {
    let jwt = UnverifiedJwt::read(presented.token)?;
    let token = VerifiedAccessToken::verify(&jwt, server.keys.published(), &server.issuer, now)?;
    let claims = token.claims();
    possessed(server, &presented, claims.cnf.as_ref(), now).await?;
    if !claims.scope.contains("openid") {
        return Err(Refusal::Scope);
    }

    // We are the issuer, so we need not wait for the token to expire.
    let store = &server.shared.store;
    let family = claims.grant_id.as_deref().ok_or(Refusal::Revoked)?;
    let family = store.family(family).await?;
    let family = family.filter(|it| !it.revoked).ok_or(Refusal::Revoked)?;
    if server.is_gone(&claims.client_id).await? {
        return Err(Refusal::Revoked);
    }
    let user = store.user(&family.user).await?;
    let user = user.filter(|it| it.active).ok_or(Refusal::Revoked)?;
    let user = User::clone(&user);

    let (profile, email) = (claims.scope.contains("profile"), claims.scope.contains("email"));
    Ok(UserInfo {
        // OIDC Core §5.3.2: as in the ID Token that came with it.
        sub: claims.sub.clone(),
        name: user.name.filter(|_| profile),
        preferred_username: profile.then_some(user.username),
        email_verified: (email && user.email.is_some()).then_some(user.email_verified),
        email: user.email.filter(|_| email),
    })
}

/// RFC 9449 §7.1 and §7.2: a token that is bound to a key comes with a proof of that key, made for
/// this request and for this token; and one that is not comes without. RFC 8705 §3: one that is bound
/// to a certificate comes with that.
async fn possessed(
    server: &AuthorizationServer,
    presented: &Presented<'_>,
    bound: Option<&Confirmation>,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let (proof, bound) = match (presented.proof, bound) {
        (None, None) => return Ok(()),
        (None, Some(Confirmation::Key(_))) => return Err(Refusal::Bound),
        (None, Some(bound)) => {
            let shown = presented.certificate.map(Certificate::thumbprint);
            return Ok(bound.is_met_by(None, shown)?);
        }
        (Some(proof), Some(bound @ Confirmation::Key(_))) => (proof, bound),
        (Some(_), _) => return Err(Refusal::Unbound),
    };
    let url = server.issuer.at("/oauth2/userinfo");
    let access_token = Some(presented.token);
    let proven = Proven { method: presented.method, url: &url, access_token };
    let proof = DpopProof::verify(proof, proven, now)?;
    bound.is_met_by(Some(proof.key()), None)?;
    let nonces = &server.shared.dpop_nonces;
    match nonces.admit(proof.nonce(), now) {
        Ok(()) => {}
        Err(wanted) => return Err(Refusal::NonceWanted(wanted)),
    }
    match server.shared.store.commit(vec![use_of(&proof)], now).await {
        Err(CommitError::Conflict(_)) => Err(Refusal::PossessionReplayed),
        done => done.map_err(Refusal::Commit),
    }
}

fn use_of(proof: &DpopProof) -> Effect {
    Effect::UseOnce {
        issuer: proof.realm(),
        jti: proof.jti().clone(),
        forget_after: proof.acceptable_until(),
        otherwise: Conflict::PossessionUsed,
    }
}
