//! Claims that somebody signed rightly, and that are wrong all the same: a trusted issuer may
//! be buggy, or taken over.

use serde_json::{Value, json};

use crate::hostile_doors::{
    Assertion, Bearer, ClientAssertion, DOORS, Door, Exchange, Hint, Scene, SubjectToken, Workload,
};
use crate::support::{CHAT, HOME, NOW, with};

/// Those where it matters when the token is shown: a hint may be old (OIDC Core §3.1.2.1).
const TIMED: [Door; 6] = [Assertion, Workload, SubjectToken, ClientAssertion, Bearer, Exchange];

/// RFC 7519 §2: a NumericDate is a number.
/// Rows 120–122.
#[tokio::test]
async fn times_of_a_forger() {
    let scene = Scene::new().await;
    let now = NOW.unix_timestamp();
    for door in TIMED {
        let mut broken = scene.changed(
            door,
            &[
                json!({ "exp": (now + 60).to_string() }),
                json!({ "exp": 1e308 }),
                json!({ "exp": -1 }),
                json!({ "exp": 0 }),
                json!({ "exp": null }),
                json!({ "exp": true }),
                json!({ "exp": [now + 60] }),
                json!({ "exp": { "$gt": 0 } }),
                json!({ "exp": u64::MAX }),
                json!({ "exp": i64::MIN }),
                json!({ "exp": now - 31 }),
                json!({ "iat": (now).to_string() }),
                json!({ "iat": 1e308 }),
                json!({ "iat": now + 31, "exp": now + 60 }),
                json!({ "iat": now + 1_000_000_000, "exp": now + 1_000_000_060 }),
                json!({ "iat": u64::MAX }),
                json!({ "iat": i64::MAX }),
                json!({ "iat": i64::MAX, "exp": i64::MAX }),
            ],
        );
        // `null` leaves a member out above; here it stands there.
        let (forge, header) = (scene.forge(door), scene.header(door));
        for member in ["exp", "jti"] {
            let mut claims = scene.claims(door);
            claims[member] = Value::Null;
            broken.push((format!("{member} null"), forge.sign(&header, &claims)));
        }
        scene.refuses(door, broken).await;
    }
}

/// How long it lives is refused before it is lived, and no sum goes over the edge.
/// Rows 123, 124.
#[tokio::test]
async fn lifetimes_of_a_forger() {
    let scene = Scene::new().await;
    let now = NOW.unix_timestamp();
    for door in [Assertion, Workload, ClientAssertion] {
        let broken = scene.changed(
            door,
            &[
                json!({ "exp": now + 86_400 }),
                json!({ "exp": i64::MAX }),
                json!({ "exp": i64::MAX, "iat": i64::MIN }),
                json!({ "iat": i64::MIN }),
                json!({ "nbf": now + 31 }),
                json!({ "nbf": i64::MAX }),
                json!({ "nbf": "now" }),
                json!({ "nbf": 1e308 }),
            ],
        );
        // Without `iat` a client assertion is as old as it is shown.
        let lasting = |change: &str| door == ClientAssertion && change.contains("\"iat\":-");
        let broken =
            broken.into_iter().filter(|(change, _)| !lasting(change) || change.contains("exp"));
        scene.refuses(door, broken).await;
    }
}

/// What a `jti` may be: it is kept, so it must be short.
/// Row 125.
#[tokio::test]
async fn names_of_a_forger() {
    let scene = Scene::new().await;
    for door in DOORS {
        let long = "j".repeat(5_000);
        let mut changes = vec![];
        for name in ["jti", "sub"] {
            for value in
                [json!(""), json!(long), json!("a\0b"), json!("a\nb"), json!(7), json!(["a"])]
            {
                changes.push(json!({ name: value }));
            }
            changes.push(json!({ name: null }));
        }
        scene.refuses(door, scene.changed(door, &changes)).await;
    }
}

/// What `aud` can be made to be.
/// Rows 109, 110.
#[tokio::test]
async fn audiences_of_a_forger() {
    let scene = Scene::new().await;
    // A hint may be of another client: OIDC Core §3.1.2.1 says nothing of its audience. What is
    // exchanged is for whatever chat governs of it, and `invalid_target` if that is nothing.
    for door in DOORS.into_iter().filter(|it| ![Hint, Exchange].contains(it)) {
        let right = scene.claims(door)["aud"].clone();
        let many: Vec<_> =
            (0..300).map(|index| json!(format!("https://a{index}.example"))).collect();
        let ours_last = [many.clone(), vec![right.clone()]].concat();
        let mut changes = vec![
            json!({ "aud": null }),
            json!({ "aud": "" }),
            json!({ "aud": [] }),
            json!({ "aud": [[right]] }),
            json!({ "aud": { "0": right } }),
            json!({ "aud": 1 }),
            json!({ "aud": many }),
            json!({ "aud": format!("{}/", right.as_str().unwrap()) }),
            json!({ "aud": right.as_str().unwrap().to_uppercase() }),
            json!({ "aud": format!("{} ", right.as_str().unwrap()) }),
        ];
        // RFC 9068 §4 lets an access token have other audiences besides.
        if door != Bearer {
            changes.push(json!({ "aud": ours_last }));
            changes.push(json!({ "aud": [right, right] }));
        }
        scene.refuses(door, scene.changed(door, &changes)).await;
    }
}

/// RFC 8414 §3.3: issuers are compared as they are written.
/// Row 113.
#[tokio::test]
async fn issuers_of_a_forger() {
    let scene = Scene::new().await;
    for door in DOORS {
        let changes = [
            json!({ "iss": null }),
            json!({ "iss": "" }),
            json!({ "iss": 1 }),
            json!({ "iss": [HOME] }),
            json!({ "iss": format!("{HOME}/") }),
            json!({ "iss": "https://HOME.example" }),
            json!({ "iss": "https://home.example:443" }),
            json!({ "iss": "https://user@home.example" }),
            json!({ "iss": "http://169.254.169.254/latest" }),
            json!({ "iss": if door == Exchange { HOME } else { CHAT } }),
            json!({ "iss": "https://home.example\u{0}" }),
            json!({ "iss": "i".repeat(9_000) }),
        ];
        scene.refuses(door, scene.changed(door, &changes)).await;
    }
}

/// RFC 7519 §4: "The Claim Names within a JWT Claims Set MUST be unique"; whichever
/// of the two would be right, it is refused.
/// Row 148.
#[tokio::test]
async fn a_claim_twice() {
    let scene = Scene::new().await;
    for door in DOORS {
        let (forge, header) = (scene.forge(door), scene.header(door).to_string());
        let claims = with(&scene.claims(door), &json!({ "jti": "twice" }));
        let text = claims.to_string();
        let (open, close) = (text.strip_prefix('{').unwrap(), text.strip_suffix('}').unwrap());
        let mut broken = vec![];
        for name in ["iss", "aud", "exp", "sub", "jti", "j\\u0074i", "unheard_of"] {
            let known = name.replace("\\u0074", "t");
            let other = claims.get(known).map_or("1,\"unheard_of\":1".to_owned(), Value::to_string);
            for twice in
                [format!("{{\"{name}\":{other},{open}"), format!("{close},\"{name}\":{other}}}")]
            {
                broken.push((twice.clone(), forge.sign_text(&header, &twice)));
            }
        }
        scene.refuses(door, broken).await;
    }
}

/// What costs a parser its stack, or is no object at all.
/// Row 148.
#[tokio::test]
async fn claims_that_are_none() {
    let scene = Scene::new().await;
    for door in DOORS {
        let (forge, header) = (scene.forge(door), scene.header(door).to_string());
        let claims = scene.claims(door).to_string();
        let rest = claims.strip_prefix('{').unwrap();
        let nested = |times: usize| {
            let (open, close) = ("{\"a\":".repeat(times), "}".repeat(times));
            format!("{{\"deep\":{open}1{close},{rest}")
        };
        let mut broken = vec![];
        // The members in the order of the struct, which a reader of structs would take.
        let values: Vec<_> = scene.claims(door).as_object().unwrap().values().cloned().collect();
        for claims in [
            Value::Array(values).to_string(),
            nested(100),
            nested(1_500),
            format!("{{\"deep\":{}{},{rest}", "[".repeat(100), "]".repeat(100)),
            format!("{{\"deep\":{}1,{rest}", "[".repeat(9_000)),
            format!("{{\"x\":1e400,{rest}"),
            // What our reader would read as JSON once more, and any other as an object.
            format!("{{\"x\":{{\"$serde_json::private::RawValue\":\"[1]\"}},{rest}"),
            format!("{{\"x\":{{\"\\u0024serde_json::private::RawValue\":\"[1]\"}},{rest}"),
            format!("{{\"x\":{{\"$serde_json::private::Number\":\"1\"}},{rest}"),
            format!("{{\"x\":\"\\ud800\",{rest}"),
            format!("{{\"x\":0{},{rest}", "0".repeat(5_000)),
            format!("{claims}{claims}"),
            format!("\u{feff}{claims}"),
            format!("{claims},"),
            format!("[{claims}]"),
            claims[..claims.len() - 1].to_owned(),
            "null".to_owned(),
            "\"x\"".to_owned(),
            "{}".to_owned(),
            "NaN".to_owned(),
            String::new(),
        ] {
            let shown = claims.chars().take(40).collect();
            broken.push((shown, forge.sign_text(&header, &claims)));
        }
        scene.refuses(door, broken).await;
    }
}

/// RFC 7519 §4: "all claims that are not understood [...] MUST be ignored".
/// Row 94.
#[tokio::test]
async fn a_claim_that_is_not_understood() {
    let scene = Scene::new().await;
    for door in DOORS {
        let change =
            json!({ "jti": "other", "https://x.example/y": { "z": [1, [2, "三"], null] } });
        let claims = with(&scene.claims(door), &change);
        let jwt = scene.forge(door).sign(&scene.header(door), &claims);
        assert_eq!(scene.show(door, &jwt).await, Scene::welcome(door), "{door:?}");
    }
}
