//! The evidence by which something is issued.

use std::sync::Arc;

use super::standing::LivePerson;
use crate::clients::AuthenticatedClient;
use crate::jose::Thumbprint;
use crate::model::{AuthorizationCode, Digest, RefreshToken};
use crate::oauth::{AuthorizationDetails, CodeVerifier, RedirectUri, Resource, Scope, Subject};
use crate::policy::{Entitlement, TrustedIssuer};
use crate::server::AuthorizationServer;
use crate::tokens::{
    AccessTokenClaims, Actor, Confirmation, NotHeld, PresentedIdJag, VerifiedAccessToken,
    VouchedWorkload,
};

/// Why a client gets what it gets.
pub enum Warrant<'a> {
    /// RFC 6749 §4.1: a person allowed it just now.
    Code { code: ProvenCode, resources: Vec<Resource>, audience: Vec<String> },
    /// RFC 6749 §6: a person allowed it some time ago.
    Refresh {
        token: ProvenRefreshToken,
        scope: Scope,
        resources: Vec<Resource>,
        audience: Vec<String>,
    },
    /// RFC 6749 §4.4: the client acts for itself.
    ClientItself { scope: Scope, resources: Vec<Resource>, audience: Vec<String> },
    /// RFC 7523 §2.1: an issuer that is trusted here vouches for the client, which acts for itself.
    Workload {
        workload: VouchedWorkload,
        trusted: &'a TrustedIssuer,
        /// What the assertion is bound to, which the client showed to have.
        confirmation: Option<Confirmation>,
        scope: Scope,
        resources: Vec<Resource>,
        audience: Vec<String>,
    },
    /// ID-JAG §4.3, or identity chaining: the person is signed in, and the connection allows it.
    Entitlement { person: Box<LivePerson>, entitlement: Box<Entitlement>, actor: Option<Actor> },
    /// ID-JAG §4.4: an issuer that is trusted here vouches for person and client.
    IdJag(Box<Redemption<'a>>),
    /// RFC 8693 §2.1: an access token of this very server.
    AccessToken(Box<Narrowed>),
}

/// An access token, and what of it is given once more.
pub struct Narrowed {
    pub token: ProvenAccessToken,
    pub scope: Scope,
    pub resources: Vec<Resource>,
    pub details: Option<AuthorizationDetails>,
    pub act: Option<Actor>,
    pub audience: Vec<String>,
}

/// An ID-JAG that passed all checks, and what it is good for here.
pub struct Redemption<'a> {
    pub id_jag: PresentedIdJag,
    pub trusted: &'a TrustedIssuer,
    /// What it is bound to, which the client showed to have.
    pub confirmation: Option<Confirmation>,
    pub account: Subject,
    pub scope: Scope,
    pub resources: Vec<Resource>,
    pub details: Option<AuthorizationDetails>,
    pub act: Option<Actor>,
    pub audience: Vec<String>,
}

/// A code in the hands of the client that it was given to, with the verifier that it was
/// bound to. Whether it was used before, only the commit can tell.
pub struct ProvenCode(Arc<AuthorizationCode>);

/// Why a code is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeMismatch {
    #[error("the code was issued to another client")]
    Client,
    #[error("the code has expired")]
    Expired,
    #[error("redirect_uri is not the one of the authorization request")]
    RedirectUri,
    #[error("code_verifier does not match the code_challenge")]
    Verifier,
    #[error(
        "the code is bound to a key by dpop_jkt, and no DPoP proof of it came with the request"
    )]
    Key,
}

impl ProvenCode {
    /// RFC 6749 §4.1.3 and RFC 7636 §4.6, in their order.
    pub fn prove(
        server: &AuthorizationServer,
        code: Arc<AuthorizationCode>,
        client: &AuthenticatedClient,
        redirect_uri: Option<&RedirectUri>,
        verifier: &CodeVerifier,
        now: time::OffsetDateTime,
    ) -> Result<Self, CodeMismatch> {
        if code.client != *client.id() || code.issuer != server.issuer {
            return Err(CodeMismatch::Client);
        }
        // One that was used is not just late: the commit will tell, and revoke.
        if code.expires_at <= now && !code.used {
            return Err(CodeMismatch::Expired);
        }
        if redirect_uri.is_none_or(|it| *it != code.redirect_uri) {
            return Err(CodeMismatch::RedirectUri);
        }
        if !code.challenge.is_met_by(verifier) {
            return Err(CodeMismatch::Verifier);
        }
        let shown = client.key().map(Thumbprint::as_str);
        if code.key.is_some() && code.key.as_deref() != shown {
            return Err(CodeMismatch::Key);
        }
        Ok(Self(code))
    }

    pub fn record(&self) -> &AuthorizationCode {
        &self.0
    }
}

/// A refresh token in the hands of the client that it was given to.
pub struct ProvenRefreshToken(RefreshToken);

/// Why a refresh token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefreshMismatch {
    #[error("the refresh token was issued to another client")]
    Client,
    #[error("the refresh token has expired")]
    Expired,
    #[error("the refresh token was revoked")]
    Revoked,
    #[error("the refresh token was given without a proof of a key, and cannot be bound to one now")]
    Unbound,
    #[error("the refresh token is not acceptable: {0}")]
    NotHeld(#[from] NotHeld),
    /// Of a kind that this version does not know.
    #[error("the refresh token is bound to what cannot be checked here")]
    Unknowable,
}

impl ProvenRefreshToken {
    /// RFC 6749 §6.
    pub fn prove(
        server: &AuthorizationServer,
        token: RefreshToken,
        client: &AuthenticatedClient,
        now: time::OffsetDateTime,
    ) -> Result<Self, RefreshMismatch> {
        if token.family.client != *client.id() || token.family.issuer != server.issuer {
            return Err(RefreshMismatch::Client);
        }
        if token.family.revoked {
            return Err(RefreshMismatch::Revoked);
        }
        // One that was used is not just late: the commit will tell, and revoke.
        if token.expires_at <= now && !token.used {
            return Err(RefreshMismatch::Expired);
        }
        // RFC 9449 §5, RFC 8705 §4. A family is bound from the beginning, or never.
        match token.family.key.as_deref() {
            Some(kept) => {
                let bound = Confirmation::of_kept(kept).ok_or(RefreshMismatch::Unknowable)?;
                client.meets(&bound)?;
            }
            None if !client.is_confidential() && client.confirmation().is_some() => {
                return Err(RefreshMismatch::Unbound);
            }
            None => {}
        }
        Ok(Self(token))
    }

    pub fn record(&self) -> &RefreshToken {
        &self.0
    }

    pub(super) fn digest(&self) -> Digest {
        self.0.digest.clone()
    }
}

/// An access token of this server in the hands of one who may exchange it: the client that it was
/// issued to, or the resource that it is for (`docs/decisions/0040-exchanges-at-services.md`).
pub struct ProvenAccessToken(AccessTokenClaims);

/// Why an access token is not exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessTokenMismatch {
    #[error("it was issued neither to this client nor for it")]
    Client,
    #[error("it has expired")]
    Expired,
    #[error(transparent)]
    NotHeld(#[from] NotHeld),
}

impl ProvenAccessToken {
    pub fn prove(
        token: VerifiedAccessToken,
        client: &AuthenticatedClient,
        now: time::OffsetDateTime,
    ) -> Result<Self, AccessTokenMismatch> {
        let claims = token.into_claims();
        let id = client.id();
        let is_for = || claims.aud.as_slice().iter().any(|it| it == id.as_str());
        if claims.client_id != *id && !is_for() {
            return Err(AccessTokenMismatch::Client);
        }
        // What comes of it lives no longer than it does, so there is no leeway.
        if claims.exp <= now.unix_timestamp() {
            return Err(AccessTokenMismatch::Expired);
        }
        if let Some(bound) = &claims.cnf {
            client.meets(bound)?;
        }
        Ok(Self(claims))
    }

    pub fn claims(&self) -> &AccessTokenClaims {
        &self.0
    }
}
