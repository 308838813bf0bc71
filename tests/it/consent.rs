//! What a person is asked, and what becomes of their word (OIDC Core §3.1.2.4).

use insta::assert_snapshot;

use crate::support::{
    Browser, CHAT, HOME, ID_JAG, ID_TOKEN, MAIL, TOKEN_EXCHANGE, World, allowed_by_alice,
    authorize_url, with_mail,
};

/// Where alice decides about the wiki agent.
async fn at_consent<'a>(world: &'a World, changes: &[(&str, &str)]) -> Browser<'a> {
    let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", changes)).await;
    browser.sign_in("alice", "alice-password").await;
    assert!(browser.url.starts_with("https://home.example/consent?request="), "{}", browser.url);
    browser
}

/// RFC 6819 §5.2.4.3, MCP 2026-07-28: who asks and from which host, for whom, for what in plain
/// words, and for an agent where else it goes and who decided that.
#[tokio::test]
async fn the_page_says_what_there_is_to_decide() {
    let world = World::new().await;
    let page = at_consent(&world, &[]).await.page;
    assert_eq!(page.status, 200);
    assert_snapshot!(page.words(), @"
    Wiki agent asks to act for you
    Read its pass, then decide. An agent works on its own. It may do what stands here, and nothing else.
    Travel pass
    Who asks
    Wiki agent
    from 127.0.0.1
    For whom
    Alice Example
    Where to
    home.example
    It may
    Know that it is you
    See your name and your profile
    See your e-mail address
    Onward to
    Calendar
    See your appointments
    Yours to decide: Allow includes it
    Chat
    Read your messages
    Send messages as you
    Approved by your administrator
    Until
    It is taken back
    Also while you are away
    Allow puts the seal on.
    Refuse
    Allow
    ");
}

/// The same in Japanese.
#[tokio::test]
async fn in_japanese() {
    let world = World::new().await;
    let page = at_consent(&world, &[("ui_locales", "ja")]).await.page;
    assert!(page.text.contains("<html lang=\"ja\">"));
    assert_snapshot!(page.words(), @"
    「Wiki agent」があなたの代わりに作業することを許可しますか？
    内容を確かめてからお決めください。エージェントは、ここに書かれた範囲の中だけで動きます。
    通行手形
    依頼元
    Wiki agent
    127.0.0.1 から
    ご本人
    Alice Example
    行き先
    home.example
    できること
    ご本人であることを確認する
    氏名とプロフィールを見る
    メールアドレスを見る
    連携サービス
    Calendar
    See your appointments
    あなたの許可が必要です
    Chat
    Read your messages
    Send messages as you
    管理者が承認済みです
    期限
    取り消されるまで
    あなたの不在時にも使えます
    許可すると、印が押されます。
    許可しない
    許可する
    ");
}

/// A scope that nobody described is shown as it is. Without `offline_access` there is a last day;
/// and only who has connections has services to show.
#[tokio::test]
async fn an_application_that_is_no_agent() {
    let world = World::with(
        r#"
        [[client]]
        client_id = "app"
        name = "<b>App</b> & \"Co\""
        token_endpoint_auth_method = "none"
        redirect_uris = ["com.example.app:/back"]
        scope = "openid reports"
        "#,
    )
    .await;
    let changes = [("redirect_uri", "com.example.app:/back"), ("scope", "")];
    let mut browser = Browser::open(&world, &authorize_url(HOME, "app", &changes)).await;
    browser.sign_in("bob", "bob-password").await;
    assert_snapshot!(browser.page.words(), @"
    &#60;b&#62;App&#60;/b&#62; &#38; &#34;Co&#34; asks for access
    Read its pass, then decide. It may do what stands here, and nothing else.
    Travel pass
    Who asks
    &#60;b&#62;App&#60;/b&#62; &#38; &#34;Co&#34;
    from com.example.app
    For whom
    Bob Example
    Where to
    home.example
    It may
    Know that it is you
    reports
    Until
    2 January 2026
    Allow puts the seal on.
    Refuse
    Allow
    ");
}

/// What people outside of the connection's groups cannot reach they are not asked for.
#[tokio::test]
async fn services_of_other_groups_are_not_shown() {
    let world = World::new().await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("bob", "bob-password").await;
    let words = browser.page.words();
    assert!(words.contains("Calendar") && !words.contains("Chat"), "{words}");
}

/// RFC 6749 §4.1.2.1: `access_denied`, which is not the end of it.
#[tokio::test]
async fn refused() {
    let world = World::new().await;
    let mut browser = at_consent(&world, &[]).await;
    browser.submit(&[("decision", "refuse")]).await;
    assert_eq!(browser.page.redirected_error(HOME), "access_denied: the person refused");
    let row = world.ledger().await.pop().unwrap().entry;
    assert_eq!(row.event.as_str(), "code");
    assert_eq!(row.user.unwrap().to_string(), world.sub_of("alice").await);
    assert!(format!("{:?}", row.outcome).contains("access_denied"));

    // A refusal is nothing to remember.
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    browser.allow().await;
    assert!(browser.sent("code").is_some());
}

/// Pressing the button was for that request, once.
#[tokio::test]
async fn a_decision_cannot_be_sent_again() {
    let world = World::new().await;
    let mut browser = at_consent(&world, &[]).await;
    let (url, csrf) = (browser.url.clone(), browser.hidden("csrf"));
    browser.allow().await;
    let body = format!("csrf={csrf}&decision=allow");
    browser.url.clone_from(&url);
    browser.ask("POST", Some(body)).await;
    assert_snapshot!(browser.page.page_error(), @"400 expired:");
    browser.go(&url).await;
    assert_eq!(browser.page.page_error(), "400 expired: ");
}

/// Neither yes nor no is neither.
#[tokio::test]
async fn a_decision_that_is_none() {
    let world = World::new().await;
    let mut browser = at_consent(&world, &[]).await;
    let (url, csrf) = (browser.url.clone(), browser.hidden("csrf"));
    let mut lines = vec![];
    for decision in
        ["", "decision=", "decision=Allow", "decision=yes", "decision=allow&decision=refuse"]
    {
        browser.url.clone_from(&url);
        browser.ask("POST", Some(format!("csrf={csrf}&{decision}"))).await;
        lines.push(format!("{decision} → {}", browser.page.page_error()));
    }
    assert_snapshot!(lines.join("\n"), @"
     → 400 invalid_request: decision must be allow or refuse
    decision= → 400 invalid_request: decision must be allow or refuse
    decision=Allow → 400 invalid_request: decision must be allow or refuse
    decision=yes → 400 invalid_request: decision must be allow or refuse
    decision=allow&decision=refuse → 400 invalid_request: decision must be allow or refuse
    ");
    // Nothing was lost by it.
    browser.go(&url).await;
    browser.allow().await;
    assert!(browser.sent("code").is_some());
}

/// Another site cannot press it.
#[tokio::test]
async fn a_form_that_is_not_ours() {
    let world = World::new().await;
    let foreign = at_consent(&world, &[]).await.hidden("csrf");
    let mut browser = at_consent(&world, &[]).await;
    let url = browser.url.clone();
    for csrf in ["", "csrf=wrong&", &format!("csrf={foreign}&")] {
        browser.url.clone_from(&url);
        browser.ask("POST", Some(format!("{csrf}decision=allow"))).await;
        assert_eq!(browser.page.page_error(), "403 csrf: ");
    }
    assert!(world.ledger().await.iter().all(|row| row.entry.event.as_str() == "sign_in"));
}

/// The name of a request is worth nothing in another browser, at another issuer, or made up.
#[tokio::test]
async fn a_request_of_somebody_else() {
    let world = World::new().await;
    let alices = at_consent(&world, &[]).await.url;
    let mut bob = Browser::open(&world, &format!("{HOME}/sign-in")).await;
    bob.sign_in("bob", "bob-password").await;
    let mut own = at_consent(&world, &[]).await;
    let here = own.url.clone();
    for url in [
        alices.clone(),
        alices.replace("/consent?", "/sign-in?"),
        format!("{HOME}/consent"),
        format!("{HOME}/consent?request="),
        format!("{HOME}/consent?request=1"),
    ] {
        bob.go(&url).await;
        assert_eq!(bob.page.page_error(), "400 expired: ", "{url}");
    }
    own.go(&here.replace(HOME, CHAT)).await;
    assert_eq!(own.page.page_error(), "400 expired: ", "at another issuer");
    own.go(&here).await;
    assert_eq!(own.page.status, 200);
}

/// A person who signed out meanwhile signs in first; another one decides for themselves.
#[tokio::test]
async fn the_page_is_for_who_is_signed_in() {
    let world = World::new().await;
    let mut browser = at_consent(&world, &[]).await;
    let consent = browser.url.clone();
    // In another tab, bob signs in.
    browser.go(&format!("{HOME}/sign-in")).await;
    browser.sign_in("bob", "bob-password").await;
    browser.go(&consent).await;
    assert!(browser.page.words().contains("Bob Example"), "{}", browser.page.words());
    browser.allow().await;
    let tokens = world.redeem(&browser).await;
    assert_eq!(tokens.claims()["sub"], world.sub_of("bob").await);
    // Alice has not allowed anything by that.
    at_consent(&world, &[]).await;
}

/// OIDC Core §3.1.2.4: consent may have been "previously given"; in another browser, too.
#[tokio::test]
async fn consent_is_remembered() {
    let world = World::new().await;
    allowed_by_alice(&world, &[]).await;
    for scope in ["openid profile email offline_access", "openid", "email"] {
        let url = authorize_url(HOME, "wiki-agent", &[("scope", scope)]);
        let mut browser = Browser::open(&world, &url).await;
        browser.sign_in("alice", "alice-password").await;
        assert!(browser.sent("code").is_some(), "{scope}: {}", browser.url);
    }
    // It was alice's word, for this client.
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("bob", "bob-password").await;
    assert!(browser.url.contains("/consent?"), "{}", browser.url);
    let mut browser = Browser::open(&world, &authorize_url(HOME, "plain-app", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    assert!(browser.url.contains("/consent?"), "{}", browser.url);
}

/// More is asked for again; and adds to what was allowed before.
#[tokio::test]
async fn more_scope_takes_another_word() {
    let world = World::new().await;
    let mut browser = allowed_by_alice(&world, &[("scope", "openid profile")]).await;
    browser.go(&authorize_url(HOME, "wiki-agent", &[("scope", "openid email")])).await;
    assert!(browser.url.contains("/consent?"), "{}", browser.url);
    browser.allow().await;
    browser.go(&authorize_url(HOME, "wiki-agent", &[("scope", "openid email profile")])).await;
    assert!(browser.sent("code").is_some(), "{}", browser.url);
}

/// What the wiki agent is answered if it wants an ID-JAG for `audience`.
async fn exchange(world: &World, id_token: &str, audience: &str) -> String {
    let params = [
        ("grant_type", TOKEN_EXCHANGE),
        ("requested_token_type", ID_JAG),
        ("audience", audience),
        ("subject_token", id_token),
        ("subject_token_type", ID_TOKEN),
    ];
    let answer = world.post_token(HOME, "wiki-agent", &params).await;
    match answer.status.as_u16() {
        200 => "200".to_owned(),
        _ => answer.refusal(),
    }
}

/// `docs/decisions/0012-consent-required.md`: a service whose connection leaves it to the person
/// is reached when they have seen it named. What the administrator approves they are not asked.
#[tokio::test]
async fn a_new_service_takes_another_word() {
    let world = World::new().await;
    let mut browser = allowed_by_alice(&world, &[]).await;
    let id_token = world.redeem(&browser).await.member("id_token");

    world.apply(&with_mail("approval = \"admin\"")).await;
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    assert!(browser.sent("code").is_some(), "{}", browser.url);

    world.apply(&with_mail("approval = \"user\"")).await;
    assert_snapshot!(exchange(&world, &id_token, MAIL).await, @"400 consent_required: the person has not consented yet: send them to the authorization endpoint");
    browser.go(&authorize_url(HOME, "wiki-agent", &[("prompt", "none")])).await;
    assert!(browser.page.redirected_error(HOME).starts_with("consent_required: "));
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    assert!(browser.page.words().contains("Read your mail"), "{}", browser.url);
    browser.allow().await;
    assert_eq!(exchange(&world, &id_token, MAIL).await, "200");
    assert_eq!(exchange(&world, &id_token, "https://auth.calendar.example").await, "200");
}

/// A service's own clients ask for that service, in its words, and for no other.
#[tokio::test]
async fn a_client_of_a_service() {
    let world = World::new().await;
    let changes = [("redirect_uri", "http://127.0.0.1:9/callback"), ("scope", "")];
    let mut browser = Browser::open(&world, &authorize_url(CHAT, "mcp-client", &changes)).await;
    browser.sign_in("alice", "alice-password").await;
    assert_snapshot!(browser.page.words(), @"
    MCP client asks for access
    Read its pass, then decide. It may do what stands here, and nothing else.
    Travel pass
    Who asks
    MCP client
    from 127.0.0.1
    For whom
    Alice Example
    Where to
    Chat
    It may
    Rule the channels
    Read your messages
    Send messages as you
    Until
    2 January 2026
    Allow puts the seal on.
    Refuse
    Allow
    ");
    browser.submit(&[("decision", "refuse")]).await;
    assert_eq!(browser.page.redirected_error(CHAT), "access_denied: the person refused");
}
