//! A balancer as simple as they come: it asks each node whether it is ready, gives each new
//! connection to the next that is, and tries nothing twice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How often it asks.
const INTERVAL: Duration = Duration::from_millis(50);

struct Node {
    address: SocketAddr,
    ready: AtomicBool,
    connections: AtomicUsize,
}

/// It ends with this value.
pub(crate) struct Balancer {
    nodes: Arc<Vec<Node>>,
    _tasks: JoinSet<()>,
}

impl Balancer {
    pub(crate) fn start(listener: TcpListener, nodes: &[SocketAddr]) -> Self {
        let node = |address: &SocketAddr| Node {
            address: *address,
            ready: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
        };
        let nodes: Arc<Vec<_>> = Arc::new(nodes.iter().map(node).collect());
        let mut tasks = JoinSet::new();
        tasks.spawn(ask(Arc::clone(&nodes)));
        tasks.spawn(give_out(listener, Arc::clone(&nodes)));
        Self { nodes, _tasks: tasks }
    }

    /// Waits until it knows that all nodes are ready.
    pub(crate) async fn knows_all(&self) {
        while !self.nodes.iter().all(|it| it.ready.load(Ordering::SeqCst)) {
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// How many connections each node was given.
    pub(crate) fn connections(&self) -> Vec<usize> {
        self.nodes.iter().map(|it| it.connections.load(Ordering::SeqCst)).collect()
    }
}

async fn ask(nodes: Arc<Vec<Node>>) {
    // Each question on a connection of its own.
    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    loop {
        for node in nodes.iter() {
            let answer = http.get(format!("http://{}/readyz", node.address)).send().await;
            let ready = answer.is_ok_and(|it| it.status().is_success());
            node.ready.store(ready, Ordering::SeqCst);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn give_out(listener: TcpListener, nodes: Arc<Vec<Node>>) {
    let (mut under_way, mut turn) = (JoinSet::new(), 0);
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        while under_way.try_join_next().is_some() {}
        turn += 1;
        let ready: Vec<_> = nodes.iter().filter(|it| it.ready.load(Ordering::SeqCst)).collect();
        let Some(node) = ready.get(turn % ready.len().max(1)) else { continue };
        node.connections.fetch_add(1, Ordering::SeqCst);
        let address = node.address;
        under_way.spawn(async move {
            let Ok(mut node) = TcpStream::connect(address).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
        });
    }
}
