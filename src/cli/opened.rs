//! The data of a server, as a command finds them: while it runs, or while it does not.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::failure::Failure;
use crate::app;
use crate::config::{Config, Database, KeySource};
use crate::directory::Ground;
use crate::environment::Environment;
use crate::jose::KeyEncryptionKey;
use crate::oauth::Issuer;
use crate::passwords::Passwords;
use crate::server::{Issuers, PairwiseKey, SecretKey};
use crate::store::{self, Store};

/// What a command works on.
pub(super) struct Opened {
    pub config: Config,
    pub store: Store,
    pub environment: Environment,
}

/// What a command needs of the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// There is something in it.
    Existing,
    /// What it puts in stays.
    Lasting,
    /// It forgets in the end anyway.
    Anything,
}

impl Opened {
    pub(super) async fn open(mut config: Config, need: Need) -> Result<Self, Failure> {
        match (&config.database, need) {
            (Database::Memory, Need::Existing | Need::Lasting) => {
                return Err(Failure::new(
                    "the database is in memory, where no other command finds it: set `database` \
                     to a file, like \"sqlite:tegata.db\"",
                ));
            }
            (Database::Sqlite(path), Need::Existing) if !path.exists() => {
                return Err(Failure::new(format!(
                    "there is no database at {}: name the configuration by --config, or begin \
                     with `tegata apply` or `tegata serve`",
                    path.display()
                )));
            }
            (Database::Sqlite(path), Need::Anything) if !path.exists() => {
                config.database = Database::Memory;
                config.key = KeySource::Fleeting;
            }
            _ => {}
        }
        let opened = Store::open(config.database.url().expose_secret()).await;
        let store = opened.map_err(|error| {
            Failure::of(&format!("the database cannot be opened ({})", config.database), &error)
        })?;
        Ok(Self { config, store, environment: Environment::system() })
    }

    pub(super) async fn kek(&self) -> Result<KeyEncryptionKey, Failure> {
        Ok(app::key_encryption_key(&self.config, &self.store, &self.environment).await?)
    }

    pub(super) async fn secret_key(&self) -> Result<SecretKey, Failure> {
        let kek = self.kek().await?;
        Ok(SecretKey::load_or_make(&self.store, &kek, &self.environment).await?)
    }

    /// All issuers, as a server would serve them now.
    pub(super) async fn issuers(&self) -> Result<Arc<Issuers>, Failure> {
        Ok(app::assemble(&self.config, self.whole().await?).await?.last_known())
    }

    /// What a directory file is applied on.
    pub(super) async fn ground(&self) -> Result<Ground, Failure> {
        Ok(self.whole().await?.ground(&self.config))
    }

    /// With the keys that open what is sealed.
    async fn whole(&self) -> Result<app::Opened, Failure> {
        let (store, environment) = (self.store.clone(), self.environment.clone());
        Ok(app::Opened::with_keys(&self.config, store, environment).await?)
    }

    pub(super) async fn pairwise_key(&self) -> Result<PairwiseKey, Failure> {
        let kek = self.kek().await?;
        Ok(PairwiseKey::load_or_make(&self.store, &kek, &self.environment).await?)
    }

    /// The issuer that somebody means: by its URL, the id of its service, or as "home".
    pub(super) async fn issuer(&self, named: &str) -> Result<Issuer, Failure> {
        let home = &self.config.public_url;
        if named == "home" || named == home.as_str() {
            return Ok(home.clone());
        }
        let services = store::services::all(self.store.read()).await?;
        let mut hosted = services.iter().filter(|it| it.hosted);
        let meant = hosted.find(|it| it.id.as_str() == named || it.issuer.as_str() == named);
        meant.map(|it| it.issuer.clone()).ok_or_else(|| {
            let hosted = services.iter().filter(|it| it.hosted).map(|it| it.id.to_string());
            let known: Vec<_> = std::iter::once("home".to_owned()).chain(hosted).collect();
            Failure::new(format!(
                "there is no issuer {named:?} here: there are {}",
                known.join(", ")
            ))
        })
    }

    pub(super) fn passwords(&self) -> Passwords {
        Passwords::new(self.config.sign_in.parallel_hashes, self.environment.clone())
    }

    /// Ends well, so that everything is in the database file itself.
    pub(super) async fn close(self) -> Result<(), Failure> {
        Ok(self.store.close().await?)
    }
}
