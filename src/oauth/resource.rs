//! Resource indicators (RFC 8707).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use super::identifiers::Malformed;

/// RFC 8707 §2: "MUST be an absolute URI [...] MUST NOT include a fragment component."
///
/// Kept and compared as the text it came in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Resource(Arc<str>);

impl Resource {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let absolute = Url::parse(text).is_ok() && text.len() <= 2048;
        match absolute && !text.contains('#') && !text.chars().any(|c| c.is_control() || c == ' ') {
            true => Ok(Self(text.into())),
            false => Err(Malformed("a resource must be an absolute URI without fragment")),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// All of them as one text, if there are any.
    pub fn all(resources: &[Self]) -> Option<String> {
        let names: Vec<_> = resources.iter().map(Self::as_str).collect();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

impl TryFrom<String> for Resource {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
