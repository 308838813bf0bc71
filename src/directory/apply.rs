//! Making the store as a file says, all of it or nothing.

use std::path::{Path, PathBuf};

use time::Duration;

use super::check::{self, Surroundings};
use super::credentials::{self, NewHashes};
use super::declared::Declared;
use super::mistake::Mistakes;
use super::plan::{self, Means};
use super::planned::Plan;
use super::present::Present;
use crate::environment::Environment;
use crate::oauth::Issuer;
use crate::passwords::{PasswordError, Passwords};
use crate::server::SecretKey;
use crate::store::changes::{self, Change};
use crate::store::{Store, StoreError, Transaction};

/// What a file is applied on.
#[derive(Clone)]
pub struct Ground {
    pub store: Store,
    pub home: Issuer,
    /// How long home's ID-JAGs are valid: services that trust home take as much.
    pub id_jag: Duration,
    pub passwords: Passwords,
    pub secret_key: SecretKey,
    pub environment: Environment,
}

/// How it is applied.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Does everything, and then undoes it.
    pub dry_run: bool,
    /// Deactivates what is not in the file.
    pub prune: bool,
    /// Told when something takes long.
    pub announce: fn(&str),
}

impl Default for Options {
    fn default() -> Self {
        Self { dry_run: false, prune: false, announce: |_| {} }
    }
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{path} cannot be read: {1}", path = .0.display())]
    Unreadable(PathBuf, std::io::Error),
    #[error("{path} has {1}", path = .0.display())]
    Mistakes(PathBuf, Mistakes),
    #[error("a password cannot be hashed: {0}")]
    Password(#[from] PasswordError),
    #[error("others keep changing the directory: try again")]
    Contended,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How often it is begun anew because somebody else changed something in the meantime.
const TRIES: usize = 5;

/// Applies the file at `path`.
pub async fn apply_file(ground: &Ground, path: &Path, options: Options) -> Result<Plan, Refused> {
    apply_text(ground, path, &read(path).await?, options).await
}

async fn read(path: &Path) -> Result<String, Refused> {
    let read = tokio::fs::read_to_string(path).await;
    read.map_err(|error| Refused::Unreadable(path.to_owned(), error))
}

/// The store as the file at `path` would make it, in a transaction that is undone when it is
/// dropped.
pub async fn foresee_file(
    ground: &Ground,
    path: &Path,
    options: Options,
) -> Result<(Plan, Transaction), Refused> {
    begun(ground, path, &read(path).await?, options).await
}

/// Applies `text`, which stands in the file that is called `path`.
pub async fn apply_text(
    ground: &Ground,
    path: &Path,
    text: &str,
    options: Options,
) -> Result<Plan, Refused> {
    let (plan, transaction) = begun(ground, path, text, options).await?;
    // Dropped, a transaction is undone.
    if !plan.is_empty() && !options.dry_run {
        Store::finish(transaction).await?;
    }
    Ok(plan)
}

async fn begun(
    ground: &Ground,
    path: &Path,
    text: &str,
    options: Options,
) -> Result<(Plan, Transaction), Refused> {
    for _ in 0..TRIES {
        // Hashing takes long, so it is done before anybody else has to wait for us.
        let seen = Present::read(&ground.store.begin().await?).await?;
        let nothing = Present::default();
        let around = Surroundings {
            home: &ground.home,
            id_jag: ground.id_jag,
            present: &seen,
            // What is about to be deactivated is nothing to rely on.
            referable: if options.prune { &nothing } else { &seen },
        };
        let declared = check::check(text, &around);
        let declared = declared.map_err(|mistakes| Refused::Mistakes(path.to_owned(), mistakes))?;
        let passwords = &ground.passwords;
        let hashes = credentials::new_hashes(&declared, &seen, passwords, options.announce).await?;

        let transaction = ground.store.begin().await?;
        if Present::read(&transaction).await? == seen {
            let plan = change(ground, &transaction, (&declared, &seen), &hashes, options).await?;
            return Ok((plan, transaction));
        }
    }
    Err(Refused::Contended)
}

async fn change(
    ground: &Ground,
    transaction: &Transaction,
    (declared, present): (&Declared, &Present),
    hashes: &NewHashes,
    options: Options,
) -> Result<Plan, Refused> {
    let means = Means {
        home: &ground.home,
        secret_key: &ground.secret_key,
        environment: &ground.environment,
        hashes,
        prune: options.prune,
    };
    let plan = plan::plan(declared, present, &means);
    if plan.is_empty() {
        return Ok(plan);
    }
    for write in plan.changes.iter().filter_map(|it| it.write.as_ref()) {
        write.happen(transaction).await?;
    }
    changes::announce(transaction, &[Change::Directory]).await?;
    Ok(plan)
}
