//! Stock clients of others against the started binary. What they send is theirs, not ours.
//!
//! `scripts/test` installs those of npm and of the Python Package Index; lock files here pin them.

mod cimd;
mod conformance;
mod demo;
mod demo_door;
mod person;
mod relying_party;
mod rmcp_client;
#[path = "../support/started.rs"]
mod started;

use std::path::Path;
use std::process::Command;

use started::{PASSWORD, Started, USERNAME};

/// Of the environment that `scripts/test` makes for `requirements.txt`.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/python/bin/python");

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// openid-client 6: sign-in by code and PKCE, userinfo, refresh, sign-out.
#[tokio::test]
async fn openid_client_of_npm() {
    run_against("openid_client.mjs", &Started::new().await);
}

/// The cross-app access functions of the MCP TypeScript SDK: the whole way of an ID-JAG.
/// Rows 34, 88.
#[tokio::test]
async fn mcp_typescript_sdk() {
    run_against("mcp_cross_app_access.mjs", &Started::new().await);
}

/// The provider of the same SDK, which also names the resource when it redeems.
#[tokio::test]
async fn mcp_typescript_sdk_as_provider() {
    run_against("mcp_provider.mjs", &Started::new().await);
}

/// Authlib, for both legs by ID token and by refresh token, introspection and revocation; and as the
/// server that takes our ID-JAG.
#[tokio::test]
async fn authlib() {
    run_against("authlib_client.py", &Started::new().await);
}

/// The provider of the MCP Python SDK, by both ways to authenticate that it has.
#[tokio::test]
async fn mcp_python_sdk() {
    run_against("mcp_python.py", &Started::new().await);
}

fn run_against(script: &str, tegata: &Started) {
    run(script, tegata.issuer(), &[]);
}

/// Runs a script and fails with what it printed. It ends by itself, see `person.mjs`.
fn run(script: &str, issuer: &str, more: &[(&str, &str)]) {
    let is_python = Path::new(script).extension().is_some_and(|it| it == "py");
    let program = if is_python { PYTHON } else { "node" };
    let mut command = with(program, script, issuer);
    let output = command.envs(more.iter().copied()).output().expect("see scripts/test");
    assert!(
        output.status.success(),
        "{script}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

fn with(program: &str, script: &str, issuer: &str) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(FOLDER)
        .arg(script)
        .env("ISSUER", issuer)
        .env("USERNAME", USERNAME)
        .env("PASSWORD", PASSWORD);
    command
}
