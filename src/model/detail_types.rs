//! The types of authorization details that a service understands (RFC 9396 §2, §5).

use std::fmt;
use std::sync::{Arc, OnceLock};

use jsonschema::Validator;
use serde_json::Value;

use crate::oauth::AuthorizationDetails;

/// Types, each with the JSON Schema of its objects. A schema is read when it is used for the first
/// time.
#[derive(Clone, Default)]
pub struct DetailTypes(Arc<Vec<DetailType>>);

struct DetailType {
    name: String,
    schema: String,
    validator: OnceLock<Option<Validator>>,
}

/// What is wrong with authorization details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDetails {
    #[error("authorization_details has a type that the service does not have")]
    Type,
    #[error("authorization_details has an object that is not as the service declared its type")]
    Form,
}

impl DetailTypes {
    /// Pairs of a name and a schema as JSON text.
    pub fn of(pairs: Vec<(String, String)>) -> Self {
        let typ = |(name, schema)| DetailType { name, schema, validator: OnceLock::new() };
        Self(Arc::new(pairs.into_iter().map(typ).collect()))
    }

    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|it| (it.name.as_str(), it.schema.as_str())).collect()
    }

    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|it| it.name.clone()).collect()
    }

    /// The types whose schema is none.
    pub fn unreadable(&self) -> Vec<&str> {
        self.0.iter().filter(|it| it.validator().is_none()).map(|it| it.name.as_str()).collect()
    }

    /// RFC 9396 §5: refuses unknown types, and objects with members that are missing, unknown or of
    /// the wrong form as far as the schema says so.
    pub fn admit(&self, details: &AuthorizationDetails) -> Result<(), BadDetails> {
        for (name, object) in details.each() {
            let typ = self.0.iter().find(|it| it.name == name).ok_or(BadDetails::Type)?;
            let validator = typ.validator().ok_or(BadDetails::Type)?;
            if !validator.is_valid(&Value::Object(object.clone())) {
                return Err(BadDetails::Form);
            }
        }
        Ok(())
    }
}

impl DetailType {
    fn validator(&self) -> Option<&Validator> {
        let read = || {
            let schema: Value = serde_json::from_str(&self.schema).ok()?;
            let object = schema.is_object();
            jsonschema::validator_for(&schema).ok().filter(|_| object)
        };
        self.validator.get_or_init(read).as_ref()
    }
}

impl PartialEq for DetailTypes {
    fn eq(&self, other: &Self) -> bool {
        self.pairs() == other.pairs()
    }
}

impl Eq for DetailTypes {}

impl fmt::Debug for DetailTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DetailTypes").field(&self.names()).finish()
    }
}
