//! DPoP proofs (RFC 9449 §4), truly signed: header and claims of strangers who have a key.

#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tegata::tokens::{DpopProof, Proven};
use tegata_fuzz::{Key, NOW, changed, fuzz_target, halves};
use url::Url;

const URL: &str = "https://home.example/oauth2/userinfo";
const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

/// RFC 8037 appendix A.3.
const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

static KEY: LazyLock<Key> = LazyLock::new(Key::ours);
static HASH: LazyLock<String> =
    LazyLock::new(|| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(TOKEN)));

// The first line changes the header, the others the claims.
fuzz_target!(|data: &[u8]| {
    let (header, claims) = halves(data);
    let header = changed(&json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": KEY.jwk() }), header);
    let now = NOW.unix_timestamp();
    let right = json!({ "jti": "1", "htm": "GET", "htu": URL, "iat": now, "ath": &*HASH });
    let claims = changed(&right, claims);
    let jwt = KEY.sign(&header, &claims);

    let proven = Proven { method: "GET", url: URL, access_token: Some(TOKEN) };
    let without = Proven { access_token: None, ..proven };
    let Ok(proof) = DpopProof::verify(&jwt, proven, NOW) else {
        if let Ok(bare) = DpopProof::verify(&jwt, without, NOW) {
            assert_eq!(bare.key().as_str(), THUMBPRINT);
        }
        return;
    };
    assert!(DpopProof::verify(&jwt, without, NOW).is_err(), "it is for the token alone");
    assert!(DpopProof::verify(&jwt, Proven { method: "POST", ..proven }, NOW).is_err());
    assert_eq!(proof.key().as_str(), THUMBPRINT, "one key has one name");
    assert!(proof.realm().ends_with(THUMBPRINT));

    let [header, claims] = [header, claims].map(|it| serde_json::from_slice::<Value>(&it).unwrap());
    assert_eq!((&header["alg"], header.get("crit")), (&json!("EdDSA"), None));
    let jwk = header["jwk"].as_object().unwrap();
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(!jwk.contains_key(private), "whoever sends a private key has lost it");
    }
    assert_eq!((&claims["htm"], &claims["ath"]), (&json!("GET"), &json!(&*HASH)));
    let mut htu = Url::parse(claims["htu"].as_str().unwrap()).unwrap();
    htu.set_query(None);
    htu.set_fragment(None);
    assert_eq!(htu.as_str(), URL);
    let iat = claims["iat"].as_i64().unwrap();
    assert!((now - 90..=now + 30).contains(&iat));
    let forgotten = proof.acceptable_until().unix_timestamp();
    assert!(
        (iat + 60..=now + 130).contains(&forgotten),
        "its jti is kept for as long as it is good"
    );
    assert_eq!(proof.nonce(), claims["nonce"].as_str());
});
