//! Whether everybody concerned is still active: asked in one place, right before the commit.

use std::sync::Arc;

use time::OffsetDateTime;

use super::door::Refusal;
use super::warrant::{ProvenRefreshToken, Redemption, Warrant};
use crate::clients::AuthenticatedClient;
use crate::model::{Accounts, Login, TokenFamily, User};
use crate::oauth::{SessionId, Subject};
use crate::server::{AuthorizationServer, Names};
use crate::store::accounts;
use crate::tokens::{AccessTokenClaims, VerifiedIdToken};

/// The people and the login behind a warrant, all of them in good standing.
pub(super) enum Standing {
    /// A person of the directory who is signed in.
    SignedIn(Arc<Login>),
    /// A person whom this server knows by their account alone, or the client itself.
    Account,
}

/// Others' history shows that deactivation is forgotten on some path whenever there is more
/// than one. This is the one.
pub(super) async fn of(
    server: &AuthorizationServer,
    client: &AuthenticatedClient,
    warrant: &Warrant<'_>,
    now: OffsetDateTime,
) -> Result<Standing, Refusal> {
    if !client.record().active || server.service().is_some_and(|service| !service.active) {
        return Err(Refusal::ClientInactive);
    }
    match warrant {
        Warrant::ClientItself { .. } => Ok(Standing::Account),
        Warrant::Workload { trusted, .. } => match trusted.trust.active {
            true => Ok(Standing::Account),
            false => Err(Refusal::TrustInactive),
        },
        Warrant::Code { code, .. } => {
            let code = code.record();
            let user = active(server, &code.user).await?;
            let login = login_of(server, &user, &code.sid, EndedLogin::Refused).await?;
            Ok(Standing::SignedIn(login))
        }
        Warrant::Refresh { token, .. } => {
            let (_, login) = of_family(server, &token.record().family, now).await?;
            Ok(Standing::SignedIn(login))
        }
        Warrant::Entitlement { person, entitlement, .. } => {
            let (connection, service) = (entitlement.connection(), entitlement.service());
            if !connection.active || !service.active {
                return Err(Refusal::ConnectionInactive);
            }
            Ok(Standing::SignedIn(Arc::clone(&person.login)))
        }
        Warrant::IdJag(redemption) => {
            let Redemption { trusted, account, .. } = &**redemption;
            if !trusted.trust.active {
                return Err(Refusal::TrustInactive);
            }
            // An account made just in time is nobody of the directory; all others are somebody.
            let user = server.shared.store.user(account).await?;
            let known = user.is_some() || trusted.trust.accounts != Accounts::SamePerson;
            if !known || user.is_some_and(|it| !it.active) {
                return Err(Refusal::AccountInactive);
            }
            Ok(Standing::Account)
        }
        Warrant::AccessToken(narrowed) => {
            let claims = narrowed.token.claims();
            // Nothing new comes of a login that a refresh token of it would not go on with.
            if let Some(family) = stands(server, claims).await? {
                of_family(server, &family, now).await?;
            }
            Ok(Standing::Account)
        }
    }
}

/// Whether an access token of ours still stands: nobody revoked it, or was switched off since it was
/// issued. If it came of an authorization, that is returned.
pub async fn stands(
    server: &AuthorizationServer,
    claims: &AccessTokenClaims,
) -> Result<Option<Arc<TokenFamily>>, Refusal> {
    let store = &server.shared.store;
    for client in claims.clients() {
        if server.is_gone(&client).await? {
            return Err(Refusal::IssuedToGone);
        }
    }
    let family = match &claims.grant_id {
        Some(id) => {
            let family = store.family(id).await?.filter(|it| !it.revoked);
            Some(family.ok_or(Refusal::FamilyRevoked)?)
        }
        None => None,
    };
    let person = match (&family, server.service()) {
        (Some(family), _) => family.user.clone(),
        // A client may be called anything.
        _ if server.is_of_client_itself(claims) => return Ok(family),
        // Nobody can look after whom a service calls something else by now.
        (None, Some(service)) => {
            server.shared.names_at(service).person(&claims.sub).ok_or(Refusal::OtherName)?
        }
        (None, None) => claims.sub.clone(),
    };
    if store.user(&person).await?.is_some_and(|it| !it.active) {
        return Err(Refusal::UserInactive);
    }
    // What the person allowed here themselves came by no account of another issuer.
    let (Some(service), None) = (server.service(), &family) else { return Ok(family) };
    match accounts::is_switched_off(store.read(), &service.id, &person).await? {
        false => Ok(family),
        true => Err(Refusal::AccountInactive),
    }
}

/// A person who is active, and whose login may still be acted by. Only [`person_of`] and
/// [`person_of_refresh_token`] make one.
pub struct LivePerson {
    user: Arc<User>,
    login: Arc<Login>,
}

impl LivePerson {
    pub fn user(&self) -> &User {
        &self.user
    }

    pub fn login(&self) -> &Login {
        &self.login
    }
}

/// Whom an ID Token is about by the `names` of its client, if they may still be acted for by it:
/// before any policy, for nothing that it says could help (`docs/decisions/0016-ended-sessions.md`).
pub async fn person_of(
    server: &AuthorizationServer,
    names: &Names,
    id_token: &VerifiedIdToken,
) -> Result<LivePerson, Refusal> {
    let person = names.person(id_token.subject()).ok_or(Refusal::OtherName)?;
    let sid = names.login(id_token.sid()).ok_or(Refusal::OtherName)?;
    let user = active(server, &person).await?;
    let login = login_of(server, &user, &sid, EndedLogin::Refused).await?;
    if let Some(family) = &id_token.claims().grant_id {
        let family = server.shared.store.family(family).await?;
        if family.is_none_or(|it| it.revoked) {
            return Err(Refusal::FamilyRevoked);
        }
    }
    Ok(LivePerson { user, login })
}

/// Whom a refresh token is about (ID-JAG §4.3.3: "the same requirements […] as the refresh token
/// grant"), as they are today. It is not used up by that; but one that was used up before has been
/// stolen, and ends all that came with it.
pub async fn person_of_refresh_token(
    server: &AuthorizationServer,
    token: &ProvenRefreshToken,
    now: OffsetDateTime,
) -> Result<LivePerson, Refusal> {
    let (user, login) = of_family(server, &token.record().family, now).await?;
    // `docs/decisions/0016-ended-sessions.md`: who signs out stops the agents, too, however they ask.
    match login.ended_at {
        Some(_) => Err(Refusal::LoginEnded),
        None => Ok(LivePerson { user, login }),
    }
}

/// The person and the login of a family that goes on.
async fn of_family(
    server: &AuthorizationServer,
    family: &TokenFamily,
    now: OffsetDateTime,
) -> Result<(Arc<User>, Arc<Login>), Refusal> {
    let user = active(server, &family.user).await?;
    if family.scope.contains("offline_access") {
        let login = login_of(server, &user, &family.sid, EndedLogin::Accepted).await?;
        return Ok((user, login));
    }
    let login = login_of(server, &user, &family.sid, EndedLogin::Refused).await?;
    // The consent page named a day: without `offline_access` nothing outlives the login.
    match login.auth_time + server.shared.lifetimes.session <= now {
        true => Err(Refusal::LoginEnded),
        false => Ok((user, login)),
    }
}

/// What a person's sign-out means for something that came from the login:
/// `docs/decisions/0016-ended-sessions.md`.
#[derive(Clone, Copy, PartialEq)]
enum EndedLogin {
    Refused,
    /// The person allowed the client to go on when they are away.
    Accepted,
}

async fn login_of(
    server: &AuthorizationServer,
    user: &User,
    sid: &SessionId,
    ended: EndedLogin,
) -> Result<Arc<Login>, Refusal> {
    let login = server.shared.store.login(sid).await?;
    let login = login.filter(|it| it.user == user.id).ok_or(Refusal::LoginEnded)?;
    match login.ended_at.is_some() && ended == EndedLogin::Refused {
        true => Err(Refusal::LoginEnded),
        false => Ok(login),
    }
}

pub(super) async fn active(
    server: &AuthorizationServer,
    user: &Subject,
) -> Result<Arc<User>, Refusal> {
    let user = server.shared.store.user(user).await?;
    user.filter(|it| it.active).ok_or(Refusal::UserInactive)
}
