//! What the token endpoint answers.

use serde::Serialize;

use crate::issuance::Issued;
use crate::oauth::{AuthorizationDetails, Resource, Scope, TokenType};
use crate::tokens::OneOrMany;

/// RFC 6749 §5.1, RFC 8693 §2.2.1 and OIDC Core §3.1.3.3.
#[derive(Serialize)]
pub struct TokenResponse {
    pub access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<TokenType>,
    pub token_type: &'static str,
    /// In seconds.
    pub expires_in: i64,
    pub scope: Scope,
    /// Present exactly when the token is restricted to resources (ID-JAG, coming -05).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<OneOrMany<Resource>>,
    /// RFC 9396 §7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<AuthorizationDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

impl TokenResponse {
    /// All that is long in it.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        let others = [&self.refresh_token, &self.id_token].into_iter().flatten();
        others.chain([&self.access_token]).map(String::as_str)
    }

    /// What it is that was issued, for counting.
    pub fn kind(&self) -> &'static str {
        match self.issued_token_type {
            Some(TokenType::IdJag) => "id_jag",
            Some(TokenType::Jwt) => "jwt_grant",
            _ => "access_token",
        }
    }
}

impl From<Issued> for TokenResponse {
    fn from(issued: Issued) -> Self {
        let issued_token_type = match issued.kind {
            TokenType::IdJag | TokenType::Jwt => Some(issued.kind),
            _ => None,
        };
        Self {
            access_token: issued.token,
            issued_token_type,
            token_type: issued.token_type,
            expires_in: issued.expires_in.whole_seconds(),
            scope: issued.scope,
            resource: OneOrMany::of(issued.resources),
            authorization_details: issued.details,
            refresh_token: issued.refresh_token,
            id_token: issued.id_token,
        }
    }
}
