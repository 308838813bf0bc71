//! Clients that nobody declared: they registered themselves, or describe themselves at their own
//! address (`docs/decisions/0036-clients-at-their-own-address.md`,
//! `docs/decisions/0038-registrations.md`).

use std::sync::Arc;

use url::Url;

use super::authorization_server::{AuthorizationServer, Role};
use super::clients::RegisteredClient;
use crate::jose::Algorithm;
use crate::model::{BadMetadata, Client, ClientMetadata, Gist, Tier, is_registered};
use crate::oauth::{AuthMethod, ClientId, GrantType, RedirectUri, Scope};
use crate::outbound::{NamedBy, Unreachable, is_document_url};
use crate::store::StoreError;
use crate::store::registrations::Registered;

/// What such a client may do for people, where they let it.
const ALONE: [GrantType; 2] = [GrantType::AuthorizationCode, GrantType::RefreshToken];

/// And what it may do besides if it proves who it is. It never acts for itself: nobody has decided
/// about that.
const PROVEN: [GrantType; 3] = [GrantType::TokenExchange, GrantType::JwtBearer, GrantType::JwtDpop];

/// What of a person such a client may ask for at home.
const OF_PEOPLE: &str = "openid profile email offline_access";

/// Why nobody can say who somebody is.
#[derive(Debug, thiserror::Error)]
pub enum Unknowable {
    #[error(transparent)]
    Document(#[from] Unreachable),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuthorizationServer {
    /// Who is known here as `id`, active or not: declared, registered, or at its own address. What
    /// is declared goes before, so that it can be switched off.
    pub async fn client(&self, id: &ClientId) -> Result<Option<RegisteredClient>, Unknowable> {
        if let Some(client) = self.clients.find(id) {
            return Ok(Some(client.clone()));
        }
        if is_registered(id) {
            return Ok(self.registered(id).await?.map(|it| self.of_registration(&it)));
        }
        let url = id.as_str();
        let (tiers, remote) = (&self.shared.tiers, &self.shared.remote_keys);
        let listed = tiers.list(url);
        let admitted = listed || self.admits_host_of(url);
        if !admitted || !is_document_url(url) {
            return Ok(None);
        }
        let by = if tiers.open(url) { NamedBy::Administrator } else { NamedBy::Strangers };
        let document = remote.document_at(url, by).await?;
        let kept = self.keeps_word_to(&document.metadata);
        kept.map_err(|it| Unreachable::Document(it.into()))?;
        let client = self.undeclared(id, &document.metadata, &document.gist);
        Ok(Some(RegisteredClient { record: Arc::new(client), keys: document.keys.clone() }))
    }

    /// The record of a client that is active.
    pub async fn active_client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Unknowable> {
        let client = self.client(id).await?;
        Ok(client.map(|it| it.record).filter(|it| it.active))
    }

    /// Whether a client that got something once was taken out since, or switched off. Where it only
    /// describes itself, what it says now does not matter.
    pub async fn is_gone(&self, id: &ClientId) -> Result<bool, StoreError> {
        match self.clients.find(id) {
            Some(client) => Ok(!client.record.active),
            None if is_registered(id) => Ok(self.registered(id).await?.is_none()),
            None => Ok(false),
        }
    }

    /// The registration that `id` made, unless it was not used in time.
    pub async fn registered(&self, id: &ClientId) -> Result<Option<Arc<Registered>>, StoreError> {
        let registered = self.shared.store.registration(&self.issuer, id).await?;
        let now = self.shared.environment.clock.now();
        let remembered = |it: &Arc<Registered>| {
            it.registration.forget_after.is_none_or(|forgotten| now < forgotten)
        };
        Ok(registered.filter(remembered))
    }

    /// Whether what stands at the host of `url` may say who a client is.
    pub fn admits_host_of(&self, url: &str) -> bool {
        let parsed = Url::parse(url).ok();
        let host = parsed.as_ref().and_then(Url::host_str);
        host.is_some_and(|host| self.shared.client_hosts.admit(host))
            || self.shared.tiers.verify(url)
    }

    /// Whether any client may describe itself.
    pub fn takes_documents(&self) -> bool {
        !self.shared.client_hosts.is_none() || !self.shared.tiers.are_empty()
    }

    /// Whether a client that nobody declared can get anything here without credentials.
    pub fn takes_public_ones(&self) -> bool {
        self.service().is_none_or(|it| !it.offered(&it.described_scope).is_empty())
    }

    /// How much is known of a client that nobody declared, if its answer goes to `to`, and the person
    /// has allowed it before as it is now or has not.
    pub fn tier(&self, client: &Client, to: &RedirectUri, allowed: bool) -> Option<Tier> {
        client.described.as_ref()?;
        let tiers = &self.shared.tiers;
        let id = client.id.as_str();
        // Anybody can say that they are a client of a public address. Whose it is shows by its keys,
        // or by where its answer goes.
        let proven = !client.is_public() || tiers.verify(to.as_str());
        Some(match () {
            () if tiers.list(id) => Tier::Listed,
            () if tiers.verify(id) && proven => Tier::Verified,
            () if allowed => Tier::Seen,
            () => Tier::New,
        })
    }

    /// How much of `scope` may be had by a client that nobody declared and of which so much is known;
    /// by any other, all.
    pub fn most(&self, tier: Option<Tier>, scope: &Scope) -> Scope {
        let Some(tier) = tier else { return scope.clone() };
        let tiers = &self.shared.tiers;
        let scope = match &tiers.new_scope {
            Some(ceiling) if tier == Tier::New => scope.intersection(ceiling),
            _ => scope.clone(),
        };
        let lasting = tiers.let_last(tier);
        scope.only(|token| lasting || token != Scope::OFFLINE_ACCESS)
    }

    /// The most that can come to be known of such a client.
    fn best_tier(&self, id: &ClientId) -> Tier {
        match &self.shared.tiers {
            tiers if tiers.list(id.as_str()) => Tier::Listed,
            tiers if tiers.verify(id.as_str()) => Tier::Verified,
            _ => Tier::Seen,
        }
    }

    /// Whether what such a client relies on happens here: tokens can be bound to certificates only
    /// where there is a proxy that tells of them.
    pub fn keeps_word_to(&self, metadata: &ClientMetadata) -> Result<(), BadMetadata> {
        let relied_on = metadata.tls_client_certificate_bound_access_tokens;
        match relied_on && !self.shared.trusted_proxies.can_bring_certificates() {
            true => Err(BadMetadata::NotHere("tls_client_certificate_bound_access_tokens")),
            false => Ok(()),
        }
    }

    fn of_registration(&self, registered: &Registered) -> RegisteredClient {
        let registration = &registered.registration;
        let client = Client {
            secret_mac: registration.secret_mac.clone(),
            fleeting: registration.forget_after.is_some(),
            ..self.undeclared(&registration.client, &registration.metadata, &registered.gist)
        };
        RegisteredClient { record: Arc::new(client), keys: registered.keys.clone() }
    }

    /// A client of which nothing is known but its own word.
    pub fn undeclared(&self, id: &ClientId, metadata: &ClientMetadata, gist: &Gist) -> Client {
        let offered = match &self.role {
            Role::Home => Scope::parse(OF_PEOPLE).unwrap_or_default(),
            Role::Service(service) => service.offered(&service.described_scope),
        };
        let lasting = self.shared.tiers.let_last(self.best_tier(id));
        let offered = offered.only(|token| lasting || token != Scope::OFFLINE_ACCESS);
        // At a service the person's word alone would go around the connections of home: whoever
        // runs it says whether that is meant.
        let mut grants = if offered.is_empty() { vec![] } else { ALONE.to_vec() };
        if metadata.token_endpoint_auth_method != AuthMethod::None {
            grants.extend(PROVEN);
        }
        let here = self.role.grant_types();
        grants.retain(|it| metadata.grant_types.contains(it) && here.contains(it));
        grants.retain(|it| lasting || *it != GrantType::RefreshToken);
        // OIDC Registration §2: RS256 is the default, and what we have no key for cannot be had.
        let alg = metadata.id_token_signed_response_alg.as_deref().and_then(Algorithm::parse);
        let alg = alg.filter(|it| self.keys.signer(*it).is_some()).unwrap_or(Algorithm::RS256);
        Client {
            issuer: self.issuer.clone(),
            id: id.clone(),
            name: metadata.client_name.clone().unwrap_or_else(|| {
                let host = metadata.redirect_uris.first().map(RedirectUri::shown_host);
                host.unwrap_or_else(|| id.to_string())
            }),
            agent: false,
            active: true,
            auth_method: metadata.token_endpoint_auth_method,
            secret_mac: None,
            jwks: gist.jwks.clone(),
            jwks_uri: metadata.jwks_uri.clone(),
            redirect_uris: metadata.redirect_uris.clone(),
            post_logout_redirect_uris: vec![],
            grant_types: grants,
            scope: match &metadata.scope {
                Some(asked) => asked.intersection(&offered),
                None => offered,
            },
            id_token_signed_response_alg: alg.as_str().to_owned(),
            dpop_bound_access_tokens: metadata.dpop_bound_access_tokens,
            // A service has no ID Tokens, and says itself what people are called in its tokens.
            sector: metadata.sector(id).filter(|_| self.is_home()),
            tls_client_certificate_bound_access_tokens: metadata
                .tls_client_certificate_bound_access_tokens,
            described: Some(gist.digest.clone()),
            fleeting: false,
        }
    }
}
