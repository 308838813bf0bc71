//! `tegata policy check`: what would happen now, at both legs, and which rule decides.

use std::sync::Arc;

use super::failure::Failure;
use super::opened::{Need, Opened};
use crate::config::Config;
use crate::grants::token_exchange;
use crate::model::{Client, Connection, Login, Service, Trust, User};
use crate::oauth::{ClientId, GrantType, Issuer, Resource, Scope, SessionId};
use crate::policy::{self, Asked, Entitlement, Person};
use crate::store;
use crate::terminal::{printable, say};

/// Asks the policy, and issues nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Whether a client gets an ID-JAG for a person, and an access token for that; and if not, why.
    ///
    /// Exit status: 0 it would get both, 1 it would not.
    #[command(after_help = "Example:
  tegata policy check --client wiki-agent --user alice --service chat --scope chat.read")]
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The client at home.
    #[arg(long)]
    client: String,
    /// The name that the person signs in with.
    #[arg(long)]
    user: String,
    /// The service, by its id, its issuer, or another name that a client may use as audience.
    #[arg(long)]
    service: String,
    /// What it asks for; left out: all that it can get.
    #[arg(long)]
    scope: Option<String>,
    /// A resource that it names. May be given several times.
    #[arg(long = "resource", value_name = "URI")]
    resources: Vec<String>,
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    let Command::Check(check) = args.command;
    let opened = Opened::open(config, Need::Existing).await?;
    let done = checked(&opened, &check).await;
    opened.close().await?;
    done
}

/// All that is asked about.
struct Question {
    home: Issuer,
    client: Option<Client>,
    user: User,
    service: Arc<Service>,
    connection: Option<Connection>,
    scope: Option<Scope>,
    resources: Vec<Resource>,
}

async fn checked(opened: &Opened, check: &Check) -> Result<(), Failure> {
    let question = question(opened, check).await?;
    say(format_args!(
        "{} for {} at {} ({})",
        printable(&check.client),
        printable(&check.user),
        question.service.id,
        question.service.issuer
    ));
    let entitlement = first_leg(opened, &question).await?;
    second_leg(opened, &question, &entitlement).await
}

async fn question(opened: &Opened, check: &Check) -> Result<Question, Failure> {
    let db = opened.store.read();
    let home = opened.config.public_url.clone();
    let id = ClientId::parse(&check.client)?;
    let user = store::users::named(db, &check.user).await?;
    let user = user.ok_or_else(|| Failure::new(format!("there is no user {:?}", check.user)))?;
    let named = |it: &Service| {
        let names = [it.id.as_str(), it.issuer.as_str()];
        names.contains(&check.service.as_str()) || it.audience_aliases.contains(&check.service)
    };
    let service = store::services::all(db).await?.into_iter().find(named);
    let service =
        service.ok_or_else(|| Failure::new(format!("there is no service {:?}", check.service)))?;
    let resources = check.resources.iter().map(|it| Resource::parse(it));
    Ok(Question {
        client: store::clients::find(db, &home, &id).await?,
        connection: store::connections::find(db, &id, &service.id).await?,
        scope: check.scope.as_deref().map(Scope::parse).transpose()?,
        resources: resources.collect::<Result<_, _>>()?,
        home,
        user,
        service: Arc::new(service),
    })
}

/// The token exchange at home (ID-JAG §4.3).
async fn first_leg(opened: &Opened, question: &Question) -> Result<Entitlement, Failure> {
    let Question { home, client, user, service, connection, scope, resources } = question;
    let what = "token exchange at home";
    let Some(client) = client else { return Err(no(what, "the client is not registered there")) };
    ready(what, client, GrantType::TokenExchange)?;
    if !user.active {
        return Err(no(what, "the person is not active"));
    }
    let consent = store::consents::find(opened.store.read(), &user.id, home, &client.id).await?;
    let now = opened.environment.clock.now();
    // As if they had signed in just now: what a newer login could not help with is what counts.
    let login = Login {
        sid: SessionId::parse("policy-check")?,
        user: user.id.clone(),
        auth_time: now,
        acr: Login::PASSWORD.to_owned(),
        amr: vec!["pwd".to_owned()],
        ended_at: None,
    };
    let person = Person { user, login: &login, now };
    let asked = Asked { scope: scope.as_ref(), resources, details: None, actors: &[] };
    let connection = connection.clone();
    let decided =
        Entitlement::decide(connection, Arc::clone(service), person, consent.as_ref(), &asked);
    let entitlement = decided.map_err(|denied| {
        let refusal = token_exchange::Refusal::Denied(denied);
        no(what, &format!("{}: {refusal}", refusal.code().as_str()))
    })?;
    yes(what, &granted(entitlement.scope(), entitlement.resources()));
    if let Some(seconds) = entitlement.connection().terms.max_age {
        say(format_args!("         if the person signed in at most {seconds} seconds ago"));
    }
    Ok(entitlement)
}

/// The redemption at the service (ID-JAG §4.4).
async fn second_leg(
    opened: &Opened,
    question: &Question,
    entitlement: &Entitlement,
) -> Result<(), Failure> {
    let (service, home) = (&question.service, &question.home);
    let what = format!("redemption at {}", service.id);
    if !service.hosted {
        say(format_args!("     ?   {what}: it lives elsewhere, and decides there"));
        return Ok(());
    }
    let db = opened.store.read();
    let there = &entitlement.connection().client_there;
    let client = store::clients::find(db, &service.issuer, there).await?;
    let Some(client) = client else {
        return Err(no(&what, &format!("there is no client {there} at the service")));
    };
    ready(&what, &client, GrantType::JwtBearer)?;
    let trusts = store::trusts::of(db, &service.id).await?;
    let in_home = |it: &&Trust| it.issuer == *home && it.active;
    let Some(trust) = trusts.iter().find(in_home) else {
        return Err(no(&what, "the service does not trust home, or not any more"));
    };
    if trust.terms.resource_required && entitlement.resources().is_empty() {
        return Err(no(&what, "invalid_grant: the service wants a resource to be named"));
    }
    let offered = service.offered(&client.scope);
    let trusted = policy::grant_scope(trust.scope.as_ref(), &offered);
    let scope = policy::grant_scope(Some(entitlement.scope()), &trusted);
    if scope.is_empty() {
        return Err(no(&what, "invalid_scope: nothing of that may be given to the client there"));
    }
    yes(&what, &granted(&scope, entitlement.resources()));
    if service.dpop_bound_access_tokens_required || client.dpop_bound_access_tokens {
        say(format_args!("         with a DPoP proof of a key"));
    }
    Ok(())
}

fn ready(what: &str, client: &Client, grant: GrantType) -> Result<(), Failure> {
    if !client.active {
        return Err(no(what, "the client is not active"));
    }
    if client.is_public() {
        return Err(no(
            what,
            "the client has no credentials (docs/decisions/0006-public-clients.md)",
        ));
    }
    let with_proof = grant == GrantType::JwtBearer && client.may_use(GrantType::JwtDpop);
    match client.may_use(grant) || with_proof {
        true => Ok(()),
        false => Err(no(what, &format!("the client may not use {}", grant.as_str()))),
    }
}

fn granted(scope: &Scope, resources: &[Resource]) -> String {
    let names: Vec<_> = resources.iter().map(ToString::to_string).collect();
    match names.is_empty() {
        true => scope.to_string(),
        false => format!("{scope}, for {}", names.join(" ")),
    }
}

fn yes(what: &str, how: &str) {
    say(format_args!("   yes   {what}: {how}"));
}

fn no(what: &str, why: &str) -> Failure {
    Failure::new(format!("no: {what}: {why}"))
}
