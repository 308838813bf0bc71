//! The parameters of a request, from a form or a query.

use percent_encoding::percent_decode_str;

use super::details::AuthorizationDetails;
use super::error_code::ErrorCode;
use super::identifiers::Malformed;
use super::resource::Resource;
use super::scope::Scope;

/// Decoded parameters, in the order they were sent.
///
/// RFC 6749 §3.2: a parameter without a value counts as omitted, an unknown one is
/// ignored, and none may be given twice (but for those that other RFCs repeat).
#[derive(Clone, Default)]
pub struct Params(Vec<(String, String)>);

/// No request of ours has more parameters than this.
const MOST: usize = 100;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAForm {
    #[error("the request is not in the form of application/x-www-form-urlencoded text in UTF-8")]
    Encoding,
    #[error("the request has a control character in a parameter")]
    Control,
    #[error("the request has too many parameters")]
    TooMany,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    #[error("{0} is required")]
    Missing(&'static str),
    #[error("{0} is given twice")]
    Repeated(String),
    #[error("{0} is malformed: {1}")]
    Malformed(&'static str, String),
}

impl ParamError {
    /// RFC 6749 §5.2, but for the parameters that have a code of their own: a malformed scope (§5.2),
    /// resource (RFC 8707 §2) and `authorization_details` (RFC 9396 §5).
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed("scope", _) => ErrorCode::InvalidScope,
            Self::Malformed("resource", _) => ErrorCode::InvalidTarget,
            Self::Malformed("authorization_details", _) => ErrorCode::InvalidAuthorizationDetails,
            _ => ErrorCode::InvalidRequest,
        }
    }

    pub fn malformed(name: &'static str, why: impl Into<String>) -> Self {
        Self::Malformed(name, why.into())
    }
}

impl Params {
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// Reads `application/x-www-form-urlencoded` strictly: what is not UTF-8 is refused, not
    /// repaired, for a repaired identifier is another identifier.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAForm> {
        let text = std::str::from_utf8(bytes).map_err(|_| NotAForm::Encoding)?;
        let pairs: Vec<_> =
            text.split('&').filter(|pair| !pair.is_empty()).take(MOST + 1).collect();
        if pairs.len() > MOST {
            return Err(NotAForm::TooMany);
        }
        let pairs = pairs.into_iter().map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        Ok(Self::new(pairs.collect::<Result<_, _>>()?))
    }

    pub fn required(&self, name: &'static str) -> Result<&str, ParamError> {
        self.optional(name)?.ok_or(ParamError::Missing(name))
    }

    pub fn optional(&self, name: &'static str) -> Result<Option<&str>, ParamError> {
        let mut values = self.repeated(name);
        match (values.next(), values.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(ParamError::Repeated(name.to_owned())),
        }
    }

    /// For `resource` (RFC 8707 §2) and `audience` (RFC 8693 §2.1), which may come several times.
    pub fn repeated(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All of them, for sending them on.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of `name`, read by `read`; absent stays absent.
    pub fn read<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, Malformed>,
    ) -> Result<Option<T>, ParamError> {
        let value = self.optional(name)?.map(read).transpose();
        value.map_err(|why| ParamError::malformed(name, why.to_string()))
    }

    /// `scope` (RFC 6749 §3.3).
    pub fn scope(&self) -> Result<Option<Scope>, ParamError> {
        self.read("scope", Scope::parse)
    }

    /// `authorization_details` (RFC 9396 §2).
    pub fn authorization_details(&self) -> Result<Option<AuthorizationDetails>, ParamError> {
        self.read("authorization_details", AuthorizationDetails::parse)
    }

    /// All values of `resource` (RFC 8707 §2), each once.
    pub fn resources(&self) -> Result<Vec<Resource>, ParamError> {
        let mut resources = Vec::new();
        for text in self.repeated("resource") {
            let resource = Resource::parse(text);
            let resource =
                resource.map_err(|why| ParamError::malformed("resource", why.to_string()))?;
            if !resources.contains(&resource) {
                resources.push(resource);
            }
        }
        Ok(resources)
    }

    /// RFC 6749 §3.2: "Request and response parameters MUST NOT be included more than once."
    /// This holds for those that we would ignore, too.
    pub fn none_repeated(&self, but_for: &[&str]) -> Result<(), ParamError> {
        let mut names: Vec<_> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.retain(|name| !but_for.contains(name));
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(ParamError::Repeated(pair[0].chars().take(64).collect())),
            None => Ok(()),
        }
    }
}

fn decode(text: &str) -> Result<String, NotAForm> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| NotAForm::Encoding)?;
    match decoded.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        true => Err(NotAForm::Control),
        false => Ok(decoded.into_owned()),
    }
}
