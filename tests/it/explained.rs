//! What was decided, by its name (`tegata explain`).

use time::{Duration, OffsetDateTime};

use tegata::store::ledger;

use crate::support::{CHAT, ID_JAG_TYP, PARTNER, World, exchange, id_token_of, redeem};

/// When the decision was made, which its name begins with.
fn time_of(decision: &str) -> OffsetDateTime {
    let milliseconds = i64::from_str_radix(&decision[..12], 16).unwrap();
    OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(milliseconds)
}

/// Each answer, of whatever outcome, is found by its name, and by nobody else's.
#[tokio::test]
async fn decisions_by_their_names() {
    let world = World::new().await;
    let id_token = id_token_of(&world, "alice").await;
    let mut names = vec![];
    for minutes in [0, 3, 0, 0] {
        world.hands.advance(Duration::minutes(minutes));
        let answer = exchange(&world, &id_token, &[]).await;
        names.push((answer.header("x-request-id").to_owned(), "id_jag", CHAT));
    }
    let refused = exchange(&world, &id_token, &[("scope", "chat.admin")]).await;
    let decision = refused.header("x-request-id").to_owned();
    let said = refused.member("error_description");
    assert!(said.ends_with(&format!(" [decision {decision}]")), "{said}");
    names.push((decision, "id_jag", CHAT));
    let db = world.live.shared().store.read();
    for (name, event, service) in &names {
        let rows = ledger::of_request(db, name, time_of(name)).await.unwrap();
        assert_eq!(rows.len(), 1, "{name}");
        assert_eq!(rows[0].entry.event.as_str(), *event);
        assert_eq!(rows[0].entry.service.as_deref(), Some(*service));
    }
    let later = time_of(&names[0].0) + Duration::minutes(10);
    assert!(ledger::of_request(db, &names[0].0, later).await.unwrap().is_empty());
    let nobody = "0".repeat(32);
    assert!(ledger::of_request(db, &nobody, time_of(&nobody)).await.unwrap().is_empty());
}

/// A refusal names its decision to whoever asked, and tells nothing else by that.
#[tokio::test]
async fn what_a_stranger_hears() {
    let world = World::new().await;
    let mut claims = world.id_jag_claims("carol");
    claims["iss"] = PARTNER.into();
    claims["aud"] = "https://elsewhere.example".into();
    let answer = redeem(&world, &world.sign(PARTNER, ID_JAG_TYP, &claims), &[]).await;
    let said = answer.member("error_description");
    let (_, decision) = said.rsplit_once(" [decision ").unwrap();
    assert_eq!(decision.trim_end_matches(']'), answer.header("x-request-id"));
}
