//! The Identity Assertion JWT Authorization Grant (ID-JAG §3).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::actor::Actor;
use super::audience::OneOrMany;
use super::confirmation::Confirmation;
use super::verify::{Unacceptable, acceptable_until, in_time, short_lived};
use crate::jose::{Algorithm, BadJwt, KeySet, SigningKey, Typ, UnverifiedJwt};
use crate::oauth::{AuthorizationDetails, ClientId, Issuer, Jti, Resource, Scope, Subject};

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
    /// Who acts for the subject, besides the client (RFC 8693 §4.1). ID-JAG §9.7: it is read only
    /// where the trust says so, and does not prove who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Value>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub amr: Option<Vec<String>>,
    /// What it is bound to (ID-JAG §9.8): see [`PresentedIdJag::confirmation`].
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Value>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<AuthorizationDetails>,
    /// Of the issuer (ID-JAG §6).
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Of the service (ID-JAG §6).
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub aud_tenant: Option<String>,
    /// A subject identifier of another form (RFC 9493). None is read, so none is passed over.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub sub_id: Option<Value>,
    /// What the service calls the person, as far as the issuer knows.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub aud_sub: Option<Subject>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// What the connection releases; of others' it is not read.
    #[serde(skip)]
    pub released: BTreeMap<String, Value>,
}

/// The claims that no connection can set: they are the issuer's own word.
pub const RESERVED_CLAIMS: [&str; 22] = [
    "iss",
    "sub",
    "aud",
    "client_id",
    "jti",
    "exp",
    "iat",
    "nbf",
    "resource",
    "scope",
    "authorization_details",
    "act",
    "may_act",
    "auth_time",
    "acr",
    "amr",
    "tenant",
    "sub_id",
    "cnf",
    "email_verified",
    "azp",
    "sid",
];

/// `null` is not the same as nothing: a restriction that nobody can read is not none.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(claim: D) -> Result<Option<T>, D::Error> {
    T::deserialize(claim).map(Some)
}

impl IdJagClaims {
    pub fn sign(&self, key: &SigningKey) -> String {
        self.sign_as(TYP, key)
    }

    /// The same as what another grant is made of.
    pub(super) fn sign_as(&self, typ: &'static str, key: &SigningKey) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            #[serde(flatten)]
            claims: &'a IdJagClaims,
            #[serde(flatten)]
            released: &'a BTreeMap<String, Value>,
        }
        match self.released.is_empty() {
            true => key.sign(typ, self),
            false => key.sign(typ, &Whole { claims: self, released: &self.released }),
        }
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

    /// MCP EMA §7.4.2: whether it was made for `longest` at most.
    pub fn lives_for(&self, longest: Duration) -> Result<(), Unacceptable> {
        short_lived(self.0.iat, self.0.exp, longest)
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

    /// What it is bound to.
    pub fn confirmation(&self) -> Result<Option<Confirmation>, Unacceptable> {
        Confirmation::read(self.0.cnf.as_ref())
    }

    /// Who acts for the subject, besides the client.
    pub fn actor(&self) -> Result<Option<Actor>, Unacceptable> {
        let actor = self.0.act.as_ref().map(Actor::deserialize).transpose();
        let actor = actor.map_err(|_| BadJwt::Claims)?;
        match actor.as_ref().is_some_and(|it| it.depth() > Actor::MOST) {
            true => Err(BadJwt::Claims.into()),
            false => Ok(actor),
        }
    }

    /// Until then, [`IdJag::verify`] may accept it again.
    pub fn acceptable_until(&self) -> OffsetDateTime {
        acceptable_until(self.0.exp)
    }
}
