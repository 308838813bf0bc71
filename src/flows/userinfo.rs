//! The UserInfo endpoint (OIDC Core §5.3), a resource protected as RFC 6750 says.

use serde::Serialize;
use time::OffsetDateTime;

use crate::jose::{BadJwt, UnverifiedJwt};
use crate::model::User;
use crate::oauth::{ErrorCode, Subject};
use crate::server::AuthorizationServer;
use crate::store::StoreError;
use crate::tokens::{Unacceptable, VerifiedAccessToken};

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
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    /// RFC 6750 §3.1.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotAJwt(_) | Self::Unacceptable(_) | Self::Revoked => ErrorCode::InvalidToken,
            Self::Scope => ErrorCode::InsufficientScope,
            Self::Store(it) => it.code(),
        }
    }
}

pub async fn userinfo(
    server: &AuthorizationServer,
    token: &str,
    now: OffsetDateTime,
) -> Result<UserInfo, Refusal> {
    let jwt = UnverifiedJwt::read(token)?;
    let token = VerifiedAccessToken::verify(&jwt, server.keys.published(), &server.issuer, now)?;
    let claims = token.claims();
    if !claims.scope.contains("openid") {
        return Err(Refusal::Scope);
    }

    // We are the issuer, so we need not wait for the token to expire.
    let store = &server.shared.store;
    let family = claims.grant_id.as_deref().ok_or(Refusal::Revoked)?;
    let family = store.family(family).await?;
    if family.is_none_or(|it| it.revoked) {
        return Err(Refusal::Revoked);
    }
    if server.clients.active(&claims.client_id).is_none() {
        return Err(Refusal::Revoked);
    }
    let user = store.user(&claims.sub).await?;
    let user = user.filter(|it| it.active).ok_or(Refusal::Revoked)?;
    let user = User::clone(&user);

    let (profile, email) = (claims.scope.contains("profile"), claims.scope.contains("email"));
    Ok(UserInfo {
        sub: user.id,
        name: user.name.filter(|_| profile),
        preferred_username: profile.then_some(user.username),
        email_verified: (email && user.email.is_some()).then_some(user.email_verified),
        email: user.email.filter(|_| email),
    })
}
