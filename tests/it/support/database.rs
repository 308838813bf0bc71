//! A database of its own for every world: SQLite, or PostgreSQL if the tests are told where; and
//! how many nodes the world has on it.

use sea_orm::ConnectionTrait;
use tempfile::TempDir;

/// Set by `scripts/test`: the address of a PostgreSQL where databases may be made.
const POSTGRES: &str = "TEGATA_TEST_DATABASE";

/// Set by `scripts/test`: how many nodes every world has. More than one take PostgreSQL.
const NODES: &str = "TEGATA_TEST_NODES";

pub struct Database {
    url: String,
    _folder: Option<TempDir>,
    /// Whether it has one node, however many others have.
    alone: bool,
}

impl Database {
    /// In memory, or on PostgreSQL.
    pub async fn new() -> Self {
        match postgres() {
            Some(admin) => on_postgres(&admin).await,
            None => Self { url: "sqlite::memory:".into(), _folder: None, alone: false },
        }
    }

    /// In a file, or on PostgreSQL: for what many connections do at a time.
    pub async fn shared() -> Self {
        match postgres() {
            Some(admin) => on_postgres(&admin).await,
            None => Self::in_a_file(),
        }
    }

    /// SQLite, wherever the others are.
    pub fn in_a_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tegata.db").display());
        Self { url, _folder: Some(folder), alone: false }
    }

    /// Where PostgreSQL listens, if it is that.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        let url =
            url::Url::parse(&self.url).ok().filter(|it| it.scheme().starts_with("postgres"))?;
        url.socket_addrs(|| Some(5432)).unwrap().first().copied()
    }

    /// The same, reached by another address.
    pub fn through(&self, address: std::net::SocketAddr) -> Self {
        let mut url = url::Url::parse(&self.url).unwrap();
        url.set_ip_host(address.ip()).unwrap();
        url.set_port(Some(address.port())).unwrap();
        Self { url: url.into(), _folder: None, alone: false }
    }

    /// The same for one node alone: for what each node counts by itself.
    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many nodes work on it.
    pub fn nodes(&self) -> usize {
        if self.alone {
            return 1;
        }
        let nodes = told(NODES).map_or(1, |it| it.parse().expect(NODES));
        assert!(nodes == 1 || postgres().is_some(), "{NODES} takes {POSTGRES} as well");
        nodes
    }
}

fn postgres() -> Option<String> {
    told(POSTGRES)
}

#[expect(clippy::disallowed_methods, reason = "the tests are told by it what to run on")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|it| !it.is_empty())
}

async fn on_postgres(admin: &str) -> Database {
    let mut name = [0_u8; 8];
    tegata::environment::Environment::system().entropy.fill(&mut name);
    let name = format!("tegata_{:016x}", u64::from_be_bytes(name));
    let connection = sea_orm::Database::connect(admin).await.unwrap();
    connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    connection.close().await.unwrap();
    let mut url = url::Url::parse(admin).unwrap();
    url.set_path(&name);
    Database { url: url.into(), _folder: None, alone: false }
}
