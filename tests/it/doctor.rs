//! `tegata doctor`: what is allowed but hardly meant.

use insta::assert_snapshot;
use serde_json::Value;

use crate::certificates::bound;
use crate::support::{Database, HOME, World};

/// What it says about `subject`, with these settings besides.
async fn said_of(subject: &str, world: &World, settings: &[(&str, &str)]) -> Vec<String> {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.args(["doctor", "--json"]).current_dir(std::env::temp_dir());
    command.env("TEGATA_DATABASE", world.database.url()).env("TEGATA_PUBLIC_URL", HOME);
    command.env("TEGATA_KEY", "07".repeat(32)).envs(settings.iter().copied());
    let output = command.output().await.unwrap();
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = all.as_array().unwrap().iter();
    let meant = all.filter(|it| it.to_string().contains(subject));
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
    meant.map(|it| format!("{}: {}", text(it, "state"), text(it, "what"))).collect()
}

/// Certificates that cannot come, and clients that wait for them.
#[tokio::test]
async fn certificates_that_cannot_come() {
    let world = World::on(Database::shared().await, &bound(&["wiki-agent"])).await;
    let (proxy, switch) = (
        ("TEGATA_TRUSTED_PROXIES", "10.0.0.1"),
        ("TEGATA_PROXIES__CLIENT_CERTIFICATE", "Client-Cert"),
    );
    let mut said = vec![];
    for settings in [&[][..], &[proxy], &[switch], &[proxy, switch]] {
        let about = said_of("certificate", &world, settings).await;
        said.push(format!("{}\n{}", settings.len(), about.join("\n")));
    }
    assert_snapshot!(said.join("\n"), @"
    0
    problem: the client wiki-agent gets nothing: its tokens are to be bound to a certificate, and none can come
    1
    problem: the client wiki-agent gets nothing: its tokens are to be bound to a certificate, and none can come
    1
    warning: proxies.client_certificate is on, but trusted_proxies names none
    problem: the client wiki-agent gets nothing: its tokens are to be bound to a certificate, and none can come
    2
    ");
}

/// Administrators are those of a group; if it is not there, nobody is one.
#[tokio::test]
async fn a_group_that_is_not_there() {
    let world = World::on(Database::shared().await, crate::support::WORLD).await;
    let mut said = vec![];
    for group in ["sales", "nogroup"] {
        let settings = [("TEGATA_ADMINISTRATORS", group)];
        said.extend(said_of("administrators", &world, &settings).await);
    }
    assert_snapshot!(said.join("\n"), @r#"warning: there is no group "nogroup", which `administrators` names"#);
}
