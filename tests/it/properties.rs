//! Laws that hold for whatever strangers send, not only for what we thought of.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};
use tegata::oauth::{
    ClientId, CodeChallenge, CodeVerifier, Issuer, Params, RedirectUri, Resource, Scope,
    is_loopback,
};
use url::Url;

/// Found cases become tests of their own; files beside the sources are not for them.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases: 500, ..ProptestConfig::default() }
}

/// Text with what matters to URLs, forms, scopes and JWTs in it, more often than chance has it.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "[ -~]{0,6}",
        any::<char>().prop_map(String::from),
        proptest::sample::select(vec![
            "https://",
            "http://",
            "127.0.0.1",
            "[::1]",
            "localhost",
            ":80",
            ":443",
            ":8080",
            "/",
            "/../",
            "//",
            "\\",
            "#",
            "?",
            "@",
            "%2e",
            "%00",
            "%ff",
            "com.example.app:/",
            ".",
            " ",
            "\t",
            "\0",
            "&",
            "=",
            "a=b",
            "openid",
            "\"",
            "xn--",
            "日本",
            "e30",
            "eyJpc3MiOiJ4In0",
        ])
        .prop_map(str::to_owned),
    ];
    vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

/// A redirect URI that could be registered, and what it was made of.
fn redirect_uri() -> impl Strategy<Value = String> {
    let host = proptest::sample::select(vec![
        "https://todo.example",
        "https://todo.example:8443",
        "http://localhost",
        "http://127.0.0.1",
        "http://127.0.0.1:80",
        "http://127.0.0.1:1234",
        "http://127.0.0.2",
        "http://[::1]",
        "http://[::1]:99",
        "com.example.todo:",
        "HTTP://127.0.0.1",
        "http://127.1",
    ]);
    let rest = proptest::sample::select(vec![
        "",
        "/",
        "/callback",
        "/callback/",
        "/CALLBACK",
        "/callback?a=b",
        "/a/../callback",
        "/%63allback",
        "//callback",
        "/call back",
        ":5/callback",
        "/callback:80",
        "?x",
    ]);
    (host, rest).prop_map(|(host, rest)| format!("{host}{rest}"))
}

fn scope() -> impl Strategy<Value = Scope> {
    vec("[!#-\\[\\]-~]{1,5}", 0..8).prop_map(|tokens| Scope::parse(&tokens.join(" ")).unwrap())
}

proptest! {
    #![proptest_config(config())]

    /// RFC 6749 appendix B.
    #[test]
    fn params_take_any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok(params) = Params::parse(&bytes) {
            prop_assert!(params.pairs().all(|(_, value)| !value.is_empty() && !value.contains('\0')));
        }
    }

    /// What a client library writes is what we read, as long as nothing in it is a control
    /// character or empty.
    #[test]
    fn params_round_trip(pairs in vec(("[^\\p{C}]{0,8}", "[^\\p{C}]{1,8}"), 0..20)) {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let params = Params::parse(body.as_bytes()).unwrap();
        let read: Vec<_> = params.pairs().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        prop_assert_eq!(read, pairs);
    }

    /// Two readings never disagree: what is given twice is never given once.
    #[test]
    fn a_parameter_is_given_once_or_not_at_all(pairs in vec(("[ab]", "[ab]{0,1}"), 0..6)) {
        let params = Params::new(pairs.clone());
        let given = pairs.iter().filter(|(name, value)| name == "a" && !value.is_empty()).count();
        match params.optional("a") {
            Ok(found) => prop_assert_eq!(found.is_some(), given == 1),
            Err(_) => prop_assert!(given > 1),
        }
        prop_assert_eq!(params.none_repeated(&["b"]).is_err(), given > 1);
    }

    #[test]
    fn scopes_take_any_text(text in text()) {
        if let Ok(scope) = Scope::parse(&text) {
            // RFC 6749 §3.3: the order carries no meaning, the tokens do.
            let mut asked: Vec<_> = text.split(' ').filter(|it| !it.is_empty()).collect();
            asked.sort_unstable();
            asked.dedup();
            prop_assert_eq!(scope.tokens().collect::<Vec<_>>(), asked);
        }
    }

    #[test]
    fn a_scope_is_what_it_is_written_as(scope in scope()) {
        prop_assert_eq!(Scope::parse(&scope.to_string()).unwrap(), scope);
    }

    /// Nobody gets more than both allow.
    #[test]
    fn an_intersection_is_in_both(one in scope(), other in scope()) {
        let both = one.intersection(&other);
        prop_assert!(one.covers(&both) && other.covers(&both));
        prop_assert_eq!(&both, &other.intersection(&one));
        prop_assert_eq!(one.intersection(&one.union(&other)), one.clone());
        prop_assert_eq!(both.union(&one.without(&other)), one.clone());
        prop_assert!(one.without(&other).intersection(&other).is_empty());
    }

    /// RFC 6749 §3.1.2: absolute, without fragment; RFC 8252 §7 for the rest.
    #[test]
    fn redirect_uris_take_any_text(text in text()) {
        if let Ok(uri) = RedirectUri::parse(&text) {
            prop_assert!(uri.admits(&uri));
            let url = Url::parse(uri.as_str()).unwrap();
            prop_assert!(url.scheme() != "http" || is_loopback(&url));
            prop_assert_eq!((url.fragment(), url.username(), url.password()), (None, "", None));
            // What is added does not change where it leads.
            let led = Url::parse(&uri.with(&[("code", "a&b#c"), ("state", "\r\n")])).unwrap();
            prop_assert_eq!((led.scheme(), led.host(), led.port()), (url.scheme(), url.host(), url.port()));
            prop_assert_eq!((led.path(), led.fragment()), (url.path(), None));
            prop_assert!(led.as_str().is_ascii());
        }
    }

    /// RFC 9700 §2.1: "exact string matching", and RFC 8252 §7.3: any port, and nothing else.
    #[test]
    fn a_redirect_uri_admits_no_other_place(one in redirect_uri(), other in redirect_uri()) {
        let (Ok(one), Ok(other)) = (RedirectUri::parse(&one), RedirectUri::parse(&other)) else {
            return Ok(());
        };
        prop_assert!(one.admits(&one));
        prop_assert_eq!(one.admits(&other), other.admits(&one));
        if one == other || !one.admits(&other) {
            return Ok(());
        }
        let [a, b] = [&one, &other].map(|it| Url::parse(it.as_str()).unwrap());
        prop_assert_eq!((a.scheme(), a.host(), a.path(), a.query()), (b.scheme(), b.host(), b.path(), b.query()));
        prop_assert!(a.scheme() == "http" && is_loopback(&a) && a.host_str() != Some("localhost"));
    }

    /// The same for what nobody would register: only text beside text, port aside.
    #[test]
    fn a_redirect_uri_admits_no_stranger(registered in redirect_uri(), asked in text()) {
        let (Ok(registered), Ok(asked)) = (RedirectUri::parse(&registered), RedirectUri::parse(&asked))
        else {
            return Ok(());
        };
        if !registered.admits(&asked) {
            return Ok(());
        }
        let [a, b] = [&registered, &asked].map(|it| Url::parse(it.as_str()).unwrap());
        prop_assert_eq!((a.scheme(), a.host(), a.path(), a.query()), (b.scheme(), b.host(), b.path(), b.query()));
    }

    /// RFC 8252 §7.3: "any port".
    #[test]
    fn a_loopback_address_at_any_port(port in 1..=65_535_u16, v6 in any::<bool>()) {
        let host = if v6 { "[::1]" } else { "127.0.0.1" };
        let registered = RedirectUri::parse(&format!("http://{host}/callback")).unwrap();
        let asked = RedirectUri::parse(&format!("http://{host}:{port}/callback")).unwrap();
        prop_assert!(registered.admits(&asked));
    }

    #[test]
    fn resources_take_any_text(text in text()) {
        if let Ok(resource) = Resource::parse(&text) {
            prop_assert_eq!(resource.as_str(), &text);
            prop_assert!(Url::parse(&text).unwrap().fragment().is_none());
            // A ledger line holds several, with spaces between them.
            prop_assert!(!text.contains([' ', '\n', '\0']));
        }
    }

    /// RFC 8414 §2. What is below an issuer stays at its host.
    #[test]
    fn issuers_take_any_text(text in text()) {
        if let Ok(issuer) = Issuer::parse(&text) {
            prop_assert_eq!(issuer.as_str(), &text);
            let url = issuer.url();
            prop_assert!(url.scheme() == "https" || is_loopback(&url));
            prop_assert_eq!((url.query(), url.fragment()), (None, None));
            prop_assert_eq!((url.username(), url.password()), ("", None));
            let below = Url::parse(&issuer.at("/oauth2/token")).unwrap();
            prop_assert_eq!(below.origin(), url.origin());
            prop_assert!(below.path().ends_with("/oauth2/token"));
        }
    }

    #[test]
    fn identifiers_take_any_text(text in text()) {
        if let Ok(id) = ClientId::parse(&text) {
            prop_assert!((1..=512).contains(&text.len()) && !text.contains(char::is_control));
            prop_assert_eq!(id.as_str(), text);
        }
    }

    /// RFC 7636 §4: a challenge is met by the verifier that it was made of, and no other.
    #[test]
    fn a_challenge_is_met_by_its_verifier(verifier in "[A-Za-z0-9._~-]{43,128}", other in "[A-Za-z0-9._~-]{43,128}") {
        use sha2::Digest;
        let digest = BASE64_URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier.as_bytes()));
        let challenge = CodeChallenge::parse(&digest).unwrap();
        let read = |text: &str| CodeVerifier::parse(text).ok().unwrap();
        prop_assert!(challenge.is_met_by(&read(&verifier)));
        prop_assert_eq!(challenge.is_met_by(&read(&other)), verifier == other);
    }

    #[test]
    fn pkce_takes_any_text(text in text(), long in "[A-Za-z0-9_-]{40,46}") {
        for text in [&text, &long] {
            prop_assert!(CodeChallenge::parse(text).is_err() || text.len() == 43);
            let fits = (43..=128).contains(&text.len());
            prop_assert!(CodeVerifier::parse(text).is_err() || (fits && text.is_ascii()));
        }
        // "plain" is none.
        let challenge = CodeChallenge::parse(&long);
        if let (Ok(challenge), Ok(verifier)) = (challenge, CodeVerifier::parse(&long)) {
            prop_assert!(!challenge.is_met_by(&verifier));
        }
    }
}
