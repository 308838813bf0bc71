//! The UserInfo endpoint (OIDC Core §5.3, RFC 6750).

use axum::body::Body;
use insta::{assert_json_snapshot, assert_snapshot};
use time::Duration;

use crate::support::{
    Answer, CALLBACK, CHAT, HOME, NOW, PARTNER, VERIFIER, World, allowed_by_alice, claims_of,
    request,
};

const USERINFO: &str = "https://home.example/oauth2/userinfo";

async fn userinfo(world: &World, method: &str, url: &str, authorization: &str) -> Answer {
    let request = request(method, url).header("authorization", authorization);
    world.send(request.body(Body::empty()).unwrap()).await
}

pub(crate) async fn about(world: &World, token: &str) -> Answer {
    userinfo(world, "GET", USERINFO, &format!("Bearer {token}")).await
}

/// Status and challenge, with the body saying the same.
fn challenge(answer: &Answer) -> String {
    assert_eq!(answer.header("cache-control"), "no-store");
    let (error, said) = (answer.member("error"), answer.member("error_description"));
    let challenge = answer.header("www-authenticate");
    let begin = format!("Bearer error=\"{error}\", error_description=\"{said}\"");
    assert!(challenge.starts_with(&begin), "{challenge}");
    format!("{} {challenge}", answer.status.as_u16())
}

/// An access token for alice with this scope.
async fn token(world: &World, scope: &str) -> String {
    let browser = allowed_by_alice(world, &[("scope", scope)]).await;
    world.redeem(&browser).await.access_token()
}

/// OIDC Core §5.3.1: "The UserInfo Endpoint MUST support the use of the HTTP GET and HTTP POST
/// methods".
#[tokio::test]
async fn get_and_post() {
    let world = World::new().await;
    let token = token(&world, "openid profile email").await;
    let get = about(&world, &token).await;
    assert_eq!(get.status, 200, "{}", get.text);
    assert_eq!(get.header("content-type"), "application/json");
    assert_eq!(get.header("cache-control"), "no-store");
    assert_json_snapshot!(get.json(), { ".sub" => "alice" }, @r#"
    {
      "sub": "alice",
      "name": "Alice Example",
      "preferred_username": "alice",
      "email": "alice@example.com",
      "email_verified": true
    }
    "#);
    // OIDC Core §5.3.2: "The sub Claim in the UserInfo Response MUST be verified to exactly match
    // the sub Claim in the ID Token".
    assert_eq!(get.json()["sub"], world.sub_of("alice").await);
    let post = userinfo(&world, "POST", USERINFO, &format!("Bearer {token}")).await;
    assert_eq!(post.json(), get.json());
    // RFC 9110 §11.1: schemes have no case.
    let lower = userinfo(&world, "GET", USERINFO, &format!("bearer {token}")).await;
    assert_eq!(lower.json(), get.json());
}

/// OIDC Core §5.4: each scope gives its claims, and `openid` nobody's name.
#[tokio::test]
async fn claims_by_scope() {
    for (scope, expected) in [
        ("openid", "sub"),
        ("openid profile", "sub name preferred_username"),
        ("openid email", "sub email email_verified"),
        ("openid reports offline_access", "sub"),
    ] {
        let world = World::new().await;
        let token = token(&world, scope).await;
        let json = about(&world, &token).await.json();
        let names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names.join(" ").split(' ').collect::<std::collections::BTreeSet<_>>(),
            expected.split(' ').collect(),
            "{scope}"
        );
    }
}

/// A person without e-mail address and name has none.
#[tokio::test]
async fn claims_that_there_are_not() {
    let world = World::with("[[user]]\nusername = \"carol\"\npassword = \"carol-password\"").await;
    let url = crate::support::authorize_url(HOME, "wiki-agent", &[]);
    let mut browser = crate::support::Browser::open(&world, &url).await;
    browser.sign_in("carol", "carol-password").await;
    browser.allow().await;
    let token = world.redeem(&browser).await.access_token();
    assert_json_snapshot!(about(&world, &token).await.json(), { ".sub" => "carol" }, @r#"
    {
      "sub": "carol",
      "preferred_username": "carol"
    }
    "#);
}

/// RFC 6750 §3.1: without a token "the resource server SHOULD NOT include an error code". RFC
/// 9700 §4.3.2: a token in the query is none.
#[tokio::test]
async fn no_token() {
    // RFC 9449 §7.1 and §7.2: both that would do.
    const NAMED: &str = "Bearer realm=\"tegata\"\nDPoP algs=\"ES256 ES384 ES512 RS256 RS384 RS512 PS256 PS384 PS512 EdDSA\"";

    let world = World::new().await;
    let token = token(&world, "openid").await;
    for (url, authorization) in [
        (USERINFO.to_owned(), String::new()),
        (USERINFO.to_owned(), "Basic d2lraS1hZ2VudDp4".to_owned()),
        (USERINFO.to_owned(), token.clone()),
        (format!("{USERINFO}?access_token={token}"), String::new()),
    ] {
        let answer = userinfo(&world, "GET", &url, &authorization).await;
        assert_eq!(answer.status, 401);
        let challenges = answer.headers.get_all("www-authenticate").iter();
        let challenges: Vec<_> = challenges.map(|it| it.to_str().unwrap()).collect();
        assert_eq!(challenges.join("\n"), NAMED);
        assert_eq!(answer.text, "");
    }
    // One of two headers may be what somebody before us looked at.
    let twice = request("GET", USERINFO)
        .header("authorization", format!("Bearer {token}"))
        .header("authorization", "Bearer x");
    let answer = world.send(twice.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 401);
}

/// RFC 8725 §3.11 and RFC 9068 §4: what is no access token for us opens nothing.
/// Rows 145, 165.
#[tokio::test]
async fn other_tokens_as_bearer() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let tokens = world.redeem(&browser).await;
    let access = tokens.access_token();
    let claims = claims_of(&access);
    let changed = |name: &str, value: serde_json::Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let late = NOW.unix_timestamp() - 31;
    let (signed, signature) = access.rsplit_once('.').unwrap();
    let mut other = signature.to_owned();
    other.replace_range(..1, if signature.starts_with('A') { "B" } else { "A" });
    let mut lines = vec![];
    for (what, token) in [
        ("ID Token", tokens.member("id_token")),
        ("refresh token", tokens.member("refresh_token")),
        ("ID-JAG", world.sign(HOME, "oauth-id-jag+jwt", &world.id_jag_claims("alice"))),
        ("ID-JAG with all claims", world.sign(HOME, "oauth-id-jag+jwt", &claims)),
        ("no typ of ours", world.sign(HOME, "jwt", &claims)),
        ("of chat", world.sign(CHAT, "at+jwt", &changed("iss", CHAT.into()))),
        ("of chat as ours", world.sign(CHAT, "at+jwt", &claims)),
        ("of the partner as ours", world.sign(PARTNER, "at+jwt", &claims)),
        ("for another", world.sign(HOME, "at+jwt", &changed("aud", CHAT.into()))),
        ("without family", world.sign(HOME, "at+jwt", &changed("grant_id", "none".into()))),
        ("expired", world.sign(HOME, "at+jwt", &changed("exp", late.into()))),
        ("tampered", format!("{signed}.{other}")),
        ("unsigned", format!("{signed}.")),
        ("garbage", "garbage".to_owned()),
    ] {
        lines.push(format!("{what} → {}", challenge(&about(&world, &token).await)));
    }
    assert_snapshot!(lines.join("\n"), @r#"
    ID Token → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: its typ says that it is something else"
    refresh token → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: it has not the form of a signed JWT with an issuer"
    ID-JAG → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: its typ says that it is something else"
    ID-JAG with all claims → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: its typ says that it is something else"
    no typ of ours → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: its typ says that it is something else"
    of chat → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: it was issued by another issuer"
    of chat as ours → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: no key of its issuer has its kid and algorithm"
    of the partner as ours → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: no key of its issuer has its kid and algorithm"
    for another → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: its aud is https://home.example/services/chat where https://home.example was expected"
    without family → 401 Bearer error="invalid_token", error_description="the access token was revoked, or the person or the client is not active any more"
    expired → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: it has expired, 31 seconds ago by the clock here"
    tampered → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: its signature is not by a key of its issuer"
    unsigned → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: its signature is not by a key of its issuer"
    garbage → 401 Bearer error="invalid_token", error_description="the access token is not acceptable: it has not the form of a signed JWT with an issuer"
    "#);
    // All the while the right one is right, and a copy of it signed by us is as good.
    assert_eq!(about(&world, &access).await.status, 200);
    assert_eq!(about(&world, &world.sign(HOME, "at+jwt", &claims)).await.status, 200);
}

/// RFC 6750 §3.1: `insufficient_scope` with "the scope required to access".
/// Row 166.
#[tokio::test]
async fn without_openid() {
    let world = World::new().await;
    let token = token(&world, "profile email").await;
    assert_snapshot!(challenge(&about(&world, &token).await), @r#"403 Bearer error="insufficient_scope", error_description="the access token has not the scope openid", scope="openid""#);
    let own = [("grant_type", "client_credentials"), ("scope", "reports")];
    let own = world.post_token(HOME, "wiki-agent", &own).await.access_token();
    assert!(challenge(&about(&world, &own).await).starts_with("403 "));
}

/// RFC 9068 §4: "exp": ten minutes, and no longer than our own clock allows for.
#[tokio::test]
async fn an_expired_token() {
    let world = World::new().await;
    let token = token(&world, "openid").await;
    world.hands.advance(Duration::seconds(600 + 29));
    assert_eq!(about(&world, &token).await.status, 200);
    world.hands.advance(Duration::seconds(1));
    assert_eq!(about(&world, &token).await.status, 401);
}

/// RFC 6749 §4.1.2: a code that comes twice revokes "all tokens previously issued based on that
/// authorization code"; we are asked, so we know at once.
#[tokio::test]
async fn a_token_that_was_revoked() {
    let world = World::new().await;
    let browser = allowed_by_alice(&world, &[]).await;
    let token = world.redeem(&browser).await.access_token();
    assert_eq!(about(&world, &token).await.status, 200);
    let code = browser.sent("code").unwrap();
    let again = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    world.post_token(HOME, "wiki-agent", &again).await.refusal();
    assert_snapshot!(challenge(&about(&world, &token).await), @r#"401 Bearer error="invalid_token", error_description="the access token was revoked, or the person or the client is not active any more""#);
}

/// Who was sent away is not told about any more; and who sent for them neither.
#[tokio::test]
async fn a_person_or_a_client_that_is_disabled() {
    let world = World::new().await;
    let alices = token(&world, "openid").await;
    world.disable_user("alice").await;
    assert!(
        challenge(&about(&world, &alices).await).starts_with("401 Bearer error=\"invalid_token\"")
    );

    let world = World::new().await;
    let alices = token(&world, "openid").await;
    world.disable_client(HOME, "wiki-agent").await;
    assert!(
        challenge(&about(&world, &alices).await).starts_with("401 Bearer error=\"invalid_token\"")
    );
}

/// Services are no OpenID providers.
#[tokio::test]
async fn there_is_none_at_a_service() {
    let world = World::new().await;
    let token = token(&world, "openid").await;
    let url = "https://home.example/services/chat/oauth2/userinfo";
    assert_eq!(userinfo(&world, "GET", url, &format!("Bearer {token}")).await.status, 404);
}
