//! Who acts for somebody (RFC 8693 §4.1).

use serde::{Deserialize, Serialize};

use crate::oauth::{Issuer, Subject};

/// The `act` claim: the one who acts now, and in it the one for whom they do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<Issuer>,
    pub sub: Subject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Self>>,
}

impl Actor {
    /// A chain of delegations is no longer than this.
    pub const MOST: usize = 4;

    /// The same where all of them are of `issuer`, which then stands in each; `None` if one is not.
    pub fn of(self, issuer: &Issuer) -> Option<Self> {
        let act = match self.act {
            Some(next) => Some(Box::new(next.of(issuer)?)),
            None => None,
        };
        let its = self.iss.is_none_or(|it| it == *issuer);
        its.then(|| Self { iss: Some(issuer.clone()), sub: self.sub, act })
    }

    /// `sub` of `issuer`, who acts now for `subject`, over those who acted `before`. Nobody acts
    /// for themselves, and who acted last is not named twice.
    pub fn over(
        before: Option<Self>,
        issuer: &Issuer,
        sub: Subject,
        subject: &Subject,
    ) -> Option<Self> {
        let last = |it: &Self| it.sub == sub && it.iss.as_ref() == Some(issuer);
        if sub == *subject || before.as_ref().is_some_and(last) {
            return before;
        }
        Some(Self { iss: Some(issuer.clone()), sub, act: before.map(Box::new) })
    }

    /// All who act, whoever acts now first.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |it| it.act.as_deref())
    }

    /// How many act, one for the other.
    pub fn depth(&self) -> usize {
        self.all().count()
    }
}
