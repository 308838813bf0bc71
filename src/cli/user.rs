//! `tegata user`: people, one at a time.

use super::failure::Failure;
use super::opened::{Need, Opened};
use super::{password, subjects, table};
use crate::config::Config;
use crate::model::User;
use crate::oauth::Subject;
use crate::store;
use crate::terminal::{Ink, printable, say};

/// Adds people, and lists them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata user add alice --email alice@example.com --group sales
  pass alice | tegata user add alice --password-stdin
  tegata user password alice
  tegata user list
  tegata user subjects alice   by which sub who knows her")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(Add),
    Password(Password),
    /// Lists everybody.
    List,
    Subjects(subjects::Args),
}

/// Gives somebody who is there a password, asked for or read from standard input.
///
/// What they have signed in to goes on. If the directory file has a password for them, the next
/// `tegata apply` sets that one again.
#[derive(Debug, clap::Args)]
struct Password {
    /// What they sign in with.
    username: String,
    /// Reads the password from the first line of standard input, even on a terminal.
    #[arg(long)]
    password_stdin: bool,
}

/// Adds somebody. The password is asked for, or read from standard input.
#[derive(Debug, clap::Args)]
struct Add {
    /// What they sign in with.
    username: String,
    /// Their address, taken as verified.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// What they are called.
    #[arg(long)]
    name: Option<String>,
    /// A group that they are in, which must exist. May be given several times.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// Reads the password from the first line of standard input, even on a terminal.
    #[arg(long)]
    password_stdin: bool,
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Add(args) => add(Opened::open(config, Need::Lasting).await?, args).await,
        Command::Password(args) => {
            set_password(Opened::open(config, Need::Existing).await?, args).await
        }
        Command::Subjects(args) => {
            subjects::run(Opened::open(config, Need::Existing).await?, args).await
        }
        Command::List => list(Opened::open(config, Need::Existing).await?).await,
    }
}

async fn add(opened: Opened, args: Add) -> Result<(), Failure> {
    let Add { username, email, name, mut groups, password_stdin } = args;
    check(&opened, &username, email.as_deref(), &groups).await?;
    let password = password::read(password_stdin).await?;
    let password_hash = Some(opened.passwords().hash(&password).await?);
    groups.sort();
    groups.dedup();
    let user = User {
        id: Subject::parse(&opened.environment.unique_id())?,
        username,
        email_verified: email.is_some(),
        email,
        name,
        password_hash,
        groups,
        active: true,
    };
    let transaction = opened.store.begin().await?;
    // Somebody may have been added while the password was typed.
    unknown(store::users::named(&transaction, &user.username).await?.as_ref())?;
    store::users::keep(&transaction, &user).await?;
    store::Store::finish(transaction).await?;
    say(format_args!("+ user {} ({})", printable(&user.username), user.id));
    opened.close().await
}

async fn set_password(opened: Opened, args: Password) -> Result<(), Failure> {
    let Password { username, password_stdin } = args;
    let unknown = || Failure::new(format!("there is no user {username:?}: see `tegata user list`"));
    store::users::named(opened.store.read(), &username).await?.ok_or_else(unknown)?;
    let password = password::read(password_stdin).await?;
    let password_hash = Some(opened.passwords().hash(&password).await?);
    let transaction = opened.store.begin().await?;
    // As they are now, whatever was changed while it was typed.
    let user = store::users::named(&transaction, &username).await?.ok_or_else(unknown)?;
    store::users::keep(&transaction, &User { password_hash, ..user }).await?;
    store::Store::finish(transaction).await?;
    say(format_args!("~ user {}: password", printable(&username)));
    opened.close().await
}

async fn check(
    opened: &Opened,
    username: &str,
    email: Option<&str>,
    groups: &[String],
) -> Result<(), Failure> {
    let is_name = (1..=256).contains(&username.len()) && username.trim() == username;
    if !is_name || username.chars().any(char::is_control) {
        return Err(Failure::new(
            "this cannot be a username: take 1 to 256 bytes without spaces around it",
        ));
    }
    if email.is_some_and(|it| !it.contains('@')) {
        return Err(Failure::new("--email is no address: write NAME@HOST"));
    }
    let known = store::groups::all(opened.store.read()).await?;
    if let Some(group) = groups.iter().find(|it| !known.contains(it)) {
        let known = match known.is_empty() {
            true => "there are none yet: add [[group]] to the directory file".to_owned(),
            false => format!("there are {}", known.join(", ")),
        };
        return Err(Failure::new(format!("there is no group {group:?}; {known}")));
    }
    unknown(store::users::named(opened.store.read(), username).await?.as_ref())
}

fn unknown(user: Option<&User>) -> Result<(), Failure> {
    match user {
        None => Ok(()),
        Some(user) => Err(Failure::new(format!(
            "there is a user {:?} already: change them in the directory file, with `tegata apply`, or \
             their password by `tegata user password`",
            user.username
        ))),
    }
}

async fn list(opened: Opened) -> Result<(), Failure> {
    let users = store::users::all(opened.store.read()).await?;
    let row = |user: &User| {
        [
            user.username.clone(),
            user.name.clone().unwrap_or_default(),
            user.email.clone().unwrap_or_default(),
            user.groups.join(", "),
            state(user).to_owned(),
            user.id.to_string(),
        ]
    };
    let rows: Vec<_> = users.iter().map(row).collect();
    table::print(["USERNAME", "NAME", "EMAIL", "GROUPS", "STATE", "SUB"], &rows, Ink::of_stdout());
    opened.close().await
}

fn state(user: &User) -> &'static str {
    match (user.active, &user.password_hash) {
        (false, _) => "inactive",
        (true, Some(_)) => "active",
        (true, None) => "no password",
    }
}
