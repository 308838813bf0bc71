//! A person links who they are at another issuer to their account, and takes that back:
//! `docs/decisions/0045-linking.md`.

use std::collections::HashMap;

use time::Duration;

use crate::issuance::{self, Attempt, LinkRefusal, LiveInvitation};
use crate::model::{Digest, Foreign, LedgerEvent, Link, LinkInvitation, Login, Service};
use crate::server::AuthorizationServer;
use crate::store::accounts::{self, Account};
use crate::store::{Effect, StoreError};

/// Who signed in longer ago than this does so again before a link of theirs ends.
const RECENT: Duration = Duration::minutes(5);

/// What a person says to an invitation.
pub enum Answer<'a> {
    /// It is theirs; and this is the address that they have there.
    Mine(&'a str),
    NotMine,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Linked,
    Refused,
    /// The address was another one.
    OtherAddress,
}

/// Does what the person of `login` says to `invitation`. It is over by that, unless their own account
/// may not be linked.
pub async fn answer(
    server: &AuthorizationServer,
    invitation: LiveInvitation,
    login: &Login,
    answer: Answer<'_>,
    attempt: &mut Attempt,
) -> Result<Ended, LinkRefusal> {
    about(attempt, invitation.record(), login);
    let (ended, said) = match answer {
        Answer::Mine(email) if invitation.record().is_about(email) => {
            let linked = issuance::link(server, invitation, login, attempt).await;
            if let Err(refusal) = &linked {
                attempt.failed(server, refusal.code(), refusal).await?;
            }
            return linked.map(|()| Ended::Linked);
        }
        // Whoever was sent here by somebody else types their own.
        Answer::Mine(_) => (Ended::OtherAddress, "the address is not the one that asked"),
        Answer::NotMine => (Ended::Refused, "the person refused to link"),
    };
    issuance::dismiss(server, invitation, said, attempt).await?;
    Ok(ended)
}

fn about(attempt: &mut Attempt, invitation: &LinkInvitation, login: &Login) {
    attempt.event = LedgerEvent::Link;
    attempt.client = Some(invitation.client.clone());
    attempt.user = Some(login.user.clone());
    attempt.resource = Some(invitation.whose.realm());
    attempt.parent = Some(invitation.jti.to_string());
}

/// A subject that is linked to a person's account.
pub struct LinkOfPerson<'a> {
    pub service: &'a Service,
    pub whose: Foreign,
    pub account: Account,
}

impl LinkOfPerson<'_> {
    /// By which the page calls it: among a person's own, no two are called the same.
    pub fn name(&self) -> String {
        let whole = (&self.service.id, self.whose.realm(), &self.whose.subject);
        base16ct::lower::encode_string(&Digest::of(&format!("{whole:?}")).0)
    }
}

/// All that is linked to the account of the person of `login`: at a service there, at home
/// everywhere.
pub async fn links_of<'a>(
    server: &'a AuthorizationServer,
    login: &Login,
) -> Result<Vec<LinkOfPerson<'a>>, StoreError> {
    let hosted = server.catalogue.services().iter().map(|it| &**it).filter(|it| it.hosted);
    let here: HashMap<_, _> =
        server.service().into_iter().chain(hosted).map(|it| (&it.id, it)).collect();
    let store = server.shared.store.read();
    let all = accounts::of_person_at(store, here.keys().copied(), &login.user).await?;
    let link =
        |(id, whose, account)| Some(LinkOfPerson { service: here.get(&id)?, whose, account });
    Ok(all.into_iter().filter_map(link).collect())
}

/// Whether the person of `login` has shown lately that it is they.
pub fn is_recent(login: &Login, attempt: &Attempt) -> bool {
    attempt.now - login.auth_time <= RECENT
}

/// Takes `link` out, as the person wants it who has it. The subject gets no token any more.
pub async fn unlink(
    server: &AuthorizationServer,
    link: LinkOfPerson<'_>,
    login: &Login,
    attempt: &mut Attempt,
) -> Result<(), LinkRefusal> {
    attempt.event = LedgerEvent::Unlink;
    attempt.service = Some(link.service.issuer.to_string());
    attempt.client = link.account.linked.map(|it| it.client);
    attempt.user = Some(login.user.clone());
    attempt.resource = Some(link.whose.realm());
    attempt.parent = Some(login.sid.to_string());
    let entry = attempt.issued(LedgerEvent::Unlink, Some(link.whose.subject.to_string()));
    let (service, account) = (link.service.id.clone(), login.user.clone());
    let effects = vec![
        Effect::Unlink(Box::new(Link { service, whose: link.whose, account })),
        Effect::Record(Box::new(entry)),
    ];
    let unlinked = server.shared.store.commit(effects, attempt.now).await;
    let unlinked = unlinked.map_err(LinkRefusal::from);
    if let Err(refusal) = &unlinked {
        attempt.failed(server, refusal.code(), refusal).await?;
    }
    unlinked
}
