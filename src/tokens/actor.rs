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

    /// How many act, one for the other.
    pub fn depth(&self) -> usize {
        1 + self.act.as_ref().map_or(0, |it| it.depth())
    }
}
