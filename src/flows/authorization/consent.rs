//! What a person is asked, and what becomes of their answer (OIDC Core §3.1.2.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::request::AuthorizationRequest;
use crate::issuance::{self, Attempt, CodeOrder};
use crate::model::{Approval, Change, Client, Consent, Login, Portrait, Service, Tier, User};
use crate::oauth::{GrantType, Scope};
use crate::policy;
use crate::server::AuthorizationServer;
use crate::store::StoreError;

/// All that the person should know before they decide.
pub struct Ask {
    /// What was remembered from before.
    before: Option<Arc<Consent>>,
    /// The services that the client could reach for them, whoever decides about it.
    pub reachable: Vec<Reachable>,
    /// What the client may have of what it asks for.
    pub scope: Scope,
    /// Of a client that nobody declared.
    pub stranger: Option<Stranger>,
    /// What the client says of itself, if that is all that is known of it.
    described: Option<String>,
    /// Whether anything of it is new.
    new: bool,
}

/// What there is to know of a client that nobody declared.
pub struct Stranger {
    pub tier: Tier,
    /// What is different since the person allowed it, as far as that was kept; `None` if it is as it
    /// was, or they never did.
    pub changes: Option<Vec<Change>>,
    /// Whether refresh tokens may follow.
    pub lasting: bool,
    /// RFC 8252 §8.6: on this machine any program can listen, and say that it is a client of which
    /// all that is known stands at a public address.
    pub is_anybody: bool,
}

/// What is answered by a code.
pub struct Asked<'a> {
    pub request: &'a AuthorizationRequest,
    /// What there was to ask, whether or not the person had to be.
    pub ask: &'a Ask,
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
        let stranger = self.stranger.as_ref();
        let known =
            stranger.map(|it| format!("{} {} {}", it.tier.as_str(), it.lasting, self.scope));
        let described = self.described.as_deref().unwrap_or_default();
        format!("{}:{services} {described} {}", user.id, known.unwrap_or_default())
    }

    /// Whether the client may go on without the person, which they should know.
    pub fn lasts(&self) -> bool {
        self.remembered().contains(Scope::OFFLINE_ACCESS)
    }

    /// The scope that the person allows. That a client which nobody declared may go on without them
    /// is their word everywhere.
    fn remembered(&self) -> Scope {
        match &self.stranger {
            Some(Stranger { lasting: true, .. }) => {
                self.scope.union(&Scope::parse(Scope::OFFLINE_ACCESS).unwrap_or_default())
            }
            _ => self.scope.clone(),
        }
    }
}

/// Finds out what there is to ask.
pub async fn ask(
    server: &AuthorizationServer,
    client: &Client,
    request: &AuthorizationRequest,
    user: &User,
) -> Result<Ask, StoreError> {
    let once = server.shared.store.consent(&user.id, &server.issuer, &client.id).await?;
    // A service's own clients reach that service, and nothing else: its catalogue is empty.
    let catalogue = &server.catalogue;
    let connections = catalogue.connections_of(&client.id);
    let reachable = policy::reachable(connections, catalogue.services(), user);
    // Where its answers go, or whose keys count, is part of what was allowed.
    let before = once.clone().filter(|it| it.is_for(client));
    let stranger = stranger(server, client, request, (once.as_deref(), before.is_some()));
    let scope = server.most(stranger.as_ref().map(|it| it.tier), &request.scope);
    let all_let = policy::consent_of(&reachable, before.as_deref()).is_empty();
    let reachable = reachable
        .into_iter()
        .map(|(connection, service, scope)| Reachable {
            service: service.clone(),
            scope,
            approval: connection.approval,
        })
        .collect();
    let mut ask =
        Ask { before, reachable, scope, stranger, described: client.described.clone(), new: false };
    let covered = ask.before.as_ref().is_some_and(|it| it.scope.covers(&ask.remembered()));
    let anybody = ask.stranger.as_ref().is_some_and(|it| it.is_anybody);
    ask.new = !covered || !all_let || anybody;
    Ok(ask)
}

/// What there is to know of a client that the person allowed `once`, as it is now or as it was then.
fn stranger(
    server: &AuthorizationServer,
    client: &Client,
    request: &AuthorizationRequest,
    (once, as_now): (Option<&Consent>, bool),
) -> Option<Stranger> {
    let tier = server.tier(client, &request.redirect_uri, as_now)?;
    let once = once.filter(|it| it.described.is_some());
    let changed = |once: &Consent| match (&once.portrait, Portrait::of(client)) {
        (Some(then), Some(now)) => then.changes(&now),
        _ => vec![],
    };
    let changes = once.map(changed).filter(|it| !as_now || !it.is_empty());
    // At home `offline_access` says it; at a service the grant does.
    let asked = !server.is_home() || request.scope.contains(Scope::OFFLINE_ACCESS);
    let lasts = asked && client.may_use(GrantType::RefreshToken);
    Some(Stranger {
        tier,
        changes,
        lasting: lasts && server.shared.tiers.let_last(tier),
        is_anybody: client.is_public() && request.redirect_uri.is_on_loopback(),
    })
}

/// The person allows it: a code is issued, and their word remembered.
pub async fn allow(
    server: &AuthorizationServer,
    client: &Client,
    asked: &Asked<'_>,
    login: &Login,
    attempt: &mut Attempt,
) -> Result<String, issuance::Refusal> {
    let consent = given(client, asked, login);
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
    let Asked { request, ask, .. } = asked;
    let stranger = ask.stranger.as_ref();
    let order = CodeOrder {
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        scope: ask.scope.clone(),
        resources: request.resources.clone(),
        key: request.dpop_jkt.as_ref().map(ToString::to_string),
        lasting: stranger.is_none_or(|it| it.lasting),
        tier: stranger.map(|it| it.tier),
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
fn given(client: &Client, asked: &Asked<'_>, login: &Login) -> Consent {
    let ask = asked.ask;
    let before = ask.before.as_deref();
    let mut services: BTreeMap<_, _> = before.map(|it| it.services.clone()).unwrap_or_default();
    for it in ask.reachable.iter().filter(|it| it.approval == Approval::User) {
        let known = services.remove(&it.service.id).unwrap_or_default();
        services.insert(it.service.id.clone(), known.union(&it.scope));
    }
    let known = before.map(|it| it.scope.clone()).unwrap_or_default();
    Consent {
        user: login.user.clone(),
        issuer: asked.request.issuer.clone(),
        client: client.id.clone(),
        scope: known.union(&ask.remembered()),
        services,
        described: client.described.clone(),
        portrait: Portrait::of(client),
    }
}
