//! `tegata restore`: a backup becomes the database.

use std::fs::File;
use std::path::PathBuf;

use secrecy::ExposeSecret;
use time::format_description::well_known::Rfc3339;

use super::backup::{must_be_lasting, progress};
use super::failure::Failure;
use crate::app;
use crate::config::Config;
use crate::environment::Environment;
use crate::server::SecretKey;
use crate::store::backup::{self, Archive, BackupError, Ground, Wish};
use crate::store::{Store, StoreError};
use crate::terminal::{complain, say};

/// Puts a backup into the database of the configuration, all of it or nothing. It need not be
/// the kind of database that the backup is from. The server must not run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata restore backup.jsonl                             into a new database
  TEGATA_DATABASE=postgres://… tegata restore backup.jsonl   from SQLite to PostgreSQL

Everybody signs in again, unless --keep-grants says otherwise: docs/guide/backup.md says why.")]
pub(super) struct Args {
    /// What `tegata backup` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Throws away what is in the database.
    #[arg(long)]
    replace: bool,
    /// Sign-ins and refresh tokens are good again that were so when the backup was made, with
    /// those that were used or ended since. For moving a server that was stopped before.
    #[arg(long)]
    keep_grants: bool,
}

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    must_be_lasting(&config)?;
    let what = args.file.display().to_string();
    let file = File::open(&args.file)
        .map_err(|error| Failure::of(&format!("{what} cannot be read"), &error))?;
    let archive = Archive::open(file).map_err(|error| Failure::of(&what, &error))?;
    let (summary, environment) = (archive.summary(), Environment::system());
    let ground = if args.replace { Ground::Replaced } else { Ground::Empty };
    let wish = Wish { ground, keep_grants: args.keep_grants, now: environment.clock.now() };
    let url = config.database.url();
    let restored = backup::restore(url.expose_secret(), &archive, wish, &mut progress()).await;
    let rows = restored.map_err(|error| match error {
        BackupError::Store(error @ StoreError::Away(_)) => {
            Failure::of(&format!("{} cannot be written", config.database), &error)
        }
        error => Failure::of(&format!("{what} is not restored"), &error),
    })?;
    let at = summary.at.format(&Rfc3339).unwrap_or_default();
    say(format_args!("{rows} rows of {at} are in {}", config.database));
    if !args.keep_grants {
        say("All sign-ins and refresh tokens are ended: people sign in again.");
    }
    say(format_args!(
        "Wait with `tegata serve` until ID-JAGs of before have run out ({} minutes after the old \
         server ended), for which of them were used since the backup is not known.",
        config.lifetimes.id_jag.whole_minutes().max(1)
    ));
    if let Err(failure) = key_fits(&config, &environment).await {
        complain(failure);
        complain("the data are restored, but cannot be served before their key is there");
    }
    Ok(())
}

/// Whether the key of this configuration opens what the backup brought along.
async fn key_fits(config: &Config, environment: &Environment) -> Result<(), Failure> {
    let store = Store::open(config.database.url().expose_secret()).await?;
    if SecretKey::is_made(&store).await? {
        let kek = app::key_encryption_key(config, &store, environment).await?;
        SecretKey::load_or_make(&store, &kek, environment).await?;
    }
    Ok(store.close().await?)
}
