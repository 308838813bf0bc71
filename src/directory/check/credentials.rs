//! By what a client proves who it is (RFC 7591 §2, OIDC Core §9).

use secrecy::{ExposeSecret, SecretString};

use super::Check;
use crate::directory::raw::RawClient;
use crate::oauth::AuthMethod;

/// Shorter secrets could be guessed from what is kept of them, in characters.
const SHORTEST_SECRET: usize = 32;

/// The longest secret, in characters.
const LONGEST_SECRET: usize = 512;

impl Check<'_> {
    pub(super) fn auth_method(&mut self, path: &str, raw: &RawClient) -> Option<AuthMethod> {
        if let Some(secret) = &raw.client_secret {
            self.secret(path, &secret.0);
        }
        self.keys(path, raw.jwks.as_deref(), raw.jwks_uri.as_deref());
        let has_secret = raw.client_secret.is_some();
        let has_keys = raw.jwks.is_some() || raw.jwks_uri.is_some();
        let Some(given) = &raw.token_endpoint_auth_method else {
            return self.usual_method(path, has_secret, has_keys);
        };
        let path = format!("{path} token_endpoint_auth_method");
        let Some(method) = AuthMethod::parse(given) else {
            let known: Vec<_> = AuthMethod::ALL.iter().map(|it| it.as_str()).collect();
            let fix = format!("there are {}", known.join(", "));
            self.notes.note(path, "there is no such method here", fix);
            return None;
        };
        let fault = match (method, has_secret, has_keys) {
            (AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost, false, _) => {
                Some(("it takes a secret", "add client_secret"))
            }
            (AuthMethod::PrivateKeyJwt, _, false) => {
                Some(("it takes keys", "add jwks or jwks_uri"))
            }
            (AuthMethod::PrivateKeyJwt, true, _) => {
                Some(("it takes no secret", "take client_secret out"))
            }
            (AuthMethod::None, secret, keys) if secret || keys => {
                Some(("it takes neither secret nor keys", "take them out, or name another method"))
            }
            _ => None,
        };
        if let Some((wrong, fix)) = fault {
            self.notes.note(path, format!("it is {given:?}, and {wrong}"), fix);
        }
        Some(method)
    }

    /// RFC 7591 §2: "If unspecified or omitted, the default is `client_secret_basic`".
    fn usual_method(&mut self, path: &str, secret: bool, keys: bool) -> Option<AuthMethod> {
        let path = format!("{path} token_endpoint_auth_method");
        match (secret, keys) {
            (true, false) => Some(AuthMethod::ClientSecretBasic),
            (false, true) => Some(AuthMethod::PrivateKeyJwt),
            (true, true) => {
                let fix = "name one: client_secret_basic or private_key_jwt";
                self.notes.note(path, "it is missing, and there are both secret and keys", fix);
                None
            }
            (false, false) => {
                let fix = "add client_secret, jwks or jwks_uri; or write \"none\" for a client \
                           that runs where nothing can be kept secret";
                self.notes.note(path, "it is missing, and there is no credential", fix);
                None
            }
        }
    }

    fn secret(&mut self, path: &str, secret: &SecretString) {
        let secret = secret.expose_secret();
        let path = format!("{path} client_secret");
        let length = secret.chars().count();
        if length < SHORTEST_SECRET {
            let wrong = format!("it has {length} characters");
            let fix = "take 32 at least, random ones: `openssl rand -hex 32` makes some";
            self.notes.note(path, wrong, fix);
        } else if length > LONGEST_SECRET || !secret.chars().all(|c| (' '..='~').contains(&c)) {
            // RFC 6749 A.2: VSCHAR.
            let fix = "take 32 to 512 characters of printable ASCII";
            self.notes.note(path, "it cannot be a client secret", fix);
        } else if secret.contains([' ', '%']) {
            // RFC 6749 §2.3.1 has both encoded before Basic, which not all clients do.
            let wrong = "it has a space or a %, and clients send those in two ways";
            self.notes.note(path, wrong, "take others: `openssl rand -hex 32` makes some");
        }
    }
}
