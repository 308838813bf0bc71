//! A thousand assertions that no honest issuer makes, each wrong in one way at least and strange in
//! others: all are refused, nothing fails on our side, and nobody is asked about them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Forge, HOME, ID_JAG_TYP, NOW, World, key_of, message, redeem};

/// The same numbers each time (Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Values that are not what any claim should be.
fn wrong_values() -> Vec<Value> {
    let deep = (0..20).fold(json!("x"), |inner, _| json!({ "a": [inner] }));
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!([]),
        json!({}),
        json!([null]),
        json!(["https://home.example", "https://home.example/services/chat"]),
        json!("x".repeat(5000)),
        json!("\u{0}\r\nSet-Cookie: a=b"),
        json!("\u{202e}https://home.example/services/chat"),
        json!("' OR 1=1 --"),
        json!("https://home.example/services/chat/"),
        deep,
    ]
}

/// The claims without which nothing is an ID-JAG for this client, or whose form is checked.
const NEEDED: [&str; 7] = ["iss", "sub", "aud", "client_id", "exp", "iat", "scope"];

/// What a stranger may add, in the hope that somebody looks at it.
fn decoys(key: &Forge) -> Vec<(&'static str, Value)> {
    vec![
        ("jku", json!("https://evil.example/jwks")),
        ("x5u", json!("https://evil.example/cert")),
        ("jwk", key.public_jwk()),
        ("x5c", json!(["AAAA"])),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
    ]
}

/// One assertion, and what is wrong with it.
fn assertion(numbers: &mut Numbers, true_key: &Forge, right: &Value) -> (&'static str, String) {
    let stranger = Forge::of_a_stranger();
    let (mut header, mut claims) = (true_key.header(ID_JAG_TYP), right.clone());
    for (name, value) in decoys(&stranger) {
        if numbers.below(4) == 0 {
            header[name] = value;
        }
    }
    let (what, jwt) = match numbers.below(9) {
        0 => {
            let algs = ["none", "None", "HS256", "RS256", "ES384", "es256", "", "ES256K", "dir"];
            header["alg"] = json!(*numbers.of(&algs));
            ("alg", true_key.sign(&header, &claims))
        }
        1 => {
            let typs = ["JWT", "at+jwt", "logout+jwt", "dpop+jwt", "oauth-id-jag", ""];
            header["typ"] = json!(*numbers.of(&typs));
            ("typ", true_key.sign(&header, &claims))
        }
        2 => {
            let kids = ["../../etc/passwd", "0", "\u{0}", "' OR '1'='1", "home-rs256"];
            header["kid"] = json!(*numbers.of(&kids));
            ("kid", true_key.sign(&header, &claims))
        }
        3 => {
            header["crit"] =
                numbers.of(&[json!(["exp"]), json!(["b64"]), json!([]), json!("x")]).clone();
            ("crit", true_key.sign(&header, &claims))
        }
        4 => {
            header["kid"] = true_key.header(ID_JAG_TYP)["kid"].clone();
            ("key", stranger.sign(&header, &claims))
        }
        5 | 6 => {
            let (name, values) = (*numbers.of(&NEEDED), wrong_values());
            claims[name] = numbers.of(&values).clone();
            ("claim", true_key.sign(&header, &claims))
        }
        7 => {
            let text = claims.to_string();
            let doubled = format!("{},\"sub\":\"admin\"}}", text.trim_end_matches('}'));
            let broken =
                [doubled, text[1..].to_owned(), format!("{text}{text}"), format!("[{text}]")];
            ("json", true_key.sign_text(&header.to_string(), numbers.of::<String>(&broken)))
        }
        _ => {
            let jwt = true_key.sign(&header, &claims);
            let parts: Vec<_> = jwt.split('.').collect();
            let torn = [
                parts[..2].join("."),
                format!("{jwt}."),
                format!("{jwt}.{}", parts[2]),
                format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
                format!("{} .{}.{}", parts[0], parts[1], parts[2]),
                format!("{}.{}.", parts[0], parts[1]),
                format!("{}.{}.{}", parts[0], parts[1], &parts[2][..parts[2].len() - 3]),
                format!("{}.AAAA", message(&header.to_string(), &claims.to_string())),
                jwt.replace('.', "\u{2024}"),
                "é".repeat(3000),
                ".".repeat(200),
            ];
            ("form", numbers.of(&torn).clone())
        }
    };
    (what, jwt)
}

#[tokio::test]
async fn a_thousand_assertions() {
    let world = World::configured(&[("limits.refusals_per_client", "off")]).await;
    let true_key = Forge::with(&key_of(&world, HOME));
    let mut right = world.id_jag_claims(&world.sub_of("alice").await);
    right["nbf"] = json!(NOW.unix_timestamp());
    let mut numbers = Numbers(2026);
    let mut seen = BTreeMap::new();
    for number in 0..1000 {
        right["jti"] = json!(format!("hostile-{number}"));
        let (what, jwt) = assertion(&mut numbers, &true_key, &right);
        let answer = redeem(&world, &jwt, &[]).await;
        let code = answer.status.as_u16();
        assert!((400..500).contains(&code), "{what}: {code} for {jwt}");
        let error = answer.member("error");
        let codes = ["invalid_grant", "invalid_request", "invalid_scope"];
        assert!(codes.contains(&&*error), "{what}: {}", answer.text);
        *seen.entry(what).or_insert(0) += 1;
    }
    assert_eq!(world.partner.fetches(), 0);
    assert_eq!(seen.len(), 8, "{seen:?}");
    // And one that is right is taken, after all that.
    right["jti"] = json!("honest");
    let honest = true_key.sign(&true_key.header(ID_JAG_TYP), &right);
    assert_eq!(redeem(&world, &honest, &[]).await.status, 200);
}
