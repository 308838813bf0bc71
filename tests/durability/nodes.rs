//! Two processes on one PostgreSQL, behind a balancer.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sea_orm::{ConnectionTrait, Database, Statement};
use tegata::store;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::agent::{Agent, Answer, jti_of};
use crate::balancer::Balancer;
use crate::server::{Server, free_address};

/// Set by `scripts/test`: the address of a PostgreSQL where databases may be made.
const POSTGRES: &str = "TEGATA_TEST_DATABASE";

struct Nodes {
    servers: [Server; 2],
    balancer: Balancer,
}

/// Two nodes on an empty database, not started yet; none if there is no PostgreSQL.
async fn nodes() -> Option<Nodes> {
    let database = database().await?;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server =
        || Server::of(Arc::clone(&folder), free_address(), issuer.clone(), database.clone());
    let servers = [server(), server()];
    let balancer = Balancer::start(listener, &[servers[0].address, servers[1].address]);
    Some(Nodes { servers, balancer })
}

/// The same, with the directory of the tests, started.
async fn started() -> Option<Nodes> {
    let mut nodes = nodes().await?;
    nodes.servers[0].apply();
    for server in &mut nodes.servers {
        server.serve().await;
    }
    nodes.balancer.knows_all().await;
    Some(nodes)
}

#[expect(clippy::disallowed_methods, reason = "the tests are told by it where PostgreSQL is")]
async fn database() -> Option<String> {
    let Some(admin) = std::env::var(POSTGRES).ok().filter(|it| !it.is_empty()) else {
        let _ = writeln!(io::stderr(), "skipped: two nodes take PostgreSQL, see {POSTGRES}");
        return None;
    };
    let mut name = [0_u8; 8];
    tegata::environment::Environment::system().entropy.fill(&mut name);
    let name = format!("tegata_{:016x}", u64::from_be_bytes(name));
    let connection = Database::connect(&admin).await.unwrap();
    connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    connection.close().await.unwrap();
    let mut url = url::Url::parse(&admin).unwrap();
    url.set_path(&name);
    Some(url.into())
}

async fn texts(server: &Server, query: &str) -> Vec<String> {
    let store = server.store().await;
    let statement = Statement::from_string(store.read().get_database_backend(), query);
    let rows = store.read().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "text").unwrap()).collect()
}

/// On an empty database one of them makes the tables and one of them makes each key.
#[tokio::test]
async fn started_together() {
    let Some(mut nodes) = nodes().await else { return };
    for server in &mut nodes.servers {
        server.begin();
    }
    for server in &mut nodes.servers {
        server.ready().await;
    }
    let [server, _] = &nodes.servers;
    let keys = texts(server, "SELECT algorithm AS text FROM keys ORDER BY 1").await;
    assert_eq!(keys, ["ES256", "RS256"]);
    let all = texts(server, "SELECT version AS text FROM seaql_migrations").await;
    let once = texts(server, "SELECT DISTINCT version AS text FROM seaql_migrations").await;
    assert_eq!(all.len(), once.len());
}

/// However many show an ID-JAG at a time and to whichever node, one gets a token for it.
/// Row 127.
#[tokio::test]
async fn fifty_presentations_of_one_id_jag() {
    let Some(nodes) = started().await else { return };
    let server = &nodes.servers[0];
    let agent = Agent::of(server);
    let code = agent.code_by_alice().await;
    let id_token = agent.redeem_code(&code).await.unwrap().member("id_token");
    for _ in 0..3 {
        let id_jag = agent.exchange(&id_token).await.unwrap().member("access_token");
        let (together, mut presented) = (Arc::new(Barrier::new(50)), JoinSet::new());
        let before = nodes.balancer.connections();
        for _ in 0..50 {
            // Each with a connection of its own, so that the balancer spreads them.
            let (agent, id_jag) = (Agent::of(server), id_jag.clone());
            let together = Arc::clone(&together);
            presented.spawn(async move {
                agent.keys().await;
                together.wait().await;
                agent.redeem(&id_jag).await.unwrap()
            });
        }
        let answers = presented.join_all().await;
        let (given, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status == 200);
        assert_eq!(given.len(), 1);
        for answer in refused {
            let said = answer.member("error_description");
            assert!(said.starts_with("the assertion was already used [decision "), "{said}");
        }
        let after = nodes.balancer.connections();
        assert!(before.iter().zip(&after).all(|(before, after)| after - before >= 20));
        let token = jti_of(&given[0].member("access_token"));
        let rows = store::ledger::named(server.store().await.read(), &token).await.unwrap();
        assert_eq!(rows.len(), 1);
    }
}

/// What the agents were told, and what went wrong.
#[derive(Default)]
struct Told {
    tokens: Mutex<Vec<String>>,
    failed: Mutex<Vec<String>>,
    enough: AtomicBool,
}

impl Told {
    /// The token of an answer.
    fn keep(&self, answer: Result<Answer, reqwest::Error>) -> Option<String> {
        match answer {
            Ok(answer) if answer.status == 200 => {
                let token = answer.member("access_token");
                self.tokens.lock().unwrap().push(jti_of(&token));
                Some(token)
            }
            Ok(answer) => {
                self.failed.lock().unwrap().push(format!("{} {}", answer.status, answer.json));
                None
            }
            Err(error) => {
                self.failed.lock().unwrap().push(format!("{error:?}"));
                None
            }
        }
    }

    async fn ask_on(self: Arc<Self>, agent: Agent, id_token: String) {
        while !self.enough.load(Ordering::SeqCst) {
            self.keep(agent.itself().await);
            if let Some(id_jag) = self.keep(agent.exchange(&id_token).await) {
                self.keep(agent.redeem(&id_jag).await);
            }
        }
    }

    /// Waits for that many more tokens.
    async fn go_on(&self, more: usize) {
        let count = || self.tokens.lock().unwrap().len();
        let until = count() + more;
        while count() < until && self.failed.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// One node after the other is told to end and started again, and no agent notices.
#[tokio::test]
async fn rolling_restart() {
    let Some(mut nodes) = started().await else { return };
    let agent = Agent::of(&nodes.servers[0]);
    let code = agent.code_by_alice().await;
    let id_token = agent.redeem_code(&code).await.unwrap().member("id_token");
    let (told, mut agents) = (Arc::new(Told::default()), JoinSet::new());
    for _ in 0..8 {
        let agent = Agent::of(&nodes.servers[0]);
        agents.spawn(Arc::clone(&told).ask_on(agent, id_token.clone()));
    }
    told.go_on(100).await;
    for node in [0, 1, 0] {
        let server = &mut nodes.servers[node];
        server.terminate();
        told.go_on(50).await;
        let status = server.ended(Duration::from_secs(20)).await.expect("it does not end");
        assert_eq!(status.code(), Some(0));
        told.go_on(50).await;
        server.serve().await;
        nodes.balancer.knows_all().await;
        told.go_on(50).await;
    }
    told.enough.store(true, Ordering::SeqCst);
    agents.join_all().await;

    assert_eq!(*told.failed.lock().unwrap(), Vec::<String>::new());
    let received = std::mem::take(&mut *told.tokens.lock().unwrap());
    let query = "SELECT jti AS text FROM ledger WHERE jti IS NOT NULL AND outcome = 'issued'";
    let recorded: std::collections::HashSet<_> =
        texts(&nodes.servers[0], query).await.into_iter().collect();
    let lost: Vec<_> = received.iter().filter(|it| !recorded.contains(*it)).collect();
    assert_eq!(lost, Vec::<&String>::new());
}

/// Told twice, it does not wait for anybody any more.
#[tokio::test]
async fn told_to_stop_twice() {
    let Some(mut nodes) = started().await else { return };
    let server = &mut nodes.servers[0];
    server.terminate();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ready = format!("http://{}/readyz", server.address);
    // From its drain on, and while it still answers.
    while http.get(&ready).send().await.unwrap().status() != 503 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let answer = http.get(&ready).send().await.unwrap();
    assert_eq!(answer.headers()["connection"], "close");
    server.terminate();
    let status = server.ended(Duration::from_secs(2)).await.expect("it goes on");
    assert_eq!(status.code(), Some(1));
}
