//! `tegata conformance` against ourselves, and against a server that says yes to everything.

#![expect(clippy::disallowed_methods, reason = "a server for one test ends with it")]

use axum::routing::{MethodRouter, any};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::started::{PASSWORD, Started, USERNAME};

/// A JWT, of nobody: `{"alg":"ES256","kid":"1"}`, `{"iss":"https://a.example","sub":"alice"}`.
const SOME_JWT: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZSIsInN1YiI6ImFsaWNlIn0.c2lnbmF0dXJl";

/// Home and a service, each with all that its checks need but a second client that may redeem.
#[tokio::test]
async fn we_pass_our_own_checks() {
    let tegata = Started::new().await;
    let service = format!("{}/services/chat", tegata.issuer());
    let (status, report) = conformance(&[
        "--target",
        tegata.issuer(),
        "--target",
        &service,
        "--client-id",
        "wiki-agent",
        "--client-secret",
        "wiki-agent-secret-0123456789-0123456789",
        "--service-client-id",
        "wiki-at-chat",
        "--service-client-secret",
        "wiki-at-chat-secret-0123456789-0123456789",
        "--other-client-id",
        "nightly-report",
        "--other-client-secret",
        "nightly-report-secret-0123456789-0123456789",
        "--username",
        USERNAME,
        "--password",
        PASSWORD,
        "--redirect-uri",
        "http://127.0.0.1:18765/callback",
        "--resource",
        "http://127.0.0.1:18770/mcp",
        "--scope",
        "chat.read",
    ])
    .await;
    assert_eq!(told(&report, "failed"), Vec::<String>::new());
    assert_eq!(status, Some(0));
    let skipped = told(&report, "skipped");
    assert!(skipped.len() <= 3, "{skipped:#?}");
    assert!(report["passed"].as_u64() >= Some(110), "{}", report["passed"]);
    assert_eq!(report["targets"][0]["roles"], json!(["idp"]));
    assert_eq!(report["targets"][1]["roles"], json!(["ras"]));
}

/// What it is not told of, it does not find wrong.
#[tokio::test]
async fn without_credentials_only_the_metadata_are_checked() {
    let tegata = Started::new().await;
    let (status, report) = conformance(&["--target", tegata.issuer()]).await;
    assert_eq!((status, told(&report, "failed")), (Some(0), vec![]));
    let skipped = told(&report, "skipped");
    assert!(skipped.iter().any(|it| it.starts_with("id-jag-4.3-right-request: ")), "{skipped:#?}");
}

/// Each request is answered with 200 and nonsense, broken ones as well.
#[tokio::test]
async fn a_server_that_says_yes_to_everything() {
    let issuer = nonsense().await;
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    std::fs::write(&token, SOME_JWT).expect("a token");
    let token = token.to_str().expect("a path in UTF-8");
    let (status, report) = conformance(&[
        "--target",
        &issuer,
        "--service",
        "https://service.example",
        "--client-id",
        "a",
        "--client-secret",
        "b",
        "--service-client-id",
        "c",
        "--service-client-secret",
        "d",
        "--subject-token",
        token,
        "--id-jag",
        token,
    ])
    .await;
    assert_eq!(status, Some(1));
    let failed = told(&report, "failed");
    assert!(failed.len() >= 30, "{failed:#?}");
    for id in [
        "rfc6749-3.2-get",
        "id-jag-4.3.4-token-type",
        "id-jag-4.3-audience-missing",
        "id-jag-4.3.3-subject-token-signature",
        "id-jag-4.3-wrong-secret-basic",
        "id-jag-4.4.2-access-token",
        "id-jag-4.4.3-replay",
        "rfc8725-3.2-alg-none",
        "rfc7523-3-untrusted-issuer",
    ] {
        assert!(failed.iter().any(|it| it.starts_with(&format!("{id}: "))), "{id}: {failed:#?}");
    }
}

#[tokio::test]
async fn what_is_no_target() {
    let output = tegata(&["--target", "nonsense"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

/// The exit status, and the report.
async fn conformance(args: &[&str]) -> (Option<i32>, Value) {
    let output = tegata(args).await;
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.status.code(), report)
}

async fn tegata(args: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.args(["conformance", "--json"]).args(args).output().await.expect("tegata conformance")
}

/// The checks that came to this, and what was seen.
fn told(report: &Value, outcome: &str) -> Vec<String> {
    let targets = report["targets"].as_array().expect("targets");
    let checks = targets.iter().flat_map(|it| it["checks"].as_array().expect("checks"));
    let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    checks
        .filter(|it| it["outcome"] == outcome)
        .map(|it| format!("{}: {}", text(it, "id"), text(it, "got")))
        .collect()
}

/// Says that it is both sides, and lives as long as the test.
async fn nonsense() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let issuer = format!("http://{}", listener.local_addr().expect("its address"));
    let metadata = json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": [],
        "grant_types_supported": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "identity_chaining_requested_token_types_supported":
            ["urn:ietf:params:oauth:token-type:id-jag"],
    });
    let router = Router::new()
        .route("/.well-known/oauth-authorization-server", always(metadata.clone()))
        .route("/.well-known/openid-configuration", always(metadata))
        .route("/jwks", always(json!({ "keys": [] })))
        .route("/token", always(json!({ "hello": "world" })));
    tokio::spawn(async { axum::serve(listener, router).await });
    issuer
}

fn always(answer: Value) -> MethodRouter {
    any(move || async move { Json(answer) })
}
