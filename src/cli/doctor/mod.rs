//! `tegata doctor`: looks at everything that a server needs, and changes nothing.

mod config;
mod database;
mod files;
mod findings;
mod keys;
mod reach;

use std::path::Path;

use secrecy::ExposeSecret;

use self::findings::Findings;
use super::failure::Failure;
use crate::config::{Config, Database};
use crate::environment::Environment;
use crate::store::{Store, Tables};

/// Looks whether a server can run well: configuration, files, database, keys, clock, and whether
/// those can be reached who must be. Changes nothing; status 1 if there is a problem.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata doctor
  tegata doctor --json | jq '.[] | select(.state != \"ok\")'

It looks from where it runs: run it as the user, and on the machine, of the server.")]
pub(super) struct Args {
    /// One JSON array.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(named: Option<&Path>, args: Args) -> Result<(), Failure> {
    let mut findings = Findings::default();
    let file = named.unwrap_or(Path::new("tegata.toml"));
    match Config::load(file, named.is_some()) {
        Ok(config) => examine(&config, &mut findings).await,
        Err(mistakes) => config::mistakes(&mistakes, &mut findings),
    }
    findings.tell(args.json);
    match findings.problems() {
        0 => Ok(()),
        1 => Err(Failure::new("there is a problem")),
        many => Err(Failure::new(format!("there are {many} problems"))),
    }
}

async fn examine(config: &Config, findings: &mut Findings) {
    let environment = Environment::system();
    config::sense(config, findings);
    files::examine(config, findings);
    let Some(store) = open(config, findings).await else { return };
    let examined = database::examine(config, &store, &environment, findings).await;
    match examined {
        Ok(Tables::Missing) => {
            findings.warning("database", "there are no tables yet", "the first start makes them");
        }
        // What lies in tables that are older or newer cannot be read by this version for sure.
        Ok(Tables::Current) => {
            let now = environment.clock.now();
            if let Err(error) = keys::examine(config, &store, now, findings).await {
                findings.failed("keys", "the keys cannot be read", &error);
            }
            if let Err(error) = config::administrators(config, &store, findings).await {
                findings.failed("config", "the groups cannot be read", &error);
            }
            if let Err(error) = config::clients(config, &store, findings).await {
                findings.failed("config", "the clients cannot be read", &error);
            }
            if let Err(error) = reach::examine(config, &store, &environment, findings).await {
                findings.failed("reach", "trusts and clients cannot be read", &error);
            }
        }
        Ok(Tables::Older(_) | Tables::Newer(_)) => {}
        Err(error) => findings.failed("database", "the database cannot be examined", &error),
    }
    let _ = store.close().await;
}

async fn open(config: &Config, findings: &mut Findings) -> Option<Store> {
    match &config.database {
        Database::Memory => {
            let advice = "set `database` to a file or to PostgreSQL, unless this is a trial";
            findings.warning("database", "it is in memory: all is forgotten at the end", advice);
            return None;
        }
        Database::Sqlite(path) if !path.exists() => {
            let what = format!("there is no file at {} yet", path.display());
            findings.warning("database", &what, "`tegata apply` or `tegata serve` makes it");
            return None;
        }
        _ => {}
    }
    match Store::look(config.database.url().expose_secret()).await {
        Ok(store) => Some(store),
        Err(error) => {
            findings.failed("database", &format!("{} cannot be opened", config.database), &error);
            None
        }
    }
}
