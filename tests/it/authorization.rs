//! The authorization request: who is answered how when something is wrong with it (RFC 6749
//! §3.1 and §4.1, RFC 7636, RFC 8707, RFC 9207).

use insta::assert_snapshot;

use crate::support::{
    Answer, Browser, CALLBACK, CHAT, HOME, World, allowed_by_alice, authorize_url, request,
};

/// What the request of the wiki agent is answered with, after `changes`.
async fn answer(world: &World, changes: &[(&str, &str)]) -> Answer {
    world.get(&authorize_url(HOME, "wiki-agent", changes)).await
}

/// What the wiki agent is told, after each of `changes`.
async fn told(changes: &[&[(&str, &str)]]) -> String {
    let world = World::new().await;
    let mut lines = vec![];
    for change in changes {
        let answer = answer(&world, change).await;
        assert!(answer.location().starts_with(&format!("{CALLBACK}?")), "{}", answer.location());
        let (name, value) = change.last().unwrap();
        lines.push(format!("{name}={value:.30} → {}", answer.redirected_error(HOME)));
    }
    lines.join("\n")
}

/// RFC 6749 §4.1.2 and RFC 9207 §2: `code`, `state` and `iss`, and nothing else.
/// Row 167.
#[tokio::test]
async fn a_request_that_is_right() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let location = browser.page.location();
    let code = browser.sent("code").unwrap();
    // RFC 6749 §10.10: 256 bits cannot be guessed.
    assert_eq!(code.len(), 51);
    assert_eq!(
        location.replace(&code, "CODE"),
        "http://127.0.0.1:18765/callback?code=CODE&state=state-1&iss=https%3A%2F%2Fhome.example"
    );
    assert_eq!(browser.page.header("cache-control"), "no-store");
}

/// RFC 6749 §3.1: "MUST support the use of the HTTP GET method [...] and MAY support the use of
/// the POST method"; OIDC Core §3.1.2.1 wants both.
#[tokio::test]
async fn by_post() {
    let world = World::new().await;
    let (url, query) = authorize_url(HOME, "wiki-agent", &[("state", "a b&c=d+é")])
        .split_once('?')
        .map(|(url, query)| (url.to_owned(), query.to_owned()))
        .unwrap();
    let mut browser = Browser::open(&world, HOME).await;
    url.clone_into(&mut browser.url);
    browser.ask("POST", Some(query)).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    assert!(browser.sent("code").is_some());
    assert_eq!(browser.sent("state").as_deref(), Some("a b&c=d+é"), "as it was sent");

    // What stands in the query of a POST is no parameter.
    let request = request("POST", &authorize_url(HOME, "wiki-agent", &[]))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("state=state-1".into());
    let answer = world.send(request.unwrap()).await;
    assert_eq!(answer.location(), "/oauth2/authorize?state=state-1");
    assert_eq!(answer.header("set-cookie"), "", "a session that did not come is not replaced");
    let request = request_as_json(&authorize_url(HOME, "wiki-agent", &[]));
    assert_snapshot!(world.send(request).await.page_error(), @"400 invalid_request: the Content-Type must be application/x-www-form-urlencoded");
}

fn request_as_json(url: &str) -> axum::http::Request<axum::body::Body> {
    let request = request("POST", url).header("content-type", "application/json");
    request.body("{}".into()).unwrap()
}

/// RFC 6749 §4.1.2.1: with a "missing, invalid, or mismatching redirection URI, or if the client
/// identifier is missing or invalid, the authorization server [...] MUST NOT automatically
/// redirect the user-agent to the invalid redirection URI."
#[tokio::test]
async fn nobody_is_sent_anywhere_before_it_is_proven_who_asks() {
    const ELSEWHERE: &str = "https://evil.example/callback";
    let world = World::new().await;
    let url = authorize_url(HOME, "wiki-agent", &[]);
    let mut lines = vec![];
    let changes: &[&[(&str, &str)]] = &[
        &[("client_id", "")],
        &[("client_id", "nobody")],
        &[("client_id", "wiki-at-chat")],
        &[("client_id", "mcp-client"), ("redirect_uri", "http://127.0.0.1/callback")],
        &[("client_id", "wiki-agent\u{7}")],
        &[("client_id", "wiki-agent\n")],
        &[("redirect_uri", "")],
        &[("redirect_uri", ELSEWHERE)],
        &[("redirect_uri", "callback")],
        &[("redirect_uri", "javascript:alert(1)")],
        &[("response_type", "token"), ("redirect_uri", ELSEWHERE)],
        &[("prompt", "none"), ("redirect_uri", ELSEWHERE)],
    ];
    for change in changes {
        let error = answer(&world, change).await.page_error();
        let (name, value) = change.last().unwrap();
        lines.push(format!("{name}={} → {error}", value.escape_default()));
    }
    for more in [
        "client_id=wiki-agent",
        "client_id=todo-app",
        "redirect_uri=https%3A%2F%2Fevil.example%2Fcallback",
        "state=state-2",
        "x=%FF",
        "x=%00",
    ] {
        let error = world.get(&format!("{url}&{more}")).await.page_error();
        lines.push(format!("&{more} → {error}"));
    }
    assert_snapshot!(lines.join("\n"), @r"
    client_id= → 400 invalid_request: client_id is required
    client_id=nobody → 400 unauthorized_client: the application is not known here, or not active
    client_id=wiki-at-chat → 400 unauthorized_client: the application is not known here, or not active
    redirect_uri=http://127.0.0.1/callback → 400 unauthorized_client: the application is not known here, or not active
    client_id=wiki-agent\u{7} → 400 invalid_request: the request has a control character in a parameter
    client_id=wiki-agent\n → 400 invalid_request: client_id is malformed: an identifier has 1 to 512 bytes and no control characters
    redirect_uri= → 400 invalid_request: redirect_uri is required
    redirect_uri=https://evil.example/callback → 400 invalid_request: the redirect_uri is not one that the application registered
    redirect_uri=callback → 400 invalid_request: redirect_uri is malformed: a redirect URI must be absolute
    redirect_uri=javascript:alert(1) → 400 invalid_request: redirect_uri is malformed: a redirect URI must be https, http on loopback, or of a scheme like com.example.app
    redirect_uri=https://evil.example/callback → 400 invalid_request: the redirect_uri is not one that the application registered
    redirect_uri=https://evil.example/callback → 400 invalid_request: the redirect_uri is not one that the application registered
    &client_id=wiki-agent → 400 invalid_request: client_id is given twice
    &client_id=todo-app → 400 invalid_request: client_id is given twice
    &redirect_uri=https%3A%2F%2Fevil.example%2Fcallback → 400 invalid_request: redirect_uri is given twice
    &state=state-2 → 400 invalid_request: state is given twice
    &x=%FF → 400 invalid_request: the request is not in the form of application/x-www-form-urlencoded text in UTF-8
    &x=%00 → 400 invalid_request: the request has a control character in a parameter
    ");
}

/// RFC 6749 §3.1: too many parameters are no request of anybody.
#[tokio::test]
async fn a_thousand_parameters() {
    let world = World::new().await;
    let url = authorize_url(HOME, "wiki-agent", &[]) + &"&x=y".repeat(1000);
    assert_snapshot!(world.get(&url).await.page_error(), @"400 invalid_request: the request has too many parameters");
}

/// An application that was taken out of service reads as one that never was.
#[tokio::test]
async fn a_client_that_is_not_active() {
    let world = World::new().await;
    world.disable_client(HOME, "wiki-agent").await;
    let unknown = answer(&world, &[("client_id", "nobody")]).await.page_error();
    assert_eq!(answer(&world, &[]).await.page_error(), unknown);
}

/// The same while the person is at the sign-in page already.
#[tokio::test]
async fn a_client_that_is_deactivated_while_the_person_signs_in() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    world.disable_client(HOME, "wiki-agent").await;
    browser.submit(&[("username", "alice"), ("password", "alice-password")]).await;
    assert_snapshot!(browser.page.page_error(), @"400 expired:");
}

/// RFC 6749 §4.1.2.1: from here on the client is told, by the redirect.
#[tokio::test]
async fn what_is_wrong_is_told_to_the_client() {
    let told = told(&[
        &[("response_type", "")],
        &[("response_type", "token")],
        &[("response_type", "code id_token")],
        &[("response_type", "none")],
        &[("response_mode", "fragment")],
        &[("response_mode", "form_post")],
        &[("request", "eyJhbGciOiJub25lIn0.e30.")],
        &[("request_uri", "https://evil.example/request.jwt")],
        &[("max_age", "-1")],
        &[("max_age", "soon")],
        &[("max_age", "99999999999999999999")],
        &[("id_token_hint", "garbage")],
    ])
    .await;
    assert_snapshot!(told, @"
    response_type= → invalid_request: response_type is required
    response_type=token → unsupported_response_type: response_type must be code
    response_type=code id_token → unsupported_response_type: response_type must be code
    response_type=none → unsupported_response_type: response_type must be code
    response_mode=fragment → invalid_request: response_mode must be query
    response_mode=form_post → invalid_request: response_mode must be query
    request=eyJhbGciOiJub25lIn0.e30. → request_not_supported: request objects are not supported: send the parameters themselves
    request_uri=https://evil.example/request.j → request_uri_not_supported: request_uri is not supported: send the parameters themselves
    max_age=-1 → invalid_request: max_age is malformed: it is no whole number
    max_age=soon → invalid_request: max_age is malformed: it is no whole number
    max_age=99999999999999999999 → invalid_request: max_age is malformed: it is no whole number
    id_token_hint=garbage → invalid_request: id_token_hint is not an ID Token of this issuer
    ");
}

/// OIDC Core §6: "query" is the only response mode, and what is the default may be said.
#[tokio::test]
async fn response_mode_query() {
    let world = World::new().await;
    let answer = answer(&world, &[("response_mode", "query")]).await;
    assert!(answer.location().starts_with("/sign-in?request="));
}

/// RFC 7636 §4.4.1 and RFC 9700 §2.1.1: no code without a challenge, for no kind of client.
#[tokio::test]
async fn pkce() {
    let told = told(&[
        &[("code_challenge_method", ""), ("code_challenge", "")],
        &[("code_challenge_method", "S256"), ("code_challenge", "")],
        // RFC 7636 §4.3: without a method it would be "plain".
        &[("code_challenge_method", "")],
        &[("code_challenge_method", "plain")],
        &[("code_challenge_method", "s256")],
        &[("code_challenge", "too-short")],
        &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=")],
        &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM0")],
        &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM")],
    ])
    .await;
    assert_snapshot!(told, @"
    code_challenge= → invalid_request: code_challenge is required (RFC 7636)
    code_challenge= → invalid_request: code_challenge is required (RFC 7636)
    code_challenge_method= → invalid_request: code_challenge_method must be S256
    code_challenge_method=plain → invalid_request: code_challenge_method must be S256
    code_challenge_method=s256 → invalid_request: code_challenge_method must be S256
    code_challenge=too-short → invalid_request: code_challenge is malformed: a code_challenge is the base64url of a SHA-256, 43 characters
    code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8U → invalid_request: code_challenge is malformed: a code_challenge is the base64url of a SHA-256, 43 characters
    code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8U → invalid_request: code_challenge is malformed: a code_challenge is the base64url of a SHA-256, 43 characters
    code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8U → invalid_request: code_challenge is malformed: a code_challenge is the base64url of a SHA-256, 43 characters
    ");
}

/// RFC 6749 §3.1: "Request and response parameters MUST NOT be included more than once."
#[tokio::test]
async fn a_parameter_that_comes_twice() {
    let world = World::new().await;
    let url = authorize_url(HOME, "wiki-agent", &[]);
    for (name, more) in [
        ("scope", "scope=openid"),
        ("nonce", "nonce=nonce-2"),
        ("response_type", "response_type=code"),
        ("unknown", "unknown=1&unknown=1"),
    ] {
        let answer = world.get(&format!("{url}&{more}")).await;
        let told = format!("invalid_request: {name} is given twice");
        assert_eq!(answer.redirected_error(HOME), told);
    }
    // RFC 6749 §3.1: what is not known is ignored, what has no value was not sent.
    let answer = world.get(&format!("{url}&unknown=1&prompt=")).await;
    assert!(answer.location().starts_with("/sign-in?request="));
}

/// RFC 6749 §4.1.2.1: `state` is there exactly "if a "state" parameter was present".
#[tokio::test]
async fn without_state_there_is_none_in_the_answer() {
    let world = World::new().await;
    let answer = answer(&world, &[("state", ""), ("response_type", "token")]).await;
    assert_eq!(answer.redirected("state"), None);
    assert_eq!(answer.redirected("iss").as_deref(), Some(HOME));
    assert_eq!(answer.redirected("error").as_deref(), Some("unsupported_response_type"));
}

/// RFC 6749 §4.1.2.1: `unauthorized_client`.
#[tokio::test]
async fn a_client_that_is_not_registered_for_codes() {
    let world = World::with(
        r#"
        [[client]]
        client_id = "no-codes"
        client_secret = "no-codes-secret-0123456789abcdefghij"
        redirect_uris = ["http://127.0.0.1:18765/callback"]
        grant_types = ["client_credentials"]
        scope = "reports"
        "#,
    )
    .await;
    let answer = world.get(&authorize_url(HOME, "no-codes", &[])).await;
    assert_snapshot!(answer.redirected_error(HOME), @"unauthorized_client: the client is not registered to use the authorization code grant");
}

/// The scope that comes of asking for `scope`.
async fn scope_of(scope: &str) -> String {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[("scope", scope)]).await;
    world.redeem(&browser).await.member("scope")
}

/// RFC 6749 §3.3: "process the request using a pre-defined default value". Stock MCP clients and
/// the conformance tests send none.
/// Row 167.
#[tokio::test]
async fn no_scope_is_all_but_what_goes_on_without_the_person() {
    assert_eq!(scope_of("").await, "email openid profile reports");
}

/// OIDC Core §3.1.2.1: "Scope values used that are not understood by an implementation SHOULD be
/// ignored." Neither is what the client is not registered for.
#[tokio::test]
async fn scope_that_is_not_known_is_ignored() {
    assert_eq!(scope_of("openid unheard-of chat.read phone").await, "openid");
}

/// RFC 6749 §4.1.2.1: `invalid_scope`.
#[tokio::test]
async fn no_scope_that_could_be_granted() {
    let told = told(&[
        &[("scope", "unheard-of chat.read")],
        &[("scope", "openid\"")],
        &[("scope", "openid  profile")],
        &[("scope", "openid\nprofile")],
        &[("scope", &"x".repeat(4097))],
    ])
    .await;
    assert_snapshot!(told, @r#"
    scope=unheard-of chat.read → invalid_scope: the client may not ask for any of this scope
    scope=openid" → invalid_scope: scope is malformed: scope has a character that RFC 6749 does not allow
    scope=openid  profile → invalid_scope: scope is malformed: scope has a character that RFC 6749 does not allow
    scope=openid
    profile → invalid_scope: scope is malformed: scope has a character that RFC 6749 does not allow
    scope=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx → invalid_scope: scope is malformed: scope is too long
    "#);
}

/// RFC 8707 §2: `invalid_target`. Home is its own and only resource.
#[tokio::test]
async fn resources_at_home() {
    let told = told(&[
        &[("resource", "https://chat.example/mcp")],
        &[("resource", "https://home.example/")],
        &[("resource", "mcp")],
        &[("resource", "https://home.example#x")],
    ])
    .await;
    assert_snapshot!(told, @"
    resource=https://chat.example/mcp → invalid_target: the resource is not one that this server issues tokens for
    resource=https://home.example/ → invalid_target: the resource is not one that this server issues tokens for
    resource=mcp → invalid_target: resource is malformed: a resource must be an absolute URI without fragment
    resource=https://home.example#x → invalid_target: resource is malformed: a resource must be an absolute URI without fragment
    ");

    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[("resource", HOME)]).await;
    assert_eq!(world.redeem(&browser).await.claims()["aud"], HOME);
}

/// RFC 8707 §2: the same at a service, which governs others.
#[tokio::test]
async fn resources_at_a_service() {
    const HERE: [(&str, &str); 2] =
        [("redirect_uri", "http://127.0.0.1:9/callback"), ("scope", "chat.read")];
    let world = World::new().await;
    let mut lines = vec![];
    for resource in [HOME, CHAT, "https://calendar.example/api", "https://chat.example/mcp/"] {
        let changes = [&HERE[..], &[("resource", resource)]].concat();
        let answer = world.get(&authorize_url(CHAT, "mcp-client", &changes)).await;
        lines.push(format!("{resource} → {}", answer.redirected_error(CHAT)));
    }
    assert_snapshot!(lines.join("\n"), @"
    https://home.example → invalid_target: the resource is not one that this server issues tokens for
    https://home.example/services/chat → invalid_target: the resource is not one that this server issues tokens for
    https://calendar.example/api → invalid_target: the resource is not one that this server issues tokens for
    https://chat.example/mcp/ → invalid_target: the resource is not one that this server issues tokens for
    ");

    // One that is governed does not cover for one that is not.
    let changes = [&HERE[..], &[("resource", "https://chat.example/mcp")]].concat();
    let url = authorize_url(CHAT, "mcp-client", &changes);
    assert!(world.get(&url).await.location().starts_with("/services/chat/sign-in?"));
    let answer = world.get(&format!("{url}&resource=https%3A%2F%2Fhome.example")).await;
    assert!(answer.redirected_error(CHAT).starts_with("invalid_target: "));
}
