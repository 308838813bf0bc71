//! A client that has a key and proves it (RFC 9449 §4).

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, Forge, NOW, World, form, request, secret_of, with};

/// A key of ES256, and how many proofs were made by it.
pub struct Holder {
    forge: Forge,
    jwk: Value,
    made: AtomicUsize,
}

impl Holder {
    pub fn new() -> Self {
        let forge = Forge::of_a_stranger();
        let whole = forge.public_jwk();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": whole["x"], "y": whole["y"] });
        Self { forge, jwk, made: AtomicUsize::new(0) }
    }

    /// RFC 7638 §3.
    pub fn thumbprint(&self) -> String {
        let (x, y) = (self.jwk["x"].as_str().unwrap(), self.jwk["y"].as_str().unwrap());
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text))
    }

    /// A proof for a token request at `at`.
    pub fn proof(&self, at: &str) -> String {
        self.changed(at, &json!({}), &json!({}))
    }

    /// The same with these members of header and claims changed; `null` leaves one out.
    pub fn changed(&self, at: &str, header: &Value, claims: &Value) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let right = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk });
        let said = json!({
            "jti": format!("proof-{number}"),
            "htm": "POST",
            "htu": format!("{at}/oauth2/token"),
            "iat": NOW.unix_timestamp(),
        });
        self.forge.sign(&with(&right, header), &with(&said, claims))
    }

    /// The key, without its private half.
    pub fn public_jwk(&self) -> Value {
        self.jwk.clone()
    }

    /// A key that has its private half in it.
    pub fn private_jwk(&self) -> Value {
        with(&self.jwk, &json!({ "d": self.forge.private_jwk().parameter("d").unwrap() }))
    }
}

impl World {
    /// A token request of a client that authenticates by Basic, with a `DPoP` header for each proof.
    pub async fn post_proven(
        &self,
        at: &str,
        client: &str,
        params: &[(&str, &str)],
        proofs: &[&str],
    ) -> Answer {
        let basic = BASE64_STANDARD.encode(format!("{client}:{}", secret_of(client)));
        let mut request = request("POST", &format!("{at}/oauth2/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", format!("Basic {basic}"));
        for proof in proofs {
            request = request.header("dpop", *proof);
        }
        self.send(request.body(Body::from(form(params))).unwrap()).await
    }
}
