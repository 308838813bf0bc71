//! The claims of every kind of token, truly signed: what stands behind the signature.

#![no_main]

use std::sync::LazyLock;

use serde_json::{Value, json};
use tegata::jose::{Algorithm, KeySet, SigningKey, UnverifiedJwt};
use tegata::oauth::{ClientId, Issuer};
use tegata::tokens::{
    AccessTokenClaims, Actor, ClientAssertion, Confirmation, Hint, IdJag, IdJagClaims,
    IdTokenClaims, VerifiedAccessToken, VerifiedIdToken,
};
use tegata_fuzz::{CHAT, CLIENT, HOME, Key, NOW, changed, fuzz_target};
use time::Duration;

struct World {
    key: Key,
    keys: KeySet,
    /// What we write by, for what was read.
    again: SigningKey,
    again_keys: KeySet,
    home: Issuer,
    chat: Issuer,
    client: ClientId,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let (key, again) = (Key::ours(), SigningKey::generate(Algorithm::EdDSA, "again"));
    let set = |jwk: &Value| KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap();
    World {
        keys: set(key.jwk()),
        again_keys: set(&again.public_jwk()),
        key,
        again,
        home: Issuer::parse(HOME).unwrap(),
        chat: Issuer::parse(CHAT).unwrap(),
        client: ClientId::parse(CLIENT).unwrap(),
    }
});

/// The longest that an ID-JAG may live.
const LONGEST: Duration = Duration::minutes(5);

// The first byte says which token it is to be, the rest how its claims differ from right ones.
fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    let (typ, right) = right(kind % 4);
    let header = match kind / 4 % 4 {
        0 | 1 => json!({ "alg": "EdDSA", "typ": typ }),
        2 => json!({ "alg": "EdDSA", "typ": format!("Application/{}", typ.to_uppercase()) }),
        _ => json!({ "alg": "EdDSA" }),
    };
    let payload = changed(&right, data);
    let jwt = WORLD.key.sign(header.to_string().as_bytes(), &payload);
    let Ok(jwt) = UnverifiedJwt::read(&jwt) else { return };
    let claims: Value = serde_json::from_slice(&payload).expect("it has an issuer");
    let taken = [id_jag(&jwt, &claims), access_token(&jwt, &claims), id_token(&jwt, &claims)];
    let taken = taken.into_iter().chain([client_assertion(&jwt, &claims)]).filter(|it| *it);
    assert!(taken.count() <= 1, "no token passes for one of another kind");
});

fn right(kind: u8) -> (&'static str, Value) {
    let now = NOW.unix_timestamp();
    let (iat, exp) = (now, now + 300);
    match kind {
        0 => (
            "oauth-id-jag+jwt",
            json!({
                "iss": HOME, "sub": "alice", "aud": CHAT, "client_id": CLIENT, "jti": "jag-1",
                "exp": exp, "iat": iat, "scope": "chat.read", "resource": "https://chat.example/mcp",
            }),
        ),
        1 => (
            "at+jwt",
            json!({
                "iss": HOME, "exp": exp, "aud": HOME, "sub": "alice", "client_id": CLIENT,
                "iat": iat, "jti": "token-1", "scope": "openid",
            }),
        ),
        2 => (
            "JWT",
            json!({
                "iss": HOME, "sub": "alice", "aud": CLIENT, "exp": exp, "iat": iat,
                "auth_time": iat, "acr": "1", "amr": ["pwd"], "sid": "session-1", "jti": "id-1",
            }),
        ),
        _ => (
            "client-authentication+jwt",
            json!({
                "iss": CLIENT, "sub": CLIENT, "aud": HOME, "jti": "proof-1", "exp": exp, "iat": iat,
            }),
        ),
    }
}

/// RFC 7519 §4.1.4 and §4.1.6, with 30 seconds between clocks.
fn in_time(claims: &Value) {
    let (now, at) = (NOW.unix_timestamp(), |name: &str| claims[name].as_i64());
    assert!(at("exp").expect("it has one") > now - 30);
    assert!(at("iat").is_none_or(|it| it <= now + 30));
}

/// RFC 7519 §4.1.5. Tokens of our own have no `nbf`.
fn has_begun(claims: &Value) {
    assert!(claims["nbf"].as_i64().is_none_or(|it| it <= NOW.unix_timestamp() + 30));
}

fn has(claims: &Value, name: &str, expected: &str) -> bool {
    let value = &claims[name];
    value == expected || value.as_array().is_some_and(|all| all.iter().any(|it| it == expected))
}

/// ID-JAG §4.4.1.
fn id_jag(jwt: &UnverifiedJwt, claims: &Value) -> bool {
    let Ok(id_jag) = IdJag::verify(jwt, &WORLD.keys, &WORLD.chat, NOW) else { return false };
    in_time(claims);
    has_begun(claims);
    assert!(claims["aud"] == CHAT || claims["aud"] == json!([CHAT]));
    let restrictions = ["nbf", "resource", "scope", "cnf", "authorization_details", "tenant"];
    for name in restrictions.into_iter().chain(["aud_tenant", "sub_id", "aud_sub", "email"]) {
        assert!(claims.get(name).is_none_or(|it| !it.is_null()), "a null {name} is not none");
    }
    let presented = id_jag.presented_by(&WORLD.client);
    assert_eq!(presented.is_ok(), claims["client_id"] == CLIENT);
    let Ok(presented) = presented else { return true };
    let life = claims["exp"].as_i64().unwrap().checked_sub(claims["iat"].as_i64().unwrap());
    let short = life.is_some_and(|it| it <= LONGEST.whole_seconds());
    assert_eq!(presented.lives_for(LONGEST).is_ok(), short);
    assert_eq!((presented.issuer().as_str(), presented.subject().as_str()), {
        (claims["iss"].as_str().unwrap(), claims["sub"].as_str().unwrap())
    });
    assert_eq!(presented.resources().is_empty(), claims.get("resource").is_none());
    assert!(presented.resources().iter().all(|it| has(claims, "resource", it.as_str())));
    assert_eq!(presented.scope().is_some(), claims.get("scope").is_some());
    assert!(presented.acceptable_until().unix_timestamp() >= claims["exp"].as_i64().unwrap());
    if let Ok(Some(confirmation)) = presented.confirmation() {
        assert_eq!(claims["cnf"], json!(confirmation), "nothing in it is passed over");
        let kept = Confirmation::of_kept(&confirmation.kept());
        assert_eq!(kept, Some(confirmation), "what is kept reads the same");
    }
    if let Ok(Some(actor)) = presented.actor() {
        assert!(actor.depth() <= Actor::MOST);
        let of_home = actor.of(&WORLD.home);
        assert!(of_home.is_none_or(|it| it.iss.as_ref() == Some(&WORLD.home)));
    }
    let written = presented.claims().sign(&WORLD.again);
    let read = WORLD.again_keys.verify::<IdJagClaims>(
        &UnverifiedJwt::read(&written).unwrap(),
        tegata::jose::Typ::Is("oauth-id-jag+jwt"),
        &Algorithm::ALL,
    );
    assert_eq!(json!(read.unwrap()), json!(presented.claims()), "what was read can be written");
    true
}

/// RFC 9068 §4.
fn access_token(jwt: &UnverifiedJwt, claims: &Value) -> bool {
    let token = VerifiedAccessToken::of_ours(jwt, &WORLD.keys, &WORLD.home, NOW);
    let for_us = VerifiedAccessToken::verify(jwt, &WORLD.keys, &WORLD.home, NOW);
    assert_eq!(for_us.is_ok(), token.is_ok() && has(claims, "aud", HOME));
    let Ok(token) = token else { return false };
    in_time(claims);
    assert_eq!(claims["iss"], HOME);
    let written = token.claims().sign(&WORLD.again);
    let read = WORLD.again_keys.verify::<AccessTokenClaims>(
        &UnverifiedJwt::read(&written).unwrap(),
        tegata::jose::Typ::Is("at+jwt"),
        &Algorithm::ALL,
    );
    assert_eq!(json!(read.unwrap()), json!(token.claims()));
    true
}

/// OIDC Core §3.1.3.7.
fn id_token(jwt: &UnverifiedJwt, claims: &Value) -> bool {
    let hint = Hint::verify(jwt, &WORLD.keys, &WORLD.home);
    let token = VerifiedIdToken::verify(jwt, &WORLD.keys, &WORLD.home, &WORLD.client, NOW);
    assert!(hint.is_ok() || token.is_err(), "what holds is a hint as well");
    assert!(hint.is_err() || claims["iss"] == HOME);
    let Ok(token) = token else { return false };
    in_time(claims);
    assert!(has(claims, "aud", CLIENT));
    let authorized = claims.get("azp").filter(|it| !it.is_null());
    assert!(authorized.is_none_or(|it| it == CLIENT));
    assert_eq!(token.subject().as_str(), claims["sub"]);
    let written = token.claims().sign(&WORLD.again);
    let read = WORLD.again_keys.verify::<IdTokenClaims>(
        &UnverifiedJwt::read(&written).unwrap(),
        tegata::jose::Typ::Plain,
        &Algorithm::ALL,
    );
    assert_eq!(json!(read.unwrap()), json!(token.claims()));
    true
}

/// RFC 7523 §3.
fn client_assertion(jwt: &UnverifiedJwt, claims: &Value) -> bool {
    let assertion = ClientAssertion::verify(jwt, &WORLD.keys, &WORLD.client, &WORLD.home, NOW);
    let Ok(assertion) = assertion else { return false };
    in_time(claims);
    has_begun(claims);
    assert!(claims["iss"] == CLIENT && claims["sub"] == CLIENT);
    assert!(claims["aud"] == HOME || claims["aud"] == json!([HOME]));
    let exp = claims["exp"].as_i64().unwrap();
    assert!(exp <= NOW.unix_timestamp() + 600, "nobody keeps its jti for long");
    assert!(assertion.acceptable_until().unix_timestamp() >= exp);
    assert_eq!(assertion.jti().as_str(), claims["jti"]);
    true
}
