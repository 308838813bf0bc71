//! Clients that nobody registered: they describe themselves at their own address
//! (`docs/decisions/0036-clients-at-their-own-address.md`).

use std::sync::Arc;

use url::Url;

use super::authorization_server::{AuthorizationServer, Role};
use super::clients::RegisteredClient;
use crate::jose::Algorithm;
use crate::model::Client;
use crate::oauth::{AuthMethod, ClientId, GrantType, Scope};
use crate::outbound::{ClientDocument, Unreachable, is_document_url};

/// What such a client may do for people, where they let it.
const ALONE: [GrantType; 2] = [GrantType::AuthorizationCode, GrantType::RefreshToken];

/// And what it may do besides if it proves who it is. It never acts for itself: nobody has decided
/// about that.
const PROVEN: [GrantType; 3] = [GrantType::TokenExchange, GrantType::JwtBearer, GrantType::JwtDpop];

/// What of a person such a client may ask for at home.
const OF_PEOPLE: &str = "openid profile email offline_access";

impl AuthorizationServer {
    /// Who is known here as `id`, active or not: registered, or at its own address. What is
    /// registered goes before, so that it can be switched off.
    pub async fn client(&self, id: &ClientId) -> Result<Option<RegisteredClient>, Unreachable> {
        if let Some(client) = self.clients.find(id) {
            return Ok(Some(client.clone()));
        }
        let hosts = &self.shared.client_hosts;
        if hosts.is_none() || !is_document_url(id.as_str()) {
            return Ok(None);
        }
        let url = Url::parse(id.as_str()).ok();
        if !url.is_some_and(|it| it.host_str().is_some_and(|host| hosts.admit(host))) {
            return Ok(None);
        }
        let document = self.shared.remote_keys.document_at(id.as_str()).await?;
        Ok(Some(self.described(id, &document)))
    }

    /// The record of a client that is active.
    pub async fn active_client(&self, id: &ClientId) -> Result<Option<Arc<Client>>, Unreachable> {
        let client = self.client(id).await?;
        Ok(client.map(|it| it.record).filter(|it| it.active))
    }

    fn described(&self, id: &ClientId, document: &ClientDocument) -> RegisteredClient {
        let offered = match &self.role {
            Role::Home => Scope::parse(OF_PEOPLE).unwrap_or_default(),
            Role::Service(service) => service.offered(&service.described_scope),
        };
        // At a service the person's word alone would go around the connections of home: whoever
        // runs it says whether that is meant.
        let mut grants = if offered.is_empty() { vec![] } else { ALONE.to_vec() };
        if document.auth_method == AuthMethod::PrivateKeyJwt {
            grants.extend(PROVEN);
        }
        let here = self.role.grant_types();
        grants.retain(|it| document.grant_types.contains(it) && here.contains(it));
        // OIDC Registration §2: RS256 is the default, and what we have no key for cannot be had.
        let alg = document.id_token_signed_response_alg.as_deref().and_then(Algorithm::parse);
        let alg = alg.filter(|it| self.keys.signer(*it).is_some()).unwrap_or(Algorithm::RS256);
        let record = Client {
            issuer: self.issuer.clone(),
            id: id.clone(),
            name: document.client_name.clone(),
            agent: false,
            active: true,
            auth_method: document.auth_method,
            secret_mac: None,
            jwks: document.jwks.clone(),
            jwks_uri: document.jwks_uri.clone(),
            redirect_uris: document.redirect_uris.clone(),
            post_logout_redirect_uris: vec![],
            grant_types: grants,
            scope: match &document.scope {
                Some(asked) => asked.intersection(&offered),
                None => offered,
            },
            id_token_signed_response_alg: alg.as_str().to_owned(),
            dpop_bound_access_tokens: document.dpop_bound_access_tokens,
            described: Some(document.digest.clone()),
        };
        RegisteredClient { record: Arc::new(record), keys: document.keys.clone() }
    }
}
