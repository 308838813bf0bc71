//! Links that people make: `docs/decisions/0045-linking.md`.
//!
//! A genuine ID-JAG without an account leaves an invitation ([`invite`]). While everybody concerned is
//! in good standing it can be read ([`invitation`]), and answered once: by [`link`] or [`dismiss`].

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use time::{Duration, OffsetDateTime};

use super::attempt::{Attempt, NotRecorded};
use super::{door, standing};
use crate::clients::AuthenticatedClient;
use crate::limits::TurnedAway;
use crate::model::{Accounts, Client, Digest, LedgerEntry, LedgerEvent, LinkInvitation, Login};
use crate::oauth::{ErrorCode, Jti};
use crate::policy::TrustedIssuer;
use crate::server::AuthorizationServer;
use crate::store::{self, CommitError, Conflict, Effect, StoreError};
use crate::tokens::PresentedIdJag;

/// How long a person has to follow an invitation.
const LIVES: Duration = Duration::minutes(10);

/// So many of one client for one subject are good at a time: an answer can get lost, and a client
/// that tries again must not end what the person is about to answer.
const AT_A_TIME: u64 = 3;

/// The longest address (RFC 5321 §4.5.3.1.3, without the brackets), in bytes.
const LONGEST: usize = 254;

/// What becomes of an ID-JAG without an account.
pub enum Invitation {
    /// Nobody can link it.
    None,
    /// As many as there may be at a time are open already.
    Open,
    Sent(Invited),
}

/// What the client gets, once: where the person goes.
pub struct Invited {
    uri: SecretString,
    expires_in: i64,
}

impl Invited {
    pub fn uri(&self) -> &str {
        self.uri.expose_secret()
    }

    /// In seconds.
    pub fn expires_in(&self) -> i64 {
        self.expires_in
    }
}

impl fmt::Debug for Invited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invited")
    }
}

/// Invites whom `id_jag` is about to link an account, if the trust lets them. It passed all other
/// rules of its grant.
pub async fn invite(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    trusted: &TrustedIssuer,
    id_jag: &PresentedIdJag,
    attempt: &Attempt,
) -> Result<Invitation, door::Refusal> {
    let service = server.service().filter(|it| it.active);
    let (Some(service), claims) = (service, id_jag.claims()) else { return Ok(Invitation::None) };
    let terms = &trusted.trust.terms;
    let (Some(email), Some(true)) = (&claims.email, claims.email_verified) else {
        return Ok(Invitation::None);
    };
    // Who is named by `aud_sub` is nobody else.
    let named = terms.aud_sub && claims.aud_sub.is_some();
    let readable = email.len() <= LONGEST && !email.chars().any(char::is_control);
    // Whoever keeps an invitation reads the address in the ID-JAG, too.
    let nobody_knows_it = client.record().described.is_some();
    if named
        || nobody_knows_it
        || !readable
        || !trusts(trusted, terms.tenant.as_deref(), email)
        || !client.record().active
    {
        return Ok(Invitation::None);
    }
    let (store, now) = (&server.shared.store, attempt.now);
    let whose = trusted.whose(id_jag.subject());
    let (id, db) = (&service.id, store.read());
    let good = store::link_invitations::count(db, id, &whose, client.id(), now).await?;
    if good >= AT_A_TIME {
        return Ok(Invitation::Open);
    }
    let environment = &server.shared.environment;
    let code = environment.secret();
    let invitation = LinkInvitation {
        id: Jti::parse(&environment.unique_id()).expect("it is 32 hexadecimal digits"),
        digest: Digest::of(&code),
        service: service.id.clone(),
        whose,
        email: email.clone(),
        client: client.id().clone(),
        jti: id_jag.jti().clone(),
        expires_at: now + LIVES,
    };
    // A proof of the client is used up by what it gets, and this is something.
    let mut effects = client.effects();
    effects.push(Effect::Invite(Box::new(invitation)));
    store.begin_commit(effects, now, attempt.heard)?.durable().await?;
    let uri = server.issuer.at(&format!("/link?invitation={code}")).into();
    Ok(Invitation::Sent(Invited { uri, expires_in: LIVES.whole_seconds() }))
}

/// Whether people with this address at the issuer may link themselves.
fn trusts(trusted: &TrustedIssuer, tenant: Option<&str>, email: &str) -> bool {
    let trust = &trusted.trust;
    let linked = trust.active && trust.accounts == Accounts::Linked;
    linked && trust.terms.tenant.as_deref() == tenant && trust.terms.links(email)
}

/// By what an invitation is found.
pub enum Named<'a> {
    /// What the client was given.
    Code(&'a str),
    /// What we call it.
    Id(&'a str),
}

/// An invitation that is good: not answered, not too old, and its client, its trust and its service
/// are as they were. Only [`invitation`] makes one.
pub struct LiveInvitation {
    record: LinkInvitation,
    client: Arc<Client>,
}

impl LiveInvitation {
    pub fn record(&self) -> &LinkInvitation {
        &self.record
    }

    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// The invitation to `server` of this name, if it is good. What is wrong with it nobody is told.
pub async fn invitation(
    server: &AuthorizationServer,
    named: Named<'_>,
    now: OffsetDateTime,
) -> Result<Option<LiveInvitation>, StoreError> {
    let store = &server.shared.store;
    let found = match named {
        Named::Code(code) => store::link_invitations::find(store.read(), &Digest::of(code)).await?,
        Named::Id(id) => store::link_invitations::named(store.read(), id).await?,
    };
    let service = server.service().filter(|it| it.active);
    let here = |it: &LinkInvitation| service.is_some_and(|service| service.id == it.service);
    let Some(record) = found.filter(|it| here(it) && now < it.expires_at) else { return Ok(None) };
    let whose = &record.whose;
    let believes = |it: &TrustedIssuer| trusts(it, whose.tenant.as_deref(), &record.email);
    if !server.trusted_issuers.by_id_jag(whose.issuer.as_str()).any(believes) {
        return Ok(None);
    }
    // It may have been linked by an administrator, and then it is no question any more.
    if store::accounts::of(store.read(), &record.service, whose).await?.is_some() {
        return Ok(None);
    }
    let client = server.active_client(&record.client).await.ok().flatten();
    Ok(client.map(|client| LiveInvitation { record, client }))
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum LinkRefusal {
    #[error("the invitation or the link is over already")]
    Over,
    #[error("the account of the person is not active here")]
    AccountInactive,
    #[error("the login has ended: the person has to sign in again")]
    LoginEnded,
    #[error("{0}")]
    TurnedAway(#[from] TurnedAway),
    #[error("it could not be recorded")]
    Commit(#[source] CommitError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LinkRefusal {
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Over => ErrorCode::InvalidRequest,
            Self::AccountInactive => ErrorCode::AccessDenied,
            Self::LoginEnded => ErrorCode::LoginRequired,
            Self::TurnedAway(_) => ErrorCode::SlowDown,
            Self::Commit(it) => it.code(),
            Self::Store(it) => it.code(),
        }
    }
}

impl From<CommitError> for LinkRefusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict(Conflict::LinkOver) => Self::Over,
            error => Self::Commit(error),
        }
    }
}

impl From<NotRecorded> for LinkRefusal {
    fn from(error: NotRecorded) -> Self {
        error.into_refusal()
    }
}

/// Links whom `invitation` is about to the account of the person of `login`.
pub async fn link(
    server: &AuthorizationServer,
    invitation: LiveInvitation,
    login: &Login,
    attempt: &Attempt,
) -> Result<(), LinkRefusal> {
    let store = &server.shared.store;
    match standing::active(server, &login.user).await {
        Ok(_) if login.ended_at.is_none() => {}
        Err(door::Refusal::Store(error)) => return Err(error.into()),
        _ => return Err(LinkRefusal::LoginEnded),
    }
    let (service, account) = (&invitation.record.service, &login.user);
    if store::accounts::is_switched_off(store.read(), service, account).await? {
        return Err(LinkRefusal::AccountInactive);
    }
    let entry =
        attempt.issued(LedgerEvent::Link, Some(invitation.record.whose.subject.to_string()));
    let effects = vec![
        Effect::Link { by: Box::new(invitation.record), account: login.user.clone() },
        Effect::Record(Box::new(entry)),
    ];
    Ok(store.begin_commit(effects, attempt.now, attempt.heard)?.durable().await?)
}

/// Ends `invitation` without a link, and records why.
pub async fn dismiss(
    server: &AuthorizationServer,
    invitation: LiveInvitation,
    why: &str,
    attempt: &Attempt,
) -> Result<(), LinkRefusal> {
    let subject = Some(invitation.record.whose.subject.to_string());
    let entry = attempt.refusal(ErrorCode::AccessDenied, why.to_owned());
    let entry = LedgerEntry { jti: subject, ..entry };
    let effects =
        vec![Effect::Dismiss(Box::new(invitation.record)), Effect::Record(Box::new(entry))];
    Ok(server.shared.store.commit(effects, attempt.now).await?)
}
