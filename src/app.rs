//! The composition root: puts a server together, starts it and ends it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{self, Config, KeyFileError, KeySource};
use crate::directory::Ground;
use crate::environment::Environment;
use crate::http;
use crate::jose::KeyEncryptionKey;
use crate::outbound::{FetchKeys, Http, Limits, Reach, RemoteKeys, Unreachable};
use crate::passwords::Passwords;
use crate::server::{self, KeyError, LiveIssuers, SecretKey, Shared, StartError};
use crate::store::{self, Store, StoreError};
use crate::telemetry::Metrics;

/// Answers from others are small: key sets and metadata.
const LARGEST_ANSWER: usize = 256 * 1024;

/// How often we look whether another process changed the directory or the keys.
const REFRESH: Duration = Duration::from_secs(1);

/// How often, and how much at a time, expired rows are swept.
const SWEEP: Duration = Duration::from_secs(10);
const SWEPT_AT_ONCE: u32 = 500;

/// How often chains of the ledger are vouched for, and its months looked after.
const TEND: Duration = Duration::from_secs(60);

/// How long requests may take to end after the server was told to.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(
        "there is no key file at {path}, but the database has secrets that are sealed: bring the \
         file back, or name it by key_file in the configuration",
        path = path.display()
    )]
    LostKey { path: PathBuf },
    #[error("the database cannot be opened")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Outbound(#[from] Unreachable),
    #[error("{address} is taken by another program: choose another address with `listen`")]
    AddressInUse { address: SocketAddr },
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: std::io::Error },
}

/// The database with the keys that open what is sealed in it: what commands need that work
/// beside a running server.
pub struct Opened {
    pub store: Store,
    pub kek: KeyEncryptionKey,
    pub secret_key: SecretKey,
    pub environment: Environment,
}

impl Opened {
    pub async fn open(config: &Config) -> Result<Self, AppError> {
        let environment = Environment::system();
        let store = Store::open(config.database.url().expose_secret()).await?;
        let kek = key_encryption_key(config, &store, &environment).await?;
        let secret_key = SecretKey::load_or_make(&store, &kek, &environment).await?;
        Ok(Self { store, kek, secret_key, environment })
    }

    /// What a directory file is applied on.
    pub fn ground(&self, config: &Config) -> Ground {
        Ground {
            store: self.store.clone(),
            home: config.public_url.clone(),
            id_jag: config.lifetimes.id_jag,
            passwords: Passwords::new(config.sign_in.parallel_hashes, self.environment.clone()),
            secret_key: self.secret_key.clone(),
            environment: self.environment.clone(),
        }
    }
}

/// The key that seals. It is only made for a database in which nothing is sealed yet: any
/// other would be a wrong one.
pub async fn key_encryption_key(
    config: &Config,
    store: &Store,
    environment: &Environment,
) -> Result<KeyEncryptionKey, AppError> {
    if let KeySource::File(path) = &config.key
        && !path.exists()
        && SecretKey::is_made(store).await?
    {
        return Err(AppError::LostKey { path: path.clone() });
    }
    Ok(config::key_encryption_key(config, environment)?)
}

/// Everything that is shared by all issuers, as `config` wants it.
pub async fn assemble(config: &Config, opened: Opened) -> Result<LiveIssuers, AppError> {
    let outbound = Http::new(Limits {
        reach: Reach::by_config(config.outbound.allow_private_networks),
        timeout: config.outbound.timeout.unsigned_abs(),
        largest: LARGEST_ANSWER,
    })?;
    let remote_keys = RemoteKeys::new(outbound, opened.environment.clone());
    assemble_with(config, opened, Arc::new(remote_keys)).await
}

/// The same, with the keys of others from `remote_keys`.
pub async fn assemble_with(
    config: &Config,
    opened: Opened,
    remote_keys: Arc<dyn FetchKeys>,
) -> Result<LiveIssuers, AppError> {
    let Opened { store, kek, secret_key, environment } = opened;
    let shared = Arc::new(Shared {
        store,
        passwords: Passwords::new(config.sign_in.parallel_hashes, environment.clone()),
        remote_keys,
        environment,
        secret_key,
        lifetimes: config.lifetimes,
        sign_in: config.sign_in,
        trusted_proxies: config.trusted_proxies.clone(),
        keep_ledger: config.ledger.keep,
        metrics: Metrics::new(),
        home: config.public_url.clone(),
    });
    Ok(LiveIssuers::load(shared, kek).await?)
}

/// A server that answers.
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    issuers: Arc<LiveIssuers>,
}

impl Running {
    /// Starts the server. It answers when this returns.
    pub async fn start(config: Config) -> Result<Self, AppError> {
        let listener = listen(config.listen).await?;
        let opened = Opened::open(&config).await?;
        let issuers = Arc::new(assemble(&config, opened).await?);
        Ok(Self::serve(issuers, listener))
    }

    /// Serves `issuers` on `listener` until [`Running::stop`].
    pub fn serve(issuers: Arc<LiveIssuers>, listener: TcpListener) -> Self {
        let (stop, stopped) = watch::channel(false);
        let address = listener.local_addr().unwrap_or_else(|_| ([127, 0, 0, 1], 0).into());
        let tasks = vec![
            spawn(answer(listener, Arc::clone(&issuers), stopped.clone())),
            spawn(refresh(Arc::clone(&issuers), stopped.clone())),
            spawn(sweep(Arc::clone(&issuers), stopped.clone())),
            spawn(tend(Arc::clone(&issuers), stopped)),
        ];
        Self { address, stop, tasks, issuers }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, finishes those that are under way, closes the database.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            if tokio::time::timeout(PATIENCE, task).await.is_err() {
                tracing::warn!("some requests did not end in time and were cut off");
            }
        }
        // What was written since the last checkpoint.
        if let Err(error) = server::ledger::checkpoint(&self.issuers).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the ledger is not signed");
        }
        if let Err(error) = self.issuers.shared().store.clone().close().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database did not close");
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, AppError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => AppError::AddressInUse { address },
        _ => AppError::Listen { address, source },
    })
}

#[expect(clippy::disallowed_methods, reason = "the place that starts tasks, and ends them")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}

async fn answer(
    listener: TcpListener,
    issuers: Arc<LiveIssuers>,
    mut stopped: watch::Receiver<bool>,
) {
    let until = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    http::serve(listener, &issuers, until).await;
}

async fn refresh(issuers: Arc<LiveIssuers>, mut stopped: watch::Receiver<bool>) {
    while wait(REFRESH, &mut stopped).await {
        if let Err(error) = issuers.refresh().await {
            issuers.shared().metrics.database_failed();
            tracing::warn!(error = &error as &dyn std::error::Error, "the directory is unread");
        }
    }
}

async fn sweep(issuers: Arc<LiveIssuers>, mut stopped: watch::Receiver<bool>) {
    let shared = issuers.shared();
    while wait(SWEEP, &mut stopped).await {
        // Step by step, so that requests get in between.
        loop {
            let now = shared.environment.clock.now();
            match store::sweep::expired(shared.store.write(), now, SWEPT_AT_ONCE).await {
                Ok(0) => break,
                Ok(swept) => tracing::debug!(swept, "expired rows were swept"),
                Err(error) => {
                    shared.metrics.database_failed();
                    tracing::warn!(error = &error as &dyn std::error::Error, "sweeping failed");
                    break;
                }
            }
        }
    }
}

async fn tend(issuers: Arc<LiveIssuers>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = server::ledger::tend(&issuers).await {
            issuers.shared().metrics.database_failed();
            tracing::warn!(error = &error as &dyn std::error::Error, "the ledger is not tended");
        }
        if !wait(TEND, &mut stopped).await {
            return;
        }
    }
}

/// Waits, and tells whether to go on.
async fn wait(duration: Duration, stopped: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(duration) => true,
        _ = stopped.wait_for(|stop| *stop) => false,
    }
}
