//! Signing keys: published before they sign, known for as long as what they signed, and never
//! to be read in the database.

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use tegata::app::{self, AppError, Opened};
use tegata::jose::{Algorithm, KeyEncryptionKey, KeySet, SigningKey, Typ, UnverifiedJwt};
use tegata::oauth::{ClientId, Issuer};
use tegata::server::{
    JWKS_CACHED, KeyError, NotRotated, Pace, Rotated, Rotation, SecretKey, rotate,
};
use tegata::store;
use time::Duration;

use crate::support::{
    CHAT, Database, Forge, HOME, NOW, WORLD, World, claims_of, exchange, header_of, id_token_of,
    redeem, redeem_code, request, secret_of, signed_in, tokens_of, with,
};

/// Begins to rotate the key that `issuer` signs ID-JAGs and access tokens by.
async fn rotated(world: &World, issuer: &str, pace: Pace) -> Result<Rotated, NotRotated> {
    let shared = world.live.shared();
    let rotation = Rotation {
        issuer: Issuer::parse(issuer).unwrap(),
        algorithm: Algorithm::ES256,
        pace,
        longest: shared.lifetimes.access_token.max(shared.lifetimes.id_token),
    };
    let kek = KeyEncryptionKey::new([7; 32]);
    let rotated = rotate(&shared.store, &shared.environment, &kek, rotation).await;
    world.noticed().await;
    rotated
}

async fn later(world: &World, by: Duration) {
    world.hands.advance(by);
    world.noticed().await;
}

/// The names of the ES256 keys in the JWKS of `issuer`.
async fn published(world: &World, issuer: &str) -> Vec<Value> {
    let jwks = world.get(&format!("{issuer}/oauth2/jwks")).await.json();
    let keys = jwks["keys"].as_array().unwrap().iter();
    keys.filter(|key| key["alg"] == "ES256").map(|key| key["kid"].clone()).collect()
}

/// By which key `issuer` signs now.
fn signing(world: &World, issuer: &str) -> Value {
    header_of(&world.sign(issuer, "JWT", &json!({})))["kid"].clone()
}

/// OIDC Core §10.1.1: those who have kept the key set must have had the time to look again
/// before the new key signs anything.
#[tokio::test]
async fn a_new_key_is_published_before_it_signs() {
    let world = World::new().await;
    let old = signing(&world, HOME);
    let rotated = rotated(&world, HOME, Pace::Orderly).await.unwrap();
    let new = json!(rotated.new.key_id);
    assert_ne!(new, old);
    assert_eq!(published(&world, HOME).await, [old.clone(), new.clone()]);
    assert_eq!(signing(&world, HOME), old);

    let kept = world.get(&format!("{HOME}/oauth2/jwks")).await.header("cache-control").to_owned();
    let kept: i64 = kept.strip_prefix("public, max-age=").unwrap().parse().unwrap();
    assert!(Duration::seconds(kept) < JWKS_CACHED, "caches outlive the time that they are given");

    later(&world, JWKS_CACHED - Duration::seconds(1)).await;
    assert_eq!(signing(&world, HOME), old);
    later(&world, Duration::seconds(1)).await;
    assert_eq!(signing(&world, HOME), new);
    assert_eq!(published(&world, HOME).await, [old, new]);
}

/// RFC 9068 §2.1: RS256 is on offer, for resource servers that know nothing else. What the service
/// does not say so about is signed by ES256.
#[tokio::test]
async fn access_tokens_by_the_algorithm_of_their_service() {
    let chat = "id = \"chat\"";
    let world = World::but(chat, &format!("{chat}\naccess_token_signing_alg = \"RS256\"")).await;
    let id_jag = exchange(&world, &id_token_of(&world, "alice").await, &[]).await.access_token();
    assert_eq!(header_of(&id_jag)["alg"], "ES256");
    let token = redeem(&world, &id_jag, &[]).await.access_token();
    let jwks = world.get(&format!("{CHAT}/oauth2/jwks")).await.json().to_string();
    let jwt = UnverifiedJwt::read(&token).unwrap();
    let keys = KeySet::parse(jwks.as_bytes()).unwrap();
    let claims: Value = keys.verify(&jwt, Typ::Is("at+jwt"), &[Algorithm::RS256]).unwrap();
    assert_eq!(claims["iss"], CHAT);
}

/// OIDC Core §10.1.1 once more: a service that changes its algorithm signs by the old one until
/// everybody can know the new key.
#[tokio::test]
async fn a_service_that_changes_its_algorithm() {
    let chat = "id = \"chat\"";
    let rs256 = format!("{chat}\naccess_token_signing_alg = \"RS256\"");
    let job = format!(
        "[[client]]\nat = \"chat\"\nclient_id = \"night-job\"\nclient_secret = {:?}\n\
         grant_types = [\"client_credentials\"]\nscope = \"chat.read\"",
        secret_of("night-job")
    );
    let world = World::with(&job).await;
    world.apply(&format!("{}\n{job}", WORLD.replace(chat, &rs256))).await;
    let ask = [("grant_type", "client_credentials")];
    let alg = async || {
        let answer = world.post_token(CHAT, "night-job", &ask).await;
        header_of(&answer.access_token())["alg"].clone()
    };
    let jwks = world.get(&format!("{CHAT}/oauth2/jwks")).await.json();
    assert!(jwks["keys"].as_array().unwrap().iter().any(|key| key["alg"] == "RS256"));
    assert_eq!(alg().await, "ES256");
    later(&world, JWKS_CACHED - Duration::seconds(1)).await;
    assert_eq!(alg().await, "ES256");
    later(&world, Duration::seconds(1)).await;
    assert_eq!(alg().await, "RS256");
}

/// For it, no key signs yet. It makes one of its own, rather than refuse everybody.
#[tokio::test]
async fn a_node_whose_clock_is_behind() {
    let world = World::new().await;
    world.hands.advance(-Duration::minutes(5));
    let node = world.second_node().await;
    let ask = [("grant_type", "client_credentials"), ("scope", "reports")];
    assert_eq!(node.post_token(HOME, "wiki-agent", &ask).await.status, 200);
}

/// What the old key signed is good until it expires, wherever it is shown.
#[tokio::test]
async fn tokens_of_the_old_key() {
    let world = World::new().await;
    rotated(&world, HOME, Pace::Orderly).await.unwrap();
    rotated(&world, CHAT, Pace::Orderly).await.unwrap();
    later(&world, JWKS_CACHED - Duration::seconds(1)).await;
    let browser = signed_in(&world, "alice").await;
    let tokens = tokens_of(&world, &browser).await;
    let id_jag = exchange(&world, &tokens.member("id_token"), &[]).await.access_token();

    later(&world, Duration::seconds(2)).await;
    assert_ne!(header_of(&id_jag)["kid"], signing(&world, HOME));
    assert_eq!(redeem(&world, &id_jag, &[]).await.status, 200);
    let bearer = format!("Bearer {}", tokens.access_token());
    let asked = request("GET", &format!("{HOME}/oauth2/userinfo")).header("authorization", bearer);
    assert_eq!(world.send(asked.body(axum::body::Body::empty()).unwrap()).await.status, 200);

    // And the new one has taken over.
    let next = exchange(&world, &tokens.member("id_token"), &[]).await.access_token();
    assert_eq!(header_of(&next)["kid"], signing(&world, HOME));
    let access = redeem(&world, &next, &[]).await.access_token();
    assert_eq!(header_of(&access)["kid"], signing(&world, CHAT));
}

/// A key goes when nothing that it signed can be valid any more; what it signs then is
/// nobody's.
#[tokio::test]
async fn a_key_that_is_gone() {
    let world = World::new().await;
    let old: SigningKey = world.server(HOME).keys.signer(Algorithm::ES256).unwrap().clone();
    let rotated = rotated(&world, HOME, Pace::Orderly).await.unwrap();
    let [gone] = &rotated.old[..] else { panic!("one key was there") };
    let gone_at = gone.gone_at.unwrap();
    let longest = world.live.shared().lifetimes.id_token;
    assert!(gone_at >= rotated.new.signs_from + longest, "it goes before what it signed");

    later(&world, gone_at - NOW - Duration::seconds(1)).await;
    assert_eq!(published(&world, HOME).await.len(), 2);
    let sub = world.sub_of("alice").await;
    let now = world.live.shared().environment.clock.now().unix_timestamp();
    let claims = with(&world.id_jag_claims(&sub), &json!({ "iat": now, "exp": now + 300 }));
    let shown = old.sign("oauth-id-jag+jwt", &claims);
    assert_eq!(redeem(&world, &shown, &[]).await.status, 200);

    later(&world, Duration::seconds(1)).await;
    assert_eq!(published(&world, HOME).await, [json!(rotated.new.key_id)]);
    let claims = with(&claims, &json!({ "jti": "jag-2" }));
    let refusal = redeem(&world, &old.sign("oauth-id-jag+jwt", &claims), &[]).await.refusal();
    insta::assert_snapshot!(refusal, @"400 invalid_grant: the assertion is not acceptable: no key of its issuer has its kid and algorithm");
}

/// A key in the wrong hands ends at once, with all that it signed.
#[tokio::test]
async fn a_key_in_the_wrong_hands() {
    let world = World::new().await;
    let id_jag = exchange(&world, &id_token_of(&world, "alice").await, &[]).await.access_token();
    let rotated = rotated(&world, HOME, Pace::AtOnce).await.unwrap();
    assert_eq!(published(&world, HOME).await, [json!(rotated.new.key_id)]);
    assert_eq!(signing(&world, HOME), json!(rotated.new.key_id));
    insta::assert_snapshot!(redeem(&world, &id_jag, &[]).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: no key of its issuer has its kid and algorithm");
}

/// A second rotation would retire a key that has not signed yet.
#[tokio::test]
async fn two_rotations_at_a_time() {
    let world = World::new().await;
    rotated(&world, HOME, Pace::Orderly).await.unwrap();
    let before = published(&world, HOME).await;
    let again = rotated(&world, HOME, Pace::Orderly).await;
    assert!(matches!(again, Err(NotRotated::UnderWay { .. })));
    assert_eq!(published(&world, HOME).await, before);
}

/// The keys of one issuer are nothing to the others.
#[tokio::test]
async fn only_the_key_of_one_issuer() {
    let world = World::new().await;
    let (chat, rsa) =
        (published(&world, CHAT).await, world.get(&format!("{HOME}/oauth2/jwks")).await);
    rotated(&world, HOME, Pace::AtOnce).await.unwrap();
    assert_eq!(published(&world, CHAT).await, chat);
    let rs256 = |jwks: &Value| {
        jwks["keys"].as_array().unwrap().iter().find(|it| it["alg"] == "RS256").cloned()
    };
    let now = world.get(&format!("{HOME}/oauth2/jwks")).await.json();
    assert_eq!(rs256(&now), rs256(&rsa.json()));
}

/// The table holds compact JWEs and nothing of what is in them.
#[tokio::test]
async fn keys_are_sealed_at_rest() {
    let world = World::new().await;
    let store = &world.live.shared().store;
    let db = store.read();
    let statement = Statement::from_string(db.get_database_backend(), "SELECT sealed FROM keys");
    let rows = db.query_all_raw(statement).await.unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let sealed: String = row.try_get("", "sealed").unwrap();
        // RFC 7516 §7.1; with `dir` there is no encrypted key in it.
        let parts: Vec<_> = sealed.split('.').collect();
        assert_eq!((parts.len(), parts[1]), (5, ""));
        assert!(!sealed.contains('{') && !sealed.contains("\"d\""));
        let sealed = tegata::jose::Sealed(sealed);
        assert!(KeyEncryptionKey::new([8; 32]).unseal(&sealed).is_err());
        let opened = KeyEncryptionKey::new([7; 32]).unseal(&sealed).unwrap();
        let opened: Value = serde_json::from_slice(&opened).unwrap();
        assert!(opened["d"].is_string());
    }
}

/// Who starts with another key-encryption key is told so, and nothing is made anew in place of
/// what cannot be opened.
#[tokio::test]
async fn another_key_encryption_key() {
    let world = World::new().await;
    let shared = world.live.shared();
    let kek = KeyEncryptionKey::new([8; 32]);
    let secret_key = SecretKey::load_or_make(&shared.store, &kek, &shared.environment).await;
    assert!(secret_key.is_err(), "the key of client secrets was opened");

    let before = published(&world, HOME).await;
    let (store, environment) = (shared.store.clone(), shared.environment.clone());
    let opened = Opened { store, kek, secret_key: shared.secret_key.clone(), environment };
    let loaded = app::assemble_with(&crate::support::config(), opened, world.partner.clone()).await;
    assert!(matches!(loaded.err(), Some(AppError::Key(KeyError::Unsealable(_)))));
    assert_eq!(published(&world, HOME).await, before);
}

/// Whoever carries the database away has no key, no password, no secret, and nothing that
/// can be shown to anybody.
#[tokio::test]
async fn a_stolen_database() {
    let world = World::on(Database::shared().await, include_str!("support/world.toml")).await;
    let browser = signed_in(&world, "alice").await;
    let code = browser.sent("code").unwrap();
    let tokens = tokens_of(&world, &browser).await;
    let id_jag = exchange(&world, &tokens.member("id_token"), &[]).await.access_token();
    let access = redeem(&world, &id_jag, &[]).await.access_token();
    let mut secrets = vec![
        code,
        tokens.access_token(),
        tokens.member("id_token"),
        tokens.member("refresh_token"),
        id_jag,
        access,
        "alice-password".to_owned(),
        secret_of("wiki-agent"),
        secret_of("wiki-at-chat"),
        browser.cookie("__Host-tegata").unwrap().clone(),
    ];
    for issuer in [HOME, CHAT] {
        let key = Forge::with(world.server(issuer).keys.signer(Algorithm::ES256).unwrap());
        secrets.push(key.private_jwk().parameter("d").unwrap().as_str().unwrap().to_owned());
    }

    let all = dump(&world).await;
    // What is public is there, so the search finds what there is to find.
    for public in ["wiki-agent", "alice@example.com", &world.sub_of("alice").await] {
        assert!(all.contains(public), "{public} is not in the database");
    }
    for secret in secrets {
        assert!(!all.contains(&secret), "{secret} is in the database");
    }
}

/// Every row of every table, as text.
async fn dump(world: &World) -> String {
    let db = world.live.shared().store.read();
    let backend = db.get_database_backend();
    let mut all = String::new();
    for table in [
        "users",
        "groups",
        "services",
        "trusts",
        "clients",
        "connections",
        "accounts",
        "consents",
        "keys",
        "secrets",
        "sessions",
        "logins",
        "codes",
        "token_families",
        "refresh_tokens",
        "single_uses",
        "sign_in_failures",
        "ledger",
        "ledger_chains",
        "ledger_checkpoints",
        "ledger_drops",
    ] {
        let rows = Statement::from_string(backend, format!("SELECT * FROM {table}"));
        for row in db.query_all_raw(rows).await.unwrap() {
            for column in row.column_names() {
                let text = row.try_get::<Option<String>>("", &column).ok().flatten();
                let bytes = row.try_get::<Option<Vec<u8>>>("", &column).ok().flatten();
                let bytes = bytes.map(|it| String::from_utf8_lossy(&it).into_owned());
                all.push_str(&text.or(bytes).unwrap_or_default());
                all.push('\n');
            }
        }
    }
    all
}

/// Without a key nothing leaves and nothing is used up; and a fault of ours is for the log, not for
/// the ledger.
#[tokio::test]
async fn an_algorithm_that_there_is_no_key_for() {
    let world = World::new().await;
    let code = signed_in(&world, "alice").await.sent("code").unwrap();
    let before = world.ledger().await;
    let db = world.live.shared().store.write();
    let (home, id) = (Issuer::parse(HOME).unwrap(), ClientId::parse("wiki-agent").unwrap());
    let mut agent = store::clients::find(db, &home, &id).await.unwrap().unwrap();
    agent.id_token_signed_response_alg = "HS256".to_owned();
    store::clients::register(db, &agent).await.unwrap();
    world.meddled().await;
    let refused = redeem_code(&world, &code).await.refusal();
    insta::assert_snapshot!(refused, @"500 server_error: something went wrong on our side, please try again");
    assert_eq!(world.ledger().await, before);

    agent.id_token_signed_response_alg = "ES256".to_owned();
    store::clients::register(db, &agent).await.unwrap();
    world.meddled().await;
    assert_eq!(redeem_code(&world, &code).await.status, 200);
}

/// OIDC Core §3.1.3.6: `at_hash` is by the hash of the algorithm, and where that is another than
/// SHA-256 there is none.
#[tokio::test]
async fn an_id_token_by_another_hash() {
    let alg = "agent = true\nid_token_signed_response_alg = \"ES384\"\n";
    let world = World::but("agent = true\n", alg).await;
    let browser = signed_in(&world, "alice").await;
    let id_token = tokens_of(&world, &browser).await.member("id_token");
    assert_eq!(header_of(&id_token)["alg"], "ES384");
    assert_eq!(claims_of(&id_token).get("at_hash"), None);
}
