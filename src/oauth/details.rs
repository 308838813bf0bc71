//! Rich authorization requests (RFC 9396).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::identifiers::Malformed;
use super::strict_json;

/// The value of `authorization_details` (RFC 9396 §2): a JSON array of objects that each have a
/// `type`. What else is in them only the service knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Map<String, Value>>")]
pub struct AuthorizationDetails(Vec<Map<String, Value>>);

/// No request has a use for more objects than this.
const MOST: usize = 32;

/// What is longer, in bytes, or nested deeper, would make an ID-JAG that no service reads.
const LONGEST: usize = 8 * 1024;
const DEEPEST: usize = strict_json::DEEPEST / 2;

impl AuthorizationDetails {
    /// Reads the parameter.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > LONGEST {
            return Err(Malformed("it is longer than 8 KB"));
        }
        strict_json::read(text.as_bytes(), DEEPEST)
            .map_err(|_| Malformed("it is no JSON array of 1 to 32 objects with a type"))
    }

    /// Each object with its type.
    pub fn each(&self) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
        self.0.iter().filter_map(|it| Some((it.get("type")?.as_str()?, it)))
    }

    /// Those whose type is one of `types`, if there are any.
    pub fn only(&self, types: &[String]) -> Option<Self> {
        let kept = self.each().filter(|(typ, _)| types.iter().any(|it| it == typ));
        let kept: Vec<_> = kept.map(|(_, object)| object.clone()).collect();
        (!kept.is_empty()).then_some(Self(kept))
    }

    /// Whether each of `others` is one of these, to the letter.
    pub fn cover(&self, others: &Self) -> bool {
        others.0.iter().all(|it| self.0.contains(it))
    }
}

impl TryFrom<Vec<Map<String, Value>>> for AuthorizationDetails {
    type Error = Malformed;

    fn try_from(objects: Vec<Map<String, Value>>) -> Result<Self, Malformed> {
        let typed = |it: &Map<String, Value>| it.get("type").is_some_and(Value::is_string);
        match (1..=MOST).contains(&objects.len()) && objects.iter().all(typed) {
            true => Ok(Self(objects)),
            false => Err(Malformed("each of 1 to 32 objects must have a type")),
        }
    }
}
