//! Clients that prove who they are by a key of theirs (OIDC Core §9, RFC 7523 §2.2 and §3).

use insta::assert_snapshot;
use serde_json::{Value, json};
use tegata::jose::{Algorithm, SigningKey};
use tegata::oauth::{AuthMethod, ClientId, Issuer};
use tegata::store;
use time::Duration;

use crate::support::{
    Answer, Browser, CHAT, HOME, ID_JAG_TYP, NOW, Way, World, authorize_url, by_public_key,
    exchange_of, forge, header_by, redemption, request, secret_of, the_same, unsigned, with,
};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A world with a client that keeps its keys in the directory, and the key.
struct Keyed {
    world: World,
    key: SigningKey,
}

impl Keyed {
    async fn new() -> Self {
        let key = SigningKey::generate(Algorithm::ES256, "agent-1");
        let jwks = json!({ "keys": [key.public_jwk()] });
        let client = |id| {
            format!(
                "[[client]]\nclient_id = \"{id}\"\njwks = '''{jwks}'''\n\
                 grant_types = [\"client_credentials\"]\nscope = \"reports\"\n\n"
            )
        };
        let world = World::with(&(client("keyed") + &client("other"))).await;
        Self { world, key }
    }

    /// What home says to an assertion that is right but for `change`.
    async fn answer_to(&self, change: impl FnOnce(&mut Value)) -> Answer {
        let mut claims = claims("keyed");
        change(&mut claims);
        present(&self.world, &self.key.sign("JWT", &claims), &[]).await
    }

    /// The same, for each of these `values` of a claim; null leaves it out.
    async fn refusal_of_each(&self, claim: &str, values: &[Value]) -> String {
        let mut said = vec![];
        for value in values {
            let answer = self.answer_to(|claims| match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
                value => claims[claim] = value.clone(),
            });
            said.push(answer.await.refusal());
        }
        the_same(&said)
    }
}

fn claims(client: &str) -> Value {
    json!({
        "iss": client, "sub": client, "aud": HOME, "jti": "proof-1",
        "exp": NOW.unix_timestamp() + 60, "iat": NOW.unix_timestamp(),
    })
}

fn seconds(from_now: i64) -> Value {
    (NOW + Duration::seconds(from_now)).unix_timestamp().into()
}

async fn present(world: &World, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let request = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    world.post_bare(HOME, &[&request, more].concat()).await
}

/// By a key in the directory; and the client may name itself besides (RFC 7521 §4.2).
#[tokio::test]
async fn a_proof_that_is_right() {
    let Keyed { world, key } = Keyed::new().await;
    let mut claims = claims("keyed");
    let answer = present(&world, &key.sign("JWT", &claims), &[("client_id", "keyed")]).await;
    assert_eq!(answer.claims()["client_id"], "keyed");
    claims["jti"] = "2".into();
    let typed = key.sign("client-authentication+jwt", &claims);
    assert_eq!(present(&world, &typed, &[]).await.status, 200);
    claims["jti"] = "3".into();
    claims["aud"] = json!([HOME]);
    assert_eq!(present(&world, &key.sign("JWT", &claims), &[]).await.status, 200);
    claims["jti"] = "4".into();
    claims.as_object_mut().unwrap().remove("iat");
    assert_eq!(present(&world, &key.sign("JWT", &claims), &[]).await.status, 200);
    assert_eq!(world.partner.fetches(), 0);
}

/// By a key that the client publishes; an unknown `kid` is worth one more look.
#[tokio::test]
async fn a_proof_by_a_published_key() {
    let world = World::with(
        "[[client]]\nclient_id = \"keyed\"\njwks_uri = \"https://agent.example/jwks\"\n\
         grant_types = [\"client_credentials\"]\nscope = \"reports\"",
    )
    .await;
    let (key, claims) = (&world.partner.key, claims("keyed"));
    assert_eq!(present(&world, &key.sign("JWT", &claims), &[]).await.status, 200);
    assert_eq!(world.partner.fetches(), 1);
    assert_eq!(world.partner.fetches_of_described(), 0);

    let mut header = header_by(key, "JWT");
    header["kid"] = "newer".into();
    let rotated = forge(key, &header, &claims.to_string());
    assert_snapshot!(present(&world, &rotated, &[]).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: no key of its issuer has its kid and algorithm");
    assert_eq!(world.partner.fetches(), 3);
}

/// `docs/decisions/0017-client-assertion-audience.md`: our issuer is the only audience.
#[tokio::test]
async fn a_proof_for_another_server() {
    let keyed = Keyed::new().await;
    let token_endpoint = format!("{HOME}/oauth2/token");
    assert_snapshot!(keyed.answer_to(|it| it["aud"] = token_endpoint.into()).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its aud is https://home.example/oauth2/token where https://home.example was expected");
    let both = json!([HOME, format!("{HOME}/oauth2/token")]);
    assert_snapshot!(keyed.answer_to(|it| it["aud"] = both).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its aud is https://home.example https://home.example/oauth2/token where https://home.example was expected");
    assert_snapshot!(keyed.answer_to(|it| it["aud"] = CHAT.into()).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its aud is https://home.example/services/chat where https://home.example was expected");
    let slash = format!("{HOME}/");
    assert_snapshot!(keyed.answer_to(|it| it["aud"] = slash.into()).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its aud is https://home.example/ where https://home.example was expected");
    assert_snapshot!(keyed.answer_to(|it| it["aud"] = json!([])).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its aud is  where https://home.example was expected");
}

/// RFC 7523 §3 (4) to (6): times, with half a minute for clocks; and no proof for a day.
#[tokio::test]
async fn a_proof_at_the_wrong_time() {
    let keyed = Keyed::new().await;
    let expired = [seconds(-30), seconds(-86_400), json!(0)];
    assert_snapshot!(keyed.refusal_of_each("exp", &expired).await, @"401 invalid_client: client authentication failed: the assertion is not acceptable: it has expired, some seconds ago by the clock here");
    let early = keyed.refusal_of_each("iat", &[seconds(31), seconds(86_400)]).await;
    assert_eq!(early, keyed.refusal_of_each("nbf", &[seconds(31)]).await);
    assert_snapshot!(early, @"401 invalid_client: client authentication failed: the assertion is not acceptable: it was issued in the future or is not valid yet: by the clock here, in some seconds");
    let long = keyed.refusal_of_each("exp", &[seconds(601), json!(i64::MAX)]).await;
    assert_eq!(long, keyed.refusal_of_each("iat", &[seconds(-601), json!(i64::MIN)]).await);
    assert_snapshot!(long, @"401 invalid_client: client authentication failed: the assertion is not acceptable: it lives for longer than is accepted here");

    let late = keyed.answer_to(|it| (it["jti"], it["exp"]) = ("late".into(), seconds(-29))).await;
    assert_eq!(late.status, 200);
    let longest = |it: &mut Value| (it["jti"], it["exp"]) = ("longest".into(), seconds(600));
    assert_eq!(keyed.answer_to(longest).await.status, 200);
}

/// RFC 7523 §3: what is required, and of the right kind.
#[tokio::test]
async fn a_proof_that_lacks_something() {
    let keyed = Keyed::new().await;
    let wrong = [Value::Null, json!({}), json!(true)];
    let mut said = vec![];
    for claim in ["sub", "aud", "jti", "exp"] {
        said.push(keyed.refusal_of_each(claim, &wrong).await);
    }
    said.push(keyed.refusal_of_each("exp", &[json!("1767323105"), json!(1e308)]).await);
    said.push(keyed.refusal_of_each("jti", &[json!(""), json!("x".repeat(513))]).await);
    said.push(keyed.refusal_of_each("iat", &[json!("now")]).await);
    assert_snapshot!(the_same(&said), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its claims are incomplete or of the wrong type");
}

/// RFC 7523 §3 (1) and (2): issuer and subject are the client, and both the same.
#[tokio::test]
async fn a_proof_of_somebody_else() {
    let keyed = Keyed::new().await;
    assert_snapshot!(keyed.answer_to(|it| it["sub"] = "other".into()).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its sub is not the client");
    assert_snapshot!(keyed.answer_to(|it| it["iss"] = "other".into()).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its sub is not the client");
    assert_snapshot!(keyed.answer_to(|it| it["iss"] = "nobody".into()).await.refusal(), @"401 invalid_client: client authentication failed");
    let Keyed { world, key } = keyed;
    let assertion = key.sign("JWT", &claims("keyed"));
    let named = present(&world, &assertion, &[("client_id", "other")]).await;
    assert_snapshot!(named.refusal(), @"400 invalid_request: client_id names another client than the one that authenticates");
}

/// Who has the key of one client is not another.
#[tokio::test]
async fn a_proof_by_another_key() {
    let Keyed { world, key } = Keyed::new().await;
    let (claims, header) = (claims("keyed").to_string(), header_by(&key, "JWT"));
    let forged = forge(&world.partner.key, &header, &claims);
    assert_snapshot!(present(&world, &forged, &[]).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its signature is not by a key of its issuer");
    let unknown = world.partner.key.sign("JWT", &super::private_key_jwt::claims("keyed"));
    assert_snapshot!(present(&world, &unknown, &[]).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: no key of its issuer has its kid and algorithm");
    let mut header = header.clone();
    header["jwk"] = world.partner.key.public_jwk();
    let forged = forge(&world.partner.key, &header, &claims);
    assert_snapshot!(present(&world, &forged, &[]).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its signature is not by a key of its issuer");
}

/// RFC 8725 §3.1, §3.2 and §3.11: an ID-JAG is no proof.
/// Row 146.
#[tokio::test]
async fn a_proof_of_another_kind() {
    let Keyed { world, key } = Keyed::new().await;
    let claims = claims("keyed");
    let mut said = vec![];
    for typ in [ID_JAG_TYP, "at+jwt", "dpop+jwt", "logout+jwt"] {
        said.push(present(&world, &key.sign(typ, &claims), &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its typ says that it is something else");
    let claims = claims.to_string();
    let none = unsigned(&json!({ "alg": "none" }), &claims);
    let hmac = by_public_key(&key, &json!({ "alg": "HS256", "kid": "agent-1" }), &claims);
    let said =
        [present(&world, &none, &[]).await.refusal(), present(&world, &hmac, &[]).await.refusal()];
    assert_snapshot!(the_same(&said), @"401 invalid_client: client authentication failed: the assertion is not acceptable: its algorithm is not one that is accepted here");
}

/// RFC 7521 §4.2.1: an assertion that is not valid is `invalid_client`, what is no JWT as well;
/// half of the two parameters is no request.
#[tokio::test]
async fn no_proof_at_all() {
    let Keyed { world, key } = Keyed::new().await;
    let said = [
        present(&world, "nonsense", &[]).await.refusal(),
        present(&world, "e30.e30.", &[]).await.refusal(),
        present(&world, &key.sign("JWT", &json!({ "sub": "keyed" })), &[]).await.refusal(),
        present(&world, &key.sign("JWT", &json!({ "iss": "x".repeat(513) })), &[]).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"401 invalid_client: client_assertion is not a signed JWT with an issuer");

    let assertion = key.sign("JWT", &claims("keyed"));
    let grant = ("grant_type", "client_credentials");
    let halves = [
        world.post_bare(HOME, &[grant, ("client_assertion", &assertion)]).await.refusal(),
        world.post_bare(HOME, &[grant, ("client_assertion_type", TYPE)]).await.refusal(),
    ];
    assert_snapshot!(halves.join("\n"), @"
    400 invalid_request: client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer
    400 invalid_request: client_assertion is required
    ");
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    let other = [grant, ("client_assertion_type", saml), ("client_assertion", &assertion)];
    assert_snapshot!(world.post_bare(HOME, &other).await.refusal(), @"400 invalid_request: client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
}

/// RFC 7523 §3 (7): once, for each client on its own; and a refusal for another reason uses
/// nothing up.
#[tokio::test]
async fn a_proof_that_comes_a_second_time() {
    let Keyed { world, key } = Keyed::new().await;
    let assertion = key.sign("JWT", &claims("keyed"));
    let refused = present(&world, &assertion, &[("scope", "openid")]).await;
    assert_snapshot!(refused.refusal(), @"400 invalid_scope: no scope that was asked for can be granted to the client itself");
    assert_eq!(present(&world, &assertion, &[]).await.status, 200);
    let again = present(&world, &assertion, &[]).await;
    assert_snapshot!(again.refusal(), @"401 invalid_client: client authentication failed: the assertion was already used");
    assert_eq!(again.header("www-authenticate"), "Basic realm=\"tegata\"");
    // The other client may well have chosen the same `jti`.
    let other = key.sign("JWT", &claims("other"));
    assert_eq!(present(&world, &other, &[]).await.status, 200);
}

/// A registration says how the client proves who it is, and that is how it does.
#[tokio::test]
async fn a_proof_by_the_wrong_method() {
    let Keyed { world, key } = Keyed::new().await;
    let of_agent = key.sign("JWT", &claims("wiki-agent"));
    assert_snapshot!(present(&world, &of_agent, &[]).await.refusal(), @"401 invalid_client: client authentication failed");
    let of_public = key.sign("JWT", &claims("todo-app"));
    assert_snapshot!(present(&world, &of_public, &[]).await.refusal(), @"401 invalid_client: client authentication failed");
    let secret = secret_of("keyed");
    let by_secret =
        [("grant_type", "client_credentials"), ("client_id", "keyed"), ("client_secret", &*secret)];
    assert_snapshot!(world.post_bare(HOME, &by_secret).await.refusal(), @"401 invalid_client: client authentication failed");
    assert_snapshot!(world.post_bare(HOME, &by_secret[..2]).await.refusal(), @"401 invalid_client: client authentication is required");
}

/// The header is no place for an assertion.
#[tokio::test]
async fn a_proof_as_a_bearer_token() {
    let Keyed { world, key } = Keyed::new().await;
    let assertion = key.sign("JWT", &claims("keyed"));
    let request = request("POST", &format!("{HOME}/oauth2/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", format!("Bearer {assertion}"))
        .body("grant_type=client_credentials".into());
    assert_snapshot!(world.send(request.unwrap()).await.refusal(), @"401 invalid_client: the Authorization header is not Basic with client id and secret");
}

/// ID-JAG §4.3: a client that has a key and no secret gets an ID-JAG as any other does.
/// Row 28.
#[tokio::test]
async fn a_token_exchange() {
    let key = SigningKey::generate(Algorithm::ES256, "agent-1");
    let jwks = json!({ "keys": [key.public_jwk()] });
    let method = "client_secret = \"wiki-agent-secret-0123456789abcdefghij\"";
    let world = World::but(method, &format!("jwks = '''{jwks}'''")).await;
    let mut browser = Browser::open(&world, &authorize_url(HOME, "wiki-agent", &[])).await;
    browser.sign_in("alice", "alice-password").await;
    browser.allow().await;
    let proof = |jti: &str| {
        let claims = with(&claims("wiki-agent"), &json!({ "jti": jti }));
        key.sign("JWT", &claims)
    };
    let by_key = async |params: &[(&str, &str)], jti: &str| {
        let proof = proof(jti);
        let own = [("client_assertion_type", TYPE), ("client_assertion", &*proof)];
        world.post_bare(HOME, &[params, &own].concat()).await
    };
    let code = browser.sent("code").unwrap();
    let id_token = by_key(&redemption(&code), "1").await.member("id_token");
    let id_jag = by_key(&exchange_of(&id_token), "2").await;
    assert_eq!(id_jag.claims()["client_id"], "wiki-at-chat");
}

/// Who has a secret and keys proves who it is by what is registered, and by nothing else.
#[tokio::test]
async fn the_method_that_is_not_registered() {
    let key = SigningKey::generate(Algorithm::ES256, "agent-1");
    let jwks = json!({ "keys": [key.public_jwk()] });
    let secret = secret_of("both");
    let world = World::with(&format!(
        "[[client]]\nclient_id = \"both\"\nclient_secret = \"{secret}\"\njwks = '''{jwks}'''\n\
         token_endpoint_auth_method = \"client_secret_basic\"\n\
         grant_types = [\"client_credentials\"]\nscope = \"reports\""
    ))
    .await;
    let assertion = key.sign("JWT", &claims("both"));
    assert_snapshot!(present(&world, &assertion, &[]).await.refusal(), @"401 invalid_client: client authentication failed");
    let grant = [("grant_type", "client_credentials")];
    assert_eq!(world.post_token(HOME, "both", &grant).await.status, 200);

    // The secret is left over from before.
    let db = world.live.shared().store.write();
    let (home, id) = (Issuer::parse(HOME).unwrap(), ClientId::parse("both").unwrap());
    let mut both = store::clients::find(db, &home, &id).await.unwrap().unwrap();
    both.auth_method = AuthMethod::PrivateKeyJwt;
    store::clients::register(db, &both).await.unwrap();
    world.meddled().await;
    assert_snapshot!(world.post_token(HOME, "both", &grant).await.refusal(), @"401 invalid_client: client authentication failed: the client is registered to use private_key_jwt");
    assert_eq!(present(&world, &assertion, &[]).await.status, 200);
}

/// A new `kid` is worth one more look, and then the new key is as good as the old one.
#[tokio::test]
async fn a_client_that_rotated_its_key() {
    let world = World::with(
        "[[client]]\nclient_id = \"keyed\"\njwks_uri = \"https://agent.example/jwks\"\n\
         grant_types = [\"client_credentials\"]\nscope = \"reports\"",
    )
    .await;
    let newer = world.partner.rotate();
    let answer = present(&world, &newer.sign("JWT", &claims("keyed")), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(world.partner.fetches(), 2);
}

/// The leeway for clocks makes no proof live longer.
#[tokio::test]
async fn a_proof_of_a_clock_that_is_ahead() {
    let keyed = Keyed::new().await;
    let until = |exp: i64| {
        move |it: &mut Value| {
            it["jti"] = format!("until {exp}").into();
            it["iat"] = seconds(30);
            it["exp"] = seconds(exp);
        }
    };
    assert_snapshot!(keyed.answer_to(until(601)).await.refusal(), @"401 invalid_client: client authentication failed: the assertion is not acceptable: it lives for longer than is accepted here");
    assert_eq!(keyed.answer_to(until(600)).await.status, 200);
}

/// Whose keys cannot be had is not to blame for it.
#[tokio::test]
async fn keys_that_cannot_be_had() {
    let world = World::with(
        "[[client]]\nclient_id = \"keyed\"\njwks_uri = \"https://agent.example/jwks\"\n\
         grant_types = [\"client_credentials\"]\nscope = \"reports\"",
    )
    .await;
    let assertion = world.partner.key.sign("JWT", &claims("keyed"));
    world.partner.lead(Way::Closed);
    assert_snapshot!(present(&world, &assertion, &[]).await.refusal(), @"503 temporarily_unavailable: the keys of the client cannot be had at the moment");
    world.partner.lead(Way::Open);
    assert_eq!(present(&world, &assertion, &[]).await.status, 200);
}
