//! The classic traps: two addresses that were meant to be one, and what differs.

use url::Url;

/// What to change where an `aud` is nearly right.
pub(super) fn of_audience(reason: &str) -> Option<&'static str> {
    let (_, rest) = reason.rsplit_once("its aud is ")?;
    let (found, expected) = rest.strip_suffix(" was expected")?.rsplit_once(" where ")?;
    let bare = |it: &str| it.trim_end_matches('/').to_owned();
    if bare(found) == bare(expected) {
        return Some(
            "only a slash at the end differs: send the issuer letter by letter as it stands in \
             the metadata",
        );
    }
    if found.eq_ignore_ascii_case(expected) {
        return Some("only capital letters differ: send the issuer as it stands in the metadata");
    }
    if found.strip_prefix(&bare(expected)).is_some_and(|it| it.starts_with("/oauth2/")) {
        return Some(
            "that is an endpoint of the right issuer: send the issuer itself, as it stands in \
             the metadata",
        );
    }
    let (found, expected) = (Url::parse(found).ok()?, Url::parse(expected).ok()?);
    let same = found.host() == expected.host() && bare(found.path()) == bare(expected.path());
    match same {
        true if found.scheme() != expected.scheme() => Some(
            "only http and https differ: see that public_url, and the proxy in front, have the \
             scheme that clients use",
        ),
        true if found.port() != expected.port() => Some(
            "only the port differs: send the issuer as it stands in the metadata, which names the \
             default port never",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example/services/chat";

    fn help(found: &str) -> Option<&'static str> {
        of_audience(&format!(
            "the assertion is not acceptable: its aud is {found} where {ISSUER} was expected"
        ))
    }

    #[test]
    fn what_differs() {
        for (found, word) in [
            ("https://id.example/services/chat/", "slash"),
            ("https://ID.example/services/chat", "capital"),
            ("https://id.example/services/chat/oauth2/token", "endpoint"),
            ("http://id.example/services/chat", "http and https"),
            ("https://id.example:8443/services/chat", "port"),
        ] {
            assert!(help(found).is_some_and(|it| it.contains(word)), "{found}: {:?}", help(found));
        }
    }

    /// What a stranger wrote is no address, or another one altogether.
    #[test]
    fn no_trap() {
        for found in ["", " where ", "https://mail.example", "its aud is ", "https://id.example"] {
            assert_eq!(help(found), None, "{found}");
        }
        assert_eq!(of_audience("its aud is x where y"), None);
    }
}
