//! Whole requests to a whole server: every endpoint, with headers, queries and bodies of
//! strangers, and now and then with a token that is right.

#![no_main]

mod asked;
mod stage;
#[path = "../../../tests/it/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod support;

use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value;
use tegata_fuzz::fuzz_target;
use tokio::runtime::Runtime;

use asked::Asked;
use stage::Stage;
use support::Answer;

/// What is recorded of so many requests fits in memory; then all begins anew.
const ENOUGH: usize = 4000;

/// Nothing that a stranger wrote may come back as a tag.
const CANARY: &str = "\"'><i id=canary>";

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
static STAGE: Mutex<Option<Stage>> = Mutex::new(None);

fuzz_target!(|asked: Asked| {
    let mut stage = STAGE.lock().unwrap();
    RUNTIME.block_on(async {
        if stage.as_ref().is_none_or(|it| it.asked >= ENOUGH) {
            if let Some(old) = stage.take() {
                Arc::into_inner(old.world.ended().await).expect("nobody else has it");
            }
            *stage = Some(stage::set().await);
        }
        let stage = stage.as_mut().unwrap();
        stage.asked += 1;
        let Some((request, text)) = asked.request(&stage.words) else { return };
        let (path, bare) = (request.uri().path().to_owned(), request.method() == "HEAD");
        let answer = stage.world.send(request).await;
        right(&answer, (&path, bare), &text);
    });
});

/// What holds for every answer, of which a bare one has no body.
fn right(answer: &Answer, (path, bare): (&str, bool), asked: &str) {
    let status = answer.status.as_u16();
    assert!(status < 500, "{status} {}", answer.text);
    for (name, value) in &answer.headers {
        assert!(value.to_str().is_ok(), "{name} is no text");
    }
    assert!(!answer.text.contains("<i id=canary"), "a page shows what it was sent as a tag");
    if !bare && answer.header("content-type").starts_with("application/json") {
        json_is_right(answer, path, asked);
    }
    if let Some(location) = answer.headers.get("location") {
        leads_to_somebody_known(location.to_str().unwrap());
    }
}

fn json_is_right(answer: &Answer, path: &str, asked: &str) {
    let json = answer.json();
    let Some(error) = json.get("error") else {
        let issued = ["access_token", "client_secret"].iter().any(|it| json.get(*it).is_some());
        if issued {
            assert_eq!(answer.header("cache-control"), "no-store");
        }
        // None of the known codes is unused, so a token takes a secret.
        if issued && path.ends_with("/oauth2/token") {
            assert!(asked.contains("-secret-") || asked.contains("Basic "), "{asked}");
        }
        return;
    };
    assert!(error.as_str().is_some_and(|it| !it.is_empty()));
    assert!(answer.status.is_client_error());
    let said = json.get("error_description").and_then(Value::as_str).unwrap_or_default();
    assert!(said.chars().all(|c| matches!(c, ' '..='!' | '#'..='[' | ']'..='~')), "{said}");
}

/// RFC 9700 §4.11: nobody is an open redirector.
fn leads_to_somebody_known(location: &str) {
    let known = [
        "https://home.example/",
        "https://auth.calendar.example/",
        "https://todo.example/callback",
        "https://agent.example/back",
        "com.example.todo:/callback",
        "http://127.0.0.1:",
        "http://127.0.0.1/callback",
        "https://home.example?",
    ];
    let ours = location.starts_with('/') && !location.starts_with("//") && !location.contains('\\');
    let theirs = known.iter().any(|it| location.starts_with(it));
    assert!(ours || theirs, "{location}");
    if let Some(port) = location.strip_prefix("http://127.0.0.1:") {
        let rest = port.trim_start_matches(|c: char| c.is_ascii_digit());
        assert!(rest.starts_with("/callback") || rest.starts_with("/signed-out"), "{location}");
    }
}
