//! Key sets of partners, of clients and of whoever took their place.

#![no_main]

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tegata::jose::{Algorithm, KeySet, Typ, UnverifiedJwt, verify_self_signed};
use tegata_fuzz::{Key, fuzz_target};

/// Signed by us and by a stranger; neither says by which key.
static JWTS: LazyLock<[UnverifiedJwt; 2]> = LazyLock::new(|| {
    [Key::ours(), Key::of_a_stranger()].map(|key| {
        let jwt = key.sign(br#"{"alg":"EdDSA"}"#, br#"{"iss":"https://home.example"}"#);
        UnverifiedJwt::read(&jwt).unwrap()
    })
});

static OURS: LazyLock<Key> = LazyLock::new(Key::ours);

fuzz_target!(|data: &[u8]| {
    if let Ok(keys) = KeySet::parse(data) {
        assert!(!verifies(&keys, &JWTS[1]));
    }
    let mut data = Unstructured::new(data);
    if let Ok(set) = Set::arbitrary(&mut data) {
        among_others(&set);
    }
});

fn verifies(keys: &KeySet, jwt: &UnverifiedJwt) -> bool {
    keys.verify::<Value>(jwt, Typ::Plain, &Algorithm::ALL).is_ok()
}

#[derive(Arbitrary, Debug)]
struct Set {
    keys: Vec<Jwk>,
    /// Before which of them ours stands.
    ours: u8,
}

/// A key that is nearly one.
#[derive(Arbitrary, Debug)]
struct Jwk {
    kind: u8,
    members: Vec<(u8, Part)>,
}

#[derive(Arbitrary, Debug)]
enum Part {
    Bytes(Vec<u8>),
    Text(String),
    Known(u8),
    Other(Option<u32>),
}

/// RFC 7517 §5: what is no key we know is passed over, and spoils no other.
fn among_others(set: &Set) {
    let mut keys: Vec<_> = set.keys.iter().map(Jwk::value).collect();
    let others = json!({ "keys": keys }).to_string();
    let at = usize::from(set.ours).min(keys.len());
    keys.insert(at, OURS.jwk().clone());
    let all = json!({ "keys": keys }).to_string();
    let [others, all] = [others, all].map(|it| KeySet::parse(it.as_bytes()).expect("it is a set"));
    assert_eq!(verifies(&all, &JWTS[0]), at < 64 || verifies(&others, &JWTS[0]));
    assert!(!verifies(&all, &JWTS[1]));
    for key in &set.keys {
        by_nobody(&key.value());
    }
}

/// What nobody signed is signed by no key, whichever it brings along.
fn by_nobody(jwk: &Value) {
    for algorithm in Algorithm::ALL {
        let header =
            json!({ "typ": "dpop+jwt", "alg": algorithm.as_str(), "jwk": jwk }).to_string();
        let parts = [header.as_bytes(), b"{}", &[1; 64]];
        let jwt = parts.map(|it| BASE64_URL_SAFE_NO_PAD.encode(it)).join(".");
        assert!(verify_self_signed::<Value>(&jwt, "dpop+jwt", &Algorithm::ALL).is_err());
    }
}

impl Jwk {
    fn value(&self) -> Value {
        let mut jwk = match self.kind % 8 {
            0 => json!({ "kty": "EC", "crv": "P-256" }),
            1 => json!({ "kty": "EC", "crv": "P-384" }),
            2 => json!({ "kty": "EC", "crv": "P-521" }),
            3 => json!({ "kty": "EC", "crv": "secp256k1" }),
            4 => json!({ "kty": "OKP", "crv": "Ed25519" }),
            5 => json!({ "kty": "OKP", "crv": "X25519" }),
            6 => json!({ "kty": "RSA", "e": "AQAB" }),
            _ => json!({}),
        };
        const NAMES: [&str; 16] = [
            "kty", "crv", "x", "y", "n", "e", "d", "k", "p", "q", "oth", "alg", "use", "kid",
            "key_ops", "x5c",
        ];
        for (name, part) in &self.members {
            jwk[NAMES[usize::from(*name) % NAMES.len()]] = part.value();
        }
        jwk
    }
}

impl Part {
    fn value(&self) -> Value {
        const KNOWN: [&str; 10] =
            ["AQAB", "Aw", "AQ", "sig", "enc", "EdDSA", "ES256", "PS512", "EC", "verify"];
        match self {
            Self::Bytes(bytes) => BASE64_URL_SAFE_NO_PAD.encode(bytes).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Known(which) => KNOWN[usize::from(*which) % KNOWN.len()].into(),
            Self::Other(it) => json!(it),
        }
    }
}
