//! What strangers send to the token endpoints instead of a form: each gets the error of the
//! spec, soon, and nothing about our insides.

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use tegata::telemetry::Stopwatch;

use crate::support::{Answer, CALENDAR, CHAT, HOME, World, request, secret_of};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Nothing of what stands here takes this long, not even on a busy machine in debug.
const SOON: std::time::Duration = std::time::Duration::from_secs(3);

/// Sends `request`, and checks what holds of every answer to a stranger.
pub(crate) async fn sent(world: &World, request: Request<Body>) -> Answer {
    let stopwatch = Stopwatch::start();
    let answer = world.send(request).await;
    assert!(stopwatch.elapsed() < SOON, "it took {:?}", stopwatch.elapsed());
    assert!(answer.status.as_u16() < 500, "{} {}", answer.status, answer.text);
    for inside in ["panicked", "src/", ".rs:", "backtrace", "sqlx", "DbErr", "serde", "line 1"] {
        assert!(!answer.text.contains(inside), "{inside} in {}", answer.text);
    }
    answer
}

/// A token request to `at`, with these headers and this body, and what is said to it.
async fn said_to(world: &World, at: &str, headers: &[(&str, &[u8])], body: Vec<u8>) -> String {
    let mut request = request("POST", &format!("{at}/oauth2/token"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = sent(world, request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let description = answer.member("error_description");
    let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    assert!(description.chars().all(allowed), "RFC 6749 §5.2: {description}");
    answer.refusal()
}

/// The same at home and at both kinds of service, which must not differ.
async fn said_everywhere(world: &World, headers: &[(&str, &[u8])], body: &[u8]) -> String {
    let said = said_to(world, HOME, headers, body.to_vec()).await;
    for at in [CHAT, CALENDAR] {
        assert_eq!(said_to(world, at, headers, body.to_vec()).await, said, "at {at}");
    }
    said
}

async fn said_to_form(body: &[u8]) -> String {
    said_everywhere(&World::new().await, &[("content-type", FORM.as_bytes())], body).await
}

/// RFC 6749 §3.2: the parameters come "using the application/x-www-form-urlencoded
/// format".
/// Row 73.
#[tokio::test]
async fn another_media_type() {
    let world = World::new().await;
    let json = br#"{"grant_type":"client_credentials"}"#;
    let types: [&[(&str, &[u8])]; 6] = [
        &[],
        &[("content-type", b"application/json")],
        &[("content-type", b"text/plain; charset=utf-8")],
        &[("content-type", b"multipart/form-data; boundary=x")],
        &[("content-type", b"application/x-www-form-urlencodedx")],
        &[("content-type", b"\xff\xfe")],
    ];
    for headers in types {
        let said = said_everywhere(&world, headers, json).await;
        assert_eq!(
            said,
            "400 invalid_request: the Content-Type must be application/x-www-form-urlencoded"
        );
    }
}

/// The media type without regard to case, and with parameters, is still a form.
#[tokio::test]
async fn the_media_type_in_other_letters() {
    let world = World::new().await;
    for content_type in ["Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded;x"]
    {
        let headers = [("content-type", content_type.as_bytes())];
        let said = said_to(&world, HOME, &headers, vec![]).await;
        assert_eq!(said, "400 invalid_request: grant_type is required");
    }
}

/// JSON that is called a form is a form with a strange name in it.
/// Row 73.
#[tokio::test]
async fn json_in_the_place_of_a_form() {
    let said = said_to_form(br#"{"grant_type":"client_credentials"}"#).await;
    assert_snapshot!(said, @"400 invalid_request: grant_type is required");
}

/// GET, and the other methods that a form does not come by.
/// Row 73.
#[tokio::test]
async fn another_method() {
    let world = World::new().await;
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        for at in [HOME, CHAT] {
            let url = format!("{at}/oauth2/token?grant_type=client_credentials");
            let answer = sent(&world, request(method, &url).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.header("allow"), "POST");
            assert_eq!(
                answer.refusal(),
                "405 invalid_request: the token endpoint takes POST, with a form in the body"
            );
        }
    }
}

/// RFC 6749 §3.2: "parameters sent without a value"; those in the query are
/// not sent at all.
/// Row 74.
#[tokio::test]
async fn parameters_in_the_query() {
    let world = World::new().await;
    let secret = secret_of("wiki-agent");
    let url = format!(
        "{HOME}/oauth2/token?grant_type=client_credentials&client_id=wiki-agent&client_secret={secret}"
    );
    let request = request("POST", &url).header("content-type", FORM).body(Body::empty());
    let answer = sent(&world, request.unwrap()).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_request: grant_type is required");
}

/// RFC 6749 §5.2 for all that "is otherwise malformed".
/// Row 148.
#[tokio::test]
async fn a_megabyte() {
    for unit in [&b"a"[..], b"&", b"a=b&", b"%00", b"grant_type=x&", b"\0", b"assertion=a.a."] {
        let said = said_to_form(&unit.repeat((1 << 20) / unit.len())).await;
        assert_eq!(said, "413 invalid_request: the body is larger than 64 KiB");
    }
}

/// No request of anybody has so many, and to look for doubles among them costs time.
#[tokio::test]
async fn thousands_of_parameters() {
    let body: Vec<_> = (0..5_000).map(|index| format!("p{index}=1")).collect();
    let said = said_to_form(body.join("&").as_bytes()).await;
    assert_snapshot!(said, @"400 invalid_request: the request has too many parameters");
}

/// RFC 6749 §3.2: "Request and response parameters MUST NOT be included more than
/// once", those that mean nothing to us included.
/// Row 72.
#[tokio::test]
async fn a_parameter_twice() {
    let long = "x".repeat(5_000);
    for (name, twice) in [
        ("grant_type", "grant_type=client_credentials&grant_type=client_credentials"),
        ("client_id", "grant_type=client_credentials&client_id=a&client_id=b"),
        ("unheard_of", "grant_type=client_credentials&unheard_of=a&unheard_of=b"),
        ("grant_type", "grant_type=client_credentials&grant%5ftype=client_credentials"),
        // Whatever is repeated to them stays within RFC 6749 §5.2, and short.
        ("'?'", "%22%5c%22=1&%22%5c%22=2"),
        ("??", "%E6%97%A5%E6%9C%AC=1&%E6%97%A5%E6%9C%AC=2"),
        (&long[..64], &format!("{long}=1&{long}=2")),
    ] {
        let said = said_to_form(twice.as_bytes()).await;
        assert_eq!(said, format!("400 invalid_request: {name} is given twice"));
    }
}

/// RFC 6749 §3.2: "Parameters sent without a value MUST be treated as if they were omitted".
#[tokio::test]
async fn a_parameter_that_is_empty_the_second_time() {
    let said = said_to_form(b"grant_type=client_credentials&grant_type=&=&&=x").await;
    assert_snapshot!(said, @"401 invalid_client: client authentication is required");
}

/// A text with a NUL is cut short by some databases, and refused by others as a failure.
#[tokio::test]
async fn nul_and_other_control_characters() {
    for body in [
        &b"grant_type=client_credentials&client_id=wiki%00-agent"[..],
        b"grant_type=client_credentials&client_id=wiki\0agent",
        b"grant_type=client_credentials&unheard%00of=1",
        b"grant_type=client_credentials%1b%5B31m",
        b"grant_type=client_credentials&x=%7f",
        b"grant_type=client_credentials&x=%C2%85",
    ] {
        let said = said_to_form(body).await;
        assert_eq!(said, "400 invalid_request: the request has a control character in a parameter");
    }
}

/// RFC 6749 appendix B: UTF-8. What is repaired is another identifier.
#[tokio::test]
async fn what_is_not_utf_8() {
    for value in
        [&b"\xff"[..], b"%ff", b"%C0%AF", b"%ED%A0%80", b"\xf0\x28\x8c\xbc", b"%F4%90%80%80"]
    {
        let body = [b"grant_type=client_credentials&client_id=", value].concat();
        assert_eq!(
            said_to_form(&body).await,
            "400 invalid_request: the request is not in the form of application/x-www-form-urlencoded text in UTF-8"
        );
    }
}

/// RFC 6749 §5.2: whoever "attempted to authenticate via the Authorization request header
/// field" is told by 401 which scheme to use.
#[tokio::test]
async fn an_authorization_header_that_is_none() {
    let world = World::new().await;
    let basic = |pair: &[u8]| format!("Basic {}", BASE64_STANDARD.encode(pair)).into_bytes();
    for header in [
        b"Basic".to_vec(),
        b"Basic !!!".to_vec(),
        b"\xff\xfe".to_vec(),
        b"Bearer abc".to_vec(),
        b"Negotiate YII=".to_vec(),
        basic(b"no colon"),
        basic(b":secret"),
        basic(b"wiki-agent\xff:secret"),
        basic(b"wiki%ff:secret"),
        basic(b"wiki%00:secret"),
        basic(&[b"x".repeat(5_000), b":secret".to_vec()].concat()),
    ] {
        let headers = [("content-type", FORM.as_bytes()), ("authorization", &header)];
        let said = said_everywhere(&world, &headers, b"grant_type=client_credentials").await;
        assert_eq!(
            said,
            "401 invalid_client: the Authorization header is not Basic with client id and secret"
        );
    }
}

/// OWASP's oldest: an identifier is a value, wherever it is put.
#[tokio::test]
async fn sql_and_paths_for_a_client() {
    let world = World::new().await;
    for id in ["' OR '1'='1", "wiki-agent'--", "../../etc/passwd", "%s%n", "${jndi:ldap://x}", "😀"]
    {
        let pair = format!("{}:{}", id.replace('%', "%25"), secret_of("wiki-agent"));
        let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
        let headers = [("content-type", FORM.as_bytes()), ("authorization", basic.as_bytes())];
        let said = said_everywhere(&world, &headers, b"grant_type=client_credentials").await;
        assert_eq!(said, "401 invalid_client: client authentication failed");
    }
}
