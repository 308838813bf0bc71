//! What pages tell the browser about themselves (CSP Level 3, OWASP Secure Headers).

use std::collections::BTreeSet;

use insta::assert_snapshot;

use crate::support::{
    Answer, Browser, CHAT, HOME, LINKING, World, at_link, authorize_url, invited, request,
};

/// All headers but those that differ each time.
fn headers(answer: &Answer) -> String {
    let passed_over = ["x-request-id", "set-cookie", "content-length"];
    let lines: BTreeSet<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !passed_over.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    format!("{}\n{}", answer.status, lines.into_iter().collect::<Vec<_>>().join("\n"))
}

async fn world() -> World {
    World::but("accounts = \"just_in_time\"", LINKING).await
}

/// Every page that there is, with the browser at it.
async fn every_page(world: &World) -> Vec<(&'static str, Answer)> {
    let mut pages = vec![("home, nobody", world.get(HOME).await)];
    let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", &[])).await;
    pages.push(("sign-in", world_again(&mut browser).await));
    browser.sign_in("alice", "wrong").await;
    pages.push(("sign-in, wrong", copy(&browser.page)));
    browser.sign_in("alice", "alice-password").await;
    pages.push(("consent", copy(&browser.page)));
    let url = browser.url.clone();
    browser.ask("POST", Some("csrf=wrong".into())).await;
    pages.push(("csrf", copy(&browser.page)));
    browser.go(&url).await;
    browser.allow().await;
    browser.go(HOME).await;
    pages.push(("home", copy(&browser.page)));
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    pages.push(("sign-out", copy(&browser.page)));
    browser.submit(&[]).await;
    pages.push(("signed out", copy(&browser.page)));
    let mut browser = at_link(world, &invited(world).await, "alice").await;
    pages.push(("link", copy(&browser.page)));
    browser.submit(&[("decision", "refuse")]).await;
    pages.push(("link, refused", copy(&browser.page)));
    browser.go(&format!("{HOME}/links")).await;
    pages.push(("links", copy(&browser.page)));
    pages.push(("expired", world.get(&format!("{HOME}/consent?request=1")).await));
    pages.push(("not found", world.get(&format!("{HOME}/nothing")).await));
    pages.push(("a decision", world.get(&format!("{HOME}/decisions/1")).await));
    pages.push(("not found at chat", world.get(&format!("{CHAT}/nothing")).await));
    pages.push(("error", world.get(&authorize_url(HOME, "nobody", &[])).await));
    pages
}

async fn world_again(browser: &mut Browser<'_>) -> Answer {
    let url = browser.url.clone();
    browser.go(&url).await;
    copy(&browser.page)
}

fn copy(answer: &Answer) -> Answer {
    Answer { status: answer.status, headers: answer.headers.clone(), text: answer.text.clone() }
}

/// No page can be framed, sniffed, kept, or told of elsewhere.
#[tokio::test]
async fn of_every_page() {
    let world = world().await;
    for (name, page) in every_page(&world).await {
        for (header, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(page.header(header), value, "{name}: {header}");
        }
        assert_eq!(page.headers.get_all("content-security-policy").iter().count(), 1, "{name}");
        let policy = page.header("content-security-policy");
        for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{name}: {policy}");
        }
        for weak in ["unsafe", "*", "data:", "http: ", "https: "] {
            assert!(!policy.contains(weak), "{name}: {policy}");
        }
        assert_eq!(page.header("x-request-id").len(), 32, "{name}");
        assert_eq!(page.header("server"), "", "{name}");
    }
}

/// Under that policy a script or a style in the page would not even run; so there is none.
#[tokio::test]
async fn no_page_has_scripts_or_styles_in_it() {
    let world = world().await;
    for (name, page) in every_page(&world).await {
        let text = page.text.to_lowercase();
        for never in
            ["<script", "<style", " style=", " on", "javascript:", "<iframe", "<base", "<object"]
        {
            // " on" stands for onclick= and its like: look at what is inside of tags only.
            let inside = text.split('<').filter_map(|it| it.split('>').next()).any(|tag| {
                let tag = format!("<{tag}");
                match never {
                    " on" => tag.split_whitespace().skip(1).any(|it| it.starts_with("on")),
                    _ => tag.contains(never),
                }
            });
            assert!(!inside, "{name}: {never}");
        }
        // All that a page asks for is on this host, and there.
        for link in page.text.split("<link ").skip(1) {
            let href = link.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
            assert!(href.starts_with("/assets/tegata-"), "{name}: {href}");
            assert_eq!(world.get(&format!("{HOME}{href}")).await.status, 200, "{name}: {href}");
        }
    }
}

/// All of it, once.
#[tokio::test]
async fn of_the_page_at_home() {
    let world = World::new().await;
    assert_snapshot!(headers(&world.get(HOME).await), @"
    200 OK
    cache-control: no-store
    content-security-policy: default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'
    content-type: text/html; charset=utf-8
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    x-frame-options: DENY
    ");
}

/// `docs/decisions/0015-form-action-names-the-redirect-host.md`: browsers hold `form-action`
/// against the redirect after the form, so the one origin that it may lead to is named.
#[tokio::test]
async fn forms_may_lead_to_the_application() {
    let world = World::new().await;
    let mut lines = vec![];
    for (client, uri) in [
        ("todo-app", "http://127.0.0.1:5000/callback"),
        ("todo-app", "https://todo.example/callback"),
        ("todo-app", "com.example.todo:/callback"),
    ] {
        let mut browser =
            Browser::open(&world, &authorize_url(HOME, client, &[("redirect_uri", uri)])).await;
        let before = form_action(&browser.page).to_owned();
        browser.sign_in("bob", "wrong").await;
        assert_eq!(form_action(&browser.page), before, "when the form comes again");
        browser.sign_in("bob", "bob-password").await;
        assert_eq!(form_action(&browser.page), before, "consent");
        lines.push(format!("{uri} → {before}"));
    }
    // Without an application, and with the address for after sign-out.
    let mut browser = Browser::open(&world, &format!("{HOME}/sign-in")).await;
    lines.push(format!("none → {}", form_action(&browser.page)));
    browser.sign_in("bob", "bob-password").await;
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    lines.push(format!("sign-out → {}", form_action(&browser.page)));
    let back = "http%3A%2F%2F127.0.0.1%3A18765%2Fsigned-out";
    let query = format!("client_id=wiki-agent&post_logout_redirect_uri={back}");
    browser.go(&format!("{HOME}/oauth2/logout?{query}")).await;
    lines.push(format!("sign-out and back → {}", form_action(&browser.page)));
    assert_snapshot!(lines.join("\n"), @"
    http://127.0.0.1:5000/callback → form-action 'self' http://127.0.0.1:5000
    https://todo.example/callback → form-action 'self' https://todo.example
    com.example.todo:/callback → form-action 'self' com.example.todo:
    none → form-action 'self'
    sign-out → form-action 'self'
    sign-out and back → form-action 'self' http://127.0.0.1:18765
    ");
}

fn form_action(page: &Answer) -> &str {
    assert_eq!(page.headers.get_all("content-security-policy").iter().count(), 1);
    page.header("content-security-policy")
        .split("; ")
        .find(|it| it.starts_with("form-action"))
        .unwrap()
}

/// The policy is ours: what a client registers can name its origin in it and nothing else.
#[tokio::test]
async fn a_redirect_uri_cannot_write_the_policy() {
    let uri = "https://app.example/;script-src:'unsafe-inline'";
    let world = World::with(&format!(
        r#"
        [[client]]
        client_id = "app"
        token_endpoint_auth_method = "none"
        redirect_uris = ["{uri}"]
        "#
    ))
    .await;
    let browser =
        Browser::open(&world, &authorize_url(HOME, "app", &[("redirect_uri", uri)])).await;
    assert_eq!(browser.page.status, 200);
    assert!(browser.page.header("content-security-policy").ends_with(" https://app.example"));
}

/// RFC 9111 §5.2: files with a hash in their name are kept for ever, by everybody.
#[tokio::test]
async fn of_assets() {
    let world = World::new().await;
    let page = world.get(HOME).await;
    let mut lines = vec![];
    for link in page.text.split("href=\"/assets/").skip(1) {
        let name = link.split('"').next().unwrap();
        let asset = world.get(&format!("{HOME}/assets/{name}")).await;
        assert!(!asset.text.is_empty() && asset.header("set-cookie").is_empty());
        assert!(!asset.text.contains("@import") && !asset.text.contains("url("), "{name}");
        lines.push(headers(&asset));
    }
    assert_snapshot!(lines.join("\n\n"), @"
    200 OK
    cache-control: public, max-age=31536000, immutable
    content-type: text/css; charset=utf-8
    x-content-type-options: nosniff

    200 OK
    cache-control: public, max-age=31536000, immutable
    content-type: image/svg+xml
    x-content-type-options: nosniff
    ");
    for name in ["tegata.css", "tegata-0000000000000000.css", "..%2F..%2FCargo.toml", "%2e%2e/x"] {
        assert_eq!(world.get(&format!("{HOME}/assets/{name}")).await.status, 404, "{name}");
    }
}

/// What is not there is told as a page, to whichever method.
#[tokio::test]
async fn a_path_that_is_not_there() {
    let world = World::new().await;
    let words = world.get(&format!("{HOME}/admin")).await.words();
    assert!(words.starts_with("There is nothing here\nGo back and start again.\n"), "{words}");
    for method in ["GET", "POST", "DELETE"] {
        for path in
            ["/nothing", "/oauth2", "/oauth2/authorize/x", "/services/none/sign-in", "/services"]
        {
            let request = request(method, &format!("{HOME}{path}")).body(String::new().into());
            let answer = world.send(request.unwrap()).await;
            assert_eq!(answer.page_error(), "404 not_found: ", "{method} {path}");
        }
    }
}

/// RFC 9110 §15.5.20: 421 for a host that is not ours, also where the path would be: links in
/// pages and in metadata would be of whoever wrote the header.
#[tokio::test]
async fn another_host() {
    let world = World::new().await;
    for host in [
        "evil.example",
        "home.example.evil.example",
        "home.example:8443",
        "",
        "home.example@evil.example",
    ] {
        for path in
            ["/", "/sign-in", "/oauth2/authorize", "/.well-known/openid-configuration", "/nothing"]
        {
            let request = axum::http::Request::get(path).header("host", host);
            let answer = world.send(request.body(String::new().into()).unwrap()).await;
            assert_eq!(answer.status, 421, "{host} {path}");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    let request = axum::http::Request::get("/sign-in").header("host", "evil.example");
    let answer = world.send(request.body(String::new().into()).unwrap()).await;
    assert_snapshot!(answer.refusal(), @"421 invalid_request: this server does not answer for that host: it is https://home.example, and the Host header must say so");
    for host in ["home.example", "HOME.example", "home.example:443"] {
        let request = axum::http::Request::get("/sign-in").header("host", host);
        assert_eq!(
            world.send(request.body(String::new().into()).unwrap()).await.status,
            200,
            "{host}"
        );
    }
}
