//! One issuer, trusted for several of its tenants (ID-JAG §6).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, ID_JAG_TYP, PARTNER, WORLD, World, redeem, the_same, with};

const JUST_IN_TIME: &str = "accounts = \"just_in_time\"";

/// Chat trusts the partner for its people without a tenant, and on these terms besides.
fn directory(more: &str) -> String {
    let trust = format!("[[service.trust]]\nissuer = \"{PARTNER}\"");
    let uri = "jwks_uri = \"https://idp.partner.example/jwks\"\naccounts = \"just_in_time\"";
    let more: Vec<_> = more.split(';').map(|it| format!("\n{trust}\n{uri}\n{it}\n")).collect();
    WORLD.replace(JUST_IN_TIME, &format!("{JUST_IN_TIME}\n{}", more.concat()))
}

const BOTH: &str =
    "tenant = \"acme\"\nlongest = 60;tenant = \"umbrella\"\nscopes = [\"chat.write\"]";

async fn of_carol(world: &World, change: &Value) -> Answer {
    let claims = with(&world.id_jag_claims("carol"), &json!({ "iss": PARTNER }));
    let claims = with(&claims, &json!({ "jti": change.to_string() }));
    redeem(world, &world.sign(PARTNER, ID_JAG_TYP, &with(&claims, change)), &[]).await
}

/// ID-JAG §6.3: the same `sub` is another person in each, and each trust has its own terms.
/// Rows 30, 135.
#[tokio::test]
async fn people_of_several_tenants() {
    let world = World::of(&directory(BOTH)).await;
    let short = world.id_jag_claims("carol")["iat"].as_i64().unwrap() + 60;
    let acme = of_carol(&world, &json!({ "tenant": "acme", "exp": short })).await.claims();
    let umbrella = of_carol(&world, &json!({ "tenant": "umbrella" })).await.claims();
    let nobodys = of_carol(&world, &json!({})).await.claims();
    assert_ne!(acme["sub"], umbrella["sub"]);
    assert_ne!(acme["sub"], nobodys["sub"]);
    assert_ne!(umbrella["sub"], nobodys["sub"]);
    assert_eq!(acme["scope"], "chat.read chat.write");
    assert_eq!(umbrella["scope"], "chat.write");
    assert_eq!(nobodys["scope"], "chat.read");
    let again = json!({ "tenant": "umbrella", "jti": "again" });
    assert_eq!(of_carol(&world, &again).await.claims()["sub"], umbrella["sub"]);
    assert_snapshot!(of_carol(&world, &json!({ "tenant": "acme" })).await.refusal(), @"400 invalid_grant: the assertion is not acceptable: it lives for longer than is accepted here");
}

/// No tenant stands for another, and neither for none.
/// Row 135.
#[tokio::test]
async fn tenants_that_are_not_trusted() {
    let world = World::of(&directory(BOTH)).await;
    let mut said = vec![];
    for tenant in ["ACME", "acme ", "", "other"] {
        said.push(of_carol(&world, &json!({ "tenant": tenant })).await.refusal());
    }
    let all = directory(BOTH);
    let without = all.replace(
        &format!("scopes = [\"chat.read\"]\n{JUST_IN_TIME}"),
        &format!("scopes = [\"chat.read\"]\n{JUST_IN_TIME}\nactive = false"),
    );
    assert_ne!(without, all);
    world.apply(&without).await;
    said.push(of_carol(&world, &json!({})).await.refusal());
    assert_snapshot!(the_same(&said), @"400 invalid_grant: the tenant of the assertion is not the one that is trusted here");
    assert_eq!(of_carol(&world, &json!({ "tenant": "umbrella" })).await.status, 200);
}

/// One is suspended, and the other goes on.
#[tokio::test]
async fn a_tenant_that_is_suspended() {
    let world = World::of(&directory(BOTH)).await;
    let umbrella = json!({ "tenant": "umbrella" });
    let first = of_carol(&world, &umbrella).await.claims();
    world.apply(&directory(&format!("{BOTH}\nactive = false"))).await;
    let change = with(&umbrella, &json!({ "jti": "2" }));
    assert_snapshot!(of_carol(&world, &change).await.refusal(), @"400 invalid_grant: the tenant of the assertion is not the one that is trusted here");
    assert_eq!(of_carol(&world, &json!({})).await.status, 200);
    world.apply(&directory(BOTH)).await;
    let change = with(&umbrella, &json!({ "jti": "3" }));
    assert_eq!(of_carol(&world, &change).await.claims()["sub"], first["sub"]);
}

/// MCP EMA §7.4.2: the key is `iss` and `jti`, whatever the tenant.
/// Row 126.
#[tokio::test]
async fn one_jti_in_two_tenants() {
    let world = World::of(&directory(BOTH)).await;
    let umbrella = json!({ "tenant": "umbrella", "jti": "shared" });
    assert_eq!(of_carol(&world, &umbrella).await.status, 200);
    let nobodys = json!({ "jti": "shared" });
    assert_snapshot!(of_carol(&world, &nobodys).await.refusal(), @"400 invalid_grant: the assertion was already used");
}
