//! The authorization response (RFC 6749 §4.1.2 and §4.1.2.1, RFC 9207).

use crate::flows::explanation;
use crate::oauth::{ErrorCode, Issuer, RedirectUri, RequestId, error_description};

/// Where an answer goes, and what the client needs to know it for its own.
#[derive(Clone, Debug)]
pub struct Redirected {
    pub redirect_uri: RedirectUri,
    pub state: Option<String>,
    pub issuer: Issuer,
}

impl Redirected {
    /// RFC 6749 §4.1.2.
    pub fn with_code(&self, code: &str) -> String {
        self.with(&[("code", code)])
    }

    /// RFC 6749 §4.1.2.1, with the name of the decision and where it is explained.
    pub fn with_error(&self, code: ErrorCode, description: &str, decision: &RequestId) -> String {
        let description = format!("{} [decision {decision}]", error_description(description));
        self.with(&[
            ("error", code.as_str()),
            ("error_description", &description),
            ("error_uri", &explanation::address(&self.issuer, decision)),
        ])
    }

    /// RFC 9207 §2: `iss` in every response, "including error responses".
    fn with(&self, pairs: &[(&str, &str)]) -> String {
        let mut pairs = pairs.to_vec();
        pairs.extend(self.state.as_deref().map(|state| ("state", state)));
        pairs.push(("iss", self.issuer.as_str()));
        self.redirect_uri.with(&pairs)
    }
}
