//! Pairwise subjects over the years: who they mean, and what changes them.

use std::path::Path;
use std::process::Output;

use insta::assert_snapshot;
use serde_json::{Value, json};
use tegata::directory::{Ground, Options, Plan, apply_text};
use tegata::jose::{Algorithm, KeyEncryptionKey};
use tegata::oauth::Issuer;
use tegata::passwords::Passwords;
use tegata::server::{Pace, Rotation, rotate};
use time::Duration;

use crate::pairwise::{at_chat, directory};
use crate::registration::{BACK, register};
use crate::support::{
    Browser, CHAT, Database, HOME, ID_JAG_TYP, PARTNER, WORLD, World, authorize_url, changed,
    claims_of, config, exchange, id_token_of, redeem, redemption, tokens_of,
};
use crate::sweep::signed_in_again;

async fn world() -> World {
    World::on(Database::shared().await, &directory()).await
}

async fn tegata(database: &Database, args: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.args(args).current_dir(std::env::temp_dir());
    command.env("TEGATA_DATABASE", database.url());
    command.env("TEGATA_PUBLIC_URL", HOME).env("TEGATA_KEY", "07".repeat(32));
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// What applying `directory` comes to.
pub(crate) async fn plan(world: &World, directory: &str) -> Result<Plan, String> {
    let shared = world.live.shared();
    let ground = Ground {
        store: shared.store.clone(),
        home: config().public_url,
        id_jag: shared.lifetimes.id_jag,
        passwords: Passwords::new(2, shared.environment.clone()),
        secret_key: shared.secret_key.clone(),
        environment: shared.environment.clone(),
    };
    let plan = apply_text(&ground, Path::new("d.toml"), directory, Options::default()).await;
    world.noticed().await;
    plan.map_err(|it| it.to_string())
}

/// Neither a new signing key nor a new process nor a backup that becomes the database changes who
/// anybody is.
#[tokio::test]
async fn keys_processes_and_databases_come_and_go() {
    let world = world().await;
    let before = at_chat(&world).await["sub"].clone();
    let shared = world.live.shared();
    let rotation = Rotation {
        issuer: Issuer::parse(HOME).unwrap(),
        algorithm: Algorithm::ES256,
        pace: Pace::AtOnce,
        longest: Duration::HOUR,
    };
    let kek = KeyEncryptionKey::new([7; 32]);
    rotate(&shared.store, &shared.environment, &kek, rotation).await.unwrap();
    world.noticed().await;
    let id_token = id_token_of(&world, "alice").await;
    assert_eq!(exchange(&world, &id_token, &[]).await.claims()["sub"], before);

    let database = world.ended().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.jsonl");
    tegata(&database, &["backup", file.to_str().unwrap()]).await;
    let restored = Database::shared().await;
    tegata(&restored, &["restore", file.to_str().unwrap()]).await;
    let world = World::on(database, &directory()).await;
    assert_eq!(at_chat(&world).await["sub"], before);
    let world = World::on(restored, &directory()).await;
    assert_eq!(at_chat(&world).await["sub"], before);
}

/// The ledger keeps who it was, whatever others call them; and by what they call them they are found.
#[tokio::test]
async fn whom_the_ledger_and_the_commands_mean() {
    let world = world().await;
    let alice = world.sub_of("alice").await;
    let id_token = id_token_of(&world, "alice").await;
    let id_jag = exchange(&world, &id_token, &[]).await;
    redeem(&world, &id_jag.access_token(), &[("scope", "chat.admin")]).await.refusal();
    redeem(&world, &id_jag.access_token(), &[]).await.access_token();
    let rows = world.ledger().await;
    let users: Vec<_> = rows.iter().filter_map(|it| it.entry.user.as_ref()).collect();
    assert!(users.len() > 5 && users.iter().all(|it| it.as_str() == alice), "{users:?}");

    let there = id_jag.claims()["sub"].as_str().unwrap().to_owned();
    let mut said = vec![];
    for who in ["alice", &alice, &there] {
        let output = tegata(&world.database, &["user", "subjects", who]).await;
        said.push(String::from_utf8(output.stdout).unwrap());
    }
    assert!(said[0].contains(&there) && said[0].contains(&alice), "{}", said[0]);
    assert!(said.iter().all(|it| *it == said[0]));
    let agents = claims_of(&id_token)["sub"].as_str().unwrap().to_owned();
    let masked = said[0].replace(&alice, &format!("{:<32}", "in the ledger"));
    let masked = masked.replace(&there, &format!("{:<48}", "at chat"));
    assert_snapshot!(masked.replace(&agents, &format!("{:<48}", "at the agent")), @"
    alice
    SECTOR        SUB                                               FOR
                  in the ledger                                     public
    chat.example  at chat                                           service chat, client chat-web
    wiki.example  at the agent                                      client wiki-agent
    ");

    let check = ["policy", "check", "--client", "wiki-agent", "--user", "alice", "--service", CHAT];
    let output = tegata(&world.database, &check).await;
    assert!(String::from_utf8_lossy(&output.stdout).contains(&there));
}

/// ID-JAG §3.1: `aud_sub` is what the service calls the person, and that is of its sector.
#[tokio::test]
async fn another_issuer_that_knows_what_the_service_calls_her() {
    let believed = "accounts = \"linked\"\naud_sub = true";
    let world = World::of(&directory().replace("accounts = \"just_in_time\"", believed)).await;
    let of_chat = at_chat(&world).await["sub"].clone();
    let elsewhere = claims_of(&id_token_of(&world, "alice").await)["sub"].clone();
    let by = async |name: &Value, jti: &str| {
        let more = json!({ "iss": PARTNER, "aud_sub": name, "jti": jti });
        let claims = crate::support::with(&world.id_jag_claims("carol"), &more);
        redeem(&world, &world.sign(PARTNER, ID_JAG_TYP, &claims), &[]).await
    };
    assert_eq!(by(&of_chat, "1").await.claims()["sub"], of_chat);
    assert_snapshot!(by(&elsewhere, "2").await.refusal(), @"400 invalid_grant: the subject of the assertion has no account here");
}

/// Who is told another `sub` from now on is told so in the plan; what was signed before still means the
/// person, as far as it is public.
#[tokio::test]
async fn a_client_that_changes_its_subject_type() {
    let world = World::on(Database::shared().await, WORLD).await;
    let before = id_token_of(&world, "alice").await;
    let lines = |plan: Plan| {
        let lines: Vec<_> = plan.changes.iter().map(ToString::to_string).collect();
        lines.join("\n")
    };
    let pairwise = plan(&world, &directory()).await.unwrap();
    assert_snapshot!(lines(pairwise), @r#"
    ~ service chat: subject_type "public" → "pairwise"; sector "chat.example"; everybody gets another sub there: what is kept by the old one is lost
    ~ client wiki-agent: subject_type "public" → "pairwise"; sector "wiki.example"; everybody gets another sub there: what is kept by the old one is lost
    + client chat-web: scope "openid"; subject_type "pairwise"; sector "chat.example"
    "#);
    assert_eq!(exchange(&world, &before, &[]).await.status, 200);
    let browser = signed_in_again(&world).await;
    let pairwise = tokens_of(&world, &browser).await.member("id_token");

    let moved = directory().replacen("wiki.example", "other.example", 1);
    assert_snapshot!(lines(plan(&world, &moved).await.unwrap()), @r#"~ client wiki-agent: sector "wiki.example" → "other.example"; everybody gets another sub there: what is kept by the old one is lost"#);
    assert_snapshot!(exchange(&world, &pairwise, &[]).await.refusal(), @"400 invalid_grant: the subject token has a sub or a sid by which the client knows nobody now: the person has to sign in again");
    assert_snapshot!(lines(plan(&world, WORLD).await.unwrap()), @r#"
    ~ service chat: subject_type "pairwise" → "public"; sector "chat.example" taken out; everybody gets another sub there: what is kept by the old one is lost
    ~ client wiki-agent: subject_type "pairwise" → "public"; sector "other.example" taken out; everybody gets another sub there: what is kept by the old one is lost
    "#);
    assert_eq!(exchange(&world, &before, &[]).await.status, 200);
}

#[tokio::test]
async fn sectors_that_cannot_be() {
    let world = World::new().await;
    let client = "client_secret = \"01234567890123456789012345678901\"\ngrant_types = [\"authorization_code\"]";
    let directory = format!(
        r#"
        [[service]]
        id = "one"
        subject_type = "pairwise"

        [[service]]
        id = "two"
        sector = "two.example"

        [[client]]
        client_id = "a"
        {client}
        redirect_uris = ["https://a.example/", "https://b.example/"]
        subject_type = "pairwise"

        [[client]]
        client_id = "b"
        {client}
        redirect_uris = ["https://b.example/"]
        subject_type = "both"

        [[client]]
        client_id = "c"
        {client}
        redirect_uris = ["https://c.example/"]
        sector = "https://c.example/"

        [[client]]
        client_id = "d"
        {client}
        redirect_uris = ["https://d.example/"]
        subject_type = "pairwise"
        sector = "d.example"
        sector_identifier_uri = "https://e.example/d.json"

        [[client]]
        at = "two"
        client_id = "e"
        {client}
        redirect_uris = ["https://e.example/"]
        subject_type = "pairwise"
    "#
    );
    assert_snapshot!(plan(&world, &directory).await.unwrap_err(), @r#"
    d.toml has 8 mistakes
      service[0] "one" sector: it is missing; write the sector of the client by which it signs people in, or any host that is its own
      service[1] "two" subject_type: public subjects are the same in all sectors; write "pairwise", or take the sector out
      client[0] "a" subject_type: the redirect_uris lead to several hosts, and pairwise subjects are for one; name one as sector = "app.example.com"
      client[1] "b" subject_type: it is something else; write "public" or "pairwise"
      client[2] "c" sector: a sector is the name of a host; write the name of a host, like "app.example.com"
      client[2] "c" subject_type: public subjects are the same in all sectors; write "pairwise", or take the sector out
      client[3] "d" subject_type: sector and sector_identifier_uri are of different hosts; take one of them out
      client[4] "e" subject_type: a service calls people the same for all of its clients; take it out, or write it for the service
    "#);
}

/// OIDC Registration §2: a client may ask for it itself, at home.
#[tokio::test]
async fn clients_that_register_themselves() {
    let world = World::configured(&[("clients.registration", "open")]).await;
    let mut said = vec![];
    for changes in [
        json!({ "redirect_uris": [BACK, "https://other.example/back"] }),
        json!({ "sector_identifier_uri": "https://agent.example/uris.json" }),
        json!({ "subject_type": "both" }),
    ] {
        let changes = crate::support::with(&json!({ "subject_type": "pairwise" }), &changes);
        said.push(register(&world, HOME, None, &changes).await.refusal());
    }
    assert_snapshot!(said.join("\n"), @"
    400 invalid_client_metadata: the registration is not acceptable: pairwise subjects take redirect_uris of one host, which is the sector
    400 invalid_client_metadata: the registration is not acceptable: sector_identifier_uri asks for something that does not happen here
    400 invalid_client_metadata: the registration is not acceptable: a member of it has the wrong form
    ");

    let mut subs: Vec<Value> = vec![];
    for subject_type in ["pairwise", "pairwise", "public"] {
        let changes = json!({ "subject_type": subject_type, "scope": "openid" });
        let answer = register(&world, HOME, None, &changes).await;
        assert_eq!(answer.json()["subject_type"], subject_type);
        let client = answer.member("client_id");
        let own = [("redirect_uri", BACK), ("client_id", client.as_str())];
        let url = authorize_url(HOME, &client, &[own[0], ("scope", "openid")]);
        let mut browser = Browser::open(&world, &url).await;
        browser.sign_in("alice", "alice-password").await;
        browser.allow().await;
        let code = browser.sent("code").unwrap();
        let tokens = world.post_bare(HOME, &changed(&redemption(&code), &own)).await;
        subs.push(claims_of(&tokens.member("id_token"))["sub"].clone());
    }
    assert_eq!(subs[2], world.sub_of("alice").await);
    // Both are of the same host.
    assert!(subs[0] == subs[1] && subs[0] != subs[2], "{subs:?}");
}

/// OIDC Discovery §3.
#[tokio::test]
async fn what_metadata_say() {
    let world = World::of(&directory()).await;
    for (issuer, types) in [
        (HOME, json!(["public", "pairwise"])),
        (CHAT, json!(["pairwise"])),
        (crate::support::CALENDAR, json!(["public"])),
    ] {
        let found = world.get(&format!("{issuer}/.well-known/openid-configuration")).await.json();
        assert_eq!(found["subject_types_supported"], types, "{issuer}");
    }
}
