//! What of a value may be seen: of secrets and tokens only how they begin.

use url::Url;

/// As many letters of a secret are shown, and never more than a third of it.
const LETTERS: usize = 12;

/// Parameters and members whose value opens something.
const SECRET: &[&str] = &[
    "access_token",
    "refresh_token",
    "id_token",
    "subject_token",
    "actor_token",
    "assertion",
    "client_assertion",
    "code",
    "code_verifier",
    "client_secret",
    "csrf",
    "password",
];

/// The value of `name` as it may be shown.
pub(super) fn shortened(name: &str, value: &str) -> String {
    match name {
        // People choose them: a few letters may be half of it.
        "password" => "…".to_owned(),
        _ if SECRET.contains(&name) => beginning(value),
        _ => value.to_owned(),
    }
}

/// How a secret begins.
pub(super) fn beginning(secret: &str) -> String {
    let letters = LETTERS.min(secret.chars().count() / 3);
    secret.chars().take(letters).chain(['…']).collect()
}

/// The value of an `Authorization` header: its scheme, and how the rest begins.
pub(super) fn credentials(value: &str) -> String {
    let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
    format!("{scheme} {}", beginning(rest))
}

/// The address without its query.
pub(super) fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// The address, with the values of secret parameters shortened.
pub(super) fn url(text: &str) -> String {
    let Some((path, query)) = text.split_once('?') else {
        return text.to_owned();
    };
    // A relative address has a query, too.
    let Ok(absolute) = Url::parse("http://relative.invalid/").and_then(|it| it.join(text)) else {
        return path.to_owned();
    };
    if !query.contains('=') {
        return text.to_owned();
    }
    let pairs = absolute.query_pairs();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", shortened(&name, &value)));
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_only_begin() {
        assert_eq!(shortened("code", "abcdefghijklmnopqrstuvwxyzabcdefghijklmn"), "abcdefghijkl…");
        assert_eq!(shortened("password", "alice-password"), "…");
        assert_eq!(shortened("scope", "openid"), "openid");
        assert_eq!(credentials("Basic YWJjZGVmZ2hpamtsbW5vcA=="), "Basic YWJjZGVm…");
        assert_eq!(url("/cb?code=abcdefghi&state=1"), "/cb?code=abc…&state=1");
    }
}
