//! The person of the clients in Rust, played by the same scripts as for the clients from npm.

use openidconnect::url::Url;

use crate::with;

/// Signs in and allows; returns where the browser was sent in the end.
pub(crate) fn signs_in_and_allows(authorization_url: &Url, issuer: &str) -> Url {
    let printed = printed("person.mjs", &[authorization_url.as_str()], issuer);
    Url::parse(&printed).expect("the address that person.mjs printed")
}

/// Signs in to a client of home; returns the ID token.
pub(crate) fn signs_in(client_id: &str, client_secret: &str, issuer: &str) -> String {
    printed("mcp.mjs", &[client_id, client_secret], issuer)
}

fn printed(script: &str, arguments: &[&str], issuer: &str) -> String {
    let output = with("node", script, issuer).args(arguments).output();
    let output = output.expect("node, see scripts/test");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
