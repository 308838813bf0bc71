//! Where `error_uri` leads (RFC 6749 §4.1.2.1 and §5.2): whom a decision concerns is told all of it,
//! and nobody else anything.

use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::json;

use crate::support::{
    Answer, Browser, CHAT, HOME, ID_JAG_TYP, World, authorize_url, exchange, form, id_token_of,
    redeem, request, secret_of, signed_in,
};

const NOBODY: &str = "00000000000000000000000000000000";

/// What `client` hears at `url`, in the form that it wants, by POST as at the token endpoint.
async fn asked(world: &World, url: &str, client: &str, accept: &str) -> Answer {
    let secret = secret_of(client);
    let body = form(&[("client_id", client), ("client_secret", &secret)]);
    let request = request("POST", url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", accept);
    world.send(request.body(Body::from(body)).unwrap()).await
}

async fn got(world: &World, url: &str, accept: &str) -> Answer {
    world.send(request("GET", url).header("accept", accept).body(Body::empty()).unwrap()).await
}

/// A refusal of the wiki agent at home, and where it is explained.
async fn refused(world: &World, changes: &[(&str, &str)]) -> String {
    let id_token = id_token_of(world, "alice").await;
    exchange(world, &id_token, changes).await.member("error_uri")
}

/// The same page for what there is and what there is not, but for what is its own in each: the
/// address, and the id of the answer.
fn without(page: &Answer, url: &str) -> String {
    let name = url.rsplit('/').next().unwrap();
    format!("{} {}", page.status, page.text.replace(name, "NAME"))
}

/// Each issuer names its own page, and the decision is that of the description.
#[tokio::test]
async fn what_a_refusal_names() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let at_home = exchange(&world, &id_token, &[("scope", "chat.admin")]).await;
    let at_chat = redeem(&world, "x", &[]).await;
    let basic = [("grant_type", "client_credentials")];
    let unknown = world.post_token(HOME, "nobody", &basic).await;
    for (answer, issuer) in [(at_home, HOME), (at_chat, CHAT), (unknown, HOME)] {
        let decision = answer.header("x-request-id");
        assert_eq!(answer.member("error_uri"), format!("{issuer}/decisions/{decision}"));
        assert!(answer.member("error_description").ends_with(&format!("[decision {decision}]")));
    }
}

/// RFC 6749 §4.1.2.1: `error_uri` goes to the client as `error` does, and what it leads to is told to
/// that client.
#[tokio::test]
async fn of_an_authorization_request() {
    let world = World::new().await;
    let answer = world.get(&authorize_url(HOME, "wiki-agent", &[("scope", "chat")])).await;
    assert_snapshot!(answer.redirected_error(HOME), @"invalid_scope: the client may not ask for any of this scope");
    let url = answer.redirected("error_uri").unwrap();
    assert_eq!(url, format!("{HOME}/decisions/{}", answer.header("x-request-id")));
    let told = asked(&world, &url, "wiki-agent", "*/*").await.json();
    assert_eq!(told["rows"][0]["event"], "code");
    assert_eq!(told["rows"][0]["rule"], "RFC 6749 §3.3");
}

/// A client hears what came, what was expected, by which rule, and what to change; of the person
/// not even the name.
#[tokio::test]
async fn a_client_about_itself() {
    let world = World::new().await;
    let resource = "https://elsewhere.example/mcp";
    let url = refused(&world, &[("scope", "chat.read"), ("resource", resource)]).await;
    let told = asked(&world, &url, "wiki-agent", "application/json").await;
    assert_eq!(told.header("content-type"), "application/json");
    assert_json_snapshot!(told.json(), { ".decision" => "32 digits" }, @r#"
    {
      "decision": "32 digits",
      "rows": [
        {
          "at": "2026-01-02T03:04:05Z",
          "issuer": "https://home.example",
          "event": "id_jag",
          "client": "wiki-agent",
          "service": "https://home.example/services/chat",
          "scope": "chat.read",
          "resource": "https://elsewhere.example/mcp",
          "outcome": "refused",
          "code": "invalid_target",
          "reason": "the resource is not one of this audience that the client may name",
          "rule": "RFC 8707 §2; MCP EMA §7.6",
          "expected": "a resource that this audience governs, letter by letter",
          "change": "name the resource as its RFC 9728 metadata does, or add it to the service (and to the connection, if that lists some)"
        }
      ]
    }
    "#);

    let told = asked(&world, &url, "wiki-agent", "text/plain").await;
    assert_eq!(told.header("content-type"), "text/plain; charset=utf-8");
    assert_snapshot!(told.text, @"
    2026-01-02T03:04:05Z  wiki-agent at https://home.example

      What came  invalid_target: the resource is not one of this audience that the client may name; audience https://home.example/services/chat; scope chat.read; resource https://elsewhere.example/mcp
      Expected   a resource that this audience governs, letter by letter
      The rule   RFC 8707 §2; MCP EMA §7.6
      To change  name the resource as its RFC 9728 metadata does, or add it to the service (and to the connection, if that lists some)
    ");

    let told = asked(&world, &url, "wiki-agent", "text/html, */*;q=0.1").await;
    assert_eq!(told.header("content-type"), "text/html; charset=utf-8");
    let words = told.words().replace(url.rsplit('/').next().unwrap(), "NAME");
    assert_snapshot!(words, @"
    About a decision
    Decision NAME
    When
    2026-01-02T03:04:05Z
    Who
    wiki-agent at https://home.example
    What
    id_jag
    Came
    invalid_target: the resource is not one of this audience that the client may name; audience https://home.example/services/chat; scope chat.read; resource https://elsewhere.example/mcp
    Expected
    a resource that this audience governs, letter by letter
    Rule
    RFC 8707 §2; MCP EMA §7.6
    To change
    name the resource as its RFC 9728 metadata does, or add it to the service (and to the connection, if that lists some)
    ");
    for header in ["cache-control", "x-robots-tag"] {
        assert!(told.header(header).starts_with("no"), "{header}");
    }
    assert!(told.header("content-security-policy").contains("default-src 'none'"));
}

/// `curl -u` of what stands in the refusal.
#[tokio::test]
async fn a_client_by_basic() {
    let world = World::new().await;
    let url = refused(&world, &[("scope", "chat.admin")]).await;
    let basic = BASE64_STANDARD.encode(format!("wiki-agent:{}", secret_of("wiki-agent")));
    let request = request("GET", &url).header("authorization", format!("Basic {basic}"));
    let told = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(told.json()["rows"][0]["code"], "invalid_scope");
}

/// An issuance has nothing to change, and is the client's own all the same.
#[tokio::test]
async fn what_was_issued() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let issued = exchange(&world, &id_token, &[]).await;
    let url = format!("{HOME}/decisions/{}", issued.header("x-request-id"));
    let told = asked(&world, &url, "wiki-agent", "*/*").await.json();
    assert_eq!(told["rows"][0]["outcome"], "issued");
    assert!(told["rows"][0].get("change").is_none(), "{told}");
}

/// Of what is somebody else's a client hears as much as of what never was; and that is what a
/// stranger hears of everything.
#[tokio::test]
async fn of_others() {
    let world = World::new().await;
    let theirs = refused(&world, &[("scope", "chat.admin")]).await;
    let never = format!("{HOME}/decisions/{NOBODY}");
    let no_name = format!("{HOME}/decisions/no-such-name");
    for accept in ["application/json", "text/html", "text/plain"] {
        let known = asked(&world, &theirs, "plain-app", accept).await;
        assert_eq!(known.status, 404);
        for url in [&never, &no_name] {
            let unknown = asked(&world, url, "plain-app", accept).await;
            assert_eq!(without(&known, &theirs), without(&unknown, url), "{accept}");
        }
        let known = got(&world, &theirs, accept).await;
        assert_eq!(known.status, 200);
        for url in [&never, &no_name] {
            let unknown = got(&world, url, accept).await;
            assert_eq!(without(&known, &theirs), without(&unknown, url), "{accept}");
        }
    }
    assert_snapshot!(got(&world, &theirs, "text/html").await.words(), @"
    About a decision
    Every refusal has a number. What lies behind it is shown to those whom it concerns, and to nobody else.
    Developers: ask this address by POST with the credentials of your client, as you would at the token endpoint. The answer says what came, what was expected, and what to change.
    Administrators: sign in here and open this address again, or run tegata explain with the number at its end.
    Sign in
    ");
    // A client of the same decision at another issuer is another client.
    let elsewhere = theirs.replace(HOME, CHAT);
    assert_eq!(asked(&world, &elsewhere, "wiki-at-chat", "*/*").await.status, 404);
}

/// Nobody is told by a name alone.
#[tokio::test]
async fn who_proves_nothing() {
    let world = World::new().await;
    let url = refused(&world, &[("scope", "chat.admin")]).await;
    let ask = async |pairs: &[(&str, &str)]| {
        let request = request("POST", &url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form(pairs)));
        world.send(request.unwrap()).await
    };
    let mut said = vec![];
    for pairs in [
        &[] as &[(&str, &str)],
        &[("client_id", "wiki-agent")],
        &[("client_id", "wiki-agent"), ("client_secret", "guess")],
        &[("client_id", "todo-app")],
    ] {
        said.push(ask(pairs).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @"
    401 invalid_client: client authentication is required
    401 invalid_client: client authentication is required
    401 invalid_client: client authentication failed
    400 unauthorized_client: a client without credentials cannot ask about that
    ");
}

/// Members of the group that is named in the configuration read all of it, when they are signed in.
#[tokio::test]
async fn an_administrator() {
    let world = World::configured(&[("administrators", "engineering")]).await;
    let url = refused(&world, &[("scope", "chat.admin")]).await;
    let mut browser = signed_in(&world, "bob").await;
    browser.go(&url).await;
    let words = browser.page.words().replace(url.rsplit('/').next().unwrap(), "NAME");
    assert_snapshot!(words, @"
    About a decision
    Decision NAME
    When
    2026-01-02T03:04:05Z
    Who
    wiki-agent for alice at https://home.example
    What
    id_jag
    Came
    invalid_scope: no scope that was asked for can be granted; audience https://home.example/services/chat; scope chat.admin
    Expected
    that something is left of what is asked, vouched for, trusted and registered
    Rule
    RFC 6749 §3.3
    To change
    compare the scopes of connection, trust, client and service
    ");
    browser.accept_language = "ja".into();
    browser.go(&url).await;
    assert!(browser.page.words().contains("直すところ"), "{}", browser.page.words());
    browser.go(&format!("{HOME}/decisions/{NOBODY}")).await;
    assert!(browser.page.words().contains("台帳に記録がありません"), "{}", browser.page.words());
    // Whoever is somebody else is a stranger, signed in or not.
    let mut browser = Browser::open(&world, &format!("{HOME}/sign-in")).await;
    browser.sign_in("alice", "alice-password").await;
    browser.go(&url).await;
    assert_eq!(browser.page.words(), got(&world, &url, "text/html").await.words());
}

/// Unless somebody says so, there are no administrators.
#[tokio::test]
async fn no_administrator() {
    let world = World::new().await;
    let url = refused(&world, &[("scope", "chat.admin")]).await;
    let mut browser = signed_in(&world, "bob").await;
    browser.go(&url).await;
    assert_eq!(browser.page.words(), got(&world, &url, "text/html").await.words());
}

/// The search has a limit, and it is the client's own.
#[tokio::test]
async fn too_often() {
    let world = World::configured(&[("limits.explanations_per_client", "1/m burst 2")]).await;
    let url = refused(&world, &[("scope", "chat.admin")]).await;
    for _ in 0..2 {
        assert_eq!(asked(&world, &url, "wiki-agent", "*/*").await.status, 200);
    }
    let early = asked(&world, &url, "wiki-agent", "*/*").await;
    assert_eq!((early.status.as_u16(), early.header("retry-after")), (429, "60"));
    assert_eq!(asked(&world, &url, "plain-app", "*/*").await.status, 404);
}

/// The traps that everybody falls into once, as the client hears of them.
#[tokio::test]
async fn the_classic_traps() {
    let world = World::new().await;
    let alice = world.sub_of("alice").await;
    let id_token = id_token_of(&world, "alice").await;
    let mut said = vec![];
    for (claim, value) in [
        ("aud", json!(format!("{CHAT}/"))),
        ("aud", json!(format!("{CHAT}/oauth2/token"))),
        ("aud", json!("https://mail.example")),
        ("iat", json!(crate::support::NOW.unix_timestamp() + 60)),
        ("resource", json!("https://chat.example/mcp/")),
    ] {
        let mut claims = world.id_jag_claims(&alice);
        claims[claim] = value;
        let answer = redeem(&world, &world.sign(HOME, ID_JAG_TYP, &claims), &[]).await;
        let told = asked(&world, &answer.member("error_uri"), "wiki-at-chat", "*/*").await.json();
        said.push(format!("{claim}: {}", told["rows"][0]["change"].as_str().unwrap()));
    }
    for (name, value) in [("audience", "urn:example:chat/"), ("resource", "https://chat.example/")]
    {
        let answer = exchange(&world, &id_token, &[(name, value)]).await;
        let told = asked(&world, &answer.member("error_uri"), "wiki-agent", "*/*").await.json();
        said.push(format!("{name}: {}", told["rows"][0]["change"].as_str().unwrap()));
    }
    assert_snapshot!(said.join("\n"), @"
    aud: only a slash at the end differs: send the issuer letter by letter as it stands in the metadata
    aud: that is an endpoint of the right issuer: send the issuer itself, as it stands in the metadata
    aud: the usual traps are a slash at the end, http for https, a port, and the address of the token endpoint: send the issuer as it stands in the metadata
    iat: set the clock of whoever issued it (tegata doctor looks at ours)
    resource: name the resource as its RFC 9728 metadata does, or add it to the service (and to the connection, if that lists some)
    audience: name the service's issuer, letter by letter, or one of its audience_aliases
    resource: name the resource as its RFC 9728 metadata does, or add it to the service (and to the connection, if that lists some)
    ");
}

/// Nobody is redirected to an address that the client did not register, but it is known whose request
/// that was: the page has the name of the decision.
#[tokio::test]
async fn a_redirect_uri_that_is_not_registered() {
    let world = World::new().await;
    let wrong = [("redirect_uri", "http://localhost:18765/callback?of=somebody")];
    let browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &wrong)).await;
    let name = browser.page.header("x-request-id");
    assert!(browser.page.words().contains(name), "{}", browser.page.words());
    let url = format!("{HOME}/decisions/{name}");
    let told = asked(&world, &url, "wiki-agent", "text/plain").await.text;
    assert!(told.contains("localhost for 127.0.0.1"), "{told}");
    // What came is told where a difference is looked for, and not to who only has the page.
    assert!(told.contains("http://localhost:18765/callback?…"), "{told}");
    assert!(!told.contains("of=somebody"), "{told}");
    assert!(!browser.page.text.contains(wrong[0].1));
    // Of an application that is not known there is nobody to tell.
    let unknown = Browser::open(&world, &authorize_url(HOME, "nobody", &[])).await;
    let name = unknown.page.header("x-request-id").to_owned();
    assert!(world.ledger().await.iter().all(|row| row.entry.request.as_str() != name));
}

/// A document that cannot be taken, at its own address (CIMD): recorded by the name of the client.
#[tokio::test]
async fn a_document_that_cannot_be_fetched() {
    let world = World::configured(&[("clients.described_at", "agent.example")]).await;
    let url = "https://agent.example/client.json";
    let back = [("redirect_uri", "https://agent.example/back")];
    let page = world.get(&authorize_url(HOME, url, &back)).await;
    let name = page.header("x-request-id");
    let ledger = world.ledger().await;
    let row = ledger.iter().find(|row| row.entry.request.as_str() == name).unwrap();
    assert_eq!(row.entry.client.as_ref().unwrap().as_str(), url);
    let tegata::model::Outcome::Refused { code, reason } = &row.entry.outcome else {
        panic!("{row:?}")
    };
    let advice = tegata::flows::explanation::advice(code, reason);
    assert!(advice.rule.contains("client ID metadata"), "{code}: {reason}");
}
