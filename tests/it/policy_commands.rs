//! `tegata policy check` and `tegata explain`, on the database of a server.

use std::process::Output;

use insta::assert_snapshot;

use crate::support::{CHAT, Database, HOME, PARTNER, WORLD, World, exchange, id_token_of, redeem};

async fn tegata(world: &World, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.args(args).current_dir(std::env::temp_dir());
    command.env("TEGATA_DATABASE", world.database.url());
    command.env("TEGATA_PUBLIC_URL", HOME).env("TEGATA_KEY", "07".repeat(32));
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
    tegata: no: token exchange at home: access_denied: the administrator has not opened this connection to the person
    tegata: no: token exchange at home: consent_required: the person has not consented yet: send them to the authorization endpoint
    tegata: no: token exchange at home: invalid_scope: no scope that was asked for can be granted
    tegata: no: token exchange at home: invalid_target: the resource is not one of this audience that the client may name
    tegata: there is no user "nobody"
    tegata: there is no service "nowhere"
    "#);
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

    let output = tegata(&world, &["explain", "--json", &format!("[decision {decision}]")]).await;
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["rows"][0]["code"], "invalid_scope");
    assert_eq!(json["rows"][0]["username"], "alice");

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
