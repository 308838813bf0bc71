//! A client that is called the same at another issuer is another client (RFC 6749 §2.2).

use serde_json::json;
use tegata::jose::{Algorithm, SigningKey};

use crate::support::{Answer, Browser, CHAT, HOME, NOW, VERIFIER, World, authorize_url};

const REDIRECT: &str = "http://127.0.0.1:9/callback";

/// A world with a public client "shared" at home and another one at chat.
async fn world() -> World {
    let client = |at: &str, scope: &str| {
        format!(
            "[[client]]\n{at}client_id = \"shared\"\ntoken_endpoint_auth_method = \"none\"\n\
             redirect_uris = [\"http://127.0.0.1/callback\"]\n\
             grant_types = [\"authorization_code\", \"refresh_token\"]\n{scope}\n"
        )
    };
    let home = client("", "scope = \"openid offline_access\"");
    World::with(&(home + &client("at = \"chat\"\n", ""))).await
}

async fn code_at(world: &World, at: &str, scope: &str) -> String {
    let changes = [("redirect_uri", REDIRECT), ("scope", scope)];
    let mut browser = Browser::open(world, &authorize_url(at, "shared", &changes)).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    browser.sent("code").unwrap()
}

async fn post(world: &World, at: &str, params: &[(&str, &str)]) -> Answer {
    world.post_bare(at, &[params, &[("client_id", "shared")]].concat()).await
}

/// RFC 6749 §4.1.3 and §6: "issued to the authenticated client", which is one of this issuer.
#[tokio::test]
async fn codes_and_refresh_tokens() {
    for (at, elsewhere, scope) in [(HOME, CHAT, "openid offline_access"), (CHAT, HOME, "chat.read")]
    {
        let world = world().await;
        let code = code_at(&world, at, scope).await;
        let redeem = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        let refused = post(&world, elsewhere, &redeem).await.refusal();
        assert_eq!(refused, "400 invalid_grant: the code was issued to another client", "{at}");
        let token = post(&world, at, &redeem).await.member("refresh_token");
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
        let refused = post(&world, elsewhere, &refresh).await.refusal();
        assert_eq!(
            refused, "400 invalid_grant: the refresh token was issued to another client",
            "{at}"
        );
        assert_eq!(post(&world, at, &refresh).await.status, 200, "{at}");
    }
}

/// RFC 7523 §3 (7): a `jti` counts once for each client, and these are two.
#[tokio::test]
async fn proofs_of_the_same_name() {
    let key = SigningKey::generate(Algorithm::ES256, "agent-1");
    let jwks = json!({ "keys": [key.public_jwk()] });
    let client = |at: &str, scope: &str| {
        format!(
            "[[client]]\n{at}client_id = \"keyed\"\njwks = '''{jwks}'''\n\
             grant_types = [\"client_credentials\"]\nscope = \"{scope}\"\n\n"
        )
    };
    let both = client("", "reports") + &client("at = \"chat\"\n", "chat.read");
    let world = World::with(&both).await;
    let now = NOW.unix_timestamp();
    for at in [HOME, CHAT] {
        let claims = json!({
            "iss": "keyed", "sub": "keyed", "aud": at, "jti": "proof-1",
            "exp": now + 60, "iat": now,
        });
        let proof = key.sign("JWT", &claims);
        let request = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &*proof),
        ];
        let answer = world.post_bare(at, &request).await;
        assert_eq!(answer.status, 200, "{at}: {}", answer.text);
    }
}
