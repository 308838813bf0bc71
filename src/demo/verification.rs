//! How an API believes an access token: offline, by RFC 9068 §4. Meant to be copied.
//!
//! It knows two things beforehand, its authorization server and its own name. It asks that
//! server for keys now and then, and nobody about a token.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use url::Url;

use crate::jose::{Algorithm, BadJwt, KeySet, Typ, UnverifiedJwt};
use crate::oauth::{ClientId, Issuer, Resource, Scope, Subject, strict_json};
use crate::outbound::{Http, Unreachable};

/// What it takes to verify access tokens for one resource.
pub struct AccessTokenVerifier {
    /// The only authorization server whose tokens count.
    issuer: Issuer,
    /// Our own name: tokens for others are not for us.
    resource: Resource,
    http: Http,
    cache: Mutex<Option<Cached>>,
}

struct Cached {
    keys: Arc<KeySet>,
    fetched_at: OffsetDateTime,
}

/// A token that was verified. Only [`AccessTokenVerifier::verify`] makes one.
#[derive(Clone, Debug)]
pub struct AccessToken {
    subject: Subject,
    client: ClientId,
    scope: Scope,
}

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// Form, type, algorithm, key or signature.
    #[error("the token is not acceptable: {0}")]
    Jwt(#[from] BadJwt),
    /// Another authorization server made it.
    #[error("the token is from another issuer")]
    Issuer,
    /// It is for another API.
    #[error("the token is for another resource")]
    Audience,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Our fault, not the token's.
    #[error("the keys of the authorization server cannot be fetched: {0}")]
    Keys(String),
}

/// The claims that we look at (RFC 9068 §2.2).
#[derive(Deserialize)]
struct Claims {
    iss: Issuer,
    aud: OneOrMore,
    exp: i64,
    sub: Subject,
    client_id: ClientId,
    #[serde(default)]
    scope: Scope,
}

/// RFC 7519 §4.1.3: a text, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// RFC 8725 §3.1: what we accept is our decision, not the token's.
const ACCEPTED: &[Algorithm] =
    &[Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256, Algorithm::RS256];

/// Keys are asked for again after this time, so that a withdrawn one stops to count.
const KEYS_LAST: Duration = Duration::minutes(10);

/// A `kid` that we do not know may be a new key; but strangers who invent one must not make us
/// ask more often than this.
const ASK_AGAIN_AFTER: Duration = Duration::seconds(30);

impl AccessTokenVerifier {
    /// For tokens that `issuer` makes for `resource`.
    pub fn new(issuer: Issuer, resource: Resource, http: Http) -> Self {
        Self { issuer, resource, http, cache: Mutex::new(None) }
    }

    /// The authorization server that it believes.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// What the tokens are for.
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// RFC 9068 §4, in its order.
    pub async fn verify(&self, token: &str, now: OffsetDateTime) -> Result<AccessToken, Rejection> {
        let jwt = UnverifiedJwt::read(token)?;
        // First, so that nobody makes us fetch keys of an issuer that we do not know.
        if jwt.issuer() != self.issuer.as_str() {
            return Err(Rejection::Issuer);
        }
        // `typ` keeps ID tokens and ID-JAGs of the same issuer out; then algorithm, signature.
        let check = |keys: Arc<KeySet>| keys.verify::<Claims>(&jwt, Typ::Is("at+jwt"), ACCEPTED);
        let claims = match check(self.keys(now, KEYS_LAST).await?) {
            Err(BadJwt::UnknownKey) => check(self.keys(now, ASK_AGAIN_AFTER).await?)?,
            checked => checked?,
        };
        if claims.iss != self.issuer {
            return Err(Rejection::Issuer);
        }
        // "The resource server MUST validate that the "aud" claim contains a resource indicator
        // value corresponding to an identifier the resource server expects for itself."
        if !claims.aud.includes(self.resource.as_str()) {
            return Err(Rejection::Audience);
        }
        if claims.exp <= now.unix_timestamp() {
            return Err(Rejection::Expired);
        }
        Ok(AccessToken { subject: claims.sub, client: claims.client_id, scope: claims.scope })
    }

    /// The keys, fetched again if they are older than `at_most`. The lock is held meanwhile, so
    /// that a hundred requests at once ask only once.
    async fn keys(&self, now: OffsetDateTime, at_most: Duration) -> Result<Arc<KeySet>, Rejection> {
        let mut cache = self.cache.lock().await;
        if let Some(cached) = cache.as_ref().filter(|it| now - it.fetched_at < at_most) {
            return Ok(Arc::clone(&cached.keys));
        }
        let keys = Arc::new(self.fetch().await?);
        *cache = Some(Cached { keys: Arc::clone(&keys), fetched_at: now });
        Ok(keys)
    }

    /// RFC 8414 §3: the metadata say where the keys are.
    async fn fetch(&self) -> Result<KeySet, Rejection> {
        let unreachable = |error: Unreachable| Rejection::Keys(error.to_string());
        let reply = self.http.get(&metadata_of(&self.issuer)).await.map_err(unreachable)?;
        let metadata: Value = strict_json::object(&reply.body).unwrap_or_default();
        // RFC 8414 §3.3: another issuer's document "MUST NOT be used".
        if metadata["issuer"] != self.issuer.as_str() {
            return Err(Rejection::Keys("its metadata are of another issuer".to_owned()));
        }
        let uri = metadata["jwks_uri"].as_str();
        let uri = uri.ok_or_else(|| Rejection::Keys("it names no jwks_uri".to_owned()))?;
        let reply = self.http.get(uri).await.map_err(unreachable)?;
        KeySet::parse(&reply.body).map_err(|bad| Rejection::Keys(bad.to_string()))
    }
}

/// RFC 8414 §3.1: the well-known path stands between host and path.
fn metadata_of(issuer: &Issuer) -> String {
    let url: Url = issuer.url();
    let path = url.path().trim_end_matches('/');
    format!("{}/.well-known/oauth-authorization-server{path}", url.origin().ascii_serialization())
}

impl AccessToken {
    /// For whom.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Who acts.
    pub fn client(&self) -> &ClientId {
        &self.client
    }

    /// How much is allowed.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl OneOrMore {
    fn includes(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::More(more) => more.iter().any(|it| it == name),
        }
    }
}
