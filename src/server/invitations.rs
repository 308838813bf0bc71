//! Initial access tokens (RFC 7591 §1.2 and §3): an administrator's word that somebody may register
//! a client.
//!
//! Nothing is kept of one until it is used: it says itself what it is good for, under the key of
//! client secrets.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};

use super::secret_key::SecretKey;
use crate::environment::Environment;
use crate::oauth::{Issuer, Jti};

/// An initial access token that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// By which the ledger calls it; it tells nobody the token.
    pub id: String,
    pub expires_at: OffsetDateTime,
    /// Whether any number of clients may be registered with it until then.
    pub reusable: bool,
}

impl Invitation {
    /// A new one for clients at `issuer`, and the token.
    pub fn make(
        key: &SecretKey,
        issuer: &Issuer,
        environment: &Environment,
        lifetime: Duration,
        reusable: bool,
    ) -> (Self, SecretString) {
        let expires_at = environment.clock.now() + lifetime;
        let invitation = Self { id: environment.unique_id(), expires_at, reusable };
        let words = invitation.words();
        let mac = BASE64_URL_SAFE_NO_PAD.encode(key.mac(&claim(issuer, &words)));
        (invitation, format!("{words}.{mac}").into())
    }

    /// What `token` says, if it was made for clients at `issuer` and is still good.
    pub fn read(
        key: &SecretKey,
        issuer: &Issuer,
        token: &str,
        now: OffsetDateTime,
    ) -> Option<Self> {
        let (words, mac) = token.rsplit_once('.')?;
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        if !key.proves(&claim(issuer, words), &mac) {
            return None;
        }
        let mut parts = words.split('.');
        let (id, expires_at, times) = (parts.next()?, parts.next()?, parts.next()?);
        let expires_at = OffsetDateTime::from_unix_timestamp(expires_at.parse().ok()?).ok()?;
        let invitation = Self { id: id.to_owned(), expires_at, reusable: times == "many" };
        Some(invitation).filter(|it| now < it.expires_at)
    }

    /// Of one that is good once.
    pub fn jti(&self) -> Jti {
        Jti::parse(&self.id).expect("it is 32 hexadecimal digits, as we made it")
    }

    fn words(&self) -> String {
        let times = if self.reusable { "many" } else { "once" };
        format!("{}.{}.{times}", self.id, self.expires_at.unix_timestamp())
    }
}

/// What is said under the key. No client secret has a space in it, so none is ever one of these.
fn claim(issuer: &Issuer, words: &str) -> String {
    format!("initial access token {issuer} {words}")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn good_for_one_issuer_and_for_a_while() {
        let key = SecretKey::new(vec![7; 32]);
        let home = Issuer::parse("https://id.example").unwrap();
        let (made, token) =
            Invitation::make(&key, &home, &Environment::system(), Duration::HOUR, true);
        let read = |key: &SecretKey, issuer: &Issuer, token: &str, later: i64| {
            let now = made.expires_at + Duration::seconds(later);
            Invitation::read(key, issuer, token, now)
        };
        let token = token.expose_secret();
        let read_back = read(&key, &home, token, -1).unwrap();
        assert_eq!((read_back.id, read_back.reusable), (made.id.clone(), true));
        assert_eq!(read(&key, &home, token, 1), None);
        let chat = Issuer::parse("https://id.example/services/chat").unwrap();
        assert_eq!(read(&key, &chat, token, -1), None);
        assert_eq!(read(&SecretKey::new(vec![8; 32]), &home, token, -1), None);
        let once_more = token.replace(".many.", ".once.");
        assert_eq!(read(&key, &home, &once_more, -1), None);
        for wrong in ["", ".", "a.b.c", &token[1..], &format!("{token}=")] {
            assert_eq!(read(&key, &home, wrong, -1), None, "{wrong}");
        }
    }
}
