//! What the targets share: a time, two keys, and how what is right is changed a little.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::EdDSA;
use josekit::jws::JwsSigner;
use josekit::jws::alg::eddsa::EddsaJwsSigner;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

#[cfg(fuzzing)]
pub use libfuzzer_sys::fuzz_target;

/// Stands in the place of libFuzzer's where nothing is fuzzed: the target compiles, and that is all.
#[cfg(not(fuzzing))]
#[macro_export]
macro_rules! fuzz_target {
    (|$input:ident: $type:ty| $body:block) => {
        const _: fn($type) = |$input: $type| $body;
    };
}

pub const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

pub const HOME: &str = "https://home.example";
pub const CHAT: &str = "https://home.example/services/chat";
pub const CLIENT: &str = "wiki-agent";

/// A key that signs any bytes, and the same ones always alike: what is found can be repeated.
pub struct Key {
    signer: EddsaJwsSigner,
    jwk: Value,
}

impl Key {
    /// The key of RFC 8037 appendix A.
    pub fn ours() -> Self {
        Self::of(
            "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        )
    }

    /// The key of RFC 8032 §7.1, test 2. Nobody here knows it.
    pub fn of_a_stranger() -> Self {
        Self::of(
            "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs",
            "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
        )
    }

    fn of(d: &str, x: &str) -> Self {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
        let mut private = object(&jwk).clone();
        private.insert("d".into(), d.into());
        let private = Jwk::from_map(private).expect("it has all that a key has");
        let signer = EdDSA.signer_from_jwk(&private).expect("it is a key of Ed25519");
        Self { signer, jwk }
    }

    /// The public half.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// A JWT with any header and any claims.
    pub fn sign(&self, header: &[u8], claims: &[u8]) -> String {
        let encode = |bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self.signer.sign(message.as_bytes()).expect("it signs anything");
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// `right` as `data` changes it: an object has the members that replace those of `right`, or take
/// them out where they are `"-"`; what is no object stands in the place of all.
pub fn changed(right: &Value, data: &[u8]) -> Vec<u8> {
    let Ok(changes) = serde_json::from_slice::<Map<String, Value>>(data) else {
        return data.to_vec();
    };
    let mut members = object(right).clone();
    for (name, value) in changes {
        match value.as_str() {
            Some("-") => members.shift_remove(&name),
            _ => members.insert(name, value),
        };
    }
    Value::Object(members).to_string().into_bytes()
}

/// The two parts of `data`, on both sides of its first line end.
pub fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// Whether `text` is base64url as one would write it, and nothing else that decodes to the same.
pub fn is_canonical(text: &str) -> bool {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(text);
    decoded.is_ok_and(|it| BASE64_URL_SAFE_NO_PAD.encode(it) == text)
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("what is changed is an object")
}
