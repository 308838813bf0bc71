//! Whether everybody concerned is still active: asked once more, right before the commit.

use time::OffsetDateTime;

use super::door::Refusal;
use super::warrant::Warrant;
use crate::clients::AuthenticatedClient;
use crate::model::{Accounts, Login, User};
use crate::oauth::{SessionId, Subject};
use crate::server::AuthorizationServer;
use crate::store;

/// The people and the login behind a warrant, all of them in good standing.
pub(super) enum Standing {
    /// A person of the directory who is signed in.
    SignedIn(Login),
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
        Warrant::Code { code, .. } => {
            let code = code.record();
            signed_in(server, &code.user, &code.sid, EndedLogin::Refused).await
        }
        Warrant::Refresh { token, .. } => {
            let family = &token.record().family;
            if family.scope.contains("offline_access") {
                return signed_in(server, &family.user, &family.sid, EndedLogin::Accepted).await;
            }
            let standing =
                signed_in(server, &family.user, &family.sid, EndedLogin::Refused).await?;
            // The consent page named a day: without `offline_access` nothing outlives the login.
            let lifetime = server.shared.lifetimes.session;
            match &standing {
                Standing::SignedIn(it) if it.auth_time + lifetime <= now => {
                    Err(Refusal::LoginEnded)
                }
                _ => Ok(standing),
            }
        }
        Warrant::Entitlement { id_token, entitlement } => {
            let (connection, service) = (entitlement.connection(), entitlement.service());
            if !connection.active || !service.active {
                return Err(Refusal::ConnectionInactive);
            }
            signed_in(server, id_token.subject(), id_token.sid(), EndedLogin::Refused).await
        }
        Warrant::IdJag { trusted, account, .. } => {
            if !trusted.trust.active {
                return Err(Refusal::TrustInactive);
            }
            if trusted.trust.accounts == Accounts::SamePerson {
                active(server, account).await.map_err(|refusal| match refusal {
                    Refusal::UserInactive => Refusal::AccountInactive,
                    other => other,
                })?;
            }
            Ok(Standing::Account)
        }
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

async fn signed_in(
    server: &AuthorizationServer,
    user: &Subject,
    sid: &SessionId,
    ended: EndedLogin,
) -> Result<Standing, Refusal> {
    let user = active(server, user).await?;
    let login = store::logins::find(server.shared.store.read(), sid).await?;
    let login = login.filter(|it| it.user == user.id).ok_or(Refusal::LoginEnded)?;
    match login.ended_at.is_some() && ended == EndedLogin::Refused {
        true => Err(Refusal::LoginEnded),
        false => Ok(Standing::SignedIn(login)),
    }
}

async fn active(server: &AuthorizationServer, user: &Subject) -> Result<User, Refusal> {
    let user = store::users::find(server.shared.store.read(), user).await?;
    user.filter(|it| it.active).ok_or(Refusal::UserInactive)
}
