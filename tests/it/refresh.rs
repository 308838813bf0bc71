//! Refreshing (RFC 6749 §6, RFC 9700 §4.14, OIDC Core §12).

use axum::body::Body;
use insta::assert_snapshot;
use time::Duration;

use crate::support::{
    Answer, Browser, CHAT, HOME, ID_JAG, ID_TOKEN, NOW, TOKEN_EXCHANGE, VERIFIER, World,
    allowed_by_alice, authorize_url, changed, claims_of, request,
};

const OFFLINE: &str = "openid profile email offline_access";

/// What the wiki agent gets by `token`, after `changes`.
async fn refresh(world: &World, token: &str, changes: &[(&str, &str)]) -> Answer {
    let right = [("grant_type", "refresh_token"), ("refresh_token", token)];
    world.post_token(HOME, "wiki-agent", &changed(&right, changes)).await
}

/// Alice's first tokens.
async fn tokens(world: &World) -> Answer {
    let browser = allowed_by_alice(world, &[("scope", OFFLINE)]).await;
    world.redeem(&browser).await
}

async fn userinfo(world: &World, token: &str) -> u16 {
    let request = request("GET", "https://home.example/oauth2/userinfo")
        .header("authorization", format!("Bearer {token}"));
    world.send(request.body(Body::empty()).unwrap()).await.status.as_u16()
}

/// OIDC Core §12.2: the ID Token is of the same person, `auth_time` is that "of the original
/// authentication", and "it SHOULD NOT have a nonce Claim".
#[tokio::test]
async fn right() {
    let world = World::new().await;
    let first = tokens(&world).await;
    world.hands.advance(Duration::days(20));
    let second = refresh(&world, &first.member("refresh_token"), &[]).await;
    assert_eq!(second.status, 200, "{}", second.text);
    assert_eq!(second.header("cache-control"), "no-store");
    assert_eq!(second.member("scope"), first.member("scope"));
    assert_ne!(second.member("refresh_token"), first.member("refresh_token"));
    assert_eq!(userinfo(&world, &second.access_token()).await, 200);

    let (old, new) = (claims_of(&first.member("id_token")), claims_of(&second.member("id_token")));
    for same in ["iss", "sub", "aud", "auth_time", "acr", "amr", "sid"] {
        assert_eq!(new[same], old[same], "{same}");
    }
    assert_eq!(new["iat"], (NOW + Duration::days(20)).unix_timestamp());
    assert_eq!(new.get("nonce"), None);
    assert_ne!(new["at_hash"], old["at_hash"]);
    assert_ne!(new["jti"], old["jti"]);
}

/// RFC 9700 §4.14.2: "the authorization server issues a new refresh token with every access token
/// refresh response", and the one before is good no more: whoever uses it, all of them end.
#[tokio::test]
async fn a_refresh_token_that_comes_again() {
    let world = World::new().await;
    let first = tokens(&world).await;
    let second = refresh(&world, &first.member("refresh_token"), &[]).await;
    let third = refresh(&world, &second.member("refresh_token"), &[]).await;
    assert_eq!(userinfo(&world, &third.access_token()).await, 200);

    let stolen = refresh(&world, &first.member("refresh_token"), &[]).await;
    assert_snapshot!(stolen.refusal(), @"400 invalid_grant: the refresh token was already used, so all that came from it is revoked");
    let newest = refresh(&world, &third.member("refresh_token"), &[]).await;
    assert_snapshot!(newest.refusal(), @"400 invalid_grant: the refresh token was revoked");
    for token in [&first, &second, &third] {
        assert_eq!(userinfo(&world, &token.access_token()).await, 401);
    }
    let again = refresh(&world, &first.member("refresh_token"), &[]).await;
    assert_eq!(again.refusal(), newest.refusal());
}

/// Whatever else is wrong with the request that shows it again.
#[tokio::test]
async fn a_refresh_token_that_comes_again_with_something_wrong() {
    for wrong in [("scope", "openid chat.read"), ("resource", "https://elsewhere.example")] {
        let world = World::new().await;
        let first = tokens(&world).await;
        let second = refresh(&world, &first.member("refresh_token"), &[]).await;
        let stolen = refresh(&world, &first.member("refresh_token"), &[wrong]).await;
        assert!(stolen.refusal().contains("already used"), "{wrong:?}: {}", stolen.refusal());
        let newest = refresh(&world, &second.member("refresh_token"), &[]).await;
        assert!(newest.refusal().contains("was revoked"), "{wrong:?}");
    }
}

/// The thief may come late: the token has expired, and its use tells as much.
#[tokio::test]
async fn a_refresh_token_that_comes_again_after_it_expired() {
    let world = World::new().await;
    let first = tokens(&world).await;
    world.hands.advance(Duration::days(29));
    let second = refresh(&world, &first.member("refresh_token"), &[]).await;
    world.hands.advance(Duration::days(2));
    refresh(&world, &first.member("refresh_token"), &[]).await.refusal();
    let newest = refresh(&world, &second.member("refresh_token"), &[]).await;
    assert_eq!(newest.refusal(), "400 invalid_grant: the refresh token was revoked");
}

/// RFC 6749 §6: "MUST NOT include any scope not originally granted"; a part of it is fine, and
/// next time all of it again: the refresh token's scope "MUST be identical".
#[tokio::test]
async fn scope() {
    let world = World::new().await;
    let first = tokens(&world).await;
    let mut token = first.member("refresh_token");
    for wider in ["openid reports", "reports", "openid unheard-of", "openid chat.read"] {
        let refusal = refresh(&world, &token, &[("scope", wider)]).await.refusal();
        assert_eq!(refusal, "400 invalid_scope: scope asks for more than was granted", "{wider}");
    }
    for (asked, granted, id_token) in [
        ("openid", "openid", true),
        ("email", "email", false),
        ("profile openid", "openid profile", true),
        ("", "email offline_access openid profile", true),
    ] {
        let answer = refresh(&world, &token, &[("scope", asked)]).await;
        assert_eq!(answer.member("scope"), granted);
        assert_eq!(answer.claims()["scope"], granted);
        assert_eq!(answer.json().get("id_token").is_some(), id_token, "{asked}");
        token = answer.member("refresh_token");
    }
}

/// RFC 6749 §5.2: "issued to another client". It says nothing else, and uses nothing up.
#[tokio::test]
async fn a_refresh_token_of_another_client() {
    let world = World::but(
        "grant_types = [\"authorization_code\", \"urn:ietf:params:oauth:grant-type:token-exchange\"]\nscope = \"openid\"",
        "grant_types = [\"authorization_code\", \"refresh_token\"]\nscope = \"openid\"",
    )
    .await;
    let token = tokens(&world).await.member("refresh_token");
    let right = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let other = world.post_token(HOME, "plain-app", &right).await;
    assert_snapshot!(other.refusal(), @"400 invalid_grant: the refresh token was issued to another client");
    let public = changed(&right, &[("client_id", "todo-app")]);
    assert_eq!(world.post_bare(HOME, &public).await.refusal(), other.refusal());
    let at_chat = changed(&right, &[("client_id", "mcp-client")]);
    assert_eq!(world.post_bare(CHAT, &at_chat).await.refusal(), other.refusal());
    // RFC 6749 §6: "the authorization server MUST authenticate the client".
    let unproven = changed(&right, &[("client_id", "wiki-agent")]);
    assert!(world.post_bare(HOME, &unproven).await.refusal().starts_with("401 invalid_client"));
    assert_eq!(refresh(&world, &token, &[]).await.status, 200);
}

/// RFC 6749 §5.2.
#[tokio::test]
async fn requests_that_are_not_right() {
    let world = World::new().await;
    let token = tokens(&world).await.member("refresh_token");
    let mut lines = vec![];
    for (name, value) in [
        ("refresh_token", ""),
        ("refresh_token", "unknown"),
        ("scope", "openid\""),
        ("resource", "https://chat.example/mcp"),
    ] {
        lines.push(format!(
            "{name}={value} → {}",
            refresh(&world, &token, &[(name, value)]).await.refusal()
        ));
    }
    assert_snapshot!(lines.join("\n"), @r#"
    refresh_token= → 400 invalid_request: refresh_token is required
    refresh_token=unknown → 400 invalid_grant: the refresh token is unknown
    scope=openid" → 400 invalid_scope: scope is malformed: scope has a character that RFC 6749 does not allow
    resource=https://chat.example/mcp → 400 invalid_target: the resource is not one that this server issues tokens for, or not one that was granted
    "#);
    assert_eq!(refresh(&world, &token, &[]).await.status, 200);
}

/// Thirty days without use, counted anew by each use.
#[tokio::test]
async fn an_expired_refresh_token() {
    let world = World::new().await;
    let mut token = tokens(&world).await.member("refresh_token");
    for _ in 0..3 {
        world.hands.advance(Duration::days(30) - Duration::seconds(1));
        token = refresh(&world, &token, &[]).await.member("refresh_token");
    }
    world.hands.advance(Duration::days(30));
    assert_snapshot!(refresh(&world, &token, &[]).await.refusal(), @"400 invalid_grant: the refresh token has expired");
}

/// Who was sent away, or was taken out of service, gets nothing more.
#[tokio::test]
async fn a_person_or_a_client_that_is_disabled() {
    let world = World::new().await;
    let token = tokens(&world).await.member("refresh_token");
    world.disable_user("alice").await;
    assert_snapshot!(refresh(&world, &token, &[]).await.refusal(), @"400 invalid_grant: the person is unknown or not active");

    let world = World::new().await;
    let token = tokens(&world).await.member("refresh_token");
    world.disable_client(HOME, "wiki-agent").await;
    assert_snapshot!(refresh(&world, &token, &[]).await.refusal(), @"401 invalid_client: client authentication failed");
}

/// `docs/decisions/0016-ended-sessions.md`: with `offline_access`, the person allowed it to go on
/// while they are away; but the ID Token it brings tells of a login that has ended.
#[tokio::test]
async fn after_sign_out_with_offline_access() {
    let world = World::new().await;
    let mut browser = allowed_by_alice(&world, &[("scope", OFFLINE)]).await;
    let token = world.redeem(&browser).await.member("refresh_token");
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    browser.submit(&[]).await;
    let answer = refresh(&world, &token, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(userinfo(&world, &answer.access_token()).await, 200);
    let id_token = answer.member("id_token");
    let exchange = [
        ("grant_type", TOKEN_EXCHANGE),
        ("requested_token_type", ID_JAG),
        ("audience", CHAT),
        ("subject_token", &id_token),
        ("subject_token_type", ID_TOKEN),
    ];
    let refused = world.post_token(HOME, "wiki-agent", &exchange).await;
    assert!(refused.refusal().starts_with("400 invalid_grant: the login"), "{}", refused.text);
}

/// The redirect URI of the MCP client.
const REDIRECT: &str = "http://127.0.0.1:9/callback";

/// Alice has let the MCP client, which is public, into chat.
async fn into_chat<'a>(world: &'a World, resource: &str) -> (Browser<'a>, Answer) {
    let changes =
        [("redirect_uri", REDIRECT), ("scope", "chat.read chat.write"), ("resource", resource)];
    let mut browser = Browser::open(world, &authorize_url(CHAT, "mcp-client", &changes)).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let params = [
        ("grant_type", "authorization_code"),
        ("client_id", "mcp-client"),
        ("code", &browser.sent("code").unwrap()),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let answer = world.post_bare(CHAT, &params).await;
    (browser, answer)
}

async fn refresh_at_chat(world: &World, token: &str, changes: &[(&str, &str)]) -> Answer {
    let right =
        [("grant_type", "refresh_token"), ("client_id", "mcp-client"), ("refresh_token", token)];
    world.post_bare(CHAT, &changed(&right, changes)).await
}

/// RFC 9700 §2.2.2: "Refresh tokens for public clients MUST be sender-constrained or use refresh
/// token rotation". At a service its registration decides (`docs/decisions/0013`).
#[tokio::test]
async fn a_public_client() {
    let world = World::new().await;
    let (_, first) = into_chat(&world, "").await;
    let second = refresh_at_chat(&world, &first.member("refresh_token"), &[]).await;
    assert_eq!(second.claims()["scope"], "chat.read chat.write");
    let again = refresh_at_chat(&world, &first.member("refresh_token"), &[]).await;
    assert!(again.refusal().starts_with("400 invalid_grant: "), "{}", again.text);
    let newest = refresh_at_chat(&world, &second.member("refresh_token"), &[]).await;
    assert!(newest.refusal().starts_with("400 invalid_grant: "), "{}", newest.text);
}

/// RFC 8707 §2.2: resources may be fewer at a refresh, not others. What was granted in particular
/// is named in each answer.
#[tokio::test]
async fn resources() {
    const MCP: &str = "https://chat.example/mcp";
    let world = World::new().await;
    let (_, first) = into_chat(&world, MCP).await;
    let token = first.member("refresh_token");
    let files = [("resource", "https://chat.example/files")];
    let refused = refresh_at_chat(&world, &token, &files).await;
    assert!(refused.refusal().starts_with("400 invalid_target: "), "{}", refused.text);
    let second = refresh_at_chat(&world, &token, &[]).await;
    assert_eq!(second.claims()["aud"], MCP);
    assert_eq!(second.member("resource"), first.member("resource"));
}

/// Nobody was told that it goes on without them: the page said nothing of it.
#[tokio::test]
async fn after_sign_out_without_offline_access() {
    let world = World::new().await;
    let (mut browser, tokens) = into_chat(&world, "").await;
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    browser.submit(&[]).await;
    let refused = refresh_at_chat(&world, &tokens.member("refresh_token"), &[]).await;
    assert_snapshot!(refused.refusal(), @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");
}

/// And the page said "until" a day: that of the login.
#[tokio::test]
async fn without_offline_access_it_ends_with_the_login() {
    let world = World::new().await;
    let (_, tokens) = into_chat(&world, "").await;
    world.hands.advance(Duration::hours(12) - Duration::seconds(1));
    let again = refresh_at_chat(&world, &tokens.member("refresh_token"), &[]).await;
    assert_eq!(again.status, 200, "{}", again.text);
    world.hands.advance(Duration::seconds(1));
    let refused = refresh_at_chat(&world, &again.member("refresh_token"), &[]).await;
    assert_snapshot!(refused.refusal(), @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");
}

/// RFC 9700 §4.14.2: two at a time are two; only one of them can be the client.
#[tokio::test]
async fn two_at_a_time() {
    let world = World::new().await;
    let first = tokens(&world).await;
    let token = first.member("refresh_token");
    let (one, other) = tokio::join!(refresh(&world, &token, &[]), refresh(&world, &token, &[]));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let winner = if one.status == 200 { one } else { other };
    let newest = refresh(&world, &winner.member("refresh_token"), &[]).await;
    assert!(newest.refusal().starts_with("400 invalid_grant: "), "{}", newest.text);
}
