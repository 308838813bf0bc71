//! What somebody without the issuer's key makes of its tokens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::jose::{Algorithm, SigningKey};
use crate::walkthrough::breakage::with_another_letter;
use crate::walkthrough::decoded::Decoded;

/// What is known to whoever forges.
#[derive(Clone)]
pub(super) struct Facts {
    /// Whose endpoint it is.
    pub issuer: String,
    /// What the client is called there.
    pub client_id: String,
    /// Of the person, if there is one.
    pub id_token: Option<String>,
    /// Of the identity provider.
    pub access_token: Option<String>,
    /// One that is right.
    pub id_jag: Option<String>,
    /// A name that no token has yet: what is made anew must not be refused for its `jti`.
    pub jti: String,
    pub now: OffsetDateTime,
}

/// An issuer, an audience, a resource that nobody has (RFC 2606 §2).
pub(super) const NOWHERE: &str = "https://nowhere.invalid";

/// A scope that no service has.
pub(super) const FOREIGN_SCOPE: &str = "tegata.conformance.not-granted";

/// The first letter of the signature is another.
pub(super) fn another_letter(_: &Facts, jwt: &str) -> Result<String, String> {
    read(jwt).map(|_| with_another_letter(jwt))
}

/// Another person, under the old signature.
pub(super) fn another_subject(_: &Facts, jwt: &str) -> Result<String, String> {
    let change = |claims: &mut Map<String, Value>| {
        claims.insert("sub".to_owned(), json!("tegata-conformance-somebody-else"));
    };
    Decoded::forge(jwt, change).map_err(|why| why.to_string())
}

/// RFC 7519 §6: without a signature, and `alg` says so.
pub(super) fn unsigned(facts: &Facts, jwt: &str) -> Result<String, String> {
    let Decoded { mut header, mut claims } = read(jwt)?;
    header.insert("alg".to_owned(), json!("none"));
    claims.insert("jti".to_owned(), json!(facts.jti));
    let [header, claims] =
        [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(Value::Object(part).to_string()));
    Ok(format!("{header}.{claims}."))
}

/// The same claims, by a key that nobody knows, under the name of one that everybody knows.
pub(super) fn foreign_key(facts: &Facts, jwt: &str) -> Result<String, String> {
    signed_anew(facts, jwt, None, |_| {})
}

/// For another server.
pub(super) fn foreign_audience(facts: &Facts, jwt: &str) -> Result<String, String> {
    signed_anew(facts, jwt, None, |claims| {
        claims.insert("aud".to_owned(), json!(NOWHERE));
    })
}

/// It says that it is any JWT.
pub(super) fn plain_typ(facts: &Facts, jwt: &str) -> Result<String, String> {
    signed_anew(facts, jwt, Some("JWT"), |_| {})
}

/// Made from nothing, by an issuer of which nobody has heard.
pub(super) fn stranger(facts: &Facts, _: &str) -> Result<String, String> {
    let now = facts.now.unix_timestamp();
    let claims = json!({
        "iss": NOWHERE,
        "sub": "somebody",
        "aud": facts.issuer,
        "client_id": facts.client_id,
        "jti": facts.jti,
        "iat": now,
        "exp": now.checked_add(300).ok_or("the clock is not right")?,
    });
    let key = SigningKey::generate(Algorithm::ES256, "tegata-conformance");
    Ok(key.sign("oauth-id-jag+jwt", &claims))
}

/// The ID token.
pub(super) fn the_id_token(facts: &Facts, _: &str) -> Result<String, String> {
    let missing = || "there is no ID token: sign in, or give --subject-token".to_owned();
    facts.id_token.clone().ok_or_else(missing)
}

/// The access token that came with the ID token.
pub(super) fn the_access_token(facts: &Facts, _: &str) -> Result<String, String> {
    let missing = || "there is no access token of the identity provider".to_owned();
    facts.access_token.clone().ok_or_else(missing)
}

/// An ID-JAG.
pub(super) fn the_id_jag(facts: &Facts, _: &str) -> Result<String, String> {
    facts.id_jag.clone().ok_or_else(|| "there is no ID-JAG".to_owned())
}

fn signed_anew(
    facts: &Facts,
    jwt: &str,
    typ: Option<&str>,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Result<String, String> {
    let Decoded { header, mut claims } = read(jwt)?;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let algorithm = text("alg").and_then(Algorithm::parse).unwrap_or(Algorithm::ES256);
    let key = SigningKey::generate(algorithm, text("kid").unwrap_or("tegata-conformance"));
    claims.insert("jti".to_owned(), json!(facts.jti));
    change(&mut claims);
    Ok(key.sign(typ.or(text("typ")).unwrap_or("JWT"), &claims))
}

fn read(jwt: &str) -> Result<Decoded, String> {
    Decoded::read(jwt).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            issuer: "https://a.example".into(),
            client_id: "c".into(),
            id_token: None,
            access_token: None,
            id_jag: None,
            jti: "new".into(),
            now: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn each_forgery_differs_in_one_thing() {
        let facts = facts();
        let right = stranger(&facts, "").unwrap();
        let read = |jwt: Result<String, String>| Decoded::read(&jwt.unwrap()).unwrap();
        assert_eq!(read(unsigned(&facts, &right)).header["alg"], "none");
        assert!(unsigned(&facts, &right).unwrap().ends_with('.'));
        assert_eq!(read(plain_typ(&facts, &right)).header["typ"], "JWT");
        assert_eq!(read(foreign_audience(&facts, &right)).claims["aud"], NOWHERE);
        let foreign = foreign_key(&facts, &right);
        assert_ne!(foreign.as_ref().unwrap().rsplit('.').next(), right.rsplit('.').next());
        assert_eq!(read(foreign).claims["aud"], "https://a.example");
        let other = another_subject(&facts, &right).unwrap();
        assert_eq!(other.rsplit('.').next(), right.rsplit('.').next());
        assert_eq!(the_id_token(&facts, "").unwrap_err().split(':').count(), 2);
    }
}
