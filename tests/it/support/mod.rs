//! The world of the tests: home, two services, a partner's IdP, people, agents.
//!
//! All of it runs in this process on a real database, at a time that only moves when a test
//! moves it. Each test has a world of its own, on one node or on as many as the tests are told to
//! put behind one balancer.

mod agent;
mod answer;
mod browser;
mod certificate;
mod clock;
mod database;
mod forge;
mod invited;
mod journey;
mod node;
mod partner;
mod possession;
mod smithy;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tegata::app::Opened;
use tegata::config::Config;
use tegata::directory::{Options, apply_text};
use tegata::environment::Environment;
use tegata::jose::{Algorithm, KeyEncryptionKey};
use tegata::model::KeyRecord;
use tegata::oauth::Issuer;
use tegata::server::{AuthorizationServer, LiveIssuers};
use tegata::store::Store;
use tegata::store::changes::{self, Change};

pub use agent::{exchange, exchange_of, id_token_of, redeem, redeem_code, signed_in, tokens_of};
pub use answer::{Answer, at_any_time, claims_of, header_of, the_same};
pub use browser::{Browser, VERIFIER, authorize_url};
pub use certificate::{BEHIND_PROXY, Certified, PROXY};
pub use clock::{Dice, Hands, NOW};
pub use database::Database;
pub use forge::{by_public_key, forge, header_by, key_of, unsigned, with_signature};
pub use invited::{CAROLS, LINKING, at_link, invited, of_carol};
pub use journey::{CALLBACK, allowed_by_alice, changed, redemption};
use node::Node;
pub use partner::{Partner, Way};
pub use possession::Holder;
pub use smithy::{Forge, message, with};

pub const HOME: &str = "https://home.example";
pub const CHAT: &str = "https://home.example/services/chat";
pub const CALENDAR: &str = "https://auth.calendar.example";
pub const PARTNER: &str = "https://idp.partner.example";

pub const MCP: &str = "https://chat.example/mcp";
pub const FILES: &str = "https://chat.example/files";

/// A service elsewhere, of which home knows no more than this.
pub const MAIL: &str = "https://mail.example";

/// The world, in which the wiki agent is connected with that service on these terms.
pub fn with_mail(terms: &str) -> String {
    format!(
        r#"{WORLD}
[[service]]
id = "mail"
name = "Mail"
issuer = "{MAIL}"
hosted = false
scopes = {{ "mail.read" = "Read your mail" }}

[[connection]]
client = "wiki-agent"
service = "mail"
client_id = "wiki-at-mail"
scopes = ["mail.read"]
{terms}
"#
    )
}

pub const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
pub const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
pub const ID_JAG_TYP: &str = "oauth-id-jag+jwt";

/// The directory of the world.
pub const WORLD: &str = include_str!("world.toml");

/// What everybody's secret is, with their name in front of it.
pub fn secret_of(client: &str) -> String {
    format!("{client}-secret-0123456789abcdefghij")
}

pub struct World {
    /// Of the first node.
    pub live: Arc<LiveIssuers>,
    pub hands: Hands,
    pub partner: Arc<Partner>,
    pub database: Arc<Database>,
    nodes: Vec<Node>,
    /// How many requests came so far: each node answers in its turn.
    asked: AtomicUsize,
}

impl World {
    /// The world of `world.toml`.
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// The same, with `more` in its directory.
    pub async fn with(more: &str) -> Self {
        Self::of(&format!("{WORLD}\n{more}")).await
    }

    /// The same, with `from` replaced by `to` in its directory.
    pub async fn but(from: &str, to: &str) -> Self {
        assert!(WORLD.contains(from), "world.toml has no {from}");
        Self::of(&WORLD.replace(from, to)).await
    }

    /// A world of this directory.
    pub async fn of(directory: &str) -> Self {
        Self::on(Database::new().await, directory).await
    }

    /// A world on a database that may have been used before.
    pub async fn on(database: impl Into<Arc<Database>>, directory: &str) -> Self {
        Self::at(HOME, database.into(), directory).await
    }

    /// The world of `world.toml` where an administrator set these keys.
    pub async fn configured(settings: &[(&str, &str)]) -> Self {
        Self::set(settings, WORLD).await
    }

    /// The same with another directory.
    pub async fn set(settings: &[(&str, &str)], directory: &str) -> Self {
        let config = config_of(HOME, settings);
        Self::made(&config, Database::new().await.alone().into(), directory).await
    }

    /// A world whose home is elsewhere.
    pub async fn at(home: &str, database: Arc<Database>, directory: &str) -> Self {
        Self::made(&config_of(home, &[]), database, directory).await
    }

    async fn made(config: &Config, database: Arc<Database>, directory: &str) -> Self {
        let hands = Hands::default();
        let environment =
            Environment { clock: Arc::new(hands.clone()), entropy: Arc::new(Dice::default()) };
        let partner = Arc::new(Partner::new());
        let opened = node::opened(&database, &environment).await;
        apply(config, &opened, directory).await;
        keep_rsa_key(config, &opened.store).await;
        let mut nodes = vec![Node::start(config, opened, &partner).await];
        for _ in 1..database.nodes() {
            let opened = node::opened(&database, &environment).await;
            nodes.push(Node::start(config, opened, &partner).await);
        }
        let live = Arc::clone(&nodes[0].live);
        Self { live, hands, partner, database, nodes, asked: AtomicUsize::new(0) }
    }

    /// Another process on the same database, at the same time.
    pub async fn second_node(&self) -> Self {
        let node = Node::start(&config(), self.opened(), &self.partner).await;
        Self {
            live: Arc::clone(&node.live),
            hands: self.hands.clone(),
            partner: Arc::clone(&self.partner),
            database: Arc::clone(&self.database),
            nodes: vec![node],
            asked: AtomicUsize::new(0),
        }
    }

    /// Sends `request` to the node whose turn it is, as it is.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        let node = &self.nodes[turn % self.nodes.len()];
        if self.nodes.len() > 1 {
            // What the other did a moment ago is known here when its message comes; here, now.
            // One that is cut off hears nothing.
            let _ = node.live.refresh().await;
        }
        node.send(request).await
    }

    /// Lets all nodes notice what is new.
    pub async fn noticed(&self) {
        for node in &self.nodes {
            node.notice().await;
        }
    }

    /// Tells all nodes that somebody wrote into the database past the program.
    pub async fn meddled(&self) {
        let db = self.live.shared().store.write();
        changes::announce(db, &[Change::Everything]).await.unwrap();
        self.noticed().await;
    }

    /// All nodes end; what they leave is the database.
    pub async fn ended(self) -> Arc<Database> {
        for node in self.nodes {
            node.live.shared().store.clone().close().await.unwrap();
        }
        self.database
    }

    pub async fn get(&self, url: &str) -> Answer {
        self.send(request("GET", url).body(Body::empty()).unwrap()).await
    }

    /// A token request of a client that authenticates by Basic.
    pub async fn post_token(&self, at: &str, client: &str, params: &[(&str, &str)]) -> Answer {
        let secret = secret_of(client);
        let basic = BASE64_STANDARD.encode(format!("{client}:{secret}"));
        let request = request("POST", &format!("{at}/oauth2/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", format!("Basic {basic}"))
            .body(Body::from(form(params)));
        self.send(request.unwrap()).await
    }

    /// A token request without any header about who sends it.
    pub async fn post_bare(&self, at: &str, params: &[(&str, &str)]) -> Answer {
        self.post_body(at, form(params)).await
    }

    /// A token request with any body.
    pub async fn post_body(&self, at: &str, body: impl Into<Body>) -> Answer {
        let request = request("POST", &format!("{at}/oauth2/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into());
        self.send(request.unwrap()).await
    }

    pub fn server(&self, issuer: &str) -> Arc<AuthorizationServer> {
        let issuer = Issuer::parse(issuer).unwrap();
        Arc::clone(self.live.last_known().named(&issuer).unwrap())
    }

    /// Signs `claims` as `issuer` does.
    pub fn sign(&self, issuer: &str, typ: &str, claims: &Value) -> String {
        self.sign_by(issuer, Algorithm::ES256, typ, claims)
    }

    pub fn sign_by(&self, issuer: &str, alg: Algorithm, typ: &str, claims: &Value) -> String {
        match issuer {
            PARTNER => self.partner.key.sign(typ, claims),
            _ => self.server(issuer).keys.signer(alg).unwrap().sign(typ, claims),
        }
    }

    /// The claims of an ID-JAG of home that chat accepts from "wiki-at-chat", for a person
    /// with this `sub`.
    #[expect(clippy::unused_self, reason = "it is this world's")]
    pub fn id_jag_claims(&self, sub: &str) -> Value {
        json!({
            "iss": HOME,
            "sub": sub,
            "aud": CHAT,
            "client_id": "wiki-at-chat",
            "jti": "jag-1",
            "exp": NOW.unix_timestamp() + 300,
            "iat": NOW.unix_timestamp(),
            "scope": "chat.read chat.write",
        })
    }

    /// The `sub` of a person.
    pub async fn sub_of(&self, username: &str) -> String {
        let db = self.live.shared().store.read();
        tegata::store::users::named(db, username).await.unwrap().unwrap().id.to_string()
    }

    /// Applies another directory to the world and lets the server notice.
    pub async fn apply(&self, directory: &str) {
        apply(&config(), &self.opened(), directory).await;
        self.noticed().await;
    }

    /// What is wrong with another directory.
    pub async fn mistakes_in(&self, directory: &str) -> String {
        let (ground, path) = (self.opened().ground(&config()), std::path::Path::new("world.toml"));
        let applied = apply_text(&ground, path, directory, Options::default()).await;
        applied.map_or_else(|refused| refused.to_string(), |plan| panic!("{plan:?}"))
    }

    fn opened(&self) -> Opened {
        let shared = self.live.shared();
        Opened {
            store: shared.store.clone(),
            kek: KeyEncryptionKey::new([7; 32]),
            secret_key: shared.secret_key.clone(),
            environment: shared.environment.clone(),
        }
    }
}

pub fn config() -> Config {
    config_of(HOME, &[])
}

fn config_of(home: &str, settings: &[(&str, &str)]) -> Config {
    let environment = [
        ("public_url", home),
        ("database", "sqlite::memory:"),
        ("log.level", "trace"),
        ("sign_in.parallel_hashes", "2"),
    ];
    let environment: Vec<_> = environment
        .iter()
        .chain(settings)
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    Config::read(std::path::Path::new("none.toml"), false, &environment).unwrap()
}

/// Home's key for RS256, made once and sealed by the worlds' key: to find a new one takes longer
/// than most tests.
async fn keep_rsa_key(config: &Config, store: &Store) {
    let there = tegata::store::keys::all(store.write()).await.unwrap();
    if there.iter().any(|it| it.algorithm == "RS256") {
        return;
    }
    let key = KeyRecord {
        key_id: "home-rs256".into(),
        issuer: config.public_url.clone(),
        algorithm: "RS256".into(),
        sealed: include_str!("home_rs256.jwe").into(),
        created_at: NOW,
        signs_from: NOW,
        retired_at: None,
        gone_at: None,
    };
    tegata::store::keys::publish(store.write(), &key).await.unwrap();
}

/// A request to `url`, as the server sees it.
pub fn request(method: &str, url: &str) -> axum::http::request::Builder {
    let url = url::Url::parse(url).unwrap();
    let host = url.host_str().unwrap();
    let host = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Request::builder().method(method).uri(format!("{}{query}", url.path())).header("host", host)
}

pub fn form(params: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

async fn apply(config: &Config, opened: &Opened, directory: &str) {
    let (ground, path) = (opened.ground(config), std::path::Path::new("world.toml"));
    let applied = apply_text(&ground, path, directory, Options::default()).await;
    applied.unwrap_or_else(|refused| panic!("{refused}"));
}
