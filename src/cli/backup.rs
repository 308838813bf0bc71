//! `tegata backup`: all data in one file, while the server runs.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::failure::Failure;
use crate::config::{Config, Database, KeySource};
use crate::environment::Environment;
use crate::store::{Store, backup};
use crate::terminal::{complain, say};

/// Writes all data, as they are at this moment, into one file. The server goes on meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tegata backup /backups/tegata-2026-11-24.jsonl
  tegata restore /backups/tegata-2026-11-24.jsonl --config new.toml

The key file is not in it: keep that apart. docs/guide/backup.md says what else is to be known.")]
pub(super) struct Args {
    /// The file to be made, for its owner alone.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Takes the place of a file that is there.
    #[arg(long)]
    force: bool,
}

/// How many rows are done between two words about it.
const STEP: u64 = 200_000;

pub(super) async fn run(config: Config, args: Args) -> Result<(), Failure> {
    must_be_lasting(&config)?;
    if let Database::Sqlite(path) = &config.database
        && !path.exists()
    {
        return Err(Failure::new(format!("there is no database at {}", path.display())));
    }
    if args.file.exists() && !args.force {
        return Err(taken(&args.file));
    }
    let folder = match args.file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let unwritable =
        |error| Failure::of(&format!("{} cannot be written", args.file.display()), &error);
    // The file is made with mode 0600, and has its name once it is whole and on the disk.
    let builder = tempfile::Builder::new().prefix(".tegata-backup.").tempfile_in(folder);
    let mut file = builder.map_err(unwritable)?;

    let store = Store::look(config.database.url().expose_secret()).await?;
    let now = Environment::system().clock.now();
    let mut to = BufWriter::with_capacity(256 * 1024, file.as_file_mut());
    let rows = backup::write(&store, &mut to, now, &mut progress()).await?;
    to.flush().map_err(unwritable)?;
    drop(to);
    store.close().await?;

    file.as_file().sync_all().map_err(unwritable)?;
    let bytes = file.as_file().metadata().map_err(unwritable)?.len();
    let persisted = match args.force {
        true => file.persist(&args.file),
        false => file.persist_noclobber(&args.file),
    };
    persisted.map_err(|failed| match failed.error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(&args.file),
        _ => unwritable(failed.error),
    })?;
    File::open(folder).and_then(|it| it.sync_all()).map_err(unwritable)?;
    say(format_args!("{}: {rows} rows, {bytes} bytes", args.file.display()));
    say(kept_apart(&config));
    Ok(())
}

fn taken(file: &Path) -> Failure {
    Failure::new(format!(
        "{} is there already: choose another name, or give --force",
        file.display()
    ))
}

/// What a backup is of no use without.
fn kept_apart(config: &Config) -> String {
    match &config.key {
        KeySource::File(path) => format!(
            "The key is not in it, so the file alone opens nothing: keep {} apart, too.",
            path.display()
        ),
        KeySource::Given(_) | KeySource::Fleeting => {
            "The key is not in it, so the file alone opens nothing: keep TEGATA_KEY apart, too."
                .to_owned()
        }
    }
}

/// A database in memory is nobody's but its server's.
pub(super) fn must_be_lasting(config: &Config) -> Result<(), Failure> {
    match config.database {
        Database::Memory => Err(Failure::new(
            "the database is in memory, where no other command finds it: set `database` to a \
             file, like \"sqlite:tegata.db\"",
        )),
        _ => Ok(()),
    }
}

/// Tells on standard error how far it is, if it is long.
pub(super) fn progress() -> impl FnMut(&str, u64) + Send {
    let mut next = STEP;
    move |table, rows| {
        if rows >= next {
            complain(format_args!("{rows} rows so far, now in {table}"));
            next = rows - rows % STEP + STEP;
        }
    }
}
