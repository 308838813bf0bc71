//! Redeeming a code (RFC 6749 §4.1.3, RFC 7636 §4.5, OIDC Core §3.1.3).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use insta::{assert_json_snapshot, assert_snapshot};
use sha2::{Digest, Sha256};
use tegata::environment::Clock;
use tegata::jose::{Algorithm, KeySet, Typ, UnverifiedJwt};
use tegata::oauth::SessionId;
use tegata::store::Effect;
use time::Duration;

use crate::support::{
    Answer, Browser, CHAT, HOME, VERIFIER, World, allowed_by_alice, authorize_url, changed,
    claims_of, header_of, redemption,
};

/// What the wiki agent is answered, after `changes` to the right request.
async fn answer(world: &World, code: &str, changes: &[(&str, &str)]) -> Answer {
    world.post_token(HOME, "wiki-agent", &changed(&redemption(code), changes)).await
}

/// The same, for a code of a world of its own; the code is still good for who is right.
async fn refusal(changes: &[(&str, &str)]) -> String {
    let world = World::new().await;
    let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
    let refusal = answer(&world, &code, changes).await.refusal();
    assert_eq!(answer(&world, &code, &[]).await.status, 200, "a failed try uses nothing up");
    refusal
}

/// RFC 6749 §5.1 and OIDC Core §3.1.3.3.
#[tokio::test]
async fn right() {
    let world = World::new().await;
    let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
    let answer = answer(&world, &code, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_json_snapshot!(answer.json(), {
        ".access_token" => "JWT", ".refresh_token" => "secret", ".id_token" => "JWT",
    }, @r#"
    {
      "access_token": "JWT",
      "token_type": "Bearer",
      "expires_in": 600,
      "scope": "email offline_access openid profile",
      "refresh_token": "secret",
      "id_token": "JWT"
    }
    "#);
    assert_eq!(answer.member("refresh_token").len(), 51);
    assert_json_snapshot!(answer.claims(), {
        ".sub" => "alice", ".jti" => "jti", ".sid" => "sid", ".grant_id" => "family",
    }, @r#"
    {
      "iss": "https://home.example",
      "exp": 1767323645,
      "aud": "https://home.example",
      "sub": "alice",
      "client_id": "wiki-agent",
      "iat": 1767323045,
      "jti": "jti",
      "auth_time": 1767323045,
      "acr": "urn:tegata:acr:password",
      "amr": [
        "pwd"
      ],
      "scope": "email offline_access openid profile",
      "sid": "sid",
      "grant_id": "family"
    }
    "#);
    assert_json_snapshot!(header_of(&answer.access_token()), { ".kid" => "kid" }, @r#"
    {
      "typ": "at+jwt",
      "alg": "ES256",
      "kid": "kid"
    }
    "#);
}

/// OIDC Core §2 and §3.1.3.6.
#[tokio::test]
async fn the_id_token() {
    let world = World::new().await;
    let mut browser = allowed_by_alice(&world, &[]).await;
    // `auth_time` is that of the sign-in, not that of the code.
    world.hands.advance(Duration::seconds(1000));
    browser.go(&authorize_url(HOME, "wiki-agent", &[])).await;
    let tokens = world.redeem(&browser).await;
    let id_token = tokens.member("id_token");
    assert_json_snapshot!(claims_of(&id_token), {
        ".sub" => "alice", ".jti" => "jti", ".sid" => "sid", ".at_hash" => "hash",
        ".grant_id" => "family",
    }, @r#"
    {
      "iss": "https://home.example",
      "sub": "alice",
      "aud": "wiki-agent",
      "exp": 1767327645,
      "iat": 1767324045,
      "auth_time": 1767323045,
      "nonce": "nonce-1",
      "acr": "urn:tegata:acr:password",
      "amr": [
        "pwd"
      ],
      "at_hash": "hash",
      "sid": "sid",
      "jti": "jti",
      "grant_id": "family"
    }
    "#);
    let digest = Sha256::digest(tokens.access_token().as_bytes());
    let claims = claims_of(&id_token);
    assert_eq!(claims["at_hash"], BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]));
    assert_eq!(claims["sub"], world.sub_of("alice").await);
    assert_eq!(claims["sid"], tokens.claims()["sid"]);
}

/// OIDC Core §3.1.3.7: "The alg value SHOULD be the default of RS256". What the JWKS publishes
/// verifies it, and nothing else of ours does.
#[tokio::test]
async fn the_id_token_is_signed_by_a_published_key() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let id_token = world.redeem(&browser).await.member("id_token");
    let header = header_of(&id_token);
    assert_json_snapshot!(header, { ".kid" => "kid" }, @r#"
    {
      "typ": "JWT",
      "alg": "RS256",
      "kid": "kid"
    }
    "#);
    let jwks = world.get(&format!("{HOME}/oauth2/jwks")).await;
    let keys = jwks.json()["keys"].as_array().unwrap().clone();
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).unwrap();
    assert_eq!((&key["alg"], &key["use"]), (&"RS256".into(), &"sig".into()));

    let jwt = UnverifiedJwt::read(&id_token).unwrap();
    let verified = |jwks: &str| {
        let keys = KeySet::parse(jwks.as_bytes()).unwrap();
        keys.verify::<serde_json::Value>(&jwt, Typ::Plain, &[Algorithm::RS256])
    };
    assert_eq!(verified(&jwks.text).unwrap(), claims_of(&id_token));
    let chat = world.get(&format!("{CHAT}/oauth2/jwks")).await;
    assert!(verified(&chat.text).is_err(), "each issuer has keys of its own");
}

/// OIDC Registration §2 `id_token_signed_response_alg`: as the client registered it.
#[tokio::test]
async fn an_id_token_of_another_algorithm() {
    let world =
        World::but("agent = true\n", "agent = true\nid_token_signed_response_alg = \"ES256\"\n")
            .await;
    let browser = allowed_by_alice(&world, &[]).await;
    assert_eq!(header_of(&world.redeem(&browser).await.member("id_token"))["alg"], "ES256");
}

/// OIDC Core §3.1.2.1: `nonce` "unmodified"; and none where none was sent.
#[tokio::test]
async fn nonce() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[("nonce", "n-0S6_WzA2Mj \"é\"")]).await;
    let id_token = world.redeem(&browser).await.member("id_token");
    assert_eq!(claims_of(&id_token)["nonce"], "n-0S6_WzA2Mj \"é\"");
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[("nonce", "")]).await;
    let id_token = world.redeem(&browser).await.member("id_token");
    assert_eq!(claims_of(&id_token).get("nonce"), None);
}

/// OIDC Core §3.1.2.1: without `openid` it is plain OAuth.
#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[("scope", "profile")]).await;
    assert_eq!(world.redeem(&browser).await.json().get("id_token"), None);
}

/// OIDC Core §11, `docs/decisions/0013-refresh-tokens-when.md`.
#[tokio::test]
async fn refresh_tokens_are_for_offline_access() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[("scope", "openid profile email")]).await;
    assert_eq!(world.redeem(&browser).await.json().get("refresh_token"), None);

    // And for clients that are registered for them.
    let world = World::but(
        "\"authorization_code\", \"refresh_token\", \"client_credentials\"",
        "\"authorization_code\", \"client_credentials\"",
    )
    .await;
    let browser = allowed_by_alice(&world, &[]).await;
    assert_eq!(world.redeem(&browser).await.json().get("refresh_token"), None);
}

/// RFC 6749 §4.1.3 and §5.2, RFC 7636 §4.6.
#[tokio::test]
async fn requests_that_are_not_right() {
    let mut lines = vec![];
    let long = "x".repeat(129);
    for (name, value) in [
        ("code", ""),
        ("code", "unknown"),
        ("redirect_uri", ""),
        ("redirect_uri", "http://127.0.0.1:18766/callback"),
        ("redirect_uri", "http://127.0.0.1:18765/callback/"),
        ("redirect_uri", "callback"),
        ("code_verifier", ""),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"),
        // RFC 7636 §4.2: the challenge itself, as "plain" would have it.
        ("code_verifier", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_verifier", "short"),
        ("code_verifier", &long),
        ("resource", "https://chat.example/mcp"),
        ("resource", "mcp"),
    ] {
        lines.push(format!("{name}={value:.50} → {}", refusal(&[(name, value)]).await));
    }
    assert_snapshot!(lines.join("\n"), @"
    code= → 400 invalid_request: code is required
    code=unknown → 400 invalid_grant: the code is unknown: it may be mistyped, or long expired
    redirect_uri= → 400 invalid_grant: redirect_uri is not the one of the authorization request
    redirect_uri=http://127.0.0.1:18766/callback → 400 invalid_grant: redirect_uri is not the one of the authorization request
    redirect_uri=http://127.0.0.1:18765/callback/ → 400 invalid_grant: redirect_uri is not the one of the authorization request
    redirect_uri=callback → 400 invalid_request: redirect_uri is malformed: a redirect URI must be absolute
    code_verifier= → 400 invalid_request: code_verifier is required
    code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK → 400 invalid_grant: code_verifier does not match the code_challenge
    code_verifier=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM → 400 invalid_grant: code_verifier does not match the code_challenge
    code_verifier=short → 400 invalid_request: code_verifier is malformed: a code_verifier has 43 to 128 unreserved characters
    code_verifier=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx → 400 invalid_request: code_verifier is malformed: a code_verifier has 43 to 128 unreserved characters
    resource=https://chat.example/mcp → 400 invalid_target: the resource is not one that this server issues tokens for, or not one that was granted
    resource=mcp → 400 invalid_target: resource is malformed: a resource must be an absolute URI without fragment
    ");
}

/// RFC 6749 §4.1.3: "ensure that the authorization code was issued to the authenticated
/// confidential client, or if the client is public, ensure that the code was issued to
/// `client_id` in the request".
#[tokio::test]
async fn a_code_of_another_client() {
    let world = World::new().await;
    let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
    let other = world.post_token(HOME, "plain-app", &redemption(&code)).await;
    assert_snapshot!(other.refusal(), @"400 invalid_grant: the code was issued to another client");
    let public = changed(&redemption(&code), &[("client_id", "todo-app")]);
    assert_eq!(world.post_bare(HOME, &public).await.refusal(), other.refusal());
    let unproven = changed(&redemption(&code), &[("client_id", "wiki-agent")]);
    assert_snapshot!(world.post_bare(HOME, &unproven).await.refusal(), @"401 invalid_client: client authentication is required");
    // A thief cannot have it revoked either.
    assert_eq!(answer(&world, &code, &[]).await.status, 200);
    world.post_token(HOME, "plain-app", &redemption(&code)).await.refusal();
    let wrong = [("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK")];
    answer(&world, &code, &wrong).await.refusal();
    let row = world.ledger().await.pop().unwrap().entry;
    assert!(format!("{:?}", row.outcome).contains("code_verifier does not match"));
}

/// The family that alice's code gives: its newest refresh token, and whether it still does.
async fn is_alive(world: &World, tokens: &Answer) -> bool {
    let (access, refresh) = (tokens.access_token(), tokens.member("refresh_token"));
    let request = crate::support::request("GET", "https://home.example/oauth2/userinfo")
        .header("authorization", format!("Bearer {access}"));
    let userinfo = world.send(request.body(axum::body::Body::empty()).unwrap()).await.status;
    let params = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let refreshed = world.post_token(HOME, "wiki-agent", &params).await.status;
    assert_eq!(userinfo == 200, refreshed == 200, "both or none: {userinfo} {refreshed}");
    refreshed == 200
}

/// RFC 6749 §4.1.2: "If an authorization code is used more than once, the authorization server
/// MUST deny the request and SHOULD revoke (when possible) all tokens previously issued based on
/// that authorization code."
#[tokio::test]
async fn twice() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let tokens = world.redeem(&browser).await;
    let code = browser.sent("code").unwrap();
    let again = answer(&world, &code, &[]).await;
    assert_snapshot!(again.refusal(), @"400 invalid_grant: the code was already used");
    assert!(!is_alive(&world, &tokens).await);
    assert_eq!(answer(&world, &code, &[]).await.refusal(), again.refusal());

    // It was this one code: what another one gave goes on.
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    assert!(is_alive(&world, &world.redeem(&browser).await).await);
}

/// The same when the code would have expired in the meantime: the second use tells as much.
#[tokio::test]
async fn twice_but_late() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let tokens = world.redeem(&browser).await;
    world.hands.advance(Duration::seconds(300));
    answer(&world, &browser.sent("code").unwrap(), &[]).await.refusal();
    assert!(!is_alive(&world, &tokens).await);
}

/// Whatever else is wrong with the second request, it is a second one.
#[tokio::test]
async fn twice_and_wrong_besides() {
    let elsewhere: &[_] = &[("resource", "https://elsewhere.example")];
    for changes in [elsewhere, &[]] {
        let world = World::new().await;
        let browser = allowed_by_alice(&world, &[("scope", "openid offline_access")]).await;
        let tokens = world.redeem(&browser).await;
        if changes.is_empty() {
            // She has left, and what was hers goes on without her.
            let sid = SessionId::parse(tokens.claims()["sid"].as_str().unwrap()).unwrap();
            let (store, now) = (&world.live.shared().store, world.hands.now());
            store.commit(vec![Effect::EndLogin(sid)], now).await.unwrap();
            world.noticed().await;
        }
        let again = answer(&world, &browser.sent("code").unwrap(), changes).await;
        assert_eq!(again.refusal(), "400 invalid_grant: the code was already used", "{changes:?}");
        assert!(!is_alive(&world, &tokens).await, "{changes:?}");
    }
}

/// FAPI 2.0 §5.3.2.1: at most 60 seconds.
#[tokio::test]
async fn an_expired_code() {
    for (seconds, status) in [(59, 200), (60, 400)] {
        let world = World::new().await;
        let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
        world.hands.advance(Duration::seconds(seconds));
        let answer = answer(&world, &code, &[]).await;
        assert_eq!(answer.status, status, "{seconds}");
        if status == 400 {
            assert_eq!(answer.refusal(), "400 invalid_grant: the code has expired");
        }
    }
}

/// Who was disabled, or has signed out, within that minute gives nothing.
#[tokio::test]
async fn a_code_of_somebody_who_left() {
    let world = World::new().await;
    let code = allowed_by_alice(&world, &[]).await.sent("code").unwrap();
    world.disable_user("alice").await;
    assert_snapshot!(answer(&world, &code, &[]).await.refusal(), @"400 invalid_grant: the person is unknown or not active");

    let world = World::new().await;
    let mut browser = allowed_by_alice(&world, &[]).await;
    let code = browser.sent("code").unwrap();
    browser.go(&format!("{HOME}/oauth2/logout")).await;
    browser.submit(&[]).await;
    assert_snapshot!(answer(&world, &code, &[]).await.refusal(), @"400 invalid_grant: the login that this comes from has ended: the person has to sign in again");
}

/// RFC 8707 §2.2: "a subset of the previously granted" resources, here of both that chat has.
#[tokio::test]
async fn fewer_resources_than_were_allowed() {
    const REDIRECT: &str = "http://127.0.0.1:9/callback";
    const MCP: (&str, &str) = ("resource", "https://chat.example/mcp");
    const FILES: (&str, &str) = ("resource", "https://chat.example/files");
    for (allowed, asked, expected) in [
        (vec![MCP, FILES], vec![MCP], "[\"https://chat.example/mcp\"]"),
        (vec![MCP, FILES], vec![], "[\"https://chat.example/mcp\",\"https://chat.example/files\"]"),
        (vec![], vec![FILES], "[\"https://chat.example/files\"]"),
        (vec![MCP], vec![FILES], "invalid_target"),
        (vec![MCP], vec![MCP, FILES], "invalid_target"),
    ] {
        let world = World::new().await;
        let changes = [("redirect_uri", REDIRECT), ("scope", "chat.read")];
        let mut url = authorize_url(CHAT, "mcp-client", &changes);
        if !allowed.is_empty() {
            url = format!("{url}&{}", crate::support::form(&allowed));
        }
        let mut browser = Browser::open(&world, &url).await;
        browser.sign_in("alice", "alice-password").await;
        browser.allow().await;
        let code = browser.sent("code").unwrap();
        let mut params = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "mcp-client"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        params.extend(&asked);
        let answer = world.post_bare(CHAT, &params).await;
        let found = match answer.status.as_u16() {
            200 => match answer.claims()["aud"].clone() {
                serde_json::Value::String(one) => serde_json::json!([one]).to_string(),
                several => several.to_string(),
            },
            _ => answer.member("error"),
        };
        assert_eq!(found, expected, "{allowed:?} {asked:?}");
    }
}
