//! Who is who after a link: at services with names of their own, in tenants, in the database and
//! after a restore. `docs/decisions/0045-linking.md`.

use insta::assert_snapshot;
use serde_json::json;
use tegata::model::{Digest, Foreign};
use tegata::oauth::{Issuer, Subject};
use tegata::store::backup::{self, Archive, Ground, Wish};
use tegata::store::{Store, link_invitations};

use crate::pairwise;
use crate::support::{
    Browser, CAROLS, CHAT, Database, LINKING, PARTNER, WORLD, World, at_link, invited, of_carol,
    secret_of,
};

const JUST_IN_TIME: &str = "accounts = \"just_in_time\"";

async fn allows(browser: &mut Browser<'_>) {
    browser.submit(&[("decision", "allow"), ("email", CAROLS)]).await;
}

/// The service's own tokens say what the service calls the person (OIDC Core §8), and so may the
/// issuer in `aud_sub`; the ledger and the link know them by their public `sub`.
#[tokio::test]
async fn where_people_have_other_names() {
    let terms = format!("{LINKING}\naud_sub = true");
    let world = World::of(&pairwise::directory().replace(JUST_IN_TIME, &terms)).await;
    let (alice, there) = (world.sub_of("alice").await, pairwise::at_chat(&world).await);
    allows(&mut at_link(&world, &invited(&world).await, "alice").await).await;
    let link = world.ledger().await.pop().unwrap().entry;
    assert_eq!((link.event.as_str(), link.user.unwrap().as_str()), ("link", &*alice));
    let token = of_carol(&world, &json!({ "jti": "1" })).await.claims();
    assert_eq!(token["sub"], there["sub"]);
    assert_ne!(token["sub"], *alice);

    let named = json!({ "sub": "another", "jti": "2", "aud_sub": there["sub"] });
    assert_eq!(of_carol(&world, &named).await.claims()["sub"], there["sub"]);
    let nobody = json!({ "sub": "another", "aud_sub": "0".repeat(48) });
    let said = of_carol(&world, &nobody).await;
    assert_snapshot!(said.refusal(), @"400 invalid_grant: the subject of the assertion has no account here");
    assert_eq!(said.json().get("tegata_link_uri"), None);
}

/// ID-JAG §6.3: the same `sub` of another tenant is somebody else, and another trust.
#[tokio::test]
async fn one_tenant_of_several() {
    let trust = format!(
        "{JUST_IN_TIME}\n\n[[service.trust]]\nissuer = \"{PARTNER}\"\n\
         jwks_uri = \"https://idp.partner.example/jwks\"\ntenant = \"acme\"\n{LINKING}"
    );
    let directory = WORLD.replace(JUST_IN_TIME, &trust);
    let world = World::of(&directory).await;
    let acme = |jti: &str| json!({ "tenant": "acme", "jti": jti });
    let (one, other) = (of_carol(&world, &acme("1")).await, of_carol(&world, &acme("2")).await);
    let mut browser = at_link(&world, &one.member("tegata_link_uri"), "alice").await;
    let words = browser.page.words();
    assert!(words.contains("https://idp.partner.example\nacme\n"), "{words}");
    allows(&mut browser).await;
    let (alice, row) = (world.sub_of("alice").await, world.ledger().await.pop().unwrap());
    assert_eq!(row.entry.resource.unwrap(), "https://idp.partner.example acme");
    assert_eq!(of_carol(&world, &acme("3")).await.claims()["sub"], *alice);
    assert_ne!(of_carol(&world, &json!({ "jti": "4" })).await.claims()["sub"], *alice);
    browser.go(&other.member("tegata_link_uri")).await;
    assert_eq!(browser.page.page_error(), "400 expired: ");

    // An invitation is worth what its own trust is, not what another of the issuer is.
    let more = acme("5");
    let dave = of_carol(&world, &crate::support::with(&more, &json!({ "sub": "dave" }))).await;
    world.apply(&directory.replace("tenant = \"acme\"", "tenant = \"acme\"\nactive = false")).await;
    browser.go(&dave.member("tegata_link_uri")).await;
    assert_eq!(browser.page.page_error(), "400 expired: ");
}

/// What the database has of a code is its digest, and what a restore has of it is nothing; nor of links
/// that people may have taken back since. Those of administrators are there again.
#[tokio::test]
async fn in_the_database_and_after_a_restore() {
    let directory = WORLD.replace(JUST_IN_TIME, LINKING);
    let world = World::on(Database::in_a_file(), &directory).await;
    allows(&mut at_link(&world, &invited(&world).await, "alice").await).await;
    let erin = Foreign::of(Issuer::parse(PARTNER).unwrap(), Subject::parse("erin").unwrap());
    world.links(&erin, &world.sub_of("bob").await).await;
    let dave = of_carol(&world, &json!({ "sub": "dave" })).await.member("tegata_link_uri");
    let (_, code) = dave.split_once("invitation=").unwrap();
    let (store, now) = (&world.live.shared().store, world.live.shared().environment.clock.now());
    let mut archived = Vec::new();
    backup::write(store, &mut archived, now, &mut |_, _| ()).await.unwrap();
    let text = String::from_utf8_lossy(&archived);
    assert!(text.contains(CAROLS) && !text.contains(code));
    assert!(link_invitations::find(store.read(), &Digest::of(code)).await.unwrap().is_some());

    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &archived).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let wish = Wish { ground: Ground::Empty, keep_grants: false, now };
    let restored = Database::in_a_file();
    let archive = Archive::open(file).unwrap();
    backup::restore(restored.url(), &archive, wish, &mut |_, _| ()).await.unwrap();
    let store = Store::open(restored.url()).await.unwrap();
    assert!(link_invitations::find(store.read(), &Digest::of(code)).await.unwrap().is_none());
    let chat = tegata::oauth::ServiceId::parse("chat").unwrap();
    let links = tegata::store::accounts::all(store.read(), &chat).await.unwrap();
    assert_eq!(links.iter().map(|it| &it.0).collect::<Vec<_>>(), [&erin]);
}

/// The page about the refusal says what to do, to the client alone; the code is in none of it.
#[tokio::test]
async fn the_refusal_explained() {
    let world = World::but(JUST_IN_TIME, LINKING).await;
    let refused = of_carol(&world, &json!({})).await;
    let uri = refused.member("tegata_link_uri");
    let secret = secret_of("wiki-at-chat");
    let body = [("client_id", "wiki-at-chat"), ("client_secret", secret.as_str())];
    let page = refused.member("error_uri");
    let told = crate::support::request("POST", &page)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .body(crate::support::form(&body).into())
        .unwrap();
    let told = world.send(told).await;
    assert!(!told.text.contains(uri.split_once('=').unwrap().1), "{}", told.text);
    assert!(
        told.text.contains("open tegata_link_uri in the browser of the person"),
        "{}",
        told.text
    );
    let nobody = world.get(&page).await;
    assert!(!nobody.text.contains("tegata_link_uri"), "{}", nobody.text);
    let rows = format!("{:?}", world.ledger().await);
    assert!(!rows.contains(uri.split_once('=').unwrap().1));
    assert!(page.starts_with(&format!("{CHAT}/decisions/")), "{page}");
}
