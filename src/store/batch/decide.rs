//! Who of a batch gets what they ask for, in the order in which they came.

use std::collections::{HashMap, HashSet};

use crate::model::{Digest, Foreign, Link};
use crate::oauth::ServiceId;
use crate::store::{Conflict, Effect};

/// What is used up already, as the database has it and as the batch goes on.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By issuer and `jti`.
    pub(super) used: HashSet<(String, String)>,
    /// Codes that can still be redeemed.
    pub(super) codes: HashSet<Digest>,
    /// Refresh tokens that can still be rotated.
    pub(super) refresh_tokens: HashSet<Digest>,
    /// Families of the refresh tokens that somebody wants to rotate.
    pub(super) families: HashMap<String, Family>,
    /// Families that somebody revokes.
    pub(super) revoked: HashSet<String>,
    /// Invitations to link that can still be answered, each with whose it is at which service.
    pub(super) invitations: HashMap<String, (ServiceId, Foreign)>,
    /// Links that can still be taken out.
    pub(super) links: HashSet<Link>,
}

/// A family of tokens that is not revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// In seconds since 1970.
    pub(super) forget_after: i64,
}

impl Seen {
    /// Takes `effects` as done, all of them; or none, if one of them meets a conflict.
    pub(super) fn admit(&mut self, effects: &[Effect]) -> Result<(), Conflict> {
        for (index, effect) in effects.iter().enumerate() {
            if let Err(conflict) = self.take(effect) {
                effects[..index].iter().for_each(|it| self.give_back(it));
                return Err(conflict);
            }
        }
        Ok(())
    }

    fn take(&mut self, effect: &Effect) -> Result<(), Conflict> {
        match effect {
            Effect::UseOnce { issuer, jti, otherwise, .. } => {
                let first = self.used.insert((issuer.clone(), jti.to_string()));
                only_if(first, *otherwise)
            }
            Effect::RedeemCode { code, .. } => only_if(self.codes.remove(code), Conflict::CodeUsed),
            Effect::RotateRefreshToken { old, new } => {
                let family = &new.family.id;
                let lives = self.families.contains_key(family) && !self.revoked.contains(family);
                only_if(self.refresh_tokens.contains(old), Conflict::RefreshTokenUsed)?;
                only_if(lives, Conflict::FamilyRevoked)?;
                self.refresh_tokens.remove(old);
                Ok(())
            }
            Effect::RevokeFamily(id) => {
                self.revoked.insert(id.clone());
                Ok(())
            }
            Effect::Link { by, .. } | Effect::Dismiss(by) => {
                let about = self.invitations.remove(by.id.as_str());
                only_if(about.is_some(), Conflict::LinkOver)?;
                // All others for the same subject are over with it.
                self.invitations.retain(|_, other| Some(&*other) != about.as_ref());
                Ok(())
            }
            Effect::Unlink(link) => only_if(self.links.remove(&**link), Conflict::LinkOver),
            Effect::KeepCode(_)
            | Effect::KeepRefreshToken(_)
            | Effect::BeginLogin { .. }
            | Effect::EndLogin(_)
            | Effect::RememberConsent(_)
            | Effect::Register(_)
            | Effect::ChangeRegistration(_)
            | Effect::KeepRegistration(..)
            | Effect::RemoveRegistration(..)
            | Effect::Invite(_)
            | Effect::OpenSession(_)
            | Effect::KeepSession(_)
            | Effect::CloseSession(_)
            | Effect::TakeBack { .. }
            | Effect::Forgive(_)
            | Effect::Record(_) => Ok(()),
        }
    }

    /// Undoes what [`Seen::take`] did. No list has a revocation, or what ends invitations and links,
    /// before something that can meet a conflict.
    fn give_back(&mut self, effect: &Effect) {
        match effect {
            Effect::UseOnce { issuer, jti, .. } => {
                self.used.remove(&(issuer.clone(), jti.to_string()));
            }
            Effect::RedeemCode { code, .. } => {
                self.codes.insert(code.clone());
            }
            Effect::RotateRefreshToken { old, .. } => {
                self.refresh_tokens.insert(old.clone());
            }
            _ => {}
        }
    }
}

fn only_if(held: bool, conflict: Conflict) -> Result<(), Conflict> {
    match held {
        true => Ok(()),
        false => Err(conflict),
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::oauth::Jti;

    fn uses(jti: &str, otherwise: Conflict) -> Effect {
        Effect::UseOnce {
            issuer: "https://idp.example".into(),
            jti: Jti::parse(jti).unwrap(),
            forget_after: OffsetDateTime::UNIX_EPOCH,
            otherwise,
        }
    }

    #[test]
    fn the_first_of_a_batch_wins() {
        let mut seen = Seen::default();
        assert_eq!(seen.admit(&[uses("a", Conflict::GrantUsed)]), Ok(()));
        let second = seen.admit(&[uses("a", Conflict::GrantUsed)]);
        assert_eq!(second, Err(Conflict::GrantUsed));
    }

    /// A proof is used up by what it gets, not by a refusal (`docs/decisions/0017`).
    #[test]
    fn all_or_nothing() {
        let mut seen = Seen::default();
        seen.admit(&[uses("grant", Conflict::GrantUsed)]).unwrap();
        let both = [uses("proof", Conflict::ProofUsed), uses("grant", Conflict::GrantUsed)];
        assert_eq!(seen.admit(&both), Err(Conflict::GrantUsed));
        assert_eq!(seen.admit(&[uses("proof", Conflict::ProofUsed)]), Ok(()));
    }
}
