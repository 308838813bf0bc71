//! The Identity Assertion JWT Authorization Grant (ID-JAG §3).

use serde::{Deserialize, Deserializer, Serialize};
use time::{Duration, OffsetDateTime};

use super::audience::OneOrMany;
use super::verify::{Unacceptable, acceptable_until, in_time, short_lived};
use crate::jose::{Algorithm, BadJwt, KeySet, SigningKey, Typ, UnverifiedJwt};
use crate::oauth::{ClientId, Issuer, Jti, Resource, Scope, Subject};

/// ID-JAG §3.1; RFC 8725 §3.11 asks for it, so that no other JWT can pass for an ID-JAG.
const TYP: &str = "oauth-id-jag+jwt";

/// ID-JAG §3.1. The fields stand in the order of the draft.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdJagClaims {
    pub iss: Issuer,
    pub sub: Subject,
    pub aud: OneOrMany<String>,
    pub client_id: ClientId,
    pub jti: Jti,
    pub exp: i64,
    pub iat: i64,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub resource: Option<OneOrMany<Resource>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub amr: Option<Vec<String>>,
    /// What binds it to a key (ID-JAG §9.8). We cannot check one yet, so none is accepted.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub cnf: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<serde_json::Value>,
    /// Of the issuer (ID-JAG §6). We do not tell tenants apart yet, so none is accepted.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub tenant: Option<serde_json::Value>,
    /// Of the service (ID-JAG §6).
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub aud_tenant: Option<serde_json::Value>,
}

/// `null` is not the same as nothing: a restriction that nobody can read is not none.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(claim: D) -> Result<Option<T>, D::Error> {
    T::deserialize(claim).map(Some)
}

impl IdJagClaims {
    pub fn sign(&self, key: &SigningKey) -> String {
        key.sign(TYP, self)
    }
}

/// An ID-JAG that was issued for us, by an issuer whose keys we know, and still holds.
///
/// Anyone could have sent it, so nothing in it can be read yet.
#[derive(Debug)]
pub struct IdJag(IdJagClaims);

impl IdJag {
    /// The checks of RFC 7523 §3 and ID-JAG §4.4.1 that need nothing but the ID-JAG.
    pub fn verify(
        jwt: &UnverifiedJwt,
        keys: &KeySet,
        us: &Issuer,
        longest: Duration,
        now: OffsetDateTime,
    ) -> Result<Self, Unacceptable> {
        let claims: IdJagClaims = keys.verify(jwt, Typ::Is(TYP), &Algorithm::ALL)?;
        // ID-JAG §4.4.1: one value, equal to our issuer identifier.
        if claims.aud.sole().is_none_or(|aud| aud != us.as_str()) {
            return Err(Unacceptable::audience(claims.aud.as_slice(), us.as_str()));
        }
        // ID-JAG §3.1: one URI or several. None in an array is not the same as no restriction.
        if claims.resource.as_ref().is_some_and(|it| it.as_slice().is_empty()) {
            return Err(BadJwt::Claims.into());
        }
        in_time(claims.iat, claims.nbf, claims.exp, now)?;
        short_lived(claims.iat, claims.exp, longest)?;
        Ok(Self(claims))
    }

    /// ID-JAG §4.4.1: "The `client_id` claim MUST identify the same client".
    pub fn presented_by(self, client: &ClientId) -> Result<PresentedIdJag, Unacceptable> {
        match self.0.client_id == *client {
            true => Ok(PresentedIdJag(self.0)),
            false => Err(Unacceptable::Client),
        }
    }
}

/// An ID-JAG in the hands of the client it was issued to.
#[derive(Clone, Debug)]
pub struct PresentedIdJag(IdJagClaims);

impl PresentedIdJag {
    pub fn claims(&self) -> &IdJagClaims {
        &self.0
    }

    pub fn issuer(&self) -> &Issuer {
        &self.0.iss
    }

    pub fn subject(&self) -> &Subject {
        &self.0.sub
    }

    pub fn jti(&self) -> &Jti {
        &self.0.jti
    }

    pub fn scope(&self) -> Option<&Scope> {
        self.0.scope.as_ref()
    }

    /// The resources that it is restricted to; none is no restriction.
    pub fn resources(&self) -> &[Resource] {
        self.0.resource.as_ref().map_or(&[], OneOrMany::as_slice)
    }

    /// Until then, [`IdJag::verify`] may accept it again.
    pub fn acceptable_until(&self) -> OffsetDateTime {
        acceptable_until(self.0.exp)
    }
}
