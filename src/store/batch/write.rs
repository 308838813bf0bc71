//! Writing down what was decided: one statement for all of a kind.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend};
use time::{Duration, OffsetDateTime};

use super::decide::Seen;
use super::{Failed, Script};
use crate::model::{
    AuthorizationCode, Digest, LedgerEntry, Link, Login, RefreshToken, TokenFamily,
};
use crate::store::accounts::Linked;
use crate::store::changes::{self, Change};
use crate::store::ledger::Head;
use crate::store::queue::Order;
use crate::store::sessions::Kept;
use crate::store::{
    Effect, accounts, codes, consents, ledger, link_invitations, logins, refresh_tokens,
    registrations, sessions, sign_in_failures, single_uses, token_families,
};

/// Effects by their kind. Keys are in order, so that of two batches on two nodes neither waits
/// for the other while the other waits for it.
#[derive(Default)]
struct Kinds<'a> {
    marks: BTreeMap<(&'a str, &'a str), OffsetDateTime>,
    codes: Vec<&'a AuthorizationCode>,
    redeemed: Vec<&'a Digest>,
    opened: Vec<(&'a TokenFamily, OffsetDateTime)>,
    rotated: Vec<&'a Digest>,
    /// Families that would be forgotten before their newest token, and their logins.
    prolonged: BTreeSet<&'a str>,
    logins: BTreeSet<&'a str>,
    refresh_tokens: Vec<&'a RefreshToken>,
    opened_sessions: BTreeMap<&'a Digest, &'a Kept>,
    /// What becomes of those that were there: nothing, if they are closed.
    sessions: BTreeMap<&'a Digest, Option<&'a Kept>>,
    begun: Vec<(&'a Login, OffsetDateTime)>,
    forgiven: BTreeSet<&'a str>,
    /// By whom or what they were held against.
    taken_back: BTreeMap<&'a str, Vec<(&'a Effect, OffsetDateTime)>>,
    /// What comes seldom, one by one.
    seldom: Vec<(&'a Effect, OffsetDateTime)>,
    entries: Vec<&'a LedgerEntry>,
}

/// So much longer than needed a family is remembered, so that not each of its tokens has to
/// prolong that.
const SPARE: Duration = Duration::days(1);

/// The entries of `orders`, if they have no other effects.
pub(super) fn nothing_but_entries(orders: &[Order]) -> Option<Vec<&LedgerEntry>> {
    let effects = orders.iter().flat_map(|it| &it.effects);
    effects.map(as_entry).collect()
}

/// Whether `orders` take more than rows of the ledger, and so a transaction.
pub(super) fn take_a_transaction(orders: &[Order]) -> bool {
    orders.iter().flat_map(|it| &it.effects).any(|it| as_entry(it).is_none())
}

fn rotated_until(effect: &Effect) -> Option<OffsetDateTime> {
    match effect {
        Effect::RotateRefreshToken { new, .. } => Some(new.expires_at),
        _ => None,
    }
}

fn as_entry(effect: &Effect) -> Option<&LedgerEntry> {
    match effect {
        Effect::Record(entry) => Some(entry),
        _ => None,
    }
}

/// Writes the effects of all `orders`, of which the look has `seen` what it takes. Tells what they
/// change of what nodes hold in memory, and where the ledger's chain of `node` ends that ended at
/// `head`.
pub(super) async fn write(
    db: &impl ConnectionTrait,
    orders: &[&Order],
    seen: &Seen,
    node: &str,
    head: Option<&Head>,
) -> Result<(Vec<Change>, Option<Head>), Failed> {
    let Some(now) = orders.iter().map(|it| it.now).max() else {
        return Ok((vec![], head.cloned()));
    };
    // When the last of the new refresh tokens expires: so long at least all their families are
    // remembered, for a little longer does no harm.
    let until = orders.iter().flat_map(|it| &it.effects).filter_map(rotated_until).max();
    let until = until.unwrap_or(now);
    let mut kinds = Kinds::default();
    for order in orders {
        order.effects.iter().for_each(|effect| kinds.sort(effect, order.now, until, seen));
    }
    let (mut rows, mut script) = (Script::new(db), Script::new(db));
    let head = record(db, &mut rows, &kinds.entries, node, head).await?;
    kinds.add_to(&mut script, now, until);
    // PostgreSQL numbers the rows of the ledger when they are written: so they come after all that
    // may wait for another node, or others would be far ahead by the time of the commit.
    let last = match db.get_database_backend() {
        DbBackend::Sqlite => {
            rows.then(script).run(db).await?;
            None
        }
        _ => {
            script.run(db).await?;
            Some(rows)
        }
    };
    let mut changes = Vec::new();
    for (effect, now) in kinds.taken_back.into_values().flatten().chain(kinds.seldom) {
        changes.extend(happen(db, effect, now).await?);
    }
    if let Some(rows) = last {
        rows.run(db).await?;
    }
    changes::announce(db, &changes).await?;
    Ok((changes, head))
}

impl<'a> Kinds<'a> {
    fn sort(
        &mut self,
        effect: &'a Effect,
        now: OffsetDateTime,
        until: OffsetDateTime,
        seen: &Seen,
    ) {
        match effect {
            Effect::UseOnce { issuer, jti, forget_after, .. } => {
                self.marks.insert((issuer, jti.as_str()), *forget_after);
            }
            Effect::KeepCode(code) => self.codes.push(code),
            Effect::RedeemCode { code, opens, forget_after } => {
                self.redeemed.push(code);
                self.opened.push((opens, *forget_after));
            }
            Effect::KeepRefreshToken(token) => self.refresh_tokens.push(token),
            Effect::RotateRefreshToken { old, new } => {
                self.rotated.push(old);
                self.refresh_tokens.push(new);
                let (family, until) = (&new.family, until.unix_timestamp());
                // Only a family that was prolonged is remembered for longer than its token lives.
                if seen.families.get(&family.id).is_none_or(|it| it.forget_after <= until) {
                    self.prolonged.insert(&family.id);
                    self.logins.insert(family.sid.as_str());
                }
            }
            Effect::OpenSession(session) => {
                self.opened_sessions.insert(&session.digest, session);
            }
            Effect::KeepSession(session) => {
                self.sessions.insert(&session.digest, Some(session));
            }
            Effect::CloseSession(digest) => {
                self.sessions.insert(digest, None);
            }
            Effect::BeginLogin { login, forget_after } => self.begun.push((login, *forget_after)),
            Effect::Forgive(key) => {
                self.forgiven.insert(key);
            }
            Effect::TakeBack { key, .. } => {
                self.taken_back.entry(key).or_default().push((effect, now));
            }
            Effect::RevokeFamily(_)
            | Effect::EndLogin(_)
            | Effect::RememberConsent(_)
            | Effect::Register(_)
            | Effect::ChangeRegistration(_)
            | Effect::KeepRegistration(..)
            | Effect::RemoveRegistration(..)
            | Effect::Invite(_)
            | Effect::Link { .. }
            | Effect::Dismiss(_)
            | Effect::Unlink(_) => self.seldom.push((effect, now)),
            Effect::Record(entry) => self.entries.push(entry),
        }
    }

    fn add_to(&self, script: &mut Script, now: OffsetDateTime, until: OffsetDateTime) {
        single_uses::mark(script, &self.marks);
        codes::keep(script, &self.codes);
        codes::redeem(script, &self.redeemed, now);
        token_families::open(script, &self.opened);

        token_families::prolong(script, &self.prolonged, until + SPARE);
        logins::prolong(script, &self.logins, until + SPARE);
        refresh_tokens::redeem(script, &self.rotated, now, until);
        refresh_tokens::keep(script, &self.refresh_tokens);

        logins::begin(script, &self.begun);
        sign_in_failures::forgive(script, &self.forgiven);
        sessions::open(script, self.opened_sessions.values().copied());
        let kept: Vec<_> = self.sessions.values().copied().flatten().collect();
        sessions::keep(script, kept.into_iter());
        let closed = self.sessions.iter().filter(|(_, kept)| kept.is_none());
        sessions::close(script, &closed.map(|(digest, _)| *digest).collect::<Vec<_>>());
    }
}

async fn record(
    db: &impl ConnectionTrait,
    script: &mut Script,
    entries: &[&LedgerEntry],
    node: &str,
    head: Option<&Head>,
) -> Result<Option<Head>, Failed> {
    match (entries, head) {
        ([], head) => Ok(head.cloned()),
        (_, Some(head)) => Ok(Some(ledger::append(db, script, head, entries).await?)),
        (_, None) => {
            let begun = Head::open(db, node).await?;
            Ok(Some(ledger::append(db, script, &begun, entries).await?))
        }
    }
}

/// Whether it could be done: otherwise somebody else was faster.
fn first(done: bool) -> Result<(), Failed> {
    match done {
        true => Ok(()),
        false => Err(Failed::Raced),
    }
}

async fn happen(
    db: &impl ConnectionTrait,
    effect: &Effect,
    now: OffsetDateTime,
) -> Result<Option<Change>, Failed> {
    Ok(match effect {
        Effect::RevokeFamily(id) => {
            token_families::revoke(db, id, now).await?;
            Some(Change::Family(id.clone()))
        }
        Effect::EndLogin(sid) => {
            logins::end(db, sid, now).await?;
            Some(Change::Login(sid.clone()))
        }
        Effect::RememberConsent(consent) => {
            consents::remember(db, consent, now).await?;
            let (user, issuer) = (consent.user.clone(), consent.issuer.clone());
            Some(Change::Consent(user, issuer, consent.client.clone()))
        }
        Effect::Register(it) => {
            registrations::register(db, it).await?;
            None
        }
        Effect::ChangeRegistration(it) => {
            registrations::change(db, it).await?;
            Some(Change::Registration(it.issuer.clone(), it.client.clone()))
        }
        Effect::KeepRegistration(issuer, client) => {
            registrations::keep(db, issuer, client).await?;
            Some(Change::Registration(issuer.clone(), client.clone()))
        }
        Effect::RemoveRegistration(issuer, client) => {
            registrations::remove(db, issuer, client).await?;
            Some(Change::Registration(issuer.clone(), client.clone()))
        }
        Effect::Invite(invitation) => {
            link_invitations::keep(db, invitation).await?;
            None
        }
        Effect::Link { by, account } => {
            first(link_invitations::close(db, by).await?)?;
            let link = Link {
                service: by.service.clone(),
                whose: by.whose.clone(),
                account: account.clone(),
            };
            let linked = Linked { client: by.client.clone(), email: by.email.clone(), at: now };
            first(accounts::link(db, &link, Some(&linked)).await?)?;
            Some(Change::account(&by.service, &by.whose))
        }
        Effect::Dismiss(invitation) => {
            first(link_invitations::close(db, invitation).await?)?;
            None
        }
        Effect::Unlink(link) => {
            first(accounts::unlink(db, link).await?)?;
            Some(Change::account(&link.service, &link.whose))
        }
        Effect::TakeBack { key, blocked_until } => {
            sign_in_failures::take_back(db, key, *blocked_until, now).await?;
            None
        }
        _ => None,
    })
}
