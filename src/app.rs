//! The composition root: puts a server together, starts it and ends it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{self, Config, KeyFileError, KeySource};
use crate::directory::Ground;
use crate::environment::Environment;
use crate::http;
use crate::issuance;
use crate::jose::KeyEncryptionKey;
use crate::limits::Limits;
use crate::outbound::{self, FetchKeys, Http, Reach, RemoteKeys, Unreachable};
use crate::passwords::Passwords;
use crate::server::{
    self, DpopNonces, KeyError, LiveIssuers, PairwiseKey, Readiness, SecretKey, Shared, StartError,
};
use crate::store::{self, Store, StoreError, leases};
use crate::telemetry::{Metrics, with_causes};

/// Answers from others are small: key sets and metadata.
const LARGEST_ANSWER: usize = 256 * 1024;

/// How often we look whether another process changed something that we hold in memory. Several
/// times within the second in which a change has to take effect everywhere.
const LOOK: Duration = Duration::from_millis(250);

/// How often, and how much at a time, expired rows are swept.
const SWEEP: Duration = Duration::from_secs(10);
const SWEPT_AT_ONCE: u32 = 500;

/// How often limits forget the quiet, and after how many times the ledger has how many requests
/// were turned away.
const FORGET: Duration = Duration::from_secs(1);
const SUM_UP: u32 = 60;
/// How often chains of the ledger are vouched for, and its months looked after.
const TEND: Duration = Duration::from_mins(1);

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
        let store = Store::open(config.database.url().expose_secret()).await?;
        Self::with_keys(config, store, Environment::system()).await
    }

    /// The same with a database that is open.
    pub async fn with_keys(
        config: &Config,
        store: Store,
        environment: Environment,
    ) -> Result<Self, AppError> {
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
    // In this order: a node that starts at the same time makes the file first.
    if let KeySource::File(path) = &config.key
        && SecretKey::is_made(store).await?
        && !path.exists()
    {
        return Err(AppError::LostKey { path: path.clone() });
    }
    Ok(config::key_encryption_key(config, environment)?)
}

/// Everything that is shared by all issuers, as `config` wants it.
pub async fn assemble(config: &Config, opened: Opened) -> Result<LiveIssuers, AppError> {
    let limits = outbound::Limits {
        reach: Reach::by_config(config.outbound.allow_private_networks),
        timeout: config.outbound.timeout.unsigned_abs(),
        largest: LARGEST_ANSWER,
    };
    // Strangers name these addresses.
    let (reach, largest) = (Reach::Public, outbound::LONGEST_DOCUMENT);
    let roots = &config.outbound.extra_roots;
    let documents = Http::trusting(outbound::Limits { reach, largest, ..limits }, roots)?;
    let environment = opened.environment.clone();
    let remote_keys = RemoteKeys::new(Http::trusting(limits, roots)?, documents, environment);
    assemble_with(config, opened, Arc::new(remote_keys)).await
}

/// The same, with the keys of others from `remote_keys`.
pub async fn assemble_with(
    config: &Config,
    opened: Opened,
    remote_keys: Arc<dyn FetchKeys>,
) -> Result<LiveIssuers, AppError> {
    let Opened { store, kek, secret_key, environment } = opened;
    let pairwise_key = PairwiseKey::load_or_make(&store, &kek, &environment).await?;
    let metrics = Metrics::new();
    let limits = Limits::new(&config.rates, &environment.clock, metrics.clone());
    let shared = Arc::new(Shared {
        store,
        passwords: Passwords::new(config.sign_in.parallel_hashes, environment.clone()),
        remote_keys,
        environment,
        administrators: config.administrators.clone(),
        client_hosts: config.client_hosts.clone(),
        tiers: config.tiers.clone(),
        registrations: config.registrations,
        id_jag_hide_services: config.id_jag_hide_services,
        id_jag_by_refresh_token: config.id_jag_by_refresh_token,
        dpop_nonces: DpopNonces::new(secret_key.clone(), config.dpop_nonce_required),
        secret_key,
        pairwise_key,
        lifetimes: config.lifetimes,
        sign_in: config.sign_in,
        trusted_proxies: config.trusted_proxies.clone(),
        bounds: config.bounds,
        limits,
        keep_ledger: config.ledger.keep,
        metrics,
        readiness: Readiness::default(),
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
    drain: Duration,
}

impl Running {
    /// Starts the server. It answers when this returns.
    pub async fn start(config: Config) -> Result<Self, AppError> {
        let listener = listen(config.listen).await?;
        let opened = Opened::open(&config).await?;
        let issuers = Arc::new(assemble(&config, opened).await?);
        let (stop, stopped) = watch::channel(false);
        let address = listener.local_addr().unwrap_or_else(|_| ([127, 0, 0, 1], 0).into());
        let drain = config.drain.unsigned_abs();
        let tasks = vec![
            spawn(answer(listener, Arc::clone(&issuers), stopped.clone())),
            spawn(look(Arc::clone(&issuers), stopped.clone())),
            spawn(hear(Arc::clone(&issuers), stopped.clone())),
            spawn(limit(Arc::clone(&issuers), stopped.clone())),
            spawn(sweep(Arc::clone(&issuers), stopped.clone())),
            spawn(tend(Arc::clone(&issuers), stopped)),
        ];
        Ok(Self { address, stop, tasks, issuers, drain })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says that requests should go elsewhere, and answers those that come until others had
    /// the time to hear it (`drain_seconds`).
    pub async fn drain(&self) {
        self.issuers.shared().readiness.leave();
        tokio::time::sleep(self.drain).await;
    }

    /// Takes no more requests, finishes those that are under way, closes the database.
    pub async fn stop(self) {
        self.issuers.shared().readiness.leave();
        let _ = self.stop.send(true);
        let ending = async {
            for task in self.tasks {
                let _ = task.await;
            }
            // What was written since the last checkpoint.
            if let Err(error) = server::ledger::checkpoint(&self.issuers).await {
                tracing::warn!(error = with_causes(&error), "the ledger is not signed");
            }
            if let Err(error) = self.issuers.shared().store.clone().close().await {
                tracing::warn!(error = with_causes(&error), "the database did not close");
            }
        };
        if tokio::time::timeout(PATIENCE, ending).await.is_err() {
            tracing::warn!("some requests did not end in time and are cut off");
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

/// Looks for changes again and again: who missed a message hears of them all the same.
async fn look(issuers: Arc<LiveIssuers>, mut stopped: watch::Receiver<bool>) {
    while wait(LOOK, &mut stopped).await {
        refresh(&issuers).await;
    }
}

/// Looks at once when a message says that something changed.
async fn hear(issuers: Arc<LiveIssuers>, mut stopped: watch::Receiver<bool>) {
    let mut messages = issuers.shared().store.messages();
    loop {
        tokio::select! {
            () = messages.next() => {}
            () = told(&mut stopped) => return,
        }
        refresh(&issuers).await;
    }
}

async fn refresh(issuers: &LiveIssuers) {
    if let Err(error) = issuers.refresh().await {
        issuers.shared().metrics.database_failed();
        tracing::warn!(error = with_causes(&error), "the directory is unread");
    }
}

async fn sweep(issuers: Arc<LiveIssuers>, mut stopped: watch::Receiver<bool>) {
    let shared = issuers.shared();
    let us = shared.environment.unique_id();
    if let Err(error) = shared.store.lengthen_log().await {
        tracing::warn!(error = with_causes(&error), "the log is left short");
    }
    while wait(SWEEP, &mut stopped).await {
        // Step by step, so that requests get in between.
        loop {
            match step(&shared.store, &us, shared.environment.clock.now()).await {
                Ok(0) => break,
                Ok(swept) => tracing::debug!(swept, "expired rows were swept"),
                Err(error) => {
                    shared.metrics.database_failed();
                    tracing::warn!(error = with_causes(&error), "sweeping failed");
                    break;
                }
            }
        }
    }
    // So that another need not wait for the end of the lease.
    let _ = leases::give_back(shared.store.write(), leases::SWEEP, &us).await;
}

/// Sweeps a little, unless another node is at it.
async fn step(store: &Store, us: &str, now: OffsetDateTime) -> Result<u64, StoreError> {
    match leases::take(store.write(), leases::SWEEP, us, now).await? {
        true => {
            let past = store::sweep::surely_past(store.write(), now).await?;
            store::sweep::expired(store.write(), past, SWEPT_AT_ONCE).await
        }
        false => Ok(0),
    }
}

async fn limit(issuers: Arc<LiveIssuers>, mut stopped: watch::Receiver<bool>) {
    let shared = issuers.shared();
    let mut goes_on = true;
    while goes_on {
        for _ in 0..SUM_UP {
            goes_on = wait(FORGET, &mut stopped).await;
            if !goes_on {
                break;
            }
            shared.limits.forget();
        }
        if let Err(error) = issuance::record_sums(shared).await {
            tracing::warn!(error = with_causes(&error), "a sum is not recorded yet");
        }
    }
}

async fn tend(issuers: Arc<LiveIssuers>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = server::ledger::tend(&issuers).await {
            issuers.shared().metrics.database_failed();
            tracing::warn!(error = with_causes(&error), "the ledger is not tended");
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
        () = told(stopped) => false,
    }
}

/// Returns when the server is told to stop.
async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}
