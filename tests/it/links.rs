//! What is linked to a person, for themselves and for administrators.

use insta::assert_snapshot;
use serde_json::json;
use tegata::model::{Foreign, LedgerRow, Outcome};
use tegata::oauth::{Issuer, ServiceId, Subject};
use tegata::store::accounts;
use time::Duration;

use crate::support::{
    Browser, CALENDAR, CAROLS, CHAT, Database, HOME, LINKING, PARTNER, WORLD, World, at_link, form,
    invited, of_carol,
};

async fn world() -> World {
    let directory = WORLD.replace("accounts = \"just_in_time\"", LINKING);
    let agent = "client_id = \"wiki-at-chat\"\nclient_secret";
    let named = agent.replace("\nclient", "\nname = \"Wiki agent\"\nclient");
    let directory = directory.replacen(agent, &named, 1);
    World::on(Database::shared().await, &directory).await
}

/// Alice has linked carol, and stands where she was told so.
async fn linked_by_alice(world: &World) -> Browser<'_> {
    let mut browser = at_link(world, &invited(world).await, "alice").await;
    browser.submit(&[("decision", "allow"), ("email", CAROLS)]).await;
    browser
}

fn of_partner(subject: &str) -> (ServiceId, Foreign) {
    let whose = Foreign::of(Issuer::parse(PARTNER).unwrap(), Subject::parse(subject).unwrap());
    (ServiceId::parse("chat").unwrap(), whose)
}

/// An administrator has linked `subject`, and perhaps switched that off again.
async fn linked_by_administrator(world: &World, subject: &str, active: bool) {
    let (db, (chat, whose)) = (world.live.shared().store.write(), of_partner(subject));
    world.links(&whose, &world.sub_of("alice").await).await;
    accounts::switch(db, &chat, &whose, active).await.unwrap();
    world.meddled().await;
}

/// At the service and at home, from the first page on; each by whom it was made.
#[tokio::test]
async fn a_person_sees_what_is_linked() {
    let world = world().await;
    let mut browser = linked_by_alice(&world).await;
    linked_by_administrator(&world, "alice-there", true).await;
    linked_by_administrator(&world, "ally", false).await;
    browser.go(&format!("{CHAT}/links")).await;
    let at_chat = browser.page.words();
    assert_snapshot!(at_chat, @"
    Linked accounts
    Whoever signs in with one of these accounts can act as you here. After you unlink one, apps get nothing new through it; what they already have works until it runs out.
    Account
    alice-there
    https://idp.partner.example
    Service
    Chat
    Linked
    By your administrator
    Unlink
    Account
    ally
    https://idp.partner.example
    Service
    Chat
    Linked
    By your administrator
    Switched off by your administrator
    Account
    carol@partner.example
    https://idp.partner.example
    Service
    Chat
    Linked
    By you, for Wiki agent
    2 January 2026
    Unlink
    ");
    browser.go(HOME).await;
    assert!(browser.page.text.contains("href=\"/links\""), "{}", browser.page.text);
    browser.go(&format!("{HOME}/links")).await;
    assert_eq!(browser.page.words(), at_chat);
    browser.go(&format!("{CALENDAR}/links")).await;
    assert!(browser.page.words().contains("No account of yours"), "{}", browser.page.words());
    // Others have none, and are told of none.
    let mut bob = Browser::open(&world, &format!("{CHAT}/links")).await;
    bob.sign_in("bob", "bob-password").await;
    assert_eq!(bob.url, format!("{CHAT}/links"));
    assert_snapshot!(bob.page.words(), @"
    Linked accounts
    No account of yours elsewhere is linked here.
    ");
    bob.go(HOME).await;
    assert!(!bob.page.text.contains("/links\""), "{}", bob.page.text);
}

/// From the next ID-JAG on there is no account again; and the person could link it anew.
#[tokio::test]
async fn a_person_takes_it_back() {
    let world = world().await;
    let mut browser = linked_by_alice(&world).await;
    assert_eq!(of_carol(&world, &json!({ "jti": "1" })).await.status, 200);
    browser.go(&format!("{HOME}/links")).await;
    let link = browser.hidden("link");
    browser.submit(&[("link", &link)]).await;
    assert_eq!(browser.url, format!("{HOME}/links"));
    assert!(browser.page.words().contains("No account of yours"), "{}", browser.page.words());
    let row = world.ledger().await.pop().unwrap().entry;
    assert_eq!(row.user.unwrap().as_str(), world.sub_of("alice").await);
    let said = [row.event.as_str(), row.service.as_deref().unwrap()].map(str::to_owned);
    let what = [row.resource.unwrap(), row.jti.unwrap(), row.client.unwrap().to_string()];
    assert_snapshot!([&said[..], &what[..]].concat().join(" "), @"unlink https://home.example/services/chat https://idp.partner.example carol-there wiki-at-chat");
    let refused = of_carol(&world, &json!({ "jti": "2" })).await;
    assert_snapshot!(refused.refusal(), @"400 invalid_grant: the subject of the assertion has no account here: who has one links it at tegata_link_uri");
    let mut again = at_link(&world, &refused.member("tegata_link_uri"), "alice").await;
    again.submit(&[("decision", "allow"), ("email", CAROLS)]).await;
    assert_eq!(of_carol(&world, &json!({ "jti": "3" })).await.status, 200);
    // It is the same one as before.
    again.go(&format!("{CHAT}/links")).await;
    assert_eq!(again.hidden("link"), link);
}

/// It ends once, and so stands in the ledger, however often it is pressed.
#[tokio::test]
async fn twice_at_the_same_time() {
    let world = world().await;
    let mut one = linked_by_alice(&world).await;
    let mut other = Browser::open(&world, &format!("{HOME}/links")).await;
    other.sign_in("alice", "alice-password").await;
    one.go(&format!("{CHAT}/links")).await;
    let link = one.hidden("link");
    let pressed = [("link", link.as_str())];
    tokio::join!(one.submit(&pressed), other.submit(&pressed));
    // Both wanted it, and have it.
    for browser in [&one, &other] {
        assert!(browser.page.words().contains("No account of yours"), "{}", browser.page.words());
    }
    let rows = world.ledger().await;
    let ended = |it: &&LedgerRow| {
        it.entry.event.as_str() == "unlink" && it.entry.outcome == Outcome::Issued
    };
    assert_eq!(rows.iter().filter(ended).count(), 1);
}

/// Who signed in five minutes ago does so again.
#[tokio::test]
async fn after_a_while() {
    let world = world().await;
    let mut browser = linked_by_alice(&world).await;
    browser.go(&format!("{CHAT}/links")).await;
    let link = browser.hidden("link");
    world.hands.advance(Duration::seconds(301));
    browser.submit(&[("link", &link)]).await;
    assert_eq!(browser.url, format!("{CHAT}/sign-in?then=links"));
    browser.sign_in("alice", "alice-password").await;
    assert!(browser.page.words().contains(CAROLS), "{}", browser.page.words());
    browser.submit(&[("link", &link)]).await;
    assert!(browser.page.words().contains("No account of yours"), "{}", browser.page.words());
}

/// Neither somebody else's, nor what an administrator switched off: taking that out and linking it
/// again would switch it on.
#[tokio::test]
async fn what_a_person_cannot_take_out() {
    let world = world().await;
    let mut alice = linked_by_alice(&world).await;
    alice.go(&format!("{CHAT}/links")).await;
    let link = alice.hidden("link");
    let mut bob = Browser::open(&world, &format!("{CHAT}/sign-in")).await;
    bob.sign_in("bob", "bob-password").await;
    bob.go(&format!("{CHAT}/oauth2/logout")).await;
    let csrf = bob.hidden("csrf");
    bob.url = format!("{CHAT}/links");
    bob.ask("POST", Some(form(&[("csrf", &csrf), ("link", &link)]))).await;
    assert!(bob.page.words().contains("No account of yours"), "{}", bob.page.words());
    assert_eq!(of_carol(&world, &json!({})).await.status, 200);

    alice.ask("POST", Some(form(&[("csrf", &csrf), ("link", &link)]))).await;
    assert_eq!(alice.page.page_error(), "403 csrf: ");
    let (chat, carol) = of_partner("carol-there");
    let db = world.live.shared().store.write();
    assert!(accounts::switch(db, &chat, &carol, false).await.unwrap());
    world.meddled().await;
    alice.go(&format!("{CHAT}/links")).await;
    alice.submit(&[("link", &link)]).await;
    assert!(alice.page.words().contains("Switched off"), "{}", alice.page.words());
    assert_snapshot!(of_carol(&world, &json!({})).await.refusal(), @"400 access_denied: the account of the person is not active here");
}

pub(crate) async fn tegata(world: &World, args: &[&str]) -> String {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.args(args).current_dir(std::env::temp_dir());
    command.env("TEGATA_DATABASE", world.database.url());
    command.env("TEGATA_PUBLIC_URL", HOME).env("TEGATA_KEY", "07".repeat(32));
    let output = command.output().await.unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// `tegata account list` says who linked each.
#[tokio::test]
async fn an_administrator_sees_who_linked_it() {
    let world = world().await;
    linked_by_alice(&world).await;
    linked_by_administrator(&world, "alice-there", true).await;
    let said = tegata(&world, &["account", "list", "chat"]).await;
    let alice = world.sub_of("alice").await;
    assert_snapshot!(said.replace(&alice, "SUB"), @"
    ISSUER                       SUBJECT      WHO    LINKED BY                     STATE   SUB HERE
    https://idp.partner.example  alice-there  alice  an administrator              active  SUB
    https://idp.partner.example  carol-there  alice  the person, for wiki-at-chat  active  SUB
    ");
}

/// `link_domains` are domains, of a trust whose subjects can have no account.
#[tokio::test]
async fn mistakes_in_the_directory() {
    let world = world().await;
    let file = std::env::temp_dir().join(format!("tegata-{}-links.toml", std::process::id()));
    let terms = "accounts = \"just_in_time\"\nlink_domains = [\"a@b.example\", \"b\"]";
    std::fs::write(&file, WORLD.replace("accounts = \"just_in_time\"", terms)).unwrap();
    let said = tegata(&world, &["apply", "--dry-run", file.to_str().unwrap()]).await;
    std::fs::remove_file(&file).unwrap();
    let lines = said.lines().map(str::trim).filter(|it| it.contains("link_domains"));
    let lines: Vec<_> = lines.collect();
    assert_snapshot!(lines.join("\n"), @r#"
    service[0] "chat" trust[1] "https://idp.partner.example" link_domains: "a@b.example" is no domain; write what stands after the @, like "example.com"
    service[0] "chat" trust[1] "https://idp.partner.example" link_domains: "b" is no domain; write what stands after the @, like "example.com"
    service[0] "chat" trust[1] "https://idp.partner.example" link_domains: who gets an account just in time has none to link; take link_domains out, or write accounts = "linked"
    "#);
}
