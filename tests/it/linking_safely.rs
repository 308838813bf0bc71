//! Nobody links somebody else, and nobody is led to: `docs/decisions/0045-linking.md`.

use insta::assert_snapshot;
use serde_json::json;
use tegata::model::{Foreign, LedgerRow, Outcome};
use tegata::oauth::{Issuer, ServiceId, Subject};
use tegata::store::{accounts, sweep};
use time::Duration;

use crate::links::tegata as command;
use crate::support::{
    Browser, CALENDAR, CAROLS, CHAT, Database, HOME, LINKING, PARTNER, WORLD, World, at_link, form,
    invited, of_carol, the_same,
};

const JUST_IN_TIME: &str = "accounts = \"just_in_time\"";

async fn world() -> World {
    World::but(JUST_IN_TIME, LINKING).await
}

/// Allows it as carol would.
async fn allows(browser: &mut Browser<'_>) {
    browser.submit(&[("decision", "allow"), ("email", CAROLS)]).await;
}

/// Whether carol still has no account.
async fn nothing_is_linked(world: &World) -> bool {
    let refusal = of_carol(world, &json!({})).await.refusal();
    refusal.starts_with("400 invalid_grant: the subject of the assertion has no account here")
}

async fn linked(world: &World, subject: &str, account: &str, active: bool) {
    let whose = Foreign::of(Issuer::parse(PARTNER).unwrap(), Subject::parse(subject).unwrap());
    let (db, chat) = (world.live.shared().store.write(), ServiceId::parse("chat").unwrap());
    world.links(&whose, &world.sub_of(account).await).await;
    accounts::switch(db, &chat, &whose, active).await.unwrap();
    world.meddled().await;
}

/// Carol sends her invitation to alice, so as to act for her: alice types her own address, and that
/// is the end of it.
#[tokio::test]
async fn the_invitation_of_somebody_else() {
    let world = world().await;
    let (sent, another) = (invited(&world).await, invited(&world).await);
    let mut browser = at_link(&world, &sent, "alice").await;
    browser.submit(&[("decision", "allow"), ("email", "alice@partner.example")]).await;
    assert_snapshot!(browser.page.words(), @"
    Nothing was linked
    This is not the address that the app came for. If somebody else sent you here, they may have wanted to act as you: tell the people who run this service. If you mistyped it, go back to your app and start again.
    ");
    for uri in [sent, another] {
        browser.go(&uri).await;
        assert_eq!(browser.page.page_error(), "400 expired: ");
    }
    let row = world.ledger().await.pop().unwrap().entry;
    assert_snapshot!(format!("{} {:?}", row.event.as_str(), row.outcome), @r#"link Refused { code: "access_denied", reason: "the address is not the one that asked" }"#);
    assert_eq!(row.user.unwrap().as_str(), world.sub_of("alice").await);
    assert!(nothing_is_linked(&world).await);
}

/// No is as easy as yes, and takes no address.
#[tokio::test]
async fn refused() {
    let world = world().await;
    let uri = invited(&world).await;
    let mut browser = at_link(&world, &uri, "alice").await;
    browser.submit(&[("decision", "refuse")]).await;
    assert_snapshot!(browser.page.words(), @"
    Nothing was linked
    You refused. If you did not begin this yourself, tell the people who run this service.
    ");
    let row = world.ledger().await.pop().unwrap().entry;
    assert_snapshot!(format!("{} {:?}", row.event.as_str(), row.outcome), @r#"link Refused { code: "access_denied", reason: "the person refused to link" }"#);
    browser.go(&uri).await;
    assert_eq!(browser.page.page_error(), "400 expired: ");
    assert!(nothing_is_linked(&world).await);
}

/// Of two people with one invitation, or with two for one subject, the first has it.
#[tokio::test]
async fn once() {
    let world = world().await;
    let (one, other) = (invited(&world).await, invited(&world).await);
    let mut alice = at_link(&world, &one, "alice").await;
    let mut bob = at_link(&world, &one, "bob").await;
    let mut bob_by_other = at_link(&world, &other, "bob").await;
    allows(&mut alice).await;
    assert!(alice.page.words().starts_with("Your account is linked"), "{}", alice.page.words());
    for late in [&mut bob, &mut bob_by_other] {
        allows(late).await;
        assert_eq!(late.page.page_error(), "400 expired: ");
    }
    let token = of_carol(&world, &json!({})).await;
    assert_eq!(token.claims()["sub"], *world.sub_of("alice").await);
}

/// Both press at the same moment.
#[tokio::test]
async fn at_the_same_time() {
    let world = world().await;
    let (one, other) = (invited(&world).await, invited(&world).await);
    let mut alice = at_link(&world, &one, "alice").await;
    let mut bob = at_link(&world, &one, "bob").await;
    let mut third = at_link(&world, &other, "bob").await;
    tokio::join!(allows(&mut alice), allows(&mut bob), allows(&mut third));
    let late = |it: &&Browser<'_>| !it.page.words().starts_with("Your account is linked");
    let late: Vec<_> = [&alice, &bob, &third].into_iter().filter(late).collect();
    let said: Vec<_> = late.iter().map(|it| it.page.page_error()).collect();
    assert_eq!(said, ["400 expired: "; 2]);
    let rows = world.ledger().await;
    let made =
        |it: &&LedgerRow| it.entry.event.as_str() == "link" && it.entry.outcome == Outcome::Issued;
    let links: Vec<_> = rows.iter().filter(made).collect();
    assert_eq!(links.len(), 1, "{links:#?}");
    let account = of_carol(&world, &json!({})).await.claims()["sub"].clone();
    assert_eq!(account, links[0].entry.user.as_ref().unwrap().as_str());
}

/// Ten minutes, wherever the person is; and then it is forgotten.
#[tokio::test]
async fn too_late() {
    let world = world().await;
    let uri = invited(&world).await;
    world.hands.advance(Duration::seconds(599));
    let mut browser = at_link(&world, &uri, "alice").await;
    world.hands.advance(Duration::seconds(1));
    allows(&mut browser).await;
    assert_eq!(browser.page.page_error(), "400 expired: ");
    browser.go(&uri).await;
    assert_eq!(browser.page.page_error(), "400 expired: ");
    let shared = world.live.shared();
    let now = shared.environment.clock.now() + Duration::seconds(1);
    assert!(sweep::expired(shared.store.write(), now, 500).await.unwrap() >= 1);
}

/// What is made up, belongs to another browser or another issuer, or is answered from elsewhere.
#[tokio::test]
async fn by_another_way() {
    let world = world().await;
    let uri = invited(&world).await;
    let alice = at_link(&world, &uri, "alice").await;
    let mut bob = Browser::open(&world, &format!("{CHAT}/sign-in")).await;
    bob.sign_in("bob", "bob-password").await;
    for url in [
        alice.url.clone(),
        format!("{CHAT}/link"),
        format!("{CHAT}/link?link="),
        format!("{CHAT}/link?link=1"),
        format!("{CHAT}/link?invitation=wrong"),
        uri.replace(CHAT, HOME),
        uri.replace(CHAT, CALENDAR),
    ] {
        bob.go(&url).await;
        assert_eq!(bob.page.page_error(), "400 expired: ", "{url}");
    }
    let mut own = at_link(&world, &uri, "alice").await;
    let (here, foreign) = (own.url.clone(), alice.hidden("csrf"));
    for csrf in ["", "wrong", &foreign] {
        own.url.clone_from(&here);
        let body = form(&[("csrf", csrf), ("decision", "allow"), ("email", CAROLS)]);
        own.ask("POST", Some(body)).await;
        assert_eq!(own.page.page_error(), "403 csrf: ");
    }
    own.go(&here).await;
    for decision in ["", "yes", "Allow"] {
        own.submit(&[("decision", decision), ("email", CAROLS)]).await;
        let said = "400 invalid_request: decision must be allow or refuse";
        assert_eq!(own.page.page_error(), said);
        own.go(&here).await;
    }
    assert!(nothing_is_linked(&world).await);
    allows(&mut own).await;
    assert!(own.page.words().starts_with("Your account is linked"), "{}", own.page.words());
}

/// Bob signs in in another tab: what alice read is not his word.
#[tokio::test]
async fn somebody_else_signs_in_meanwhile() {
    let world = world().await;
    let mut browser = at_link(&world, &invited(&world).await, "alice").await;
    let (page, text) = (browser.url.clone(), browser.page.text.clone());
    browser.go(&format!("{CHAT}/sign-in")).await;
    browser.sign_in("bob", "bob-password").await;
    browser.go(&format!("{CHAT}/oauth2/logout")).await;
    let csrf = browser.hidden("csrf");
    assert!(!text.contains(&csrf), "the form of before is worth nothing");
    browser.url.clone_from(&page);
    let body = form(&[("csrf", &csrf), ("decision", "allow"), ("email", CAROLS)]);
    browser.ask("POST", Some(body)).await;
    assert_eq!((browser.page.status.as_u16(), &browser.url), (200, &page));
    assert!(browser.page.words().contains("Bob Example"), "{}", browser.page.words());
    assert!(nothing_is_linked(&world).await);
}

/// Whoever was switched off in the meantime, at every step.
#[tokio::test]
async fn who_was_switched_off() {
    let without = WORLD.replace(JUST_IN_TIME, "accounts = \"linked\"");
    let off = WORLD.replace(JUST_IN_TIME, &format!("{LINKING}\nactive = false"));
    let tenant = WORLD.replace(JUST_IN_TIME, &format!("{LINKING}\ntenant = \"acme\""));
    let gone = WORLD.replace("id = \"chat\"\n", "id = \"chat\"\nactive = false\n");
    for directory in ["client", "person", "linked", &without, &off, &tenant, &gone] {
        let world = world().await;
        let uri = invited(&world).await;
        let mut at_page = at_link(&world, &uri, "alice").await;
        match directory {
            "client" => world.disable_client(CHAT, "wiki-at-chat").await,
            "person" => world.disable_user("alice").await,
            "linked" => linked(&world, "carol-there", "bob", true).await,
            directory => world.apply(directory).await,
        }
        allows(&mut at_page).await;
        let mut follows = Browser::open(&world, &uri).await;
        if directory == "person" {
            assert!(at_page.url.contains("/sign-in?link="), "{}", at_page.url);
            follows.sign_in("alice", "alice-password").await;
            assert_eq!(follows.page.status, 422);
            continue;
        }
        assert!(at_page.page.status.is_client_error(), "{directory}: {}", at_page.page.text);
        assert_eq!(at_page.page.status, follows.page.status, "{directory}");
        let rows = world.ledger().await;
        assert!(rows.iter().all(|it| it.entry.event.as_str() != "link"), "{directory}");
    }
}

/// What may have been an attack is recorded, and the person is warned, however many are refused at the
/// moment.
#[tokio::test]
async fn while_too_many_are_refused() {
    let directory = WORLD.replace("accounts = \"just_in_time\"", LINKING);
    let world = World::set(&[("limits.refusals_per_address", "1/m")], &directory).await;
    let mut browser = at_link(&world, &invited(&world).await, "alice").await;
    for _ in 0..3 {
        world.post_bare(CHAT, &[("grant_type", "client_credentials")]).await;
    }
    browser.submit(&[("decision", "allow"), ("email", "alice@partner.example")]).await;
    assert!(browser.page.words().contains("tell the people who run"), "{}", browser.page.words());
    let rows = world.ledger().await;
    let row = rows.iter().find(|it| it.entry.event.as_str() == "link").unwrap();
    assert!(matches!(&row.entry.outcome, Outcome::Refused { code, .. } if code == "access_denied"));
    assert_eq!(row.entry.user.as_ref().unwrap().as_str(), world.sub_of("alice").await);
    assert_eq!(row.entry.jti.as_deref(), Some("carol-there"));
}

/// An administrator stops everything at once, and then takes out who should not have been linked; the
/// account is there again for the person and for who else is linked to it.
#[tokio::test]
async fn how_an_administrator_mends_it() {
    let directory = WORLD.replace("accounts = \"just_in_time\"", LINKING);
    let world = World::on(Database::shared().await, &directory).await;
    linked(&world, "alice-there", "alice", true).await;
    let mut browser = at_link(&world, &invited(&world).await, "alice").await;
    allows(&mut browser).await;
    let hers = json!({ "sub": "alice-there", "jti": "hers" });
    assert_eq!(of_carol(&world, &hers).await.status, 200);
    let account = async |what: &str| {
        let args = ["account", what, "chat", PARTNER, "carol-there"];
        let said = command(&world, &args).await;
        world.meddled().await;
        said
    };
    let mut said = vec![account("disable").await];
    said.push(of_carol(&world, &json!({ "jti": "off" })).await.refusal());
    said.push(of_carol(&world, &json!({ "sub": "alice-there", "jti": "off too" })).await.refusal());
    said.push(account("unlink").await);
    said.push(account("unlink").await);
    assert_snapshot!(said.join("\n"), @"
    ~ carol-there of https://idp.partner.example at chat: inactive
      off as well: alice-there of https://idp.partner.example, who has the same account

    400 access_denied: the account of the person is not active here
    400 access_denied: the account of the person is not active here
    - carol-there of https://idp.partner.example at chat

    tegata: there is no such account: see `tegata account list`
    ");
    assert_eq!(of_carol(&world, &json!({ "sub": "alice-there", "jti": "on" })).await.status, 200);
    assert!(nothing_is_linked(&world).await);
}

/// An account that an administrator switched off for one subject is not had by another.
#[tokio::test]
async fn an_account_that_was_switched_off() {
    let world = world().await;
    linked(&world, "alice-there", "alice", false).await;
    let mut browser = at_link(&world, &invited(&world).await, "alice").await;
    allows(&mut browser).await;
    assert_snapshot!(browser.page.page_error(), @"400 access_denied: the account of the person is not active here");
    // And a subject that was switched off is not linked anew.
    linked(&world, "carol-there", "alice", false).await;
    let said = [
        of_carol(&world, &json!({})).await.refusal(),
        of_carol(&world, &json!({ "sub": "alice-there" })).await.refusal(),
    ];
    assert_snapshot!(the_same(&said), @"400 access_denied: the account of the person is not active here");
}

/// An invitation to one service is none to another, be its issuer trusted there as well.
#[tokio::test]
async fn an_invitation_to_another_service() {
    let trust = format!(
        "\n[[service.trust]]\nissuer = \"{PARTNER}\"\njwks_uri = \"{PARTNER}/jwks\"\n{LINKING}\n"
    );
    let scopes = "scopes = { \"calendar.read\" = \"See your appointments\" }\n";
    let directory = WORLD.replace(JUST_IN_TIME, LINKING);
    let directory = directory.replace(scopes, &format!("{scopes}{trust}"));
    // Even a client is called the same there.
    let namesake = "\n[[client]]\nat = \"calendar\"\nclient_id = \"wiki-at-chat\"\n\
                    client_secret = \"wiki-at-calendar-secret-0123456789\"\n\
                    grant_types = [\"urn:ietf:params:oauth:grant-type:jwt-bearer\"]\n";
    let world = World::of(&(directory + namesake)).await;
    let uri = invited(&world).await;
    let elsewhere = Browser::open(&world, &uri.replace(CHAT, CALENDAR)).await;
    assert_eq!(elsewhere.page.page_error(), "400 expired: ");
    assert!(at_link(&world, &uri, "alice").await.page.words().contains("Chat"));
}
