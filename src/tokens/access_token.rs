//! The access token (RFC 9068 §2).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::actor::Actor;
use super::audience::OneOrMany;
use super::confirmation::Confirmation;
use super::verify::{Unacceptable, in_time};
use crate::jose::{Algorithm, KeySet, SigningKey, Typ, UnverifiedJwt};
use crate::oauth::{AuthorizationDetails, ClientId, Issuer, Jti, Scope, Subject};

/// RFC 9068 §2.1.
const TYP: &str = "at+jwt";

/// RFC 9068 §2.2, in its order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    pub iss: Issuer,
    pub exp: i64,
    pub aud: OneOrMany<String>,
    pub sub: Subject,
    pub client_id: ClientId,
    pub iat: i64,
    pub jti: Jti,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amr: Option<Vec<String>>,
    pub scope: Scope,
    /// RFC 9396 §9.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<AuthorizationDetails>,
    /// The login that it comes from, if it comes from one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The family that it belongs to, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
    /// Who acts for the subject (RFC 8693 §4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// The key or the certificate that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

impl AccessTokenClaims {
    /// The clients of its issuer that have had a part in it: the one that it was issued to, those who
    /// acted before, and whoever may be a client that acts for itself.
    pub fn clients(&self) -> impl Iterator<Item = ClientId> {
        let acted = self.act.iter().flat_map(Actor::all);
        let here = acted.filter(|it| it.iss.as_ref() == Some(&self.iss));
        let before = here.filter_map(|it| ClientId::parse(it.sub.as_str()).ok());
        let itself = self.grant_id.is_none().then(|| ClientId::parse(self.sub.as_str()).ok());
        std::iter::once(self.client_id.clone()).chain(before).chain(itself.flatten())
    }

    /// RFC 6749 §7.1 and RFC 9449 §5. One that is bound to a certificate is sent as any other.
    pub fn token_type(&self) -> &'static str {
        match self.cnf {
            Some(Confirmation::Key(_)) => "DPoP",
            Some(Confirmation::Certificate(_)) | None => "Bearer",
        }
    }

    pub fn sign(&self, key: &SigningKey) -> String {
        key.sign(TYP, self)
    }
}

/// An access token that we issued, for ourselves to take: at `/oauth2/userinfo`.
#[derive(Clone, Debug)]
pub struct VerifiedAccessToken(AccessTokenClaims);

impl VerifiedAccessToken {
    /// RFC 9068 §4.
    pub fn verify(
        jwt: &UnverifiedJwt,
        our_keys: &KeySet,
        us: &Issuer,
        now: OffsetDateTime,
    ) -> Result<Self, Unacceptable> {
        let token = Self::of_ours(jwt, our_keys, us, now)?;
        let audiences = token.0.aud.as_slice();
        match audiences.iter().any(|aud| aud == us.as_str()) {
            true => Ok(token),
            false => Err(Unacceptable::audience(audiences, us.as_str())),
        }
    }

    /// The same for whichever resource it is: for introspection and revocation.
    pub fn of_ours(
        jwt: &UnverifiedJwt,
        our_keys: &KeySet,
        us: &Issuer,
        now: OffsetDateTime,
    ) -> Result<Self, Unacceptable> {
        if jwt.issuer() != us.as_str() {
            return Err(Unacceptable::Issuer);
        }
        let claims: AccessTokenClaims = our_keys.verify(jwt, Typ::Is(TYP), &Algorithm::ALL)?;
        in_time(claims.iat, None, claims.exp, now)?;
        Ok(Self(claims))
    }

    pub fn into_claims(self) -> AccessTokenClaims {
        self.0
    }

    pub fn claims(&self) -> &AccessTokenClaims {
        &self.0
    }
}
