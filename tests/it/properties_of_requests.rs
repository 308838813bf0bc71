//! Laws that hold for whatever strangers send where JWTs, keys, credentials and whole requests
//! are read.

use axum::body::Body;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};
use serde_json::{Value, json};
use tegata::clients::{Headers, Presented};
use tegata::jose::{KeySet, UnverifiedJwt};
use tegata::oauth::Params;

use crate::hostile_input::FORM;
use crate::properties::{config, text};
use crate::support::{CHAT, HOME, World, request};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn jwts_take_any_text(text in text(), parts in vec("[A-Za-z0-9_=+/-]{0,12}", 0..6)) {
        let _ = UnverifiedJwt::read(&text);
        let joined = parts.join(".");
        prop_assert!(UnverifiedJwt::read(&joined).is_err() || parts.len() == 3);
    }

    /// Any JSON in the place of header and claims.
    #[test]
    fn jwts_take_any_json(header in json(), claims in json(), signature in vec(any::<u8>(), 0..100)) {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        let jwt = format!("{}.{}.{signature}", part(&header), part(&claims));
        if let Ok(jwt) = UnverifiedJwt::read(&jwt) {
            prop_assert!(header["alg"].is_string() && header.get("crit").is_none());
            prop_assert_eq!(Some(jwt.issuer()), claims["iss"].as_str());
        }
    }

    /// What a partner, or who took its place, publishes as its keys.
    #[test]
    fn key_sets_take_any_json(keys in vec(jwk(), 0..4), bytes in vec(any::<u8>(), 0..200)) {
        let _ = KeySet::parse(&bytes);
        let set = json!({ "keys": keys }).to_string();
        let _ = KeySet::parse(set.as_bytes());
    }

    #[test]
    fn credentials_take_any_header(text in text(), bytes in vec(any::<u8>(), 0..60)) {
        let params = Params::default();
        let encoded = BASE64_STANDARD.encode(&bytes);
        for header in [text.clone(), format!("Basic {text}"), format!("basic {encoded}")] {
            if let Ok(presented) = Presented::read(by_basic(&header), &params) {
                prop_assert!(presented.client_id().is_some());
            }
        }
    }

    /// RFC 6749 §2.3.1: "encoded using the application/x-www-form-urlencoded encoding".
    #[test]
    fn credentials_round_trip(id in "[!-9;-~]{1,20}", secret in "[!-~]{1,40}") {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let pair = format!("{}:{}", encode(&id), encode(&secret));
        let header = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let presented = Presented::read(by_basic(&header), &Params::default()).unwrap();
        prop_assert_eq!(presented.client_id().unwrap().as_str(), id);
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let name = prop_oneof!["alg|typ|kid|crit|iss|sub|aud|exp", "[a-z]{0,3}"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name, inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A key that is nearly one.
fn jwk() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        "[A-Za-z0-9_-]{0,50}".prop_map(Value::from),
        vec(any::<u8>(), 0..70).prop_map(|bytes| Value::from(BASE64_URL_SAFE_NO_PAD.encode(bytes))),
        Just(json!("AQAB")),
        Just(json!("")),
        json(),
    ];
    let name = "kty|crv|x|y|n|e|d|k|alg|use|kid|key_ops|x5c";
    let known = proptest::sample::select(vec![
        json!({ "kty": "EC", "crv": "P-256" }),
        json!({ "kty": "EC", "crv": "P-521" }),
        json!({ "kty": "OKP", "crv": "Ed25519" }),
        json!({ "kty": "RSA", "e": "AQAB" }),
        json!({ "kty": "RSA", "alg": "PS256" }),
        json!({ "kty": "oct" }),
        json!({}),
    ]);
    (known, vec((name, part), 0..6)).prop_map(|(mut jwk, members)| {
        for (name, value) in members {
            jwk[name] = value;
        }
        jwk
    })
}

/// Runs `each` on every case, in one world.
fn in_one_world<T: std::fmt::Debug>(
    cases: u32,
    strategy: impl Strategy<Value = T>,
    each: &impl AsyncFn(&World, T),
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let config = ProptestConfig { cases, ..config() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let ran = runner.run(&strategy, |case| {
        runtime.block_on(each(&world, case));
        Ok(())
    });
    ran.unwrap_or_else(|failed| panic!("{failed}"));
}

/// RFC 9110 §12.5.4 and OIDC Core §3.1.2.1: languages are a wish, never a failure.
#[test]
fn languages_take_any_bytes() {
    let header = vec(prop_oneof![any::<u8>(), Just(b','), Just(b';'), Just(b'q')], 0..60);
    in_one_world(150, (header, text()), &async |world, (header, locales)| {
        let query = crate::support::form(&[("ui_locales", &locales)]);
        let request = request("GET", &format!("{HOME}/?{query}")).header("accept-language", header);
        // Bytes that no header can have do not even arrive.
        let Ok(request) = request.body(Body::empty()) else { return };
        let answer = world.send(request).await;
        assert_eq!(answer.status, 200);
        assert!(
            ["<html lang=\"en\"", "<html lang=\"ja\""].iter().any(|it| answer.text.contains(it))
        );
    });
}

/// Any bytes at all to the token endpoints: the answer is an error that we know.
#[test]
fn token_requests_take_any_bytes() {
    let forms = vec(
        (prop_oneof!["grant_type|scope|assertion|client_id|resource", "[a-z]{1,3}"], text()),
        0..8,
    );
    let forms = forms.prop_map(|pairs| {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
            .into_bytes()
    });
    let bodies = prop_oneof![forms, vec(any::<u8>(), 0..200)];
    let header = vec(any::<u8>(), 0..40);
    in_one_world(200, (bodies, header), &async |world, (body, header)| {
        for at in [HOME, CHAT] {
            let request = request("POST", &format!("{at}/oauth2/token"))
                .header("content-type", FORM)
                .header("authorization", [b"Basic ", &header[..]].concat());
            let Ok(request) = request.body(Body::from(body.clone())) else { return };
            let answer = world.send(request).await;
            assert!([400, 401].contains(&answer.status.as_u16()), "{}", answer.text);
            assert!(!answer.member("error").is_empty());
        }
    });
}

fn by_basic(header: &str) -> Headers<'_> {
    Headers { authorization: Some(header), ..Headers::default() }
}
