//! One node of the world: a database connection, keys and caches of its own.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use tegata::app::{self, Opened};
use tegata::config::Config;
use tegata::environment::Environment;
use tegata::http;
use tegata::jose::KeyEncryptionKey;
use tegata::server::{LiveIssuers, SecretKey};
use tegata::store::Store;
use tower::ServiceExt;

use super::{Answer, Database, Partner};

pub struct Node {
    pub live: Arc<LiveIssuers>,
    router: Router,
}

/// What a process that starts on `database` has in its hands.
pub async fn opened(database: &Database, environment: &Environment) -> Opened {
    let store = Store::open(database.url()).await.unwrap();
    let kek = KeyEncryptionKey::new([7; 32]);
    let secret_key = SecretKey::load_or_make(&store, &kek, environment).await.unwrap();
    Opened { store, kek, secret_key, environment: environment.clone() }
}

impl Node {
    pub async fn start(config: &Config, opened: Opened, partner: &Arc<Partner>) -> Self {
        let live = app::assemble_with(config, opened, Arc::clone(partner) as _).await.unwrap();
        let live = Arc::new(live);
        Self { router: http::router(&live), live }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// Looks what is new, as it does by itself every second.
    pub async fn notice(&self) {
        self.live.refresh().await.unwrap();
    }
}
