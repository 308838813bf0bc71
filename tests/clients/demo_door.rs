//! What strangers and others could try at the door of the demo's MCP servers.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode};
use tegata::walkthrough::cast;

use crate::demo::Demo;
use crate::person;
use crate::rmcp_client::exchanged;

const WRITES: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call",
    "params":{"name":"add_event","arguments":{"text":"13:00 Nothing"}}}"#;

/// Another reader could take the last name, or the first.
const AMBIGUOUS: [&str; 3] = [
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call",
        "params":{"name":"add_event","name":"list_events","arguments":{"text":"13:00 Nothing"}}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call",
        "params":{"name":"list_events","name":"add_event","arguments":{"text":"13:00 Nothing"}}}"#,
    r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call",
        "params":{"name":"add_event","arguments":{"text":"13:00 Nothing"}}}]"#,
];

#[tokio::test]
async fn who_may_only_read_does_not_write() {
    let demo = Demo::started();
    let token = reader(&demo).await;
    let refused = posted(&demo, &token, WRITES, &[]).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let challenge = refused.headers()[WWW_AUTHENTICATE].to_str().expect("a challenge");
    let right = "Bearer error=\"insufficient_scope\", scope=\"calendar.write\", resource_metadata=";
    assert!(challenge.starts_with(right), "{challenge}");

    let reads = WRITES.replace("add_event", "list_events");
    for message in AMBIGUOUS.into_iter().chain([reads.as_str()]) {
        let told = posted(&demo, &token, message, &[]).await.text().await.expect("an answer");
        assert!(!told.contains("13:00 Nothing"), "{message}: {told}");
    }
}

/// MCP: "Servers MUST validate the Origin header". And no name but its own leads here.
#[tokio::test]
async fn a_page_of_somebody_else() {
    let demo = Demo::started();
    let token = reader(&demo).await;
    let reads = WRITES.replace("add_event", "list_events");
    for header in [("origin", "http://evil.example"), ("host", "evil.example")] {
        let refused = posted(&demo, &token, &reads, &[header]).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{header:?}");
    }
    assert_eq!(posted(&demo, &token, &reads, &[]).await.status(), StatusCode::OK);
    let stranger = posted(&demo, "not.a.token", &reads, &[]).await;
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    let challenge = stranger.headers()[WWW_AUTHENTICATE].to_str().expect("a challenge");
    assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
    assert!(challenge.contains("scope=\"calendar.read\""), "{challenge}");
}

/// RFC 9112 §9.6: many clients send the header by itself. Whoever is refused by that alone still
/// gets to send the rest, and keeps the connection.
#[test]
fn a_message_that_comes_after_its_header() {
    let demo = Demo::started();
    let (address, path) =
        demo.calendar.trim_start_matches("http://").split_once('/').expect("a path");
    let mut connection = TcpStream::connect(address).expect("a connection");
    let header = format!(
        "POST /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        WRITES.len()
    );
    for _ in 0..2 {
        connection.write_all(header.as_bytes()).expect("a header");
        sleep(Duration::from_millis(200));
        connection.write_all(WRITES.as_bytes()).expect("a message");
        let mut answer = BufReader::new(&connection).lines().map(|it| it.expect("a line"));
        assert_eq!(answer.next().as_deref(), Some("HTTP/1.1 401 Unauthorized"));
        assert!(answer.take_while(|it| !it.is_empty()).any(|it| it == "content-length: 0"));
    }
}

/// A token that reads.
async fn reader(demo: &Demo) -> String {
    let id_token = person::signs_in(cast::CLIENT_ID, cast::CLIENT_SECRET, &demo.home);
    let token = exchanged(demo, &id_token, &[cast::CALENDAR_READ]).await;
    token.access_token.secret().clone()
}

async fn posted(demo: &Demo, token: &str, message: &str, more: &[(&str, &str)]) -> Response {
    let http = Client::builder().no_proxy().build().expect("an HTTP client");
    let request = http
        .post(&demo.calendar)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, text/event-stream")
        .body(message.to_owned());
    let request = more.iter().fold(request, |request, &(name, value)| request.header(name, value));
    request.send().await.expect("an answer")
}
