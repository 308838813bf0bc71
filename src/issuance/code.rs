//! Issuing an authorization code (RFC 6749 §4.1.2).

use std::sync::Arc;

use time::Duration;

use super::attempt::Attempt;
use super::door::Refusal;
use crate::model::{AuthorizationCode, Client, Consent, Digest, LedgerEvent, Login, Remark, Tier};
use crate::oauth::{CodeChallenge, Jti, RedirectUri, Resource, Scope};
use crate::server::AuthorizationServer;
use crate::store::{Conflict, Effect};

/// What a person allows a client, once, by the browser.
pub struct CodeOrder {
    pub redirect_uri: RedirectUri,
    pub challenge: CodeChallenge,
    pub nonce: Option<String>,
    pub scope: Scope,
    pub resources: Vec<Resource>,
    /// The thumbprint of the key that the code is bound to (RFC 9449 §10).
    pub key: Option<String>,
    /// Whether a refresh token may come with what it gives.
    pub lasting: bool,
    /// How much is known of the client, if nobody declared it.
    pub tier: Option<Tier>,
    /// The name by which the request waited for the person: it is answered once.
    pub waited: Option<String>,
    /// What they have just consented to, to be remembered.
    pub consent: Option<Consent>,
}

/// Longer than a request that was answered stays in anybody's session by mistake.
const REMEMBERED: Duration = Duration::days(1);

/// Issues a code to `client`, for the person of `login`. The code is the only copy; what is
/// kept of it is its digest.
pub async fn issue_code(
    server: &AuthorizationServer,
    client: &Client,
    login: &Login,
    order: CodeOrder,
    attempt: &mut Attempt,
) -> Result<String, Refusal> {
    let shared = &server.shared;
    if !client.active {
        return Err(Refusal::ClientInactive);
    }
    if login.ended_at.is_some() {
        return Err(Refusal::LoginEnded);
    }
    let (environment, now) = (&shared.environment, attempt.now);
    let (secret, family) = (environment.ordered_secret(now), environment.ordered_id(now));
    attempt.user = Some(login.user.clone());
    attempt.scope = Some(order.scope.clone());
    attempt.parent = Some(login.sid.to_string());
    attempt.remark = order.tier.map(Remark::Tier);
    let mut effects = Vec::new();
    if let Some(jti) = order.waited.as_deref().and_then(|id| Jti::parse(id).ok()) {
        effects.push(Effect::UseOnce {
            issuer: "authorization request".to_owned(),
            jti,
            forget_after: attempt.now + REMEMBERED,
            otherwise: Conflict::RequestAnswered,
        });
    }
    effects.extend([
        Effect::KeepCode(Arc::new(AuthorizationCode {
            digest: Digest::of(&secret),
            family: family.clone(),
            issuer: server.issuer.clone(),
            client: client.id.clone(),
            user: login.user.clone(),
            sid: login.sid.clone(),
            redirect_uri: order.redirect_uri,
            challenge: order.challenge,
            nonce: order.nonce,
            scope: order.scope,
            resources: order.resources,
            key: order.key,
            lasting: order.lasting,
            expires_at: attempt.now + shared.lifetimes.code,
            used: false,
        })),
        Effect::Record(Box::new(attempt.issued(LedgerEvent::Code, Some(family)))),
    ]);
    effects.extend(order.consent.map(Effect::RememberConsent));
    shared.store.begin_commit(effects, attempt.now, attempt.heard)?.durable().await?;
    Ok(secret)
}
