//! `tegata client`: what is registered. Never secrets.

use super::failure::Failure;
use super::opened::{Need, Opened};
use super::table;
use crate::config::Config;
use crate::model::{Client, Service};
use crate::oauth::GrantType;
use crate::store;
use crate::terminal::Ink;

/// Lists clients.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata client list
  tegata client list --issuer http://127.0.0.1:8080/services/chat
  tegata client list --issuer chat")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists what is registered, at home and at services.
    List {
        /// Only those at this issuer: its URL, the id of a service, or "home".
        #[arg(long, value_name = "ISSUER")]
        issuer: Option<String>,
    },
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    let Command::List { issuer } = args.command;
    let opened = Opened::open(config, Need::Existing).await?;
    let services = store::services::all(opened.store.read()).await?;
    let mut clients = store::clients::all(opened.store.read()).await?;
    if let Some(issuer) = &issuer {
        let issuer = opened.issuer(issuer).await?;
        clients.retain(|it| it.issuer == issuer);
    }
    let home = &opened.config.public_url;
    // Home first, and then the services by name.
    clients.sort_by_key(|it| (it.issuer != *home, it.issuer.clone(), it.id.clone()));
    let place = |client: &Client| match services.iter().find(|it| it.issuer == client.issuer) {
        _ if client.issuer == *home => "home".to_owned(),
        Some(Service { id, .. }) => id.to_string(),
        None => client.issuer.to_string(),
    };
    let rows: Vec<_> = clients.iter().map(|it| row(it, place(it))).collect();
    let head = ["AT", "CLIENT ID", "NAME", "KIND", "AUTHENTICATES BY", "GRANTS", "SCOPE", "STATE"];
    table::print(head, &rows, Ink::of_stdout());
    opened.close().await
}

fn row(client: &Client, place: String) -> [String; 8] {
    let grants: Vec<_> = client.grant_types.iter().map(|it| short(*it)).collect();
    [
        place,
        client.id.to_string(),
        client.name.clone(),
        if client.agent { "agent" } else { "client" }.to_owned(),
        client.auth_method.as_str().to_owned(),
        grants.join(", "),
        client.scope.to_string(),
        if client.active { "active" } else { "inactive" }.to_owned(),
    ]
}

/// The last part of a URN says enough.
fn short(grant: GrantType) -> &'static str {
    grant.as_str().rsplit(':').next().unwrap_or_default()
}
