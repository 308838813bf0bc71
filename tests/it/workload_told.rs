//! What is told of workloads, to them and to others.

use insta::assert_snapshot;
use serde_json::json;
use tegata::model::LedgerEvent;

use crate::support::{CALENDAR, WORLD, World, the_same};
use crate::workload::{CLIENT, MAIN, answer_to, entry_of, shown, signed, world};

/// RFC 7521 §4.1.1: who signed it is known, so it may be told what is wrong with it.
#[tokio::test]
async fn true_ones_that_say_too_little() {
    let world = world(MAIN).await;
    let mut said = vec![];
    for change in [json!({ "exp": null }), json!({ "sub": null }), json!({ "exp": "soon" })] {
        said.push(answer_to(&world, &change).await.refusal());
    }
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the assertion is not acceptable: its claims are incomplete or of the wrong type");
}

/// What speaks of people may have the type that some issuers give to workloads: a trust takes it only for
/// a subject that it names.
#[tokio::test]
async fn a_type_that_says_little() {
    let by_claim = world("claims = { repository = \"org/x\" }").await;
    let (typed, plain) = ("authorization-grant+jwt", "JWT");
    let named = world(MAIN).await;
    let by = async |world: &World, typ: &str| {
        shown(world, &signed(world, typ, &json!({ "jti": typ })), &[]).await
    };
    assert_eq!(by(&by_claim, plain).await.status, 200);
    assert_eq!(by(&named, typed).await.status, 200);
    assert_snapshot!(by(&by_claim, typed).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: what it says of the workload is not what makes one a client here");
}

/// RFC 8414 §2: what it says is true of this service. Nobody gets anything by a name alone here, though
/// its clients may describe themselves, and one is a workload without a secret.
#[tokio::test]
async fn what_the_metadata_say() {
    let workload =
        CLIENT.replace("\"chat\"", "\"calendar\"").replace("chat.read chat.write", "calendar.read");
    let described = [("clients.described_at", "*")];
    let world = World::set(&described, &format!("{WORLD}{workload}")).await;
    let url = format!("{CALENDAR}/.well-known/oauth-authorization-server");
    let metadata = world.get(&url).await.json();
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap().clone();
    assert!(!methods.contains(&json!("none")) && methods.contains(&json!("private_key_jwt")));
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
}

/// The ledger has what a true assertion asked for in vain.
#[tokio::test]
async fn what_was_asked_for_in_vain() {
    let world = world(MAIN).await;
    let not_meant = answer_to(&world, &json!({ "sub": "repo:org/x:other" })).await;
    let jwt = signed(&world, "JWT", &json!({ "jti": "2" }));
    let too_much = shown(&world, &jwt, &[("scope", "chat.admin")]).await;
    for (answer, scope) in [(not_meant, None), (too_much, Some("chat.admin"))] {
        assert_eq!(answer.status, 400);
        let entry = entry_of(&world, &answer).await;
        assert_eq!(entry.event, LedgerEvent::AccessToken);
        assert_eq!(entry.scope.map(|it| it.to_string()).as_deref(), scope);
    }
}
