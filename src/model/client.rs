//! A registered client.

use url::Url;

use crate::oauth::{AuthMethod, ClientId, GrantType, Issuer, RedirectUri, Scope, Sector};

/// A client as one issuer knows it (RFC 7591 §2). The same software usually has another
/// registration at each issuer.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub struct Client {
    /// Where it is registered.
    pub issuer: Issuer,
    pub id: ClientId,
    /// What people are shown.
    pub name: String,
    /// Whether it acts for people without them looking.
    pub agent: bool,
    pub active: bool,
    pub auth_method: AuthMethod,
    /// HMAC-SHA-256 of the secret, under a key of this server.
    pub secret_mac: Option<Vec<u8>>,
    /// A JWK set as JSON text, for `private_key_jwt`.
    pub jwks: Option<String>,
    pub jwks_uri: Option<String>,
    pub redirect_uris: Vec<RedirectUri>,
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    pub grant_types: Vec<GrantType>,
    /// All that it may ask for.
    pub scope: Scope,
    /// OIDC Registration §2: "The default, if omitted, is RS256."
    pub id_token_signed_response_alg: String,
    /// Whether all its access tokens have to be bound to a key of it (RFC 9449 §5.2).
    pub dpop_bound_access_tokens: bool,
    /// By which it knows people, if it knows them by pairwise subjects (OIDC Core §8.1).
    pub sector: Option<Sector>,
    /// The same for its certificate (RFC 8705 §3.4).
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Of a client that nobody vouched for, as it registered itself or stands at its own address: a
    /// digest of what decides who gets what by its name.
    pub described: Option<String>,
    /// Whether it registered itself and would be forgotten if it got nothing.
    pub fleeting: bool,
}

impl Client {
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// The host of the address at which it describes itself, if that is all that is known of it.
    pub fn described_at(&self) -> Option<String> {
        let url = self.described.as_ref().and_then(|_| Url::parse(self.id.as_str()).ok())?;
        url.host_str().map(str::to_owned)
    }

    /// Whether it has nothing to authenticate with (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.auth_method == AuthMethod::None
    }
}
