//! The JWT by which another issuer vouches for a program, which acts as a client here
//! (RFC 7523 §2.1 and §3).

use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::audience::OneOrMany;
use super::confirmation::Confirmation;
use super::verify::{Unacceptable, acceptable_until, in_time, short_lived};
use crate::jose::{Algorithm, BadJwt, KeySet, Typ, UnverifiedJwt};
use crate::model::{Reuse, Trust};
use crate::oauth::{ClientId, Issuer, Jti, Subject};

/// Most issuers give it no type of its own; some do (draft-ietf-wimse-workload-identity-practices,
/// "Token typing"). RFC 8725 §3.11: whatever has another is something else, ID-JAGs above all.
const TYP: Typ = Typ::PlainOr("authorization-grant+jwt");

#[derive(Debug, Deserialize)]
struct Claims {
    iss: Issuer,
    sub: Subject,
    aud: OneOrMany<String>,
    jti: Option<Jti>,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
}

/// An assertion for us about a workload, of an issuer whose keys we know, that still holds.
///
/// Its issuer may vouch for half the world: whether this one is anybody to us, the trusts say.
#[derive(Debug)]
pub struct WorkloadAssertion {
    claims: Claims,
    all: Map<String, Value>,
    /// Whether it has a type of its own, as what speaks of people may have it, too.
    typed: bool,
}

impl WorkloadAssertion {
    /// Whether `jwt` may be one at all.
    pub fn may_be(jwt: &UnverifiedJwt) -> bool {
        TYP.admits(jwt)
    }

    /// The checks of RFC 7523 §3 that need nothing but the assertion.
    pub fn verify(
        jwt: &UnverifiedJwt,
        keys: &KeySet,
        us: &Issuer,
        now: OffsetDateTime,
    ) -> Result<Self, Unacceptable> {
        let all: Map<String, Value> = keys.verify(jwt, TYP, &Algorithm::ALL)?;
        let claims = Claims::deserialize(&all).map_err(|_| BadJwt::Claims)?;
        // RFC 7523 §3 (3), 7523bis §4 (3 a): `docs/decisions/0041-workload-assertions.md`.
        let token_endpoint = us.at("/oauth2/token");
        let ours = |aud: &String| *aud == us.as_str() || *aud == token_endpoint;
        if !claims.aud.sole().is_some_and(ours) {
            return Err(Unacceptable::audience(claims.aud.as_slice(), us.as_str()));
        }
        in_time(claims.iat.unwrap_or(now.unix_timestamp()), claims.nbf, claims.exp, now)?;
        Ok(Self { claims, all, typed: !Typ::Plain.admits(jwt) })
    }

    /// What it says, which no stranger can have made up.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.all
    }

    /// Who it is about, for the ledger: a subject is unique at its issuer only.
    pub fn name(&self) -> Result<Subject, Unacceptable> {
        let name = Subject::parse(&format!("{} {}", self.claims.iss, self.claims.sub));
        name.map_err(|_| BadJwt::Claims.into())
    }

    pub fn issuer(&self) -> &Issuer {
        &self.claims.iss
    }

    /// RFC 7523 §3 (7): it need not have one.
    pub fn jti(&self) -> Option<&Jti> {
        self.claims.jti.as_ref()
    }

    /// What it is bound to.
    pub fn confirmation(&self) -> Result<Option<Confirmation>, Unacceptable> {
        Confirmation::read(self.all.get("cnf"))
    }

    /// Until then, [`WorkloadAssertion::verify`] may accept it again.
    pub fn acceptable_until(&self) -> OffsetDateTime {
        acceptable_until(self.claims.exp)
    }

    /// What is left to check once it is known by which trust it is taken.
    pub fn under(
        self,
        trust: &Trust,
        now: OffsetDateTime,
    ) -> Result<VouchedWorkload, Unacceptable> {
        let workload = trust.workload().filter(|it| it.is_meant_by(&self.all));
        // A subject that is named is no person whom the issuer may speak of otherwise.
        let workload = workload.filter(|it| !self.typed || it.claims.contains_key("sub"));
        let client = workload.ok_or(Unacceptable::Workload)?.client.clone();
        // Without `iat`, what is left of its life is all that can be measured.
        let now = now.unix_timestamp();
        let iat = self.claims.iat.unwrap_or(now).min(now);
        short_lived(iat, self.claims.exp, trust.longest)?;
        if trust.reuse == Reuse::Once && self.claims.jti.is_none() {
            return Err(Unacceptable::NoJti);
        }
        Ok(VouchedWorkload { assertion: self, client })
    }
}

/// A workload that is one of our clients, by the word of an issuer that is trusted with it.
#[derive(Debug)]
pub struct VouchedWorkload {
    assertion: WorkloadAssertion,
    client: ClientId,
}

impl VouchedWorkload {
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    pub fn assertion(&self) -> &WorkloadAssertion {
        &self.assertion
    }
}
