//! The person of `relying_party`, played by the same script as for the clients from npm.

use openidconnect::url::Url;

use crate::started::Started;
use crate::with;

/// Signs in and allows; returns where the browser was sent in the end.
pub(crate) fn signs_in_and_allows(authorization_url: &Url, tegata: &Started) -> Url {
    let output = with("node", "person.mjs", tegata).arg(authorization_url.as_str()).output();
    let output = output.expect("node, see scripts/test");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "person: {}", String::from_utf8_lossy(&output.stderr));
    Url::parse(printed.trim()).expect("the address that person.mjs printed")
}
