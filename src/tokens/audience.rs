//! Claims that are one value or an array of them: `aud` (RFC 7519 §4.1.3) and `resource`.

use serde::{Deserialize, Serialize};

/// One value stands alone, several in an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// `None` for no value at all: then the claim is left out.
    pub fn of(mut values: Vec<T>) -> Option<Self> {
        match values.len() {
            0 => None,
            1 => values.pop().map(Self::One),
            _ => Some(Self::Many(values)),
        }
    }

    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    /// The value, if there is exactly one.
    pub fn sole(&self) -> Option<&T> {
        match self.as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}
