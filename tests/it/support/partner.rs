//! The IdP of a partner, whose keys are fetched and not in our store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use tegata::jose::{Algorithm, KeySet, SigningKey};
use tegata::model::TrustedKeys;
use tegata::oauth::Issuer;
use tegata::outbound::{ClientDocument, FetchKeys, NamedBy, Unreachable, Wanted};

/// How it is to ask somebody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    #[default]
    Open,
    /// Nobody answers.
    Closed,
    /// We ask there too much at the moment.
    Crowded,
    /// Once, it takes longer than a decision may.
    Long,
}

/// Publishes its keys, and counts who asks for them.
pub struct Partner {
    pub key: SigningKey,
    /// The one that it rotated to; whoever does not ask for newer keys has the old one.
    next: Mutex<Option<SigningKey>>,
    fetches: AtomicUsize,
    documents: Mutex<HashMap<String, String>>,
    /// How the way to it is.
    way: Mutex<Way>,
    /// How often somebody asked for keys that nobody here vouched for.
    described: AtomicUsize,
}

impl Partner {
    pub fn new() -> Self {
        let key = SigningKey::generate(Algorithm::ES256, "partner-1");
        let (next, documents, way) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (fetches, described) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { key, next, fetches, documents, way, described }
    }

    /// It signs by another key from now on.
    pub fn rotate(&self) -> SigningKey {
        let key = SigningKey::generate(Algorithm::ES256, "partner-2");
        *self.next.lock().unwrap() = Some(key.clone());
        key
    }

    /// Some client puts `document` at `url`.
    pub fn publish(&self, url: &str, document: &Value) {
        self.documents.lock().unwrap().insert(url.to_owned(), document.to_string());
    }

    /// How often somebody asked for keys of others.
    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// From now on, asking it or anybody else is like that.
    pub fn lead(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }

    /// How often somebody asked for keys of a client that describes itself.
    pub fn fetches_of_described(&self) -> usize {
        self.described.load(Ordering::SeqCst)
    }

    async fn visited(&self) -> Result<(), Unreachable> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let way = *self.way.lock().unwrap();
        match way {
            Way::Open => Ok(()),
            Way::Closed => Err(Unreachable::Late),
            Way::Crowded => Err(Unreachable::Busy),
            Way::Long => {
                self.lead(Way::Open);
                tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
                Ok(())
            }
        }
    }

    fn keys(&self, wanted: Wanted) -> Arc<KeySet> {
        let next = self.next.lock().unwrap().clone().filter(|_| wanted == Wanted::Newer);
        let keys = [Some(self.key.clone()), next];
        let keys: Vec<_> = keys.iter().flatten().map(SigningKey::public_jwk).collect();
        let jwks = json!({ "keys": keys }).to_string();
        Arc::new(KeySet::parse(jwks.as_bytes()).unwrap())
    }
}

#[async_trait]
impl FetchKeys for Partner {
    async fn keys_of(
        &self,
        _: &Issuer,
        _: &TrustedKeys,
        wanted: Wanted,
    ) -> Result<Arc<KeySet>, Unreachable> {
        self.visited().await?;
        Ok(self.keys(wanted))
    }

    async fn set_at(&self, _: &str, wanted: Wanted) -> Result<Arc<KeySet>, Unreachable> {
        self.visited().await?;
        Ok(self.keys(wanted))
    }

    async fn described_set_at(&self, _: &str, wanted: Wanted) -> Result<Arc<KeySet>, Unreachable> {
        self.described.fetch_add(1, Ordering::SeqCst);
        self.visited().await?;
        Ok(self.keys(wanted))
    }

    async fn document_at(&self, url: &str, _: NamedBy) -> Result<Arc<ClientDocument>, Unreachable> {
        self.visited().await?;
        let documents = self.documents.lock().unwrap();
        let text = documents.get(url).ok_or(Unreachable::Status(404))?;
        let document = ClientDocument::read(url, text.as_bytes());
        document.map(Arc::new).map_err(Unreachable::Document)
    }
}
