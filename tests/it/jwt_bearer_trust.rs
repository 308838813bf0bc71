//! Whose ID-JAGs chat takes, and for which accounts (ID-JAG §4.1, §9.3).

use std::sync::Arc;

use insta::assert_snapshot;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tegata::model::{Foreign, Trust};
use tegata::oauth::{Issuer, ServiceId, Subject};
use tegata::store;
use tegata::store::changes::{self, Change};
use tokio::task::JoinSet;

use crate::support::{
    Answer, CHAT, Database, HOME, ID_JAG_TYP, JWT_BEARER, NOW, PARTNER, WORLD, Way, World, forge,
    header_by, key_of, redeem, the_same,
};

const JUST_IN_TIME: &str = "accounts = \"just_in_time\"";
const LINKED: &str = "accounts = \"linked\"";

/// The claims of an ID-JAG of the partner, for somebody that chat may not know.
fn claims_of_partner(world: &World, sub: &str) -> Value {
    let mut claims = world.id_jag_claims(sub);
    claims["iss"] = PARTNER.into();
    claims["jti"] = format!("of {sub}").into();
    claims
}

/// What chat says to an ID-JAG of the partner that is right but for `change`.
async fn answer_to(world: &World, sub: &str, change: impl FnOnce(&mut Value)) -> Answer {
    let mut claims = claims_of_partner(world, sub);
    change(&mut claims);
    redeem(world, &world.sign(PARTNER, ID_JAG_TYP, &claims), &[]).await
}

async fn of_home(world: &World, jti: &str) -> Answer {
    let mut claims = world.id_jag_claims(&world.sub_of("alice").await);
    claims["jti"] = jti.into();
    redeem(world, &world.sign(HOME, ID_JAG_TYP, &claims), &[]).await
}

/// Changes what chat trusts, past the directory, and lets the server notice.
async fn with_trust(world: &World, issuer: &str, change: impl FnOnce(&mut Trust)) {
    let (db, chat) = (world.live.shared().store.write(), ServiceId::parse("chat").unwrap());
    let mut trusts = store::trusts::of(db, &chat).await.unwrap();
    change(trusts.iter_mut().find(|it| it.issuer.as_str() == issuer).unwrap());
    store::trusts::declare(db, &chat, &trusts).await.unwrap();
    changes::announce(db, &[Change::Directory]).await.unwrap();
    world.noticed().await;
}

/// RFC 7523 §3 (1): nothing is fetched for an issuer that nobody trusts.
/// Rows 113, 172.
#[tokio::test]
async fn an_issuer_that_nobody_trusts() {
    let world = World::new().await;
    let mut said = vec![];
    for issuer in [
        "https://evil.example",
        "https://idp.partner.example/",
        "https://IDP.partner.example",
        "http://idp.partner.example",
        "https://idp.partner.example@evil.example",
        "https://169.254.169.254/latest",
        "https://home.example/services/calendar",
        "wiki-at-chat",
        "",
    ] {
        said.push(
            answer_to(&world, "carol", |claims| claims["iss"] = issuer.into()).await.refusal(),
        );
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the issuer of the assertion is not trusted here");
    assert_eq!(world.partner.fetches(), 0);
}

/// The trust is off, not gone: nothing is fetched, and nothing given.
/// Row 113.
#[tokio::test]
async fn an_issuer_that_is_trusted_no_more() {
    let world = World::new().await;
    with_trust(&world, PARTNER, |trust| trust.active = false).await;
    assert_snapshot!(answer_to(&world, "carol", |_| ()).await.refusal(), @"400 invalid_grant: the issuer of the assertion is not trusted here");
    assert_eq!(world.partner.fetches(), 0);
    with_trust(&world, HOME, |trust| trust.active = false).await;
    assert_snapshot!(of_home(&world, "one").await.refusal(), @"400 invalid_grant: the issuer of the assertion is not trusted here");
    with_trust(&world, HOME, |trust| trust.active = true).await;
    assert_eq!(of_home(&world, "two").await.status, 200);
}

/// A service that was suspended is not there any more, and neither is its trust.
#[tokio::test]
async fn a_service_that_was_suspended() {
    let world = World::new().await;
    let (db, chat) = (world.live.shared().store.write(), ServiceId::parse("chat").unwrap());
    let mut chat = store::services::find(db, &chat).await.unwrap().unwrap();
    chat.active = false;
    store::services::keep(db, &chat).await.unwrap();
    changes::announce(db, &[Change::Directory]).await.unwrap();
    world.noticed().await;
    let answer = of_home(&world, "one").await;
    assert_eq!(answer.status, 404, "{}", answer.text);
}

/// Each service trusts for itself: that chat knows the partner is nothing to calendar.
#[tokio::test]
async fn an_issuer_that_another_service_trusts() {
    let world = World::new().await;
    let calendar = crate::support::CALENDAR;
    let mut claims = claims_of_partner(&world, "carol");
    claims["aud"] = calendar.into();
    claims["client_id"] = "wiki-at-calendar".into();
    claims["scope"] = "calendar.read".into();
    let id_jag = world.sign(PARTNER, ID_JAG_TYP, &claims);
    let request = [("grant_type", JWT_BEARER), ("assertion", &id_jag)];
    let answer = world.post_token(calendar, "wiki-at-calendar", &request).await;
    assert_snapshot!(answer.refusal(), @"400 invalid_grant: the issuer of the assertion is not trusted here");
    assert_eq!(world.partner.fetches(), 0);
}

/// ID-JAG §9.3: the same software may serve both, if they are two issuers.
/// Row 144.
#[tokio::test]
async fn another_service_of_this_process() {
    let world = World::with(&format!(
        "[[service]]\nid = \"files\"\nresources = [\"https://files.example\"]\n\
         scopes = {{ \"files.read\" = \"Read\" }}\n\n[[service.trust]]\nissuer = \"{CHAT}\"\n\
         accounts = \"just_in_time\"\n\n[[client]]\nat = \"files\"\nclient_id = \"wiki-at-files\"\n\
         client_secret = \"wiki-at-files-secret-0123456789abcdefghij\"\n\
         grant_types = [\"{JWT_BEARER}\"]"
    ))
    .await;
    let files = format!("{HOME}/services/files");
    let claims = json!({
        "iss": CHAT, "sub": "carol", "aud": files, "client_id": "wiki-at-files", "jti": "1",
        "exp": NOW.unix_timestamp() + 60, "iat": NOW.unix_timestamp(), "scope": "files.read",
    });
    let id_jag = world.sign(CHAT, ID_JAG_TYP, &claims);
    let request = [("grant_type", JWT_BEARER), ("assertion", &id_jag)];
    let answer = world.post_token(&files, "wiki-at-files", &request).await;
    assert_eq!(answer.claims()["aud"], json!("https://files.example"));
    assert_eq!(world.partner.fetches(), 0);
}

/// The issuer may have new keys: one look, and then no.
/// Row 117.
#[tokio::test]
async fn a_key_that_the_issuer_does_not_publish() {
    let world = World::new().await;
    let claims = claims_of_partner(&world, "carol").to_string();
    let key = key_of(&world, PARTNER);
    let mut header = header_by(&key, ID_JAG_TYP);
    header["kid"] = "unknown".into();
    let refusal = redeem(&world, &forge(&key, &header, &claims), &[]).await.refusal();
    assert_snapshot!(refusal, @"400 invalid_grant: the assertion is not acceptable: no key of its issuer has its kid and algorithm");
    assert_eq!(world.partner.fetches(), 2);
    // A wrong signature by a known key is no reason to look.
    let forged = forge(&key_of(&world, HOME), &header_by(&key, ID_JAG_TYP), &claims);
    assert_snapshot!(redeem(&world, &forged, &[]).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: its signature is not by a key of its issuer");
    assert_eq!(world.partner.fetches(), 3);
}

/// The trust bounds what the issuer can vouch for: the partner's is `chat.read`.
/// Row 90.
#[tokio::test]
async fn scope_beyond_the_trust() {
    let world = World::new().await;
    assert_eq!(answer_to(&world, "carol", |_| ()).await.member("scope"), "chat.read");
    let silent =
        answer_to(&world, "dave", |claims| drop(claims.as_object_mut().unwrap().remove("scope")))
            .await;
    assert_eq!(silent.member("scope"), "chat.read");
    let more = answer_to(&world, "erin", |claims| claims["scope"] = "chat.write".into()).await;
    assert_snapshot!(more.refusal(), @"400 invalid_scope: no scope that was asked for can be granted");
}

/// The limit of the trust, to the second.
/// Row 124.
#[tokio::test]
async fn a_lifetime_beyond_the_trust() {
    let world = World::but(JUST_IN_TIME, &format!("{JUST_IN_TIME}\nlongest = 60")).await;
    let live = |seconds: i64| {
        move |claims: &mut Value| claims["exp"] = json!(NOW.unix_timestamp() + seconds)
    };
    assert_eq!(answer_to(&world, "carol", live(60)).await.status, 200);
    assert_snapshot!(answer_to(&world, "dave", live(61)).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: it lives for longer than is accepted here");
    assert_eq!(of_home(&world, "home").await.status, 200);
}

/// MCP EMA §7.4.2: the key is `iss` and `jti`.
/// Row 128.
#[tokio::test]
async fn two_issuers_with_the_same_jti() {
    let world = World::new().await;
    assert_eq!(of_home(&world, "shared").await.status, 200);
    let same = |claims: &mut Value| claims["jti"] = "shared".into();
    assert_eq!(answer_to(&world, "carol", same).await.status, 200);
    assert_snapshot!(of_home(&world, "shared").await.refusal(), @"400 invalid_grant: the assertion was already used");
    assert_snapshot!(answer_to(&world, "carol", same).await.refusal(), @"400 invalid_grant: the assertion was already used");
}

/// ID-JAG §4.4.3: where the administrator allows it, until it expires.
/// Row 126.
#[tokio::test]
async fn reuse_until_expiry() {
    let world =
        World::but(JUST_IN_TIME, &format!("{JUST_IN_TIME}\nreuse = \"until_expiry\"")).await;
    let one = answer_to(&world, "carol", |_| ()).await.claims();
    let other = answer_to(&world, "carol", |_| ()).await.claims();
    assert_ne!(one["jti"], other["jti"]);
    world.hands.advance(time::Duration::seconds(330));
    assert_snapshot!(answer_to(&world, "carol", |_| ()).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: it has expired, 30 seconds ago by the clock here");
}

/// ID-JAG §4.1, just in time: the first ID-JAG makes an account, the next finds it.
/// Row 131.
#[tokio::test]
async fn an_account_just_in_time() {
    let world = World::new().await;
    let first = answer_to(&world, "carol", |_| ()).await.claims();
    let again = answer_to(&world, "carol", |claims| claims["jti"] = "2".into()).await.claims();
    let other = answer_to(&world, "dave", |_| ()).await.claims();
    assert_eq!(first["sub"], again["sub"]);
    assert_ne!(first["sub"], other["sub"]);
    assert_ne!(first["sub"], "carol");
}

/// A partner cannot speak for our people: their `sub` is another person's here.
#[tokio::test]
async fn a_subject_of_a_partner_that_looks_like_alice() {
    let world = World::new().await;
    let alice = world.sub_of("alice").await;
    let theirs = answer_to(&world, &alice, |_| ()).await.claims();
    assert_ne!(theirs["sub"], alice);
}

/// Nothing is made for an ID-JAG that is refused.
#[tokio::test]
async fn no_account_for_a_refusal() {
    let world = World::new().await;
    for (claim, wrong) in [("client_id", "todo-at-chat"), ("scope", "chat.admin"), ("aud", HOME)] {
        answer_to(&world, "carol", |claims| claims[claim] = wrong.into()).await.refusal();
    }
    let (db, chat) = (world.live.shared().store.read(), ServiceId::parse("chat").unwrap());
    let issuer = Issuer::parse(PARTNER).unwrap();
    let carol = Foreign::of(issuer, Subject::parse("carol").unwrap());
    assert_eq!(store::accounts::of(db, &chat, &carol).await.unwrap(), None);
}

/// However many come at once, they are one person.
/// Row 131.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_account_of_many_at_once() {
    let world = Arc::new(World::on(Database::shared().await, WORLD).await);
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let world = Arc::clone(&world);
        tasks.spawn(async move {
            answer_to(&world, "carol", |claims| claims["jti"] = number.to_string().into()).await
        });
    }
    let mut subs: Vec<_> =
        tasks.join_all().await.iter().map(|answer| answer.claims()["sub"].to_string()).collect();
    assert_eq!(subs.len(), 20);
    subs.dedup();
    assert_eq!(subs.len(), 1, "{subs:?}");
}

/// ID-JAG §4.1, linked: who was not linked is not known.
/// Row 130.
#[tokio::test]
async fn accounts_that_are_linked() {
    let world = World::but(JUST_IN_TIME, LINKED).await;
    assert_snapshot!(answer_to(&world, "carol", |_| ()).await.refusal(), @"400 invalid_grant: the subject of the assertion has no account here");

    let issuer = Issuer::parse(PARTNER).unwrap();
    let carol = Foreign::of(issuer, Subject::parse("carol").unwrap());
    world.links(&carol, "carol-at-chat").await;
    assert_eq!(answer_to(&world, "carol", |_| ()).await.claims()["sub"], "carol-at-chat");
    assert_snapshot!(answer_to(&world, "Carol", |_| ()).await.refusal(), @"400 invalid_grant: the subject of the assertion has no account here");
}

/// `docs/decisions/0005-entitlement-is-access-denied.md`.
/// Row 132.
#[tokio::test]
async fn an_account_that_is_disabled() {
    let world = World::new().await;
    assert_eq!(answer_to(&world, "carol", |_| ()).await.status, 200);
    let db = world.live.shared().store.write();
    db.execute_unprepared("UPDATE accounts SET active = FALSE").await.unwrap();
    world.meddled().await;
    let again = answer_to(&world, "carol", |claims| claims["jti"] = "2".into()).await;
    assert_snapshot!(again.refusal(), @"400 access_denied: the account of the person is not active here");
}

/// A new `kid` is worth one more look, and then the new key is as good as the old one. How often
/// one looks is for `outbound::keys`, whose own tests say so.
/// Row 99.
#[tokio::test]
async fn an_issuer_that_rotated_its_key() {
    let world = World::new().await;
    let newer = world.partner.rotate();
    let claims = claims_of_partner(&world, "carol");
    let answer = redeem(&world, &newer.sign(ID_JAG_TYP, &claims), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(world.partner.fetches(), 2);
}

/// ID-JAG §9.3: not even if somebody writes it past the directory. What was known before goes on.
#[tokio::test]
async fn a_service_that_trusts_itself() {
    let world = World::new().await;
    let (db, chat) = (world.live.shared().store.write(), ServiceId::parse("chat").unwrap());
    let mut trusts = store::trusts::of(db, &chat).await.unwrap();
    let partner = trusts.iter_mut().find(|it| it.issuer.as_str() == PARTNER).unwrap();
    partner.issuer = Issuer::parse(CHAT).unwrap();
    store::trusts::declare(db, &chat, &trusts).await.unwrap();
    changes::announce(db, &[Change::Directory]).await.unwrap();
    let refused = world.live.refresh().await.unwrap_err().to_string();
    assert_snapshot!(refused, @"https://home.example/services/chat cannot be among its own trusted issuers (ID-JAG §9.3)");
}

/// RFC 6749 §4.1.2.1: nothing is wrong with the ID-JAG, so that is not what is said; and what is
/// our trouble is not in the ledger.
#[tokio::test]
async fn keys_that_cannot_be_had() {
    let world = World::new().await;
    let mut said = vec![];
    for way in [Way::Closed, Way::Crowded] {
        world.partner.lead(way);
        let answer = answer_to(&world, "carol", |_| ()).await;
        assert_eq!(answer.header("retry-after"), "5");
        said.push(answer.refusal());
    }
    assert_snapshot!(the_same(&said), @"503 temporarily_unavailable: the keys of the issuer cannot be had at the moment");
    assert!(world.ledger().await.is_empty());
    world.partner.lead(Way::Open);
    assert_eq!(answer_to(&world, "carol", |_| ()).await.status, 200);
}

/// What took so long that it may be wrong by now is decided once more.
#[tokio::test]
async fn keys_that_take_long_to_come() {
    let world = World::new().await;
    world.partner.lead(Way::Long);
    let answer = answer_to(&world, "carol", |_| ()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(world.partner.fetches(), 2);
    assert_eq!(world.ledger().await.len(), 1);
}
