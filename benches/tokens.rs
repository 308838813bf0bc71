//! What a token costs, without the network: signatures alone, and both legs of an ID-JAG
//! through the router with a real database. `cargo bench`.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on says where")]

#[path = "../tests/it/support/mod.rs"]
#[expect(dead_code, unused_imports, unreachable_pub, reason = "the tests use more of their world")]
mod support;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use divan::Bencher;
use serde_json::{Value, json};
use support::{
    Browser, CHAT, HOME, ID_JAG, ID_TOKEN, JWT_BEARER, NOW, TOKEN_EXCHANGE, VERIFIER, World,
    authorize_url,
};
use tegata::jose::{Algorithm, KeySet, SigningKey, Typ, UnverifiedJwt};
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

fn claims() -> Value {
    json!({ "iss": HOME, "sub": "alice", "aud": CHAT, "exp": NOW.unix_timestamp() + 300 })
}

#[divan::bench(args = ["ES256", "EdDSA", "RS256", "PS256"])]
fn sign(bencher: Bencher<'_, '_>, algorithm: &str) {
    let key = SigningKey::generate(Algorithm::parse(algorithm).unwrap(), "key");
    let claims = claims();
    bencher.bench(|| key.sign("at+jwt", &claims));
}

#[divan::bench(args = ["ES256", "EdDSA", "RS256", "PS256"])]
fn verify(bencher: Bencher<'_, '_>, algorithm: &str) {
    let key = SigningKey::generate(Algorithm::parse(algorithm).unwrap(), "key");
    let jwks = json!({ "keys": [key.public_jwk()] }).to_string();
    let keys = KeySet::parse(jwks.as_bytes()).unwrap();
    let jwt = key.sign("at+jwt", &claims());
    bencher.bench(|| {
        let jwt = UnverifiedJwt::read(&jwt).unwrap();
        keys.verify::<Value>(&jwt, Typ::Is("at+jwt"), &Algorithm::ALL).unwrap()
    });
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static WORLD: LazyLock<World> = LazyLock::new(|| RUNTIME.block_on(World::new()));

/// The ID Token that the wiki agent gets when Alice has signed in.
static SIGNED_IN: LazyLock<String> = LazyLock::new(|| {
    // Made before, for it is made by the same runtime.
    let world = &*WORLD;
    RUNTIME.block_on(async {
        let mut browser = Browser::open(world, &authorize_url(HOME, "wiki-agent", &[])).await;
        browser.sign_in("alice", "alice-password").await;
        browser.allow().await;
        let code = browser.sent("code").unwrap();
        let params = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", "http://127.0.0.1:18765/callback"),
            ("code_verifier", VERIFIER),
        ];
        world.post_token(HOME, "wiki-agent", &params).await.member("id_token")
    })
});

#[divan::bench]
fn id_jag_issuance(bencher: Bencher<'_, '_>) {
    let params = [
        ("grant_type", TOKEN_EXCHANGE),
        ("requested_token_type", ID_JAG),
        ("audience", CHAT),
        ("subject_token", &*SIGNED_IN),
        ("subject_token_type", ID_TOKEN),
    ];
    bencher
        .bench(|| RUNTIME.block_on(WORLD.post_token(HOME, "wiki-agent", &params)).access_token());
}

#[divan::bench]
fn id_jag_redemption(bencher: Bencher<'_, '_>) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let world = &*WORLD;
    let sub = RUNTIME.block_on(world.sub_of("alice"));
    let fresh = || {
        let mut claims = world.id_jag_claims(&sub);
        claims["jti"] = json!(format!("jag-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        world.sign(HOME, "oauth-id-jag+jwt", &claims)
    };
    bencher.with_inputs(fresh).bench_values(|id_jag| {
        let params = [("grant_type", JWT_BEARER), ("assertion", id_jag.as_str())];
        RUNTIME.block_on(world.post_token(CHAT, "wiki-at-chat", &params)).access_token()
    });
}
