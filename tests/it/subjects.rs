//! Whom an issuer means by its subjects, and how far it is believed (ID-JAG §6.3 and §9.5).

use insta::assert_snapshot;
use serde_json::{Value, json};
use tegata::model::Foreign;
use tegata::oauth::{Issuer, ServiceId, Subject};
use tegata::store::accounts;

use crate::support::{Answer, ID_JAG_TYP, PARTNER, World, redeem, the_same};

const JUST_IN_TIME: &str = "accounts = \"just_in_time\"";

/// A world whose partner is trusted on these terms.
async fn world(terms: &str) -> World {
    World::but(JUST_IN_TIME, &format!("accounts = \"linked\"\n{terms}")).await
}

/// What chat says to an ID-JAG of the partner for "carol", with these claims besides.
async fn of_carol(world: &World, more: &Value) -> Answer {
    let mut claims = world.id_jag_claims("carol");
    claims["iss"] = json!(PARTNER);
    claims["jti"] = json!(format!("{more}"));
    let claims = crate::support::with(&claims, more);
    redeem(world, &world.sign(PARTNER, ID_JAG_TYP, &claims), &[]).await
}

async fn linked(world: &World, tenant: Option<&str>, account: &str) {
    let whose = Foreign {
        issuer: Issuer::parse(PARTNER).unwrap(),
        tenant: tenant.map(str::to_owned),
        subject: Subject::parse("carol").unwrap(),
    };
    world.links(&whose, account).await;
}

/// The link goes before what else the issuer says.
/// Row 97.
#[tokio::test]
async fn by_link_by_aud_sub_and_by_email() {
    let world = world("aud_sub = true\nemail_domains = [\"example.com\"]").await;
    let (alice, bob) = (world.sub_of("alice").await, world.sub_of("bob").await);
    let email = json!({ "email": "bob@example.com", "email_verified": true });
    let both = json!({ "aud_sub": alice, "email": "bob@example.com", "email_verified": true });
    assert_eq!(of_carol(&world, &json!({ "aud_sub": alice })).await.claims()["sub"], *alice);
    assert_eq!(of_carol(&world, &email).await.claims()["sub"], *bob);
    assert_eq!(of_carol(&world, &both).await.claims()["sub"], *alice);
    linked(&world, None, "carol-at-chat").await;
    let again = json!({ "jti": "again", "aud_sub": alice });
    assert_eq!(of_carol(&world, &again).await.claims()["sub"], "carol-at-chat");
    // An account here can be named by what it is called here.
    let named = json!({ "sub": "another", "aud_sub": "carol-at-chat" });
    assert_eq!(of_carol(&world, &named).await.claims()["sub"], "carol-at-chat");
}

/// Only as far as the trust goes, and only for an address that the issuer and we have verified.
/// Row 97.
#[tokio::test]
async fn what_does_not_name_anybody() {
    let believed = world("aud_sub = true\nemail_domains = [\"example.com\"]").await;
    let alice = believed.sub_of("alice").await;
    let email =
        |email: &str, verified: Value| json!({ "email": email, "email_verified": verified });
    let mut said = vec![];
    for claims in [
        json!({}),
        json!({ "aud_sub": "nobody" }),
        json!({ "aud_sub": "nobody", "email": "alice@example.com", "email_verified": true }),
        email("alice@example.com", false.into()),
        email("alice@example.com", Value::Null),
        email("alice@elsewhere.example", true.into()),
        email("alice@sub.example.com", true.into()),
        email("Alice@example.com", true.into()),
        email("example.com", true.into()),
        email("nobody@example.com", true.into()),
    ] {
        said.push(of_carol(&believed, &claims).await.refusal());
    }
    let strict = world("").await;
    said.push(of_carol(&strict, &json!({ "aud_sub": alice })).await.refusal());
    said.push(of_carol(&strict, &email("alice@example.com", true.into())).await.refusal());
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject of the assertion has no account here");
}

/// Whoever is named and may not come in is not let in by another way.
/// Row 132.
#[tokio::test]
async fn somebody_who_was_disabled() {
    let world = world("aud_sub = true\nemail_domains = [\"example.com\"]").await;
    let alice = world.sub_of("alice").await;
    world.disable_user("alice").await;
    let email = json!({ "email": "alice@example.com", "email_verified": true });
    let said = [
        of_carol(&world, &json!({ "aud_sub": alice })).await.refusal(),
        of_carol(&world, &email).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 access_denied: the account of the person is not active here");
}

/// An account that was made for another issuer is none of this one's, and a link that was switched
/// off is not gone around by another name.
#[tokio::test]
async fn accounts_of_others() {
    let world = world("aud_sub = true\nemail_domains = [\"example.com\"]").await;
    linked(&world, Some("other"), "carol-of-another").await;
    let named = json!({ "sub": "x", "aud_sub": "carol-of-another" });
    assert_snapshot!(of_carol(&world, &named).await.refusal(), @"400 invalid_grant: the subject of the assertion has no account here");
    let alice = world.sub_of("alice").await;
    linked(&world, None, &alice).await;
    let (db, chat) = (world.live.shared().store.write(), ServiceId::parse("chat").unwrap());
    let carol = Foreign::of(Issuer::parse(PARTNER).unwrap(), Subject::parse("carol").unwrap());
    assert!(accounts::switch(db, &chat, &carol, false).await.unwrap());
    world.meddled().await;
    let email = json!({ "sub": "y", "email": "alice@example.com", "email_verified": true });
    let said = [
        of_carol(&world, &json!({ "sub": "y", "aud_sub": alice })).await.refusal(),
        of_carol(&world, &email).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 access_denied: the account of the person is not active here");
}

/// ID-JAG §6.3: an issuer with tenants is trusted for one of them.
/// Row 135.
#[tokio::test]
async fn tenants_of_the_issuer() {
    let of_acme = world("tenant = \"acme\"").await;
    linked(&of_acme, Some("acme"), "carol-of-acme").await;
    linked(&of_acme, None, "carol-of-nobody").await;
    linked(&of_acme, Some("other"), "carol-of-another").await;
    let acme = json!({ "tenant": "acme" });
    assert_eq!(of_carol(&of_acme, &acme).await.claims()["sub"], "carol-of-acme");
    let without = world("").await;
    let said = [
        of_carol(&of_acme, &json!({})).await.refusal(),
        of_carol(&of_acme, &json!({ "tenant": "other" })).await.refusal(),
        of_carol(&of_acme, &json!({ "tenant": "ACME" })).await.refusal(),
        of_carol(&without, &acme).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the tenant of the assertion is not the one that is trusted here");
}

/// ID-JAG §6: `aud_tenant` is ours to know.
/// Row 136.
#[tokio::test]
async fn tenants_of_the_service() {
    let ours = World::but(JUST_IN_TIME, "accounts = \"just_in_time\"\naud_tenant = \"us\"").await;
    for claims in [json!({ "aud_tenant": "us" }), json!({})] {
        assert_eq!(of_carol(&ours, &claims).await.status, 200);
    }
    let said = [
        of_carol(&ours, &json!({ "aud_tenant": "them" })).await.refusal(),
        of_carol(&World::new().await, &json!({ "aud_tenant": "us" })).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the aud_tenant of the assertion is not a tenant of this service");
}

/// ID-JAG §3.2: what nobody here can read is not passed over.
/// Rows 32, 98, 133, 134.
#[tokio::test]
async fn subject_identifiers_of_another_form() {
    let world = World::new().await;
    let saml = json!({ "format": "saml-nameid", "issuer": "https://saml.example", "nameid": "a" });
    let mut said = vec![];
    for sub_id in [saml, json!({ "format": "opaque", "id": "carol" }), json!("carol"), Value::Null]
    {
        let claims = world.id_jag_claims(&world.sub_of("alice").await);
        let mut claims = crate::support::with(&claims, &json!({ "jti": "1" }));
        claims["sub_id"] = sub_id;
        let id_jag = world.sign(crate::support::HOME, ID_JAG_TYP, &claims);
        said.push(redeem(&world, &id_jag, &[]).await.refusal());
    }
    assert_snapshot!(said[..3].join("\n"), @r"
    400 invalid_grant: the assertion has a sub_id, which is not supported here
    400 invalid_grant: the assertion has a sub_id, which is not supported here
    400 invalid_grant: the assertion has a sub_id, which is not supported here
    ");
    let of_ours = crate::support::id_token_of(&world, "alice").await;
    let id_jag = crate::support::exchange(&world, &of_ours, &[]).await;
    assert_eq!(id_jag.claims().get("sub_id"), None);
}

/// A trust can want that each ID-JAG names its resource.
/// Row 139.
#[tokio::test]
async fn an_issuer_that_has_to_name_a_resource() {
    let world =
        World::but(JUST_IN_TIME, "accounts = \"just_in_time\"\nresource_required = true").await;
    assert_snapshot!(of_carol(&world, &json!({})).await.refusal(), @"400 invalid_grant: the assertion names no resource, and one is required of its issuer");
    let named = json!({ "resource": "https://chat.example/mcp" });
    assert_eq!(of_carol(&world, &named).await.claims()["aud"], "https://chat.example/mcp");
}

/// ID-JAG §9.5: an address that two people have says nothing about which of them is meant.
#[tokio::test]
async fn an_address_of_two_people() {
    let terms = "accounts = \"linked\"\nemail_domains = [\"example.com\"]";
    let twin = "[[user]]\nusername = \"alice-2\"\nemail = \"alice@example.com\"";
    let directory = crate::support::WORLD.replace(JUST_IN_TIME, terms);
    let world = World::of(&format!("{directory}\n{twin}\n")).await;
    let email = |email: &str| json!({ "email": email, "email_verified": true });
    let bob = world.sub_of("bob").await;
    assert_eq!(of_carol(&world, &email("bob@example.com")).await.claims()["sub"], *bob);
    let refused = of_carol(&world, &email("alice@example.com")).await.refusal();
    assert_snapshot!(refused, @"400 invalid_grant: the subject of the assertion has no account here");
}

/// Where accounts are made just in time: who is named and is not there, or is somebody else's, is
/// not somebody new; an address that is nobody's here names nobody, and leaves it to the subject.
#[tokio::test]
async fn names_where_accounts_are_made() {
    let terms = format!("{JUST_IN_TIME}\naud_sub = true\nemail_domains = [\"example.com\"]");
    let world = World::but(JUST_IN_TIME, &terms).await;
    linked(&world, Some("other"), "carol-of-another").await;
    let (db, chat) = (world.live.shared().store.read(), ServiceId::parse("chat").unwrap());
    let said = [
        of_carol(&world, &json!({ "aud_sub": "nobody" })).await.refusal(),
        of_carol(&world, &json!({ "aud_sub": "carol-of-another" })).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the subject of the assertion has no account here");
    assert_eq!(accounts::all(db, &chat).await.unwrap().len(), 1, "nothing was made");
    let email = json!({ "email": "nobody@example.com", "email_verified": true });
    let first = of_carol(&world, &email).await.claims();
    let again = of_carol(&world, &json!({})).await.claims();
    assert_eq!(first["sub"], again["sub"]);
    assert_eq!(accounts::all(db, &chat).await.unwrap().len(), 2);
}

/// RFC 5321 §2.4: domains have no case, however the administrator wrote them.
#[tokio::test]
async fn a_domain_in_other_letters() {
    let world = world("email_domains = [\"elsewhere.example\", \"EXAMPLE.com\"]").await;
    let claims = json!({ "email": "alice@example.com", "email_verified": true });
    let alice = world.sub_of("alice").await;
    assert_eq!(of_carol(&world, &claims).await.claims()["sub"], *alice);
}

/// Who may speak for the addresses of one domain may not for those of another.
#[tokio::test]
async fn a_domain_that_is_not_its_own() {
    let world = world("email_domains = [\"elsewhere.example\"]").await;
    let claims = json!({ "email": "alice@example.com", "email_verified": true });
    assert_snapshot!(of_carol(&world, &claims).await.refusal(), @"400 invalid_grant: the subject of the assertion has no account here");
}
