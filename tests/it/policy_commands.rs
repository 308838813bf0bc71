//! `tegata policy check` and `tegata explain`, on the database of a server.

use std::process::Output;

use insta::assert_snapshot;
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::certificates::bound;
use crate::registration::{invitation, register};
use crate::support::{
    Browser, CALENDAR, CHAT, Database, HOME, JWT_BEARER, PARTNER, WORLD, World, exchange,
    id_token_of, redeem,
};

async fn tegata(world: &World, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.args(args).current_dir(std::env::temp_dir());
    command.env("TEGATA_DATABASE", world.database.url());
    command.env("TEGATA_PUBLIC_URL", HOME).env("TEGATA_KEY", "07".repeat(32));
    command.env("TEGATA_CLIENTS__DESCRIBED_AT", "127.0.0.1");
    command.output().await.unwrap()
}

/// What is said about alice's or bob's agent at a service, and whether it is yes.
async fn checked(world: &World, user: &str, service: &str, more: &[&str]) -> (bool, String) {
    let args = ["policy", "check", "--client", "wiki-agent", "--user", user, "--service", service];
    let output = tegata(world, &[&args, more].concat()).await;
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

async fn world() -> World {
    World::on(Database::shared().await, WORLD).await
}

#[tokio::test]
async fn what_would_happen() {
    let world = world().await;
    let (yes, said) = checked(&world, "alice", "chat", &["--scope", "chat.read"]).await;
    assert_snapshot!(said, @"
    wiki-agent for alice at chat (https://home.example/services/chat)
       yes   token exchange at home: chat.read
       yes   redemption at chat: chat.read
    ");
    assert!(yes);
    let mut said = vec![];
    for (user, service, more) in [
        ("bob", CHAT, &[] as &[&str]),
        ("alice", "calendar", &[]),
        ("alice", "urn:example:chat", &["--scope", "chat.admin"]),
        ("alice", "chat", &["--resource", "https://elsewhere.example/"]),
        ("nobody", "chat", &[]),
        ("alice", "nowhere", &[]),
    ] {
        let (yes, text) = checked(&world, user, service, more).await;
        assert!(!yes, "{text}");
        said.push(text.lines().last().unwrap().to_owned());
    }
    assert_snapshot!(said.join("\n"), @r#"
    tegata: no: token exchange at home: access_denied: the administrator has not opened this connection to the person (the connection is for the groups sales; bob is in engineering)
    tegata: no: token exchange at home: consent_required: the person has not consented yet: send them to the authorization endpoint
    tegata: no: token exchange at home: invalid_scope: no scope that was asked for can be granted
    tegata: no: token exchange at home: invalid_target: the resource is not one of this audience that the client may name
    tegata: there is no user "nobody"
    tegata: there is no service "nowhere"
    "#);
}

/// The directory of the world in a file, with `from` replaced by `to`.
fn file(name: &str, from: &str, to: &str) -> tempfile::NamedTempFile {
    assert!(WORLD.contains(from), "world.toml has no {from}");
    let file = tempfile::Builder::new().prefix(name).suffix(".toml").tempfile().unwrap();
    std::fs::write(file.path(), WORLD.replace(from, to)).unwrap();
    file
}

/// What is now, and what would be with another file; the status is that of the file. Nothing of it
/// happens.
#[tokio::test]
async fn with_another_file() {
    let world = world().await;
    let before = world.ledger().await.len();
    let opened = file("opened", "groups = [\"sales\"]\npassword", "groups = []\npassword");
    let mut said = vec![];
    for (user, from, to) in [
        ("bob", "approval = \"admin\"\ngroups = [\"sales\"]", "approval = \"admin\""),
        ("alice", "approval = \"admin\"\n", "approval = \"admin\"\nactive = false\n"),
        (
            "alice",
            "issuer = \"https://home.example\"\n",
            "issuer = \"https://home.example\"\nscopes = [\"chat.admin\"]\n",
        ),
        ("carol", "[[user]]\nusername = \"bob\"", "[[user]]\nusername = \"carol\""),
    ] {
        let file = file("next", from, to);
        let path = file.path().to_str().unwrap();
        let (yes, text) = checked(&world, user, "chat", &["--at", path]).await;
        said.push(format!("{yes}\n{}", text.replace(path, "next.toml")));
        // And a second time the same: nothing was written.
        let (_, again) = checked(&world, user, "chat", &["--at", path]).await;
        assert_eq!(text, again);
    }
    assert_snapshot!(said.join("\n"), @r#"
    true
    wiki-agent for bob at chat (https://home.example/services/chat)
    now
        no   token exchange at home: access_denied: the administrator has not opened this connection to the person (the connection is for the groups sales; bob is in engineering)
             by ID-JAG §4.3.3
         –   redemption at chat: not reached
    with next.toml (1 to change)
       yes   token exchange at home: chat.read chat.write
       yes   redemption at chat: chat.read chat.write

    false
    wiki-agent for alice at chat (https://home.example/services/chat)
    now
       yes   token exchange at home: chat.read chat.write
       yes   redemption at chat: chat.read chat.write
    with next.toml (1 to change)
        no   token exchange at home: access_denied: the administrator has suspended this connection
             by ID-JAG §4.3.3
         –   redemption at chat: not reached
    tegata: with the file, it would not get both

    false
    wiki-agent for alice at chat (https://home.example/services/chat)
    now
       yes   token exchange at home: chat.read chat.write
       yes   redemption at chat: chat.read chat.write
    with next.toml (1 to change)
       yes   token exchange at home: chat.read chat.write
        no   redemption at chat: invalid_scope: nothing of that may be given to the client there
             by RFC 6749 §3.3
    tegata: with the file, it would not get both

    false
    wiki-agent for carol at chat (https://home.example/services/chat)
    now
        no   there is no user "carol"
    with next.toml (1 to change)
        no   token exchange at home: access_denied: the administrator has not opened this connection to the person (the connection is for the groups sales; carol is in engineering)
             by ID-JAG §4.3.3
         –   redemption at chat: not reached
    tegata: with the file, it would not get both
    "#);
    let path = opened.path().to_str().unwrap();
    let (yes, text) = checked(&world, "alice", "chat", &["--at", path]).await;
    assert!(!yes && text.contains("has not opened this connection"), "{text}");
    let (yes, _) = checked(&world, "alice", "chat", &[]).await;
    assert!(yes, "and now it is as it was");
    assert_eq!(world.ledger().await.len(), before);
}

/// A file with mistakes says all of them, as `apply` does.
#[tokio::test]
async fn with_a_wrong_file() {
    let world = world().await;
    let file = file("wrong", "approval = \"user\"", "approval = \"nobody\"");
    let path = file.path().to_str().unwrap();
    let (yes, said) = checked(&world, "alice", "chat", &["--at", path]).await;
    assert!(!yes);
    assert_snapshot!(said.replace(path, "next.toml"), @r#"
    tegata: next.toml has a mistake
      connection[1] "wiki-agent → calendar" approval: it is something else; write "admin" (no questions) or "user" (the person must consent)
    "#);
    let (yes, said) = checked(&world, "alice", "chat", &["--prune"]).await;
    assert!(!yes && said.contains("--at"), "{said}");
}

/// With --prune, what the file does not have is as good as gone.
#[tokio::test]
async fn with_a_file_that_leaves_something_out() {
    let world = world().await;
    let (_, rest) = WORLD.split_once("[[connection]]").unwrap();
    let (first, _) = rest.split_once("[[connection]]").unwrap();
    let file = file("less", &format!("[[connection]]{first}"), "");
    let path = file.path().to_str().unwrap();
    let (yes, said) = checked(&world, "alice", "chat", &["--at", path]).await;
    assert!(yes, "{said}");
    let (yes, said) = checked(&world, "alice", "chat", &["--at", path, "--prune"]).await;
    assert!(!yes && said.contains("has suspended this connection"), "{said}");
}

/// What alice allowed a client of another description does not count for this one, as at the token
/// endpoint.
#[tokio::test]
async fn consent_to_another_description() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    let asked = [("audience", CALENDAR), ("scope", "calendar.read")];
    assert_eq!(exchange(&world, &id_token, &asked).await.status, 200);
    let (yes, said) = checked(&world, "alice", "calendar", &[]).await;
    assert!(yes, "{said}");
    let db = world.live.shared().store.write();
    db.execute_unprepared("UPDATE consents SET described = 'another'").await.unwrap();
    world.meddled().await;
    let refusal = exchange(&world, &id_token, &asked).await.refusal();
    assert!(refusal.starts_with("400 consent_required"), "{refusal}");
    let (yes, said) = checked(&world, "alice", "calendar", &[]).await;
    assert!(!yes && said.contains("consent_required"), "{said}");
}

/// One that registered itself is decided about as the server knows it; one at its own address is asked,
/// and what is wrong there is told.
#[tokio::test]
async fn clients_that_nobody_declared() {
    let chat = "id = \"chat\"\n";
    let directory = WORLD.replace(chat, &format!("{chat}registration = \"token\"\n"));
    let world = World::on(Database::shared().await, &directory).await;
    let keyed = json!({
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": [JWT_BEARER],
    });
    let token = invitation(&world, CHAT, false);
    let registered = register(&world, CHAT, Some(&token), &keyed).await.member("client_id");
    let connected = |there: &str| {
        let (before, after) = directory.split_once("client_id = \"wiki-at-chat\"\nscopes").unwrap();
        format!("{before}client_id = \"{there}\"\nscopes{after}")
    };
    let mut said = vec![];
    for there in
        [&*registered, "https://127.0.0.1/client.json", "https://agent.example/client.json"]
    {
        world.apply(&connected(there)).await;
        let (_, text) = checked(&world, "alice", "chat", &[]).await;
        said.push(text.lines().last().unwrap().replace(there, "the client"));
    }
    assert_snapshot!(said.join("\n"), @"
       yes   redemption at chat: chat.read chat.write
    tegata: what the client says of itself at its own address cannot be had: the host has an address of a special use (outbound.allow_private_networks)
    tegata: no: redemption at chat: there is no client the client at the service
    ");
}

/// As the server says, so the command: for what it answers in one way it does not say another.
#[tokio::test]
async fn the_same_as_the_server() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    let answer = exchange(&world, &id_token, &[]).await;
    let (yes, said) = checked(&world, "alice", "chat", &[]).await;
    assert!(yes && said.contains(&format!("home: {}", answer.member("scope"))), "{said}");
    let token = redeem(&world, &answer.access_token(), &[]).await;
    assert!(said.contains(&format!("chat: {}", token.member("scope"))), "{said}");
}

#[tokio::test]
async fn what_was_decided() {
    let world = world().await;
    let id_token = id_token_of(&world, "alice").await;
    let refused = exchange(&world, &id_token, &[("scope", "chat.admin")]).await;
    let decision = refused.header("x-request-id").to_owned();
    let output = tegata(&world, &["explain", &decision]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("refused invalid_scope"), "{said}");
    assert!(said.contains("The rule   RFC 6749 §3.3") && said.contains("To change"), "{said}");
    assert!(said.contains("What came  invalid_scope") && said.contains("Expected "), "{said}");

    let output = tegata(&world, &["explain", "--json", &format!("[decision {decision}]")]).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["rows"][0]["code"], "invalid_scope");
    assert_eq!(json["rows"][0]["username"], "alice");
    assert_eq!(json["rows"][0]["rule"], "RFC 6749 §3.3");

    for (name, why) in [("x", "32 hexadecimal digits"), (&*"0".repeat(32), "has nothing of it")] {
        let output = tegata(&world, &["explain", name]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(why), "{said}");
    }
}

/// Only the subjects of others have accounts: switching one of home off would stop nobody.
#[tokio::test]
async fn accounts() {
    let world = world().await;
    let mut said = vec![];
    for (command, issuer, more) in [
        ("link", HOME, &["alice"] as &[&str]),
        ("disable", HOME, &[]),
        ("link", "https://stranger.example", &["alice"]),
        ("link", PARTNER, &["alice", "--tenant", "acme"]),
        ("link", PARTNER, &["alice"]),
        ("disable", PARTNER, &[]),
    ] {
        let args = [&["account", command, "chat", issuer, "somebody"], more].concat();
        let output = tegata(&world, &args).await;
        said.push(String::from_utf8([output.stdout, output.stderr].concat()).unwrap());
    }
    assert_snapshot!(said.concat(), @"
    tegata: subjects of home are the same people here and have no accounts; to lock somebody out, write active = false for the user, and apply that
    tegata: subjects of home are the same people here and have no accounts; to lock somebody out, write active = false for the user, and apply that
    tegata: chat does not trust https://stranger.example: add it as [[service.trust]] to the directory file first
    tegata: chat does not trust https://idp.partner.example acme: it is trusted without a tenant, so leave --tenant out
    + somebody of https://idp.partner.example is alice at chat
    ~ somebody of https://idp.partner.example at chat: inactive
    ");
}

/// Who is in the directory file without a password gets one here.
#[tokio::test]
async fn a_password() {
    let world =
        World::on(Database::shared().await, &format!("{WORLD}\n[[user]]\nusername = \"zoe\"\n"))
            .await;
    let given = async |name: &str| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tegata"));
        command.args(["user", "password", name, "--password-stdin"]);
        command.current_dir(std::env::temp_dir()).env("TEGATA_DATABASE", world.database.url());
        command.env("TEGATA_PUBLIC_URL", HOME).env("TEGATA_KEY", "07".repeat(32));
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stdin, b"zoe-password\n").await.unwrap();
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert_snapshot!([given("zoe").await, given("nobody").await].concat(), @r#"
    ~ user zoe: password
    tegata: there is no user "nobody": see `tegata user list`
    "#);
    world.meddled().await;
    let mut browser = Browser::open(&world, &format!("{HOME}/sign-in")).await;
    browser.sign_in("zoe", "zoe-password").await;
    assert_eq!(browser.page.status, 200, "{}", browser.page.text);
    assert!(browser.page.words().contains("zoe"));
}

/// A client that waits for certificates that cannot come gets nothing, so it is no yes.
#[tokio::test]
async fn certificates_that_cannot_come() {
    let directory = bound(&["wiki-at-chat"]);
    let world = World::on(Database::shared().await, &directory).await;
    let (yes, said) = checked(&world, "alice", "chat", &[]).await;
    assert!(!yes, "{said}");
    assert_snapshot!(said.lines().last().unwrap(), @"tegata: no: redemption at chat: its tokens are to be bound to a certificate, and none can come: see `tegata doctor`");
}
