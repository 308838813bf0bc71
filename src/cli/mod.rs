//! The commands: one file each. Status 0 is done, 1 is refused or failed, 2 is wrong usage.

mod account;
mod apply;
mod backup;
mod client;
mod doctor;
mod explain;
mod failure;
mod keys;
mod ledger;
mod opened;
mod password;
mod policy;
mod restore;
mod serve;
mod subjects;
mod table;

mod token;
mod user;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::{conformance, demo, terminal, walkthrough};
use failure::Failure;

/// An identity provider and authorization server for AI agents.
///
/// People sign in once in a browser. An agent exchanges that sign-in for an ID-JAG, good for one
/// service and five minutes, and that for an access token of the service.
#[derive(Debug, Parser)]
#[command(
    name = "tegata",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Examples:
  tegata demo                            see the whole way happen
  tegata apply directory.toml --dry-run  see what a directory file would change
  tegata serve --config tegata.toml      run the server

Every key of the configuration can be set by environment, too: TEGATA_LISTEN=0.0.0.0:8080"
)]
struct Cli {
    /// The configuration [default: tegata.toml, if it is there].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until it is told to stop.
    Serve,
    Apply(apply::Args),
    Keys(keys::Args),
    User(user::Args),
    Client(client::Args),
    Account(account::Args),
    Ledger(ledger::Args),
    Policy(policy::Args),
    Explain(explain::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Doctor(doctor::Args),
    Token(token::Args),
    Walkthrough(Box<walkthrough::Args>),
    Conformance(Box<conformance::Args>),
    Demo(demo::Args),
}

/// Does what the command line says.
pub async fn run() -> ExitCode {
    let Cli { config, command } = Cli::parse();
    let named = config.as_deref();
    let config = || load(named);
    let done = match command {
        Command::Serve => on(config(), serve::run).await,
        Command::Apply(args) => on(config(), |config| apply::run(config, args)).await,
        Command::Keys(args) => on(config(), |config| keys::run(config, args)).await,
        Command::User(args) => on(config(), |config| user::run(config, args)).await,
        Command::Account(args) => on(config(), |config| account::run(config, args)).await,
        Command::Client(args) => on(config(), |config| client::run(config, args)).await,
        Command::Ledger(args) => on(config(), |config| ledger::run(config, args)).await,
        Command::Policy(args) => on(config(), |config| policy::run(config, args)).await,
        Command::Explain(args) => on(config(), |config| explain::run(config, args)).await,
        Command::Backup(args) => on(config(), |config| backup::run(config, args)).await,
        Command::Restore(args) => on(config(), |config| restore::run(config, args)).await,
        Command::Doctor(args) => doctor::run(named, args).await,
        Command::Token(args) => return token::run(args).await,
        Command::Walkthrough(args) => return walkthrough::run(*args).await,
        Command::Conformance(args) => return conformance::run(*args).await,
        Command::Demo(args) => return demo::run(args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(failure);
            ExitCode::FAILURE
        }
    }
}

/// The command needs the configuration.
async fn on<F: Future<Output = Result<(), Failure>>>(
    config: Result<Config, Failure>,
    command: impl FnOnce(Config) -> F,
) -> Result<(), Failure> {
    command(config?).await
}

/// A file that was named must be there; the default one need not be.
fn load(named: Option<&Path>) -> Result<Config, Failure> {
    let file = named.unwrap_or(Path::new("tegata.toml"));
    Ok(Config::load(file, named.is_some())?)
}
