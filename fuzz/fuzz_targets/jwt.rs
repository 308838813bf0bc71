//! JWTs before and at the check of their signature.

#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use tegata::jose::{Algorithm, KeySet, Typ, UnverifiedJwt, verify_self_signed};
use tegata_fuzz::{Key, changed, fuzz_target, halves, is_canonical};

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let set = json!({ "keys": [Key::ours().jwk()] }).to_string();
    KeySet::parse(set.as_bytes()).unwrap()
});

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        read(text);
    }
    let (header, rest) = halves(data);
    let (claims, signature) = halves(rest);
    let header = changed(&json!({ "alg": "EdDSA", "typ": "JWT" }), header);
    let parts = [&header, &changed(&json!({ "iss": "https://home.example" }), claims), signature];
    read(&parts.map(|it| BASE64_URL_SAFE_NO_PAD.encode(it)).join("."));
});

fn read(text: &str) {
    assert!(verify_self_signed::<Value>(text, "dpop+jwt", &Algorithm::ALL).is_err());
    let Ok(jwt) = UnverifiedJwt::read(text) else { return };
    let parts: Vec<_> = text.split('.').collect();
    assert!(parts.len() == 3 && text.len() <= 16 * 1024);
    assert!(parts.iter().all(|it| is_canonical(it)), "there is one way to write it");
    let [header, claims] = [parts[0], parts[1]].map(|part| {
        let part = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice::<Map<String, Value>>(&part).expect("it is an object")
    });
    // RFC 7515 §4.1.11.
    assert!(header["alg"].is_string() && !header.contains_key("crit"));
    assert_eq!(claims["iss"], jwt.issuer());
    let typ = header.get("typ").and_then(Value::as_str).map(str::to_ascii_lowercase);
    assert_eq!(jwt.typ().is_some(), typ.is_some());
    assert!(!Typ::Is("at+jwt").admits(&jwt) || typ.is_some_and(|it| it.ends_with("at+jwt")));
    for typ in [Typ::Plain, Typ::PlainOr("dpop+jwt"), Typ::Is("at+jwt")] {
        let verified = KEYS.verify::<Value>(&jwt, typ, &Algorithm::ALL);
        assert!(verified.is_err(), "nobody but its owner signs by a key");
    }
}
