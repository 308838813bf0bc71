//! What strangers send to the pages that people see: they get an error page, nobody is
//! redirected to where they want, and nothing of theirs is run.

use axum::body::Body;
use axum::http::Request;

use crate::hostile_input::{FORM, sent};
use crate::support::{Answer, Browser, CHAT, HOME, World, authorize_url, request};

/// What the pages for people are sent by those who are none. `{}` stands for what is hostile.
const HOSTILE: [&str; 12] = [
    "%00",
    "%ff",
    "%C0%AF",
    "%ED%A0%80",
    "%1b%5B2J",
    "%",
    "%2",
    "%zz",
    "<script>alert(1)</script>",
    "%27%20OR%201=1--",
    "%E2%80%AE%F3%A0%80%81",
    "{{7*7}}",
];

fn to_home(path: &str) -> Request<Body> {
    Request::builder().uri(path).header("host", "home.example").body(Body::empty()).unwrap()
}

fn is_an_error_page(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{}", answer.text);
    assert_eq!(answer.header("location"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(!answer.text.contains("<script"), "{}", answer.text);
}

/// RFC 6749 §4.1.2.1: before the client and its redirect URI are proven, the person is told
/// and "MUST NOT automatically redirect the user-agent to the invalid redirection URI".
#[tokio::test]
async fn an_authorization_request_of_nobody() {
    let world = World::new().await;
    for hostile in HOSTILE {
        for query in [
            format!("client_id={hostile}"),
            format!("client_id=wiki-agent&redirect_uri={hostile}"),
            format!("client_id=wiki-agent&redirect_uri=https://evil.example/{hostile}"),
            format!("client_id=wiki-agent&client_id={hostile}x"),
            format!("{hostile}=x"),
        ] {
            for at in [HOME, CHAT] {
                let url = format!("{at}/oauth2/authorize");
                let post = request("POST", &url).header("content-type", FORM);
                let mut posted = sent(&world, post.body(Body::from(query.clone())).unwrap()).await;
                // What can be read goes on as a GET, on a page of ours.
                if posted.status == 303 {
                    let location = posted.location();
                    let path = url::Url::parse(&url).unwrap().path().to_owned();
                    assert!(location.starts_with(&format!("{path}?")), "{location}");
                    posted = sent(&world, to_home(&location)).await;
                }
                is_an_error_page(&posted);
                assert_eq!(posted.status, 400, "{query}");

                // What no HTTP library would put into a URI does not get as far as this.
                let uri = format!("{url}?{query}");
                let get = Request::builder().uri(&uri).header("host", "home.example");
                let Ok(get) = get.body(Body::empty()) else { continue };
                let got = sent(&world, get).await;
                is_an_error_page(&got);
                assert_eq!(got.status, 400, "{query}");
            }
        }
    }
}

/// The same once both are proven: the client is told, at its own redirect URI.
#[tokio::test]
async fn an_authorization_request_with_a_hostile_parameter() {
    let world = World::new().await;
    for name in ["scope", "response_type", "code_challenge", "max_age", "prompt", "resource"] {
        for value in ["\"", "'; DROP TABLE codes;--", "../..", "-1", "1e308", "<script>", "日本"]
        {
            let url = authorize_url(HOME, "wiki-agent", &[(name, value)]);
            let answer = sent(&world, request("GET", &url).body(Body::empty()).unwrap()).await;
            let location = answer.location();
            assert!(location.starts_with("http://127.0.0.1:18765/callback?"), "{name}: {location}");
            let error = answer.redirected("error").unwrap();
            let expected = match name {
                "scope" => "invalid_scope",
                "response_type" => "unsupported_response_type",
                "resource" => "invalid_target",
                _ => "invalid_request",
            };
            assert_eq!(error, expected, "{name}={value}");
            assert_eq!(answer.redirected("state").as_deref(), Some("state-1"));
        }
    }
}

/// A parameter twice is a fault that the client is told of, once it is proven.
#[tokio::test]
async fn an_authorization_request_with_a_parameter_twice() {
    let world = World::new().await;
    for double in ["&scope=openid", "&nonce=other", "&unheard_of=1&unheard_of=2"] {
        let url = format!("{}{double}", authorize_url(HOME, "wiki-agent", &[]));
        let answer = sent(&world, request("GET", &url).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.redirected("error").as_deref(), Some("invalid_request"), "{double}");
    }
}

/// The sign-in form, with a token of the session and without.
#[tokio::test]
async fn a_sign_in_of_nobody() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &format!("{HOME}/sign-in")).await;
    let csrf = browser.hidden("csrf");
    for hostile in HOSTILE {
        let body = format!("csrf={csrf}&username={hostile}&password={hostile}");
        browser.ask("POST", Some(body)).await;
        is_an_error_page(&browser.page);
        // Not a form; a wrong password; or wrong too often.
        assert!([400, 422, 429].contains(&browser.page.status.as_u16()), "{hostile}");
        world.hands.advance(time::Duration::hours(2));

        let body = Some(format!("csrf={hostile}&username=alice&password=alice-password"));
        browser.ask("POST", body).await;
        is_an_error_page(&browser.page);
        assert!([400, 403].contains(&browser.page.status.as_u16()), "{hostile}");
    }
    for (body, status) in [
        (format!("csrf={csrf}&username={}&password=x", "u".repeat(60_000)), 422),
        (format!("csrf={csrf}&username=alice&password={}", "p".repeat(60_000)), 422),
        (format!("csrf={csrf}&username=alice&password={}", "p".repeat(1 << 20)), 400),
        (format!("csrf={csrf}&csrf={csrf}&username=alice&password=alice-password"), 403),
        (format!("csrf={csrf}"), 422),
        (String::new(), 403),
    ] {
        let shown: String = body.chars().take(90).collect();
        browser.ask("POST", Some(body)).await;
        assert_eq!(browser.page.status, status, "{shown}");
        is_an_error_page(&browser.page);
        world.hands.advance(time::Duration::hours(2));
    }
}

/// `request` names what waits in this session, and nothing else.
#[tokio::test]
async fn a_page_about_no_request() {
    let world = World::new().await;
    for page in ["/sign-in", "/consent"] {
        for hostile in HOSTILE.iter().filter(|it| !it.contains(['<', '{'])) {
            let url = format!("{HOME}{page}?request={hostile}x");
            let answer = sent(&world, request("GET", &url).body(Body::empty()).unwrap()).await;
            is_an_error_page(&answer);
            // A query that cannot be read names no request: then anybody may just sign in.
            let unreadable = !["%", "%2", "%zz", "%27%20OR%201=1--"].contains(hostile)
                && !hostile.starts_with("%E2");
            let expected = if unreadable && page == "/sign-in" { 200 } else { 400 };
            assert_eq!(answer.status, expected, "{url}");
        }
    }
}

/// RP-Initiated Logout §4: what is wrong is told to the person, and nobody is redirected.
#[tokio::test]
async fn a_sign_out_of_nobody() {
    let world = World::new().await;
    let evil = "https://evil.example/";
    for query in [
        format!("post_logout_redirect_uri={evil}"),
        format!("client_id=wiki-agent&post_logout_redirect_uri={evil}"),
        format!("client_id=nobody&post_logout_redirect_uri={evil}"),
        "client_id=wiki-agent&client_id=todo-app".to_owned(),
        "id_token_hint=eyJ".to_owned(),
        "id_token_hint=a.b.c&id_token_hint=a.b.c".to_owned(),
        "post_logout_redirect_uri=javascript:alert(1)".to_owned(),
        "post_logout_redirect_uri=%2F%2Fevil.example".to_owned(),
    ] {
        let url = format!("{HOME}/oauth2/logout?{query}");
        let answer = sent(&world, request("GET", &url).body(Body::empty()).unwrap()).await;
        is_an_error_page(&answer);
        assert_eq!(answer.status, 400, "{query}");
    }
}

/// §2 lets clients ask by POST. That leads to our own page, wherever the path pretends to be.
#[tokio::test]
async fn a_sign_out_by_post() {
    let world = World::new().await;
    let url = format!("{HOME}/oauth2/logout");
    let post = |body: Vec<u8>| request("POST", &url).header("content-type", FORM).body(body.into());
    for body in [&b"state=%0d%0aset-cookie:%20x=y"[..], b"client_id=//evil.example", b""] {
        let answer = sent(&world, post(body.to_vec()).unwrap()).await;
        assert!(answer.location().starts_with("/oauth2/logout"), "{}", answer.location());
    }
    for body in [vec![0], vec![0xff], vec![b'a'; 1 << 20]] {
        let answer = sent(&world, post(body).unwrap()).await;
        is_an_error_page(&answer);
        assert_eq!(answer.status, 400);
    }
}

/// A cookie that is none of ours is no session, and no failure.
#[tokio::test]
async fn cookies_of_somebody_else() {
    let world = World::new().await;
    for value in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "../..", "%00", "\u{e9}", "a=b=c", "\"x\""] {
        for cookie in [format!("__Host-tegata={value}"), value.repeat(500), format!("{value}=;;,")]
        {
            let request = request("GET", &format!("{HOME}/")).header("cookie", cookie.as_bytes());
            let answer = sent(&world, request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, 200, "{cookie}");
        }
    }
}

/// The links of a page that is not there stay here, whatever path was asked for: browsers
/// take `//host` and `/\\host` for other sites.
#[tokio::test]
async fn a_path_that_looks_like_another_site() {
    let world = World::new().await;
    for path in ["//evil.example/x", "///evil.example", "/\\evil.example", "/\\/evil.example", "//"]
    {
        let answer = sent(&world, to_home(path)).await;
        is_an_error_page(&answer);
        assert_eq!(answer.status, 404, "{path}");
        let links =
            answer.text.split("href=\"").skip(1).chain(answer.text.split("action=\"").skip(1));
        for link in links.map(|it| it.split('"').next().unwrap()) {
            let away = ["//", "/\\", "http"].iter().any(|it| link.starts_with(it));
            assert!(!away, "{link} on the page of {path}");
        }
    }
}

/// Paths that leave a folder, or hide a slash, or go on for long, are just not there.
#[tokio::test]
async fn paths_that_nobody_has() {
    let world = World::new().await;
    let long = format!("/{}", "a".repeat(60_000));
    for path in [
        "/services/chat/../../oauth2/token",
        "/services/%00/oauth2/token",
        "/services/chat%2Foauth2/jwks",
        "/services/nobody/oauth2/jwks",
        "/services/chatx/oauth2/jwks",
        "/.well-known/oauth-authorization-server/services/nobody",
        "/.well-known/oauth-authorization-server/../oauth2/jwks",
        "/.well-known/openid-configurationx",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/%ff%fe",
        "/oauth2/userinfo/",
        &long,
    ] {
        let answer = sent(&world, to_home(path)).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

/// RFC 9110 §7.4: a request to a host that is not ours is misdirected, and nothing of the
/// host that it names comes back.
#[tokio::test]
async fn a_host_that_is_not_ours() {
    let world = World::new().await;
    for host in [
        &b"evil.example"[..],
        b"home.example.evil.example",
        b"home.example:8443",
        b"evil@home.example",
        b"home.example/x",
        b"home.example.",
        b"",
        b"\xff",
        b"127.0.0.1",
    ] {
        let get = Request::builder().uri("/oauth2/authorize").header("host", host);
        let answer = sent(&world, get.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 421, "{}", String::from_utf8_lossy(host));
        assert_eq!(answer.member("error"), "invalid_request");
        assert!(!answer.text.contains("evil"), "{}", answer.text);
    }
}

/// RFC 6750 §3.1: who brings no token that we understand is told the scheme, and no code.
#[tokio::test]
async fn userinfo_without_a_token() {
    let world = World::new().await;
    for header in
        [&b""[..], b"Bearer", b"Basic eDp5", b"bearer\tx", b"Bearer \xff\xfe", b"Digest x"]
    {
        for method in ["GET", "POST"] {
            let url = format!("{HOME}/oauth2/userinfo?access_token=x");
            let request = request(method, &url).header("authorization", header);
            let answer = sent(&world, request.body(Body::from("access_token=x")).unwrap()).await;
            assert_eq!(answer.status, 401);
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"tegata\"");
        }
    }
}
