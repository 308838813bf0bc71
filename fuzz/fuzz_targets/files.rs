//! What administrators write: `directory.toml` and `tegata.toml`.

#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use tegata::config::Config;
use tegata::directory::{Ground, Options, Refused, apply_text};
use tegata::environment::{Clock, Environment};
use tegata::oauth::Issuer;
use tegata::passwords::Passwords;
use tegata::server::SecretKey;
use tegata::store::Store;
use tegata_fuzz::{HOME, NOW, fuzz_target};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use tokio::runtime::Runtime;

struct Still;

impl Clock for Still {
    fn now(&self) -> OffsetDateTime {
        NOW
    }
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
/// Where nothing is yet. What is tried on it is undone.
static EMPTY: LazyLock<Ground> = LazyLock::new(|| RUNTIME.block_on(ground()));
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(data) else { return };
    match which % 4 {
        0 => settings(text),
        _ => {
            let empty = LazyLock::force(&EMPTY);
            RUNTIME.block_on(directory(empty, text));
        }
    }
});

async fn ground() -> Ground {
    let environment = Environment { clock: Arc::new(Still), ..Environment::system() };
    Ground {
        store: Store::open("sqlite::memory:").await.unwrap(),
        home: Issuer::parse(HOME).unwrap(),
        id_jag: Duration::minutes(5),
        passwords: Passwords::new(1, environment.clone()),
        secret_key: SecretKey::new(vec![7; 32]),
        environment,
    }
}

/// What can be applied can be applied again, and changes nothing then.
async fn directory(empty: &Ground, text: &str) {
    let path = Path::new("directory.toml");
    let options = Options { dry_run: true, ..Options::default() };
    match apply_text(empty, path, text, options).await {
        Ok(tried) => {
            let ground = ground().await;
            let done = apply_text(&ground, path, text, Options::default()).await.unwrap();
            assert_eq!(tried.changes.len(), done.changes.len(), "what was tried is what is done");
            let again = apply_text(&ground, path, text, Options::default()).await.unwrap();
            assert!(again.is_empty(), "nothing is left to do");
            ground.store.close().await.unwrap();
        }
        Err(refused @ Refused::Mistakes(..)) => {
            assert!(refused.to_string().len() > path.as_os_str().len())
        }
        Err(other) => panic!("{other}"),
    }
}

fn settings(text: &str) {
    let path = FOLDER.path().join("tegata.toml");
    std::fs::write(&path, text).unwrap();
    if let Err(mistakes) = Config::read(&path, true, &[]) {
        assert!(!mistakes.to_string().is_empty());
    }
}
