//! The words that travel in parameters and claims: scopes, identifiers, PKCE, registered names.

#![no_main]

use std::collections::BTreeSet;

use tegata::jose::{Algorithm, Thumbprint};
use tegata::model::{Registrations, is_registered, registered_id};
use tegata::oauth::{
    AuthMethod, ClientId, CodeChallenge, CodeVerifier, GrantType, Jti, Scope, Subject, TokenType,
    error_description,
};
use tegata_fuzz::{fuzz_target, halves, is_canonical};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    scope(text);
    identifiers(text);
    pkce(text);
    names(text);
    let said = error_description(text);
    assert_eq!(said.chars().count(), text.chars().count());
    assert!(said.chars().all(|c| matches!(c, ' '..='!' | '#'..='[' | ']'..='~')));
});

/// RFC 6749 §3.3.
fn scope(text: &str) {
    let Ok(scope) = Scope::parse(text) else {
        let fits = |it: &str| !it.is_empty() && it.chars().all(is_scope_character);
        assert!(text.len() > 4096 || !text.split(' ').all(fits), "it is as the RFC says");
        return;
    };
    assert!(text.len() <= 4096 && text.chars().all(|c| c == ' ' || is_scope_character(c)));
    let asked: BTreeSet<_> = text.split(' ').filter(|it| !it.is_empty()).collect();
    assert!(scope.tokens().eq(asked), "each token once, and none besides");
    assert_eq!(Scope::parse(&scope.to_string()).as_ref(), Ok(&scope));

    let some = scope.only(|it| it.len() % 2 == 0);
    let others = scope.without(&some);
    assert!(scope.covers(&some) && scope.covers(&others));
    assert!(some.intersection(&others).is_empty());
    assert_eq!(some.union(&others), scope);
}

fn is_scope_character(c: char) -> bool {
    matches!(c, '!' | '#'..='[' | ']'..='~')
}

fn identifiers(text: &str) {
    let fits = (1..=512).contains(&text.len()) && !text.contains(char::is_control);
    let client = ClientId::parse(text);
    assert_eq!(client.is_ok(), fits);
    assert_eq!((Subject::parse(text).is_ok(), Jti::parse(text).is_ok()), (fits, fits));
    let Ok(client) = client else { return };
    let json = serde_json::to_string(&client).unwrap();
    assert_eq!((client.as_str(), serde_json::from_str(&json).ok()), (text, Some(client.clone())));
    if is_registered(&client) {
        let random = text.strip_prefix("reg_").expect("no other is looked for among them");
        assert_eq!(registered_id(random), Some(client));
    }
}

/// RFC 7636 §4.1, §4.2 and §4.6.
fn pkce(text: &str) {
    let (one, other) = halves(text.as_bytes());
    let verifier = |it: &[u8]| CodeVerifier::parse(std::str::from_utf8(it).ok()?).ok();
    let challenge = CodeChallenge::parse(text);
    if let Ok(challenge) = &challenge {
        assert!(text.len() == 43 && is_canonical(text) && challenge.as_str() == text);
        assert!(!verifier(text.as_bytes()).is_some_and(|it| challenge.is_met_by(&it)));
    }
    assert_eq!(challenge.is_ok(), Thumbprint::parse(text).is_ok(), "both are a SHA-256");
    let Some(met) = verifier(one) else { return };
    assert!((43..=128).contains(&one.len()) && one.is_ascii());
    let challenge = CodeChallenge::parse(&sha256(one)).unwrap();
    assert!(challenge.is_met_by(&met));
    assert!(one == other || !verifier(other).is_some_and(|it| challenge.is_met_by(&it)));
}

/// In base64url.
fn sha256(bytes: &[u8]) -> String {
    use base64::Engine;
    use sha2::Digest;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(bytes))
}

/// Letter by letter, or not at all.
fn names(text: &str) {
    assert!(GrantType::parse(text).is_none_or(|it| it.as_str() == text));
    assert!(TokenType::parse(text).is_none_or(|it| it.as_str() == text));
    assert!(AuthMethod::parse(text).is_none_or(|it| it.as_str() == text));
    assert!(Algorithm::parse(text).is_none_or(|it| it.as_str() == text));
    assert!(
        Registrations::parse(text).is_ok_and(|it| it.as_str() == text)
            || Registrations::parse(text).is_err()
    );
}
