//! Following an entry of the ledger back to the sign-in, and forward to what came of it.

use std::collections::BTreeSet;

use crate::cli::failure::Failure;
use crate::model::{LedgerEvent, LedgerRow, Outcome};
use crate::store::{self, Store, Transaction};

/// The entries about one thing, with those before and those after it.
#[derive(Default)]
pub(super) struct Chain {
    /// From the sign-in on, oldest first.
    pub back: Vec<LedgerRow>,
    /// What has the `jti` itself.
    pub entries: Vec<LedgerRow>,
    /// What was obtained by it or refused, and by that; with how many steps it is away.
    pub forward: Vec<(usize, LedgerRow)>,
    /// The `jti` of what it began with, if we did not issue that.
    pub elsewhere: Option<String>,
}

/// More steps than there can be; entries of forward beyond this many are left out.
const DEEPEST: usize = 8;
const MOST: usize = 1000;

impl Chain {
    pub(super) async fn about(store: &Store, jti: &str) -> Result<Self, Failure> {
        // All of it as it was at one moment, whatever months come and go.
        let snapshot = store.snapshot().await?;
        store::ledger::hold(&snapshot).await?;
        let db = &snapshot;
        let entries = store::ledger::named(db, jti).await?;
        let mut chain = Self { entries, ..Self::default() };
        if let Some(first) = chain.entries.first() {
            chain.back(db, &first.clone()).await?;
        } else {
            chain.elsewhere = Some(jti.to_owned());
        }
        chain.forward(db, jti).await?;
        Ok(chain)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.forward.is_empty()
    }

    async fn back(&mut self, db: &Transaction, from: &LedgerRow) -> Result<(), Failure> {
        let mut child = from.clone();
        while let Some(parent) = child.entry.parent.clone().filter(|_| self.back.len() < DEEPEST) {
            let rows = store::ledger::named(db, &parent).await?;
            let Some(row) = rows.into_iter().find(|it| led_to(it, &child)) else {
                self.elsewhere = Some(parent);
                break;
            };
            child = row.clone();
            self.back.insert(0, row);
        }
        Ok(())
    }

    async fn forward(&mut self, db: &Transaction, jti: &str) -> Result<(), Failure> {
        let mut seen = BTreeSet::new();
        // What is still to be followed, the next one last.
        let mut ahead = self.children(db, jti, None, 0).await?;
        while let Some((depth, row)) = ahead.pop() {
            if !seen.insert(row.number) || seen.len() > MOST {
                continue;
            }
            let goes_on = depth < DEEPEST && leads_on(row.entry.event);
            if let Some(jti) = row.entry.jti.as_deref().filter(|_| goes_on) {
                ahead.extend(self.children(db, jti, Some(&row), depth + 1).await?);
            }
            self.forward.push((depth, row));
        }
        Ok(())
    }

    /// The entries whose parent is `jti`, newest first.
    async fn children(
        &self,
        db: &Transaction,
        jti: &str,
        parent: Option<&LedgerRow>,
        depth: usize,
    ) -> Result<Vec<(usize, LedgerRow)>, Failure> {
        let oldest = self.entries.iter().map(|it| it.number).min();
        let after = parent.map(|it| it.number).or(oldest).unwrap_or_default();
        let rows = store::ledger::obtained_by(db, jti, after).await?;
        let parents: Vec<_> = parent.into_iter().chain(&self.entries).collect();
        let follows = |row: &LedgerRow| {
            let mut parents = parents.iter().filter(|it| it.entry.jti.as_deref() == Some(jti));
            // What was issued elsewhere has no entry of its own.
            self.entries.is_empty() && parent.is_none() || parents.any(|it| led_to(it, row))
        };
        let mut rows: Vec<_> = rows.into_iter().filter(follows).map(|row| (depth, row)).collect();
        rows.reverse();
        Ok(rows)
    }
}

/// Whether anything can come of what such an entry is about.
fn leads_on(event: LedgerEvent) -> bool {
    match event {
        LedgerEvent::SignIn
        | LedgerEvent::Code
        | LedgerEvent::IdToken
        | LedgerEvent::IdJag
        | LedgerEvent::AccessToken => true,
        LedgerEvent::SignOut
        | LedgerEvent::JwtGrant
        | LedgerEvent::Revocation
        | LedgerEvent::Registration
        | LedgerEvent::Link
        | LedgerEvent::Unlink
        | LedgerEvent::TokenRequest => false,
    }
}

/// Whether `child` can have come from `parent`, whose `jti` it names.
///
/// A `jti` is unique at its issuer only: the ID-JAG of another issuer may have one of ours.
fn led_to(parent: &LedgerRow, child: &LedgerRow) -> bool {
    let (from, to) = (&parent.entry, &child.entry);
    if parent.number >= child.number || from.outcome != Outcome::Issued {
        return false;
    }
    match from.event {
        LedgerEvent::SignIn => to.event == LedgerEvent::Code && from.user == to.user,
        LedgerEvent::Code | LedgerEvent::IdToken => from.issuer == to.issuer,
        LedgerEvent::AccessToken => from.issuer == to.issuer && from.user == to.user,
        LedgerEvent::IdJag => {
            from.service.as_deref() == Some(to.issuer.as_str()) && from.user == to.user
        }
        LedgerEvent::SignOut
        | LedgerEvent::JwtGrant
        | LedgerEvent::Revocation
        | LedgerEvent::Registration
        | LedgerEvent::Link
        | LedgerEvent::Unlink
        | LedgerEvent::TokenRequest => false,
    }
}
