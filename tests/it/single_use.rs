//! What works once works once: when many come at the same moment, after a restart, and after a
//! refusal (`docs/decisions/0001-reuse.md`).

use std::sync::Arc;

use insta::assert_snapshot;
use serde_json::json;
use tegata::jose::{Algorithm, SigningKey};
use tegata::model::Outcome;
use tegata::store;
use time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::support::{
    Answer, CHAT, Database, HOME, ID_JAG_TYP, JWT_BEARER, NOW, WORLD, World, redeem, redeem_code,
    signed_in, the_same,
};

/// What `times` requests get that all begin at the same moment.
async fn at_once<F: Future<Output = Answer> + Send + 'static>(
    times: usize,
    request: impl Fn() -> F,
) -> Vec<Answer> {
    let (barrier, mut tasks) = (Arc::new(Barrier::new(times)), JoinSet::new());
    for _ in 0..times {
        let (barrier, request) = (Arc::clone(&barrier), request());
        tasks.spawn(async move {
            barrier.wait().await;
            request.await
        });
    }
    tasks.join_all().await
}

/// The one that succeeded; and what all others say, which is the same.
fn one_of(answers: Vec<Answer>) -> (Answer, String) {
    let (mut right, wrong): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(right.len(), 1, "{} of {}", right.len(), right.len() + wrong.len());
    let said: Vec<_> = wrong.iter().map(Answer::refusal).collect();
    (right.remove(0), the_same(&said))
}

async fn shared(more: &str) -> Arc<World> {
    Arc::new(World::on(Database::shared().await, &format!("{WORLD}\n{more}")).await)
}

async fn id_jag(world: &World) -> String {
    world.sign(HOME, ID_JAG_TYP, &world.id_jag_claims(&world.sub_of("alice").await))
}

/// MCP EMA §7.4.2; and the ledger knows of one token, and of all the others.
/// Row 127.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_presentations_of_one_id_jag() {
    let world = shared("").await;
    let id_jag = id_jag(&world).await;
    let answers = at_once(50, || {
        let (world, id_jag) = (Arc::clone(&world), id_jag.clone());
        async move { redeem(&world, &id_jag, &[]).await }
    });
    let (right, said) = one_of(answers.await);
    assert_snapshot!(said, @"400 invalid_grant: the assertion was already used");

    let store = &world.live.shared().store;
    let rows = store::ledger::obtained_by(store.read(), "jag-1", 0).await.unwrap();
    let (issued, refused): (Vec<_>, Vec<_>) =
        rows.iter().partition(|row| row.entry.outcome == Outcome::Issued);
    assert_eq!((issued.len(), refused.len()), (1, 49));
    assert_eq!(issued[0].entry.jti.as_deref(), right.claims()["jti"].as_str());
}

/// Who is refused for another reason uses nothing up.
/// Row 129.
#[tokio::test]
async fn a_refused_try_burns_nothing() {
    let world = World::new().await;
    let right = id_jag(&world).await;
    let request = [("grant_type", JWT_BEARER), ("assertion", &*right)];
    let thief = world.post_token(CHAT, "todo-at-chat", &request).await;
    let tries = [
        thief.refusal(),
        world.post_bare(CHAT, &request).await.refusal(),
        redeem(&world, &right, &[("scope", "chat.admin")]).await.refusal(),
        redeem(&world, &right, &[("resource", "https://mail.example")]).await.refusal(),
        redeem(&world, &format!("{right}A"), &[]).await.refusal(),
    ];
    assert_snapshot!(tries.join("\n"), @"
    400 invalid_grant: the assertion is not acceptable: it was issued to another client
    401 invalid_client: client authentication is required
    400 invalid_scope: no scope that was asked for can be granted
    400 invalid_target: the resource is not one that this server issues tokens for, or not one that was granted
    400 invalid_grant: the assertion is not acceptable: its signature is not by a key of its issuer
    ");
    let db = world.live.shared().store.write();
    let mut alice = store::users::named(db, "alice").await.unwrap().unwrap();
    for active in [false, true] {
        alice.active = active;
        store::users::keep(db, &alice).await.unwrap();
        world.meddled().await;
        let status = redeem(&world, &right, &[]).await.status;
        assert_eq!(status.is_success(), active, "{status}");
    }
    assert_eq!(redeem(&world, &right, &[]).await.status, 400);
}

/// What was used is remembered by the database, not by the process.
#[tokio::test]
async fn a_restart_forgets_nothing() {
    let world = World::on(Database::shared().await, WORLD).await;
    let id_jag = id_jag(&world).await;
    assert_eq!(redeem(&world, &id_jag, &[]).await.status, 200);
    let world = World::on(world.ended().await, WORLD).await;
    assert_snapshot!(redeem(&world, &id_jag, &[]).await.refusal(), @"400 invalid_grant: the assertion was already used");
}

/// A use is remembered for as long as the ID-JAG would be taken, and swept afterwards.
#[tokio::test]
async fn nothing_is_forgotten_too_early() {
    let world = World::new().await;
    let id_jag = id_jag(&world).await;
    assert_eq!(redeem(&world, &id_jag, &[]).await.status, 200);
    let mut said = vec![];
    for passing in [0, 300, 29, 1, 1, 86_400] {
        world.hands.advance(Duration::seconds(passing));
        let (shared, store) = (world.live.shared(), &world.live.shared().store);
        let now = shared.environment.clock.now();
        store::sweep::expired(store.write(), now, 500).await.unwrap();
        said.push(redeem(&world, &id_jag, &[]).await.refusal());
    }
    assert_snapshot!(the_same(&said[..3]), @"400 invalid_grant: the assertion was already used");
    assert_snapshot!(the_same(&said[3..]), @"400 invalid_grant: the assertion is not acceptable: it has expired, some seconds ago by the clock here");
}

/// RFC 6749 §4.1.2: when a code comes again, "revoke (when possible) all tokens previously
/// issued based on that authorization code".
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_presentations_of_one_code() {
    let world = shared("").await;
    let code = signed_in(&world, "alice").await.sent("code").unwrap();
    let answers = at_once(20, || {
        let (world, code) = (Arc::clone(&world), code.clone());
        async move { redeem_code(&world, &code).await }
    });
    let (right, said) = one_of(answers.await);
    assert_snapshot!(said, @"400 invalid_grant: the code was already used");

    let refresh_token = right.member("refresh_token");
    let request = [("grant_type", "refresh_token"), ("refresh_token", &*refresh_token)];
    assert_snapshot!(world.post_token(HOME, "wiki-agent", &request).await.refusal(), @"400 invalid_grant: the refresh token was revoked");
}

/// RFC 7523 §3 (7), for the proof of a client.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_presentations_of_one_client_assertion() {
    let key = SigningKey::generate(Algorithm::ES256, "agent-1");
    let jwks = json!({ "keys": [key.public_jwk()] });
    let world = shared(&format!(
        "[[client]]\nclient_id = \"keyed\"\njwks = '''{jwks}'''\n\
         grant_types = [\"client_credentials\"]\nscope = \"reports\""
    ))
    .await;
    let assertion = key.sign(
        "JWT",
        &json!({
            "iss": "keyed", "sub": "keyed", "aud": HOME, "jti": "proof-1",
            "exp": NOW.unix_timestamp() + 60, "iat": NOW.unix_timestamp(),
        }),
    );
    let answers = at_once(20, || {
        let (world, assertion) = (Arc::clone(&world), assertion.clone());
        async move {
            let request = [
                ("grant_type", "client_credentials"),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &*assertion),
            ];
            world.post_bare(HOME, &request).await
        }
    });
    let (_, said) = one_of(answers.await);
    assert_snapshot!(said, @"401 invalid_client: client authentication failed: the assertion was already used");
}
