//! `tegata.toml` and the environment, checked and typed.
//!
//! A key is added in `table.rs` and read in [`Config::read`]; nothing else knows its name.

mod client_hosts;
mod database;
mod key_file;
mod keys;
mod keys_clients;
mod limits;
mod mistake;
mod proxies;
mod raw;
pub mod reference;
mod table;
mod tiers;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use time::Duration;

use crate::limits::Rates;
use crate::model::{Registrations, Tier};
use crate::oauth::Issuer;
use crate::telemetry::{LogFilter, LogFormat};
use raw::Raw;

pub use client_hosts::ClientHosts;
pub use database::Database;
pub use key_file::{KeyFileError, KeySource, key_encryption_key};
pub use limits::Bounds;
pub use mistake::{Mistake, Mistakes, Origin};
pub use proxies::TrustedProxies;
pub use tiers::{BadTiers, Listed, Tiers};

/// Everything that an administrator decides before the server starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The issuer identifier of home.
    pub public_url: Issuer,
    pub listen: SocketAddr,
    /// How long we answer on after we were told to end.
    pub drain: Duration,
    /// The group whose members may read what was decided about others.
    pub administrators: Option<String>,
    /// Who tells us where requests come from, besides the network.
    pub trusted_proxies: TrustedProxies,
    pub database: Database,
    /// Where the key-encryption key comes from; see [`key_encryption_key`].
    pub key: KeySource,
    pub outbound: Outbound,
    pub lifetimes: Lifetimes,
    /// Where clients may describe themselves instead of being registered.
    pub client_hosts: ClientHosts,
    /// How far those are trusted.
    pub tiers: Tiers,
    /// Who may register clients at home.
    pub registrations: Registrations,
    /// Whether clients hear nothing of services that they cannot reach.
    pub id_jag_hide_services: bool,
    /// Whether refresh tokens may be exchanged for ID-JAGs.
    pub id_jag_by_refresh_token: bool,
    /// Whether a DPoP proof must have a nonce of ours in it.
    pub dpop_nonce_required: bool,
    pub sign_in: SignIn,
    pub rates: Rates,
    pub bounds: Bounds,
    pub ledger: Ledger,
    pub log: Log,
}

/// What may be fetched from others.
#[derive(Clone, Debug)]
pub struct Outbound {
    pub allow_private_networks: bool,
    /// The certificates of more authorities, as PEM.
    pub extra_roots: Vec<u8>,
    pub timeout: Duration,
}

/// How long what we issue is good for.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub code: Duration,
    pub id_token: Duration,
    pub access_token: Duration,
    pub id_jag: Duration,
    pub refresh_token: Duration,
    pub session: Duration,
}

/// What guessing at passwords costs.
#[derive(Clone, Copy, Debug)]
pub struct SignIn {
    pub parallel_hashes: usize,
    pub attempts_before_delay: u32,
    pub lockout_attempts: u32,
    pub lockout: Duration,
}

/// What becomes of old rows.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    /// How long they are kept at least; `None` is for ever.
    pub keep: Option<Duration>,
}

/// How the log looks and what it has.
#[derive(Clone, Debug)]
pub struct Log {
    pub format: LogFormat,
    pub level: LogFilter,
}

impl Config {
    /// Reads the file and the environment of this process. A file that need not exist may be
    /// absent.
    pub fn load(file: &Path, must_exist: bool) -> Result<Self, Mistakes> {
        Self::read(file, must_exist, &raw::environment())
    }

    /// The same with another environment: pairs of a path like `outbound.timeout_seconds` and
    /// a text.
    pub fn read(
        file: &Path,
        must_exist: bool,
        environment: &[(String, String)],
    ) -> Result<Self, Mistakes> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut raw = Raw::gather(file, must_exist, environment);
        let database = raw.text("database", |text| Database::parse(text, folder));
        let config = Self {
            public_url: raw.text("public_url", Issuer::parse),
            listen: raw.text("listen", str::parse),
            drain: drain(&mut raw, &database),
            administrators: raw.text("administrators", |text| {
                Ok::<_, Infallible>((!text.is_empty()).then(|| text.to_owned()))
            }),
            trusted_proxies: trusted_proxies(&mut raw),
            key: key_source(&mut raw, &database, folder),
            database,
            outbound: Outbound {
                allow_private_networks: raw.flag("outbound.allow_private_networks"),
                extra_roots: raw
                    .text_if_set("outbound.extra_roots", |it| certificates(&folder.join(it)))
                    .unwrap_or_default(),
                timeout: raw.seconds("outbound.timeout_seconds"),
            },
            lifetimes: Lifetimes {
                code: raw.seconds("lifetimes.code"),
                id_token: raw.seconds("lifetimes.id_token"),
                access_token: raw.seconds("lifetimes.access_token"),
                id_jag: raw.seconds("lifetimes.id_jag"),
                refresh_token: raw.seconds("lifetimes.refresh_token"),
                session: raw.seconds("lifetimes.session"),
            },
            client_hosts: raw.text("clients.described_at", ClientHosts::parse),
            tiers: Tiers {
                listed: raw.text("clients.listed", Listed::parse),
                verified: raw.text("clients.verified_domains", tiers::verified),
                refresh_from: raw.text("clients.refresh_from", Tier::parse),
                new_scope: raw.text("clients.new_scope", tiers::ceiling),
            },
            registrations: raw.text("clients.registration", Registrations::parse),
            id_jag_hide_services: raw.flag("id_jag.hide_services"),
            id_jag_by_refresh_token: raw.flag("id_jag.by_refresh_token"),
            dpop_nonce_required: raw.flag("dpop.nonce_required"),
            sign_in: sign_in(&mut raw),
            rates: limits::rates(&mut raw),
            bounds: limits::bounds(&mut raw),
            ledger: Ledger {
                keep: raw.number_if_set("ledger.keep_days").map(|it| Duration::days(it.into())),
            },
            log: Log {
                format: raw.text("log.format", |text| {
                    LogFormat::parse(text).ok_or("there is no such format")
                }),
                level: raw.text("log.level", LogFilter::parse),
            },
        };
        raw.finish().map(|()| config)
    }
}

fn trusted_proxies(raw: &mut Raw) -> TrustedProxies {
    let certificates = raw.text("proxies.client_certificate", |text| match text {
        "off" => Ok(false),
        "Client-Cert" => Ok(true),
        _ => Err("no certificate is read from that"),
    });
    raw.text("trusted_proxies", TrustedProxies::parse).with_client_certificates(certificates)
}

/// Where there is one node, nobody can take over, and waiting only makes the gap longer.
fn drain(raw: &mut Raw, database: &Database) -> Duration {
    let by_default = match database {
        Database::Postgres(_) => 5,
        Database::Sqlite(_) | Database::Memory => 0,
    };
    Duration::seconds(raw.number_if_set("drain_seconds").map_or(by_default, i64::from))
}

fn key_source(raw: &mut Raw, database: &Database, folder: &Path) -> KeySource {
    let given = raw.text_if_set("key", |text| key_file::parse(text).ok_or("it is something else"));
    let file = raw.text_if_set("key_file", |text| match text {
        "" => Err("it is empty"),
        text => Ok(folder.join(text)),
    });
    match (given, file) {
        (Some(_), Some(path)) => {
            let fix = "take one of them away";
            let wrong = "key is set as well, and there can be one only".to_owned();
            raw.note("key_file", raw.origin("key_file"), wrong, fix);
            KeySource::File(path)
        }
        (Some(key), None) => KeySource::Given(key),
        (None, Some(path)) => KeySource::File(path),
        (None, None) => match database {
            Database::Sqlite(path) => KeySource::File(beside(path)),
            Database::Postgres(_) => KeySource::File(folder.join("tegata.key")),
            Database::Memory => KeySource::Fleeting,
        },
    }
}

/// What is in a file of certificates; a wrong name shows now, and not when something is fetched.
fn certificates(path: &Path) -> Result<Vec<u8>, String> {
    let pem = std::fs::read(path).map_err(|error| format!("it cannot be read: {error}"))?;
    match String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        true => Ok(pem),
        false => Err("there is no certificate in it".to_owned()),
    }
}

fn beside(database: &Path) -> PathBuf {
    database.with_file_name("tegata.key")
}

fn sign_in(raw: &mut Raw) -> SignIn {
    // Hashing is behind everything else, so it may have them all.
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let parallel = raw.number_if_set("sign_in.parallel_hashes");
    let sign_in = SignIn {
        parallel_hashes: parallel.map_or_else(cores, |number| number as usize),
        attempts_before_delay: raw.number("sign_in.attempts_before_delay"),
        lockout_attempts: raw.number("sign_in.lockout_attempts"),
        lockout: raw.seconds("sign_in.lockout_seconds"),
    };
    if sign_in.lockout_attempts < sign_in.attempts_before_delay {
        let path = "sign_in.lockout_attempts";
        let wrong = "it comes before sign_in.attempts_before_delay".to_owned();
        raw.note(path, raw.origin(path), wrong, "make it the larger of the two");
    }
    sign_in
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tegata.toml");
        std::fs::write(&path, text).unwrap();
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        let environment: Vec<_> = environment.iter().map(own).collect();
        let folder = format!("{}/", folder.path().display());
        Config::read(&path, true, &environment)
            .map_err(|mistakes| mistakes.to_string().replace(&folder, ""))
    }

    #[test]
    fn nothing_set() {
        let config = Config::read(Path::new("/srv/tegata.toml"), false, &[]).unwrap();
        assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8080");
        assert_eq!(config.database.to_string(), "SQLite at /srv/tegata.db");
        assert_eq!(format!("{:?}", config.key), "File(/srv/tegata.key)");
        assert_eq!(config.lifetimes.id_jag, Duration::minutes(5));
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let file = "listen = '127.0.0.1:1'\n[lifetimes]\ncode = 30\nid_jag = 20";
        let environment = [("lifetimes.code", "40"), ("outbound.allow_private_networks", "true")];
        let config = read(file, &environment).unwrap();
        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.lifetimes.code, Duration::seconds(40));
        assert_eq!(config.lifetimes.id_jag, Duration::seconds(20));
        assert!(config.outbound.allow_private_networks);
    }

    #[test]
    fn all_mistakes_at_once() {
        let file = "
            public_url = 'http://id.example'
            listen = 8080
            log = 'info'
            databse = 'sqlite:x'
            key = 'secret'
            [outbound]
            allow_private_networks = 'perhaps'
            [lifetimes]
            code = 601
            id_tokens = 5
            session = '12'
            [sign_in]
            lockout_attempts = 2
            [colours]
            paper = 'white'
        ";
        let environment = [
            ("database", "mysql://root:hunter2@db"),
            ("lifetimes.id_jag", "soon"),
            ("log.levle", "debug"),
            ("log.level", "tegata=loud"),
            ("port", "tcp://10.0.0.1:8080"),
        ];
        assert_snapshot!(read(file, &environment).unwrap_err(), @"
        the configuration has 15 mistakes
          colours.paper (tegata.toml): there is no such key; take it out; docs/configuration.md has all keys
          databse (tegata.toml): there is no such key; did you mean database?
          key (tegata.toml): a file is no place for it: files are copied and shown around; set TEGATA_KEY instead
          lifetimes.id_tokens (tegata.toml): there is no such key; did you mean lifetimes.id_token?
          log (tegata.toml): there is no such key; it is a table: write [log]
          log.levle (TEGATA_LOG__LEVLE): there is no such key; did you mean TEGATA_LOG__LEVEL?
          database (TEGATA_DATABASE): it is of another kind; it must be sqlite:PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST/NAME
          public_url (tegata.toml): an issuer must be an https URL (http only on loopback); it must be an https URL without query and fragment (http on loopback only)
          listen (tegata.toml): it is not a text; it must be an address and a port
          outbound.allow_private_networks (tegata.toml): it is neither; it must be true or false
          lifetimes.code (tegata.toml): 601 is too large; it must be a whole number of seconds from 1 to 600
          lifetimes.id_jag (TEGATA_LIFETIMES__ID_JAG): it is not a whole number; it must be a whole number of seconds from 1 to 3600
          lifetimes.session (tegata.toml): it is not a whole number; it must be a whole number of seconds from 1 to 2592000
          sign_in.lockout_attempts (tegata.toml): it comes before sign_in.attempts_before_delay; make it the larger of the two
          log.level (TEGATA_LOG__LEVEL): it has a directive that cannot be understood; it must be directives of tracing's EnvFilter
        ");
    }

    #[test]
    fn a_file_that_is_no_toml() {
        assert_snapshot!(read("database = 'postgres://tegata:hunter2@db", &[]).unwrap_err(), @"
        the configuration has a mistake
          tegata.toml: it is not TOML: TOML parse error at line 1, column 41, invalid literal string; see docs/configuration.md
        ");
    }

    #[test]
    fn a_password_is_not_shown() {
        let config = read("database = 'postgres://tegata:hunter2@db.example/tegata'", &[]).unwrap();
        assert!(!format!("{config:?}{}", config.database).contains("hunter2"));
        assert_eq!(config.database.to_string(), "PostgreSQL at db.example");
    }
}
