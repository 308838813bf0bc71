//! The demo's world: a throw-away folder, home with its services, and their APIs. The one file
//! here that knows how a server is started.

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::api::{self, Api, Tool};
use super::verification::AccessTokenVerifier;
use crate::app::{Opened, Running};
use crate::config::Config;
use crate::directory;
use crate::environment::Environment;
use crate::oauth::{Issuer, Resource};
use crate::outbound::{Http, Reach};
use crate::walkthrough::args::http;
use crate::walkthrough::cast;

/// Everything that runs.
pub struct World {
    /// Home's issuer identifier.
    pub home: String,
    /// The calendar's API.
    pub calendar: String,
    /// The chat's API.
    pub chat: String,
    /// Where the files are. They go when the world goes.
    pub folder: TempDir,
    running: Running,
    apis: JoinSet<()>,
    stop: watch::Sender<()>,
}

/// Why there is no world.
#[derive(Debug, thiserror::Error)]
pub enum NoWorld {
    /// Somebody else listens there.
    #[error(
        "{0} is in use: end what listens there, or name another address with --listen, as in --listen 127.0.0.1:9080"
    )]
    Busy(SocketAddr),
    /// Secrets that everybody knows are not for the network.
    #[error(
        "the demo listens on loopback only, and {0} is not: its secrets are known to everybody"
    )]
    NotLoopback(SocketAddr),
    /// The operating system does not let us.
    #[error("{0}: {1}")]
    System(&'static str, #[source] io::Error),
    /// Something of tegata fails.
    #[error("{0}: {1}")]
    Start(&'static str, String),
}

/// Makes the world at `listen`, with these keys of the configuration set besides.
pub async fn start(listen: SocketAddr, more: &[(String, String)]) -> Result<World, NoWorld> {
    if !listen.ip().is_loopback() {
        return Err(NoWorld::NotLoopback(listen));
    }
    let listen = free(listen).await?;
    let (calendar_listener, calendar) = listen_beside(listen, 1).await?;
    let (chat_listener, chat) = listen_beside(listen, 2).await?;
    let home = format!("http://{listen}");
    let folder = folder(listen, &cast::directory(&calendar, &chat))
        .map_err(|error| NoWorld::System("the throw-away folder", error))?;
    let running = serve(&folder, more).await?;

    let http = http(Reach::Everywhere)
        .map_err(|error| NoWorld::Start("the client for HTTP", error.to_string()))?;
    let (stop, stopped) = watch::channel(());
    let mut apis = JoinSet::new();
    let [calendar_api, chat_api] = described(&home, (&calendar, &chat), &http)?;
    for (listener, api) in [(calendar_listener, calendar_api), (chat_listener, chat_api)] {
        let mut stopped = stopped.clone();
        apis.spawn(async move {
            let until = async move {
                let _ = stopped.changed().await;
            };
            let serving = axum::serve(listener, api::router(api)).with_graceful_shutdown(until);
            if let Err(error) = serving.await {
                tracing::error!(%error, "an API of the demo ended");
            }
        });
    }
    Ok(World { home, calendar, chat, folder, running, apis, stop })
}

impl World {
    /// Ends everything: no new requests, those in flight are finished, the folder goes.
    pub async fn end(self) {
        let Self { folder, running, mut apis, stop, .. } = self;
        drop(stop);
        running.stop().await;
        // A browser that keeps its connection open must not keep the demo alive.
        let patience = std::time::Duration::from_secs(2);
        let all = async { while apis.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, all).await;
        drop(folder);
    }
}

/// The files, the directory, the server: as `tegata apply` and `tegata serve` do it.
async fn serve(folder: &TempDir, more: &[(String, String)]) -> Result<Running, NoWorld> {
    let file = folder.path().join("tegata.toml");
    // Not by the environment, which may be meant for a real server.
    let config = Config::read(&file, true, more)
        .map_err(|error| NoWorld::Start("tegata.toml", error.to_string()))?;
    let opened = Opened::open(&config).await;
    let opened = opened.map_err(|error| NoWorld::Start("the database", error.to_string()))?;
    let (ground, path) = (opened.ground(&config), folder.path().join("directory.toml"));
    let applied = directory::apply_file(&ground, &path, directory::Options::default()).await;
    applied.map_err(|error| NoWorld::Start("directory.toml", error.to_string()))?;
    let closed = opened.store.close().await;
    closed.map_err(|error| NoWorld::Start("the database", error.to_string()))?;
    Running::start(config).await.map_err(|error| NoWorld::Start("the server", error.to_string()))
}

fn folder(listen: SocketAddr, directory: &str) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("tegata-demo-").tempdir()?;
    let config = format!(
        "public_url = \"http://{listen}\"\nlisten = \"{listen}\"\ndatabase = \"sqlite:tegata.db\"\n\n\
         [outbound]\nallow_private_networks = true\n\n\
         # Whatever describes itself on the public internet.\n[clients]\ndescribed_at = \"*\"\n\n[log]\nlevel = \"warn\"\n"
    );
    std::fs::write(folder.path().join("tegata.toml"), config)?;
    std::fs::write(folder.path().join("directory.toml"), directory)?;
    Ok(folder)
}

/// The address, with a port that is free now. The server says it itself if somebody is faster.
async fn free(listen: SocketAddr) -> Result<SocketAddr, NoWorld> {
    let bound = TcpListener::bind(listen).await.and_then(|it| it.local_addr());
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => NoWorld::Busy(listen),
        _ => NoWorld::System("the address to listen on", error),
    })
}

/// A listener some ports above home's, or anywhere if that is taken, and the API's URL.
async fn listen_beside(home: SocketAddr, above: u16) -> Result<(TcpListener, String), NoWorld> {
    let at = |port| SocketAddr::new(home.ip(), port);
    let beside = at(home.port().checked_add(above).unwrap_or_default());
    let listener = match TcpListener::bind(beside).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(at(0)).await,
    };
    let bound = listener.and_then(|it| it.local_addr().map(|address| (it, address)));
    let (listener, address) = bound.map_err(|error| NoWorld::System("a port for an API", error))?;
    Ok((listener, format!("http://{address}{}", cast::MCP_PATH)))
}

fn described(home: &str, (calendar, chat): (&str, &str), http: &Http) -> Result<[Api; 2], NoWorld> {
    let api = |name, id: &str, url: &str, [read, write]: [Tool; 2], items: &[&str]| {
        let malformed = |error: crate::oauth::Malformed| NoWorld::Start(name, error.to_string());
        let issuer = Issuer::parse(&format!("{home}/services/{id}")).map_err(malformed)?;
        let resource = Resource::parse(url).map_err(malformed)?;
        Ok(Api {
            name,
            path: cast::MCP_PATH,
            read,
            write,
            verifier: AccessTokenVerifier::new(issuer, resource, http.clone()),
            metadata_url: url.replace(cast::MCP_PATH, &api::metadata_path(cast::MCP_PATH)),
            environment: Environment::system(),
            items: Mutex::new(items.iter().map(|&it| it.to_owned()).collect()),
        })
    };
    let tool = |name, scope, about| Tool { name, scope, about };
    Ok([
        api(
            "Calendar",
            "calendar",
            calendar,
            [
                tool(cast::LIST_EVENTS, cast::CALENDAR_READ, "Tells today's events"),
                tool(cast::ADD_EVENT, cast::CALENDAR_WRITE, "Adds an event to today's"),
            ],
            &["09:30 Stand-up", "18:05 Train to Sendai"],
        )?,
        api(
            "Chat",
            "chat",
            chat,
            [
                tool(cast::READ_MESSAGES, cast::CHAT_READ, "Reads the messages of the team"),
                tool(cast::SEND_MESSAGE, cast::CHAT_WRITE, "Sends the team a message"),
            ],
            &["Bob: is the train booked?"],
        )?,
    ])
}
