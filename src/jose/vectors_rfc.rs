//! The examples that RFCs print, through our own code. See `tests/vectors/SOURCE`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::thumbprint::Thumbprint;
use super::{Algorithm, BadJwt, KeySet, Typ, UnverifiedJwt, verify_self_signed};

/// What else is in the file has its test beside its code: `pkce_s256` in `oauth::pkce`, `ath` in
/// `tokens::dpop`. A further member is an error, so that nothing lies there untested.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Examples {
    jws: Vec<SignedExample>,
    thumbprint: Vec<NamedExample>,
    #[serde(rename = "pkce_s256")]
    _pkce_s256: Value,
    #[serde(rename = "ath")]
    _ath: Value,
}

#[derive(Deserialize)]
struct SignedExample {
    #[serde(rename = "ref")]
    place: String,
    alg: String,
    jwk: Value,
    jws: String,
}

#[derive(Deserialize)]
struct NamedExample {
    jwk: Map<String, Value>,
    sha256: String,
}

fn examples() -> Examples {
    serde_json::from_str(include_str!("../../tests/vectors/rfc.json")).unwrap()
}

/// The claims, where the payload is such, by the key of the example and its algorithm alone.
fn verify(example: &SignedExample, jws: &str) -> Result<Value, BadJwt> {
    let accepted: Vec<_> = Algorithm::parse(&example.alg).into_iter().collect();
    let keys = KeySet::parse(json!({ "keys": [example.jwk] }).to_string().as_bytes())?;
    keys.verify(&UnverifiedJwt::read_jws(jws)?, Typ::PlainOr("dpop+jwt"), &accepted)
}

#[test]
fn signatures() {
    let examples = examples().jws;
    let answers: Vec<_> = examples.iter().map(|it| (&*it.place, verify(it, &it.jws))).collect();
    let claims = json!({
        "iss": "joe",
        "exp": 1_300_819_380,
        "http://example.com/is_root": true,
    });
    let proof = json!({
        "jti": "-BwC3ESc6acc2lTc",
        "htm": "POST",
        "htu": "https://server.example.com/token",
        "iat": 1_562_262_616,
    });
    let expected = [
        // An HMAC, which we do not have.
        ("RFC 7515 A.1", Err(BadJwt::Algorithm)),
        ("RFC 7515 A.3", Ok(claims)),
        // The signature is good, and was made of "Example of Ed25519 signing".
        ("RFC 8037 A.4", Err(BadJwt::Claims)),
        ("RFC 9449 Figure 2 (DPoP proof)", Ok(proof)),
    ];
    assert_eq!(answers, expected);
}

/// A bit of the signature, and a bit of what is signed.
#[test]
fn signatures_that_were_changed() {
    for example in examples().jws.iter().skip(1) {
        let (message, signature) = example.jws.rsplit_once('.').unwrap();
        let (header, payload) = message.split_once('.').unwrap();
        let changed = |text: &str| match text.strip_prefix('A') {
            Some(rest) => format!("B{rest}"),
            None => format!("A{}", &text[1..]),
        };
        for jws in [
            format!("{message}.{}", changed(signature)),
            format!("{header}.{}.{signature}", changed(payload)),
        ] {
            assert_eq!(verify(example, &jws), Err(BadJwt::Signature), "{}", example.place);
        }
    }
}

/// RFC 7515 A.3 again, by the door that all JWTs come through.
#[test]
fn a_jwt_with_its_issuer() {
    let example = &examples().jws[1];
    let jwt = UnverifiedJwt::read(&example.jws).unwrap();
    assert_eq!(jwt.issuer(), "joe");
    let keys = KeySet::parse(json!({ "keys": [example.jwk] }).to_string().as_bytes()).unwrap();
    let claims: Value = keys.verify(&jwt, Typ::Plain, &[Algorithm::ES256]).unwrap();
    assert_eq!(claims["iss"], "joe");
}

/// RFC 9449 Figure 2, whose key is the one of §6.1.
#[test]
fn a_proof_that_brings_its_key() {
    let Examples { jws, thumbprint, .. } = examples();
    let (proof, expected) = (&jws[3], &thumbprint[2]);
    let (claims, key) =
        verify_self_signed::<Value>(&proof.jws, "dpop+jwt", &[Algorithm::ES256]).unwrap();
    assert_eq!(claims["htu"], "https://server.example.com/token");
    assert_eq!(key.as_str(), expected.sha256);
}

#[test]
fn thumbprints() {
    let examples = examples().thumbprint;
    assert_eq!(examples.len(), 3);
    for NamedExample { jwk, sha256 } in &examples {
        assert_eq!(Thumbprint::of(jwk).unwrap().as_str(), sha256);
    }
}
