//! What a person is asked, and what becomes of their answer (OIDC Core §3.1.2.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::request::AuthorizationRequest;
use crate::issuance::{self, Attempt, CodeOrder};
use crate::model::{Approval, Client, Consent, Login, Service, User};
use crate::oauth::Scope;
use crate::policy;
use crate::server::AuthorizationServer;
use crate::store::StoreError;

/// All that the person should know before they decide.
pub struct Ask {
    /// What was remembered from before.
    before: Option<Arc<Consent>>,
    /// The services that the client could reach for them, whoever decides about it.
    pub reachable: Vec<Reachable>,
    /// What the client says of itself, if that is all that is known of it.
    described: Option<String>,
    /// Whether anything of it is new.
    new: bool,
}

/// What is answered by a code.
pub struct Asked<'a> {
    pub request: &'a AuthorizationRequest,
    /// By which name it waited for the person, if it did.
    pub waited: Option<String>,
}

/// A service that the client could reach for the person.
pub struct Reachable {
    pub service: Service,
    pub scope: Scope,
    /// Who decides.
    pub approval: Approval,
}

impl Ask {
    /// Whether more is wanted than was allowed before.
    pub fn is_needed(&self) -> bool {
        self.new
    }

    /// Whom it asks about what: the same text only for what reads the same.
    pub fn in_short(&self, user: &User) -> String {
        let service =
            |it: &Reachable| format!(" {} {:?} ({})", it.service.id, it.approval, it.scope);
        let services: String = self.reachable.iter().map(service).collect();
        format!("{}:{services} {}", user.id, self.described.as_deref().unwrap_or_default())
    }
}

/// Finds out what there is to ask.
pub async fn ask(
    server: &AuthorizationServer,
    client: &Client,
    request: &AuthorizationRequest,
    user: &User,
) -> Result<Ask, StoreError> {
    let before = server.shared.store.consent(&user.id, &server.issuer, &client.id).await?;
    // A service's own clients reach that service, and nothing else: its catalogue is empty.
    let catalogue = &server.catalogue;
    let connections = catalogue.connections_of(&client.id);
    let reachable = policy::reachable(connections, catalogue.services(), user);
    let before = before.filter(|it| it.is_for(client));
    let unasked = policy::consent_of(&reachable, before.as_deref());
    let covered = before.as_ref().is_some_and(|it| it.scope.covers(&request.scope));
    let new = !covered || !unasked.is_empty();
    let reachable = reachable
        .into_iter()
        .map(|(connection, service, scope)| Reachable {
            service: service.clone(),
            scope,
            approval: connection.approval,
        })
        .collect();
    Ok(Ask { before, reachable, described: client.described.clone(), new })
}

/// The person allows it: a code is issued, and their word remembered.
pub async fn allow(
    server: &AuthorizationServer,
    client: &Client,
    asked: &Asked<'_>,
    login: &Login,
    ask: &Ask,
    attempt: &mut Attempt,
) -> Result<String, issuance::Refusal> {
    let consent = given(client, asked.request, login, ask);
    respond(server, client, asked, login, Some(consent), attempt).await
}

/// Issues the code that was asked for.
pub async fn respond(
    server: &AuthorizationServer,
    client: &Client,
    asked: &Asked<'_>,
    login: &Login,
    consent: Option<Consent>,
    attempt: &mut Attempt,
) -> Result<String, issuance::Refusal> {
    let request = asked.request;
    let order = CodeOrder {
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        scope: request.scope.clone(),
        resources: request.resources.clone(),
        key: request.dpop_jkt.as_ref().map(ToString::to_string),
        waited: asked.waited.clone(),
        consent,
    };
    let issued = issuance::issue_code(server, client, login, order, attempt).await;
    if let Err(refusal) = &issued
        && !refusal.code().is_ours()
    {
        attempt.refused(server, refusal.code(), refusal.to_string()).await?;
    }
    issued
}

/// What was allowed before, and what is allowed now.
fn given(client: &Client, request: &AuthorizationRequest, login: &Login, ask: &Ask) -> Consent {
    let before = ask.before.as_deref();
    let mut services: BTreeMap<_, _> = before.map(|it| it.services.clone()).unwrap_or_default();
    for it in ask.reachable.iter().filter(|it| it.approval == Approval::User) {
        let known = services.remove(&it.service.id).unwrap_or_default();
        services.insert(it.service.id.clone(), known.union(&it.scope));
    }
    let known = before.map(|it| it.scope.clone()).unwrap_or_default();
    Consent {
        user: login.user.clone(),
        issuer: request.issuer.clone(),
        client: client.id.clone(),
        scope: known.union(&request.scope),
        services,
        described: client.described.clone(),
    }
}
