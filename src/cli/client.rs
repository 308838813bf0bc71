//! `tegata client`: who is registered, and who may register.

use secrecy::ExposeSecret;
use time::Duration;

use super::failure::Failure;
use super::opened::{Need, Opened};
use super::table;
use crate::config::Config;
use crate::model::{Client, Registration, Registrations};
use crate::oauth::{ClientId, GrantType, Issuer, Scope};
use crate::server::Invitation;
use crate::store::changes::{self, Change};
use crate::store::{self, Store, registrations};
use crate::terminal::{Ink, printable, say};

/// Lists clients, and lets others register some.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata client list
  tegata client list --issuer chat
  tegata client invite chat --days 7
  tegata client remove chat reg_3f6c…

Clients in the directory file are changed there, and by `tegata apply`.")]
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
    /// Makes an initial access token, with which a client can register itself (RFC 7591 §3).
    Invite {
        /// Where: the URL of an issuer, the id of a service, or "home".
        issuer: String,
        /// How many days it is good for.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=90))]
        days: u16,
        /// Any number of clients may register with it until then.
        #[arg(long)]
        reusable: bool,
    },
    /// Takes out a client that registered itself; it gets nothing any more, from the next request
    /// on.
    Remove {
        /// Where: the URL of an issuer, the id of a service, or "home".
        issuer: String,
        client_id: String,
    },
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    let opened = Opened::open(config, Need::Existing).await?;
    match args.command {
        Command::List { issuer } => list(&opened, issuer.as_deref()).await?,
        Command::Invite { issuer, days, reusable } => {
            invite(&opened, &issuer, Duration::days(days.into()), reusable).await?;
        }
        Command::Remove { issuer, client_id } => remove(&opened, &issuer, &client_id).await?,
    }
    opened.close().await
}

async fn invite(
    opened: &Opened,
    issuer: &str,
    lifetime: Duration,
    reusable: bool,
) -> Result<(), Failure> {
    let issuer = opened.issuer(issuer).await?;
    let services = store::services::all(opened.store.read()).await?;
    let service = services.iter().find(|it| it.issuer == issuer);
    let door = service.map_or(opened.config.registrations, |it| it.registrations);
    if door == Registrations::Off {
        let fix = match service {
            Some(it) => format!("write registration = \"token\" for service {}", it.id),
            None => "set clients.registration to \"token\" in the configuration".to_owned(),
        };
        return Err(Failure::new(format!("nobody may register at {issuer}: {fix}")));
    }
    let key = opened.secret_key().await?;
    let (made, token) = Invitation::make(&key, &issuer, &opened.environment, lifetime, reusable);
    let times = if reusable { "any number of clients" } else { "one client" };
    say(token.expose_secret());
    let ink = Ink::of_stdout();
    let endpoint = issuer.at("/oauth2/register");
    let until = made.expires_at.date();
    say(ink.quiet(format!(
        "for {times} at {endpoint}, until {until}; the ledger calls it {}",
        made.id
    )));
    Ok(())
}

async fn remove(opened: &Opened, issuer: &str, client: &str) -> Result<(), Failure> {
    let (issuer, client) = (opened.issuer(issuer).await?, ClientId::parse(client)?);
    let transaction = opened.store.begin().await?;
    if !registrations::remove(&transaction, &issuer, &client).await? {
        let declared = store::clients::find(&transaction, &issuer, &client).await?.is_some();
        return Err(Failure::new(match declared {
            true => "it stands in the directory file: write active = false there, and apply that",
            false => "no such client registered itself there: see `tegata client list`",
        }));
    }
    changes::announce(&transaction, &[Change::Registration(issuer.clone(), client.clone())])
        .await?;
    Store::finish(transaction).await?;
    say(format_args!("- {} at {issuer}", printable(client.as_str())));
    Ok(())
}

async fn list(opened: &Opened, issuer: Option<&str>) -> Result<(), Failure> {
    let db = opened.store.read();
    let services = store::services::all(db).await?;
    let only = match issuer {
        Some(issuer) => Some(opened.issuer(issuer).await?),
        None => None,
    };
    let home = &opened.config.public_url;
    let place = |at: &Issuer| match services.iter().find(|it| it.issuer == *at) {
        _ if at == home => "home".to_owned(),
        Some(service) => service.id.to_string(),
        None => at.to_string(),
    };
    let declared = store::clients::all(db).await?;
    let registered = registrations::all(db).await?;
    let mut rows: Vec<_> = declared
        .iter()
        .map(|it| (it.issuer.clone(), declared_row(it, place(&it.issuer))))
        .chain(
            registered.iter().map(|it| (it.issuer.clone(), registered_row(it, place(&it.issuer)))),
        )
        .filter(|(issuer, _)| only.as_ref().is_none_or(|only| only == issuer))
        .collect();
    // Home first, and then the services by name.
    rows.sort_by_key(|(issuer, row)| (issuer != home, issuer.clone(), row[1].clone()));
    let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
    let head = ["AT", "CLIENT ID", "NAME", "KIND", "AUTHENTICATES BY", "GRANTS", "SCOPE", "STATE"];
    table::print(head, &rows, Ink::of_stdout());
    Ok(())
}

fn declared_row(client: &Client, place: String) -> [String; 8] {
    [
        place,
        client.id.to_string(),
        client.name.clone(),
        if client.agent { "agent" } else { "client" }.to_owned(),
        client.auth_method.as_str().to_owned(),
        short(&client.grant_types),
        client.scope.to_string(),
        if client.active { "active" } else { "inactive" }.to_owned(),
    ]
}

fn registered_row(registration: &Registration, place: String) -> [String; 8] {
    let metadata = &registration.metadata;
    let state = if registration.forget_after.is_some() { "unused yet" } else { "active" };
    [
        place,
        registration.client.to_string(),
        metadata.client_name.clone().unwrap_or_default(),
        "registered itself".to_owned(),
        metadata.token_endpoint_auth_method.as_str().to_owned(),
        short(&metadata.grant_types),
        metadata.scope.as_ref().map(Scope::to_string).unwrap_or_default(),
        state.to_owned(),
    ]
}

/// The last part of a URN says enough.
fn short(grants: &[GrantType]) -> String {
    let last = |it: &GrantType| it.as_str().rsplit(':').next().unwrap_or_default();
    grants.iter().map(last).collect::<Vec<_>>().join(", ")
}
