//! `tegata account`: whom a service takes the subjects of other issuers for.

use super::failure::Failure;
use super::opened::{Need, Opened};
use super::table;
use crate::config::Config;
use crate::model::{Foreign, Link, Service, Trust};
use crate::oauth::{Issuer, ServiceId, Subject};
use crate::store::{self, Store, StoreError, accounts};
use crate::terminal::{Ink, printable, say};

/// Links subjects of other issuers to people here, and lists and switches the accounts.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata account link chat https://idp.partner.example 00u1a2b3 alice
  tegata account list chat
  tegata account disable chat https://idp.partner.example 00u1a2b3
  tegata account unlink chat https://idp.partner.example 00u1a2b3

Subjects of home need no account: they are the same people.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Says that a subject of another issuer is one of our people.
    Link {
        #[command(flatten)]
        whose: Whose,
        /// The person here.
        username: String,
    },
    /// Lists the accounts of a service, those made just in time included.
    List {
        /// The id of the service.
        service: String,
    },
    /// The account is off, for all subjects that are linked to it, from the next request on.
    Disable(Whose),
    /// Undoes that.
    Enable(Whose),
    /// Takes the subject out: to the service it is nobody any more.
    ///
    /// After `disable`, it is how somebody who should not be linked goes and the account comes back for
    /// everybody else. An account that was made just in time is gone, and the next one is another.
    Unlink(Whose),
}

/// A subject of an issuer, at a service.
#[derive(Debug, clap::Args)]
struct Whose {
    /// The id of the service.
    service: String,
    /// The issuer identifier, exactly as in its tokens.
    issuer: String,
    /// The `sub` that it calls the person by.
    subject: String,
    /// The tenant of the issuer that the subject is of, if it has tenants.
    #[arg(long)]
    tenant: Option<String>,
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    let opened = Opened::open(config, Need::Existing).await?;
    match args.command {
        Command::Link { whose, username } => link(&opened, &whose, &username).await?,
        Command::List { service } => list(&opened, &service).await?,
        Command::Disable(whose) => switch(&opened, &whose, false).await?,
        Command::Enable(whose) => switch(&opened, &whose, true).await?,
        Command::Unlink(whose) => unlink(&opened, &whose).await?,
    }
    opened.close().await
}

async fn link(opened: &Opened, whose: &Whose, username: &str) -> Result<(), Failure> {
    let (service, foreign) = found(opened, whose).await?;
    let transaction = opened.store.begin().await?;
    let trusts = store::trusts::of(&transaction, &service.id).await?;
    let of_it = |it: &&Trust| it.issuer == foreign.issuer && it.workload().is_none();
    let of_it: Vec<_> = trusts.iter().filter(of_it).collect();
    if !of_it.iter().any(|it| it.is_for(foreign.tenant.as_deref())) {
        let option = |tenant: &String| format!("--tenant {}", printable(tenant));
        let tenants: Vec<_> =
            of_it.iter().filter_map(|it| it.terms.tenant.as_ref().map(option)).collect();
        let fix = match (of_it.is_empty(), tenants.is_empty()) {
            (true, _) => "add it as [[service.trust]] to the directory file first".to_owned(),
            (_, true) => "it is trusted without a tenant, so leave --tenant out".to_owned(),
            _ => format!("it is trusted for {}", tenants.join(", ")),
        };
        let realm = foreign.realm();
        return Err(Failure::new(format!("{} does not trust {realm}: {fix}", service.id)));
    }
    let user = store::users::named(&transaction, username).await?;
    let user = user.ok_or_else(|| Failure::new(format!("there is no user {username:?}")))?;
    let link = Link { service: service.id.clone(), whose: foreign, account: user.id.clone() };
    accounts::link(&transaction, &link, None).await?;
    let foreign = &link.whose;
    let linked = accounts::of(&transaction, &service.id, foreign).await?;
    if linked.is_none_or(|it| it.id != user.id) {
        return Err(Failure::new(
            "this subject has another account already, and what it did there stays its own",
        ));
    }
    Store::finish(transaction).await?;
    say(format_args!(
        "+ {} of {} is {} at {}",
        printable(&whose.subject),
        printable(&foreign.realm()),
        username,
        service.id
    ));
    Ok(())
}

async fn switch(opened: &Opened, whose: &Whose, active: bool) -> Result<(), Failure> {
    let (service, foreign) = found(opened, whose).await?;
    let transaction = opened.store.begin().await?;
    if !accounts::switch(&transaction, &service.id, &foreign, active).await? {
        return Err(Failure::new("there is no such account: see `tegata account list`"));
    }
    Store::finish(transaction).await?;
    let state = if active { "active" } else { "inactive" };
    let (subject, realm) = (printable(&whose.subject), printable(&foreign.realm()));
    say(format_args!("~ {subject} of {realm} at {}: {state}", service.id));
    let db = opened.store.read();
    if let Some(account) = accounts::of(db, &service.id, &foreign).await? {
        let all = accounts::of_person(db, &service.id, &account.id).await?;
        let others = all.iter().filter(|(other, _)| *other != foreign);
        for (other, _) in others.filter(|_| !active) {
            let (subject, realm) = (printable(other.subject.as_str()), printable(&other.realm()));
            say(format_args!("  off as well: {subject} of {realm}, who has the same account"));
        }
    }
    Ok(())
}

async fn unlink(opened: &Opened, whose: &Whose) -> Result<(), Failure> {
    let (service, foreign) = found(opened, whose).await?;
    let transaction = opened.store.begin().await?;
    if !accounts::remove(&transaction, &service.id, &foreign).await? {
        return Err(Failure::new("there is no such account: see `tegata account list`"));
    }
    Store::finish(transaction).await?;
    let (subject, realm) = (printable(&whose.subject), printable(&foreign.realm()));
    say(format_args!("- {subject} of {realm} at {}", service.id));
    Ok(())
}

async fn list(opened: &Opened, service: &str) -> Result<(), Failure> {
    let service = service_named(opened, service).await?;
    let users = store::users::all(opened.store.read()).await?;
    let all = accounts::all(opened.store.read(), &service.id).await?;
    let names = match &service.sector {
        Some(sector) => Some(opened.pairwise_key().await?.names(Some(sector))),
        None => None,
    };
    let rows: Vec<_> = all
        .iter()
        .map(|(foreign, account)| {
            let user = users.iter().find(|it| it.id == account.id);
            let who = user.map_or("-", |it| it.username.as_str());
            let by = match (&account.linked, user) {
                (Some(linked), _) => format!("the person, for {}", linked.client),
                (None, Some(_)) => "an administrator".to_owned(),
                (None, None) => "just in time".to_owned(),
            };
            let state = if account.active { "active" } else { "inactive" };
            Ok([
                foreign.realm(),
                foreign.subject.to_string(),
                who.to_owned(),
                by,
                state.to_owned(),
                match &names {
                    Some(names) => names.subject(&account.id)?.to_string(),
                    None => account.id.to_string(),
                },
            ])
        })
        .collect::<Result<_, StoreError>>()?;
    table::print(
        ["ISSUER", "SUBJECT", "WHO", "LINKED BY", "STATE", "SUB HERE"],
        &rows,
        Ink::of_stdout(),
    );
    Ok(())
}

async fn found(opened: &Opened, whose: &Whose) -> Result<(Service, Foreign), Failure> {
    let service = service_named(opened, &whose.service).await?;
    let (issuer, subject) = (Issuer::parse(&whose.issuer)?, Subject::parse(&whose.subject)?);
    if issuer == opened.config.public_url {
        return Err(Failure::new(
            "subjects of home are the same people here and have no accounts; to lock somebody out, \
             write active = false for the user, and apply that",
        ));
    }
    Ok((service, Foreign { issuer, tenant: whose.tenant.clone(), subject }))
}

async fn service_named(opened: &Opened, id: &str) -> Result<Service, Failure> {
    let service = store::services::find(opened.store.read(), &ServiceId::parse(id)?).await?;
    service.ok_or_else(|| Failure::new(format!("there is no service {id:?}")))
}
