//! Subjects of another issuer that an administrator linked to people here (ID-JAG §4.1).

use insta::assert_snapshot;
use serde_json::json;
use tegata::model::Foreign;
use tegata::oauth::{Issuer, ServiceId, Subject};
use tegata::store::{self, accounts};

use crate::support::{Answer, ID_JAG_TYP, PARTNER, World, redeem};

const JUST_IN_TIME: &str = "accounts = \"just_in_time\"";

async fn of_carol(world: &World, jti: &str) -> Answer {
    let mut claims = world.id_jag_claims("carol-there");
    claims["iss"] = json!(PARTNER);
    claims["jti"] = json!(jti);
    redeem(world, &world.sign(PARTNER, ID_JAG_TYP, &claims), &[]).await
}

/// Without an account there is no token; with one, it is the person's own `sub`, for
/// as long as account and person are active.
/// Row 130.
#[tokio::test]
async fn a_linked_subject() {
    let world = World::but(JUST_IN_TIME, "accounts = \"linked\"").await;
    assert_snapshot!(of_carol(&world, "1").await.refusal(), @"400 invalid_grant: the subject of the assertion has no account here");

    let db = world.live.shared().store.write();
    let alice = store::users::named(db, "alice").await.unwrap().unwrap();
    let (chat, partner) = (ServiceId::parse("chat").unwrap(), Issuer::parse(PARTNER).unwrap());
    let carol = Foreign::of(partner, Subject::parse("carol-there").unwrap());
    world.links(&carol, alice.id.as_str()).await;
    assert_eq!(of_carol(&world, "1").await.claims()["sub"], alice.id.as_str());

    assert!(accounts::switch(db, &chat, &carol, false).await.unwrap());
    world.meddled().await;
    assert_snapshot!(of_carol(&world, "2").await.refusal(), @"400 access_denied: the account of the person is not active here");
    assert!(accounts::switch(db, &chat, &carol, true).await.unwrap());
    world.meddled().await;

    let disabled = tegata::model::User { active: false, ..alice };
    store::users::keep(db, &disabled).await.unwrap();
    world.meddled().await;
    assert_snapshot!(of_carol(&world, "2").await.refusal(), @"400 access_denied: the account of the person is not active here");
}
