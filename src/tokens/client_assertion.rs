//! The JWT by which a client authenticates (RFC 7523 §2.2 and §3, OIDC Core §9).

use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::audience::OneOrMany;
use super::verify::{Unacceptable, acceptable_until, in_time, short_lived};
use crate::jose::{Algorithm, KeySet, Typ, UnverifiedJwt};
use crate::oauth::{ClientId, Issuer, Jti};

/// RFC 7523bis gives it a type of its own; older clients leave it out.
const TYP: &str = "client-authentication+jwt";

/// The longest that such an assertion may live. Libraries make them for a minute or five.
const LONGEST: Duration = Duration::minutes(10);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: OneOrMany<String>,
    jti: Jti,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
}

/// An assertion that the client signed, for us, and that still holds.
#[derive(Debug)]
pub struct ClientAssertion {
    jti: Jti,
    exp: i64,
}

impl ClientAssertion {
    /// `docs/decisions/0017-client-assertion-audience.md`: our issuer is the only audience.
    pub fn verify(
        jwt: &UnverifiedJwt,
        keys: &KeySet,
        client: &ClientId,
        us: &Issuer,
        now: OffsetDateTime,
    ) -> Result<Self, Unacceptable> {
        let claims: Claims = keys.verify(jwt, Typ::PlainOr(TYP), &Algorithm::ALL)?;
        // RFC 7523 §3 (1) and (2): both are the client.
        if claims.iss != client.as_str() {
            return Err(Unacceptable::Issuer);
        }
        if claims.sub != client.as_str() {
            return Err(Unacceptable::Subject);
        }
        if claims.aud.sole().is_none_or(|aud| aud != us.as_str()) {
            return Err(Unacceptable::audience(claims.aud.as_slice(), us.as_str()));
        }
        let iat = claims.iat.unwrap_or(now.unix_timestamp());
        in_time(iat, claims.nbf, claims.exp, now)?;
        short_lived(iat.min(now.unix_timestamp()), claims.exp, LONGEST)?;
        Ok(Self { jti: claims.jti, exp: claims.exp })
    }

    pub fn jti(&self) -> &Jti {
        &self.jti
    }

    /// Until then, [`ClientAssertion::verify`] may accept it again.
    pub fn acceptable_until(&self) -> OffsetDateTime {
        acceptable_until(self.exp)
    }
}
