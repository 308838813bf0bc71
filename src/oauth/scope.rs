//! Scope (RFC 6749 §3.3).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::identifiers::Malformed;

/// A set of scope tokens; their order carries no meaning. Many hold the same one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Scope(Arc<BTreeSet<String>>);

impl Scope {
    /// OIDC Core §11.
    pub const OFFLINE_ACCESS: &str = "offline_access";

    /// Tokens with one space between them. The empty text is the empty scope.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let allowed = |c: char| matches!(c, '\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E');
        if text.len() > 4096 {
            return Err(Malformed("scope is too long"));
        }
        text.split(' ')
            .map(|token| match !token.is_empty() && token.chars().all(allowed) {
                true => Ok(token.to_owned()),
                false => Err(Malformed("scope has a character that RFC 6749 does not allow")),
            })
            .collect::<Result<_, _>>()
            .map(|tokens| Self(Arc::new(tokens)))
    }

    /// Joins tokens that were checked before, of several scopes.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(Arc::new(self.0.union(&other.0).cloned().collect()))
    }

    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.only(|token| other.contains(token))
    }

    /// What `self` has and `other` has not.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.only(|token| !other.contains(token))
    }

    /// What `keep` says yes to.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        match self.tokens().all(&keep) {
            true => self.clone(),
            false => Self(Arc::new(self.0.iter().filter(|it| keep(it)).cloned().collect())),
        }
    }

    pub fn contains(&self, token: &str) -> bool {
        self.0.contains(token)
    }

    pub fn covers(&self, other: &Self) -> bool {
        self.0.is_superset(&other.0)
    }

    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tokens = self.0.iter();
        if let Some(first) = tokens.next() {
            f.write_str(first)?;
        }
        tokens.try_for_each(|token| write!(f, " {token}"))
    }
}

impl TryFrom<String> for Scope {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
