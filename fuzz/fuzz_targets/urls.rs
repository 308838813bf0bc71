//! URLs that strangers name: issuers, resources, redirect URIs, addresses of client documents.

#![no_main]

use tegata::oauth::{Issuer, RedirectUri, Resource, is_loopback};
use tegata::outbound::is_document_url;
use tegata_fuzz::{fuzz_target, halves};
use url::{Host, Url};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (one, other) = halves(data);
    issuer(text);
    resource(text);
    document(text);
    redirect_uri(text);
    let read = |it| RedirectUri::parse(std::str::from_utf8(it).ok()?).ok();
    if let (Some(one), Some(other)) = (read(one), read(other)) {
        both(&one, &other);
    }
});

/// RFC 8414 §2. What is below an issuer stays at its host.
fn issuer(text: &str) {
    let Ok(issuer) = Issuer::parse(text) else { return };
    assert_eq!(issuer.as_str(), text);
    let url = issuer.url();
    assert!(url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)));
    assert_eq!(
        (url.query(), url.fragment(), url.username(), url.password()),
        (None, None, "", None)
    );
    assert!(!text.contains([' ', '\n', '\0']) && text.len() <= 512);
    let below = Url::parse(&issuer.at("/oauth2/token")).unwrap();
    assert_eq!(below.origin(), url.origin());
    assert!(below.path().ends_with("/oauth2/token"));
}

/// RFC 8707 §2.
fn resource(text: &str) {
    let Ok(resource) = Resource::parse(text) else { return };
    assert_eq!(resource.as_str(), text);
    let url = Url::parse(text).unwrap();
    assert!(url.fragment().is_none() && text.len() <= 2048);
    assert!(!text.contains(|c: char| c == ' ' || c.is_control()));
}

/// RFC 6749 §3.1.2 and RFC 8252 §7. What is added does not change where it leads.
fn redirect_uri(text: &str) {
    let Ok(uri) = RedirectUri::parse(text) else { return };
    assert_eq!(uri.as_str(), text);
    let url = Url::parse(text).unwrap();
    assert!(url.scheme() == "https" || url.scheme().contains('.') || uri.is_on_loopback());
    assert!(uri.admits(&uri));
    let shown = uri.shown_host();
    assert!(!shown.is_empty() && (shown == url.scheme() || Some(&*shown) == url.host_str()));

    let added = [("code", "a&b#c=d"), ("state", "\r\nSet-Cookie: x")];
    let led = uri.with(&added);
    assert!(led.bytes().all(|byte| (b'!'..=b'~').contains(&byte)), "it is one header: {led}");
    let led = Url::parse(&led).unwrap();
    assert_eq!((led.scheme(), led.host(), led.port()), (url.scheme(), url.host(), url.port()));
    assert_eq!((led.path(), led.fragment(), led.username()), (url.path(), None, ""));
    let pairs: Vec<_> = led.query_pairs().collect();
    let before = url.query_pairs().count();
    assert!(pairs[..before].iter().cloned().eq(url.query_pairs()), "nothing of its own is lost");
    assert!(pairs[before..].iter().map(|(a, b)| (&**a, &**b)).eq(added));
}

/// RFC 9700 §2.1 and RFC 8252 §7.3: the same text, or the same but for the port on a loopback
/// address.
fn both(one: &RedirectUri, other: &RedirectUri) {
    assert_eq!(one.admits(other), other.admits(one));
    if one == other || !one.admits(other) {
        return;
    }
    let [a, b] = [one, other].map(|it| Url::parse(it.as_str()).unwrap());
    assert_eq!((a.scheme(), a.host(), a.path()), ("http", b.host(), b.path()));
    assert_eq!((a.query(), b.scheme()), (b.query(), "http"));
    assert!(is_loopback(&a) && !matches!(a.host(), Some(Host::Domain(_))));
}

/// draft-ietf-oauth-client-id-metadata-document-02 §3.
fn document(text: &str) {
    if !is_document_url(text) {
        return;
    }
    let url = Url::parse(text).unwrap();
    assert!(url.scheme() == "https" && url.path().starts_with('/') && url.host().is_some());
    assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None));
    // Whoever reads only the text finds the path that is asked for, with all of its segments.
    let written = text.trim().split(['?']).next().unwrap_or_default().matches('/').count();
    if !text.contains(char::is_control) && !text["https://".len()..].starts_with('/') {
        assert_eq!(url.path().matches('/').count() + 2, written, "{url}");
    }
}
