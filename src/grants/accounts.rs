//! Which account of a service an ID-JAG is about (ID-JAG §4.1, §6.3 and §9.5).

use std::sync::Arc;

use super::jwt_bearer::Refusal;
use crate::issuance;
use crate::model::{Accounts, Foreign, Link, Service, User};
use crate::oauth::Subject;
use crate::policy::TrustedIssuer;
use crate::server::AuthorizationServer;
use crate::store::{self, StoreError};
use crate::tokens::PresentedIdJag;

/// In this order and by nothing else: the link of the subject; `aud_sub`, and a verified `email` of
/// a domain, where the trust believes the issuer about them; an account made just in time.
pub(super) async fn of(
    server: &AuthorizationServer,
    service: &Service,
    trusted: &TrustedIssuer,
    id_jag: &PresentedIdJag,
) -> Result<Subject, Refusal> {
    let store = &server.shared.store;
    let trust = &trusted.trust;
    if trust.accounts == Accounts::SamePerson {
        let person = meant(server, service, trusted, id_jag).ok_or(Refusal::UnknownSubject)?;
        let person = store.user(&person).await?.ok_or(Refusal::UnknownSubject)?;
        return Ok(person.id.clone());
    }
    let whose = trusted.whose(id_jag.subject());
    let mut found = store.account(&service.id, &whose).await?;
    if found.is_none() {
        if let Some(person) = named(server, service, trusted, id_jag, &whose).await? {
            return Ok(person);
        }
        if trust.accounts == Accounts::JustInTime {
            let id = Subject::parse(&server.shared.environment.unique_id());
            let id = id.expect("it is 32 hexadecimal digits");
            let link = Link { service: service.id.clone(), whose, account: id };
            store::accounts::link(store.write(), &link, None).await?;
            found = store.account(&service.id, &link.whose).await?;
        }
    }
    let account = found.ok_or(Refusal::UnknownSubject)?;
    match account.active {
        true => Ok(account.id.clone()),
        false => Err(issuance::Refusal::AccountInactive.into()),
    }
}

/// Whom the subject of the ID-JAG means: to home, which calls people here what the service does, a
/// person; to another issuer, whoever that calls so.
pub(super) fn meant(
    server: &AuthorizationServer,
    service: &Service,
    trusted: &TrustedIssuer,
    id_jag: &PresentedIdJag,
) -> Option<Subject> {
    match trusted.trust.accounts {
        Accounts::SamePerson => server.shared.names_at(service).person(id_jag.subject()),
        Accounts::Linked | Accounts::JustInTime => Some(id_jag.subject().clone()),
    }
}

/// Whom the ID-JAG names by something else than its subject, as far as the trust allows that.
async fn named(
    server: &AuthorizationServer,
    service: &Service,
    trusted: &TrustedIssuer,
    id_jag: &PresentedIdJag,
    whose: &Foreign,
) -> Result<Option<Subject>, Refusal> {
    let (terms, claims) = (&trusted.trust.terms, id_jag.claims());
    let store = &server.shared.store;
    if let Some(name) = claims.aud_sub.as_ref().filter(|_| terms.aud_sub) {
        // It is what the service calls the person.
        let names = server.shared.names_at(service);
        let name = names.person(name).ok_or(Refusal::UnknownSubject)?;
        let links = store::accounts::of_person(store.read(), &service.id, &name).await?;
        // Whoever is named, and is not there, is not somebody else; and an account that was made for
        // another issuer is none of this one's.
        let its_own = links.iter().any(|(other, _)| other.realm() == whose.realm());
        if store.user(&name).await?.is_none() && !its_own {
            return Err(Refusal::UnknownSubject);
        }
        return in_force(server, service, name).await.map(Some);
    }
    match (&claims.email, claims.email_verified) {
        (Some(email), Some(true)) if terms.names_by(email) => {
            let Some(person) = with_email(server, email).await? else { return Ok(None) };
            in_force(server, service, person.id.clone()).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// `account`, unless an administrator switched it off.
async fn in_force(
    server: &AuthorizationServer,
    service: &Service,
    account: Subject,
) -> Result<Subject, Refusal> {
    let db = server.shared.store.read();
    match store::accounts::is_switched_off(db, &service.id, &account).await? {
        false => Ok(account),
        true => Err(issuance::Refusal::AccountInactive.into()),
    }
}

/// The one person who has this address, if it is verified here, too.
async fn with_email(
    server: &AuthorizationServer,
    email: &str,
) -> Result<Option<Arc<User>>, StoreError> {
    let store = &server.shared.store;
    match store::users::with_email(store.read(), email).await?.as_slice() {
        [one] => store.user(one).await,
        _ => Ok(None),
    }
}
