//! Registered names: grant types, token types and ways to authenticate.

use serde::{Deserialize, Serialize};

use super::identifiers::Malformed;

/// Declares an enum whose variants are registered names.
macro_rules! registered_names {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$note:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $name { $($(#[$note])* $variant,)* }

        impl $name {
            /// All that we know.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.as_str() == text)
            }

            /// The name as it is registered.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl From<$name> for &'static str {
            fn from(it: $name) -> Self {
                it.as_str()
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;

            fn try_from(text: String) -> Result<Self, Malformed> {
                Self::parse(&text).ok_or(Malformed(concat!("it is no ", $what, " that tegata knows")))
            }
        }
    };
}

registered_names! {
    /// RFC 6749 §4 and §6, RFC 7523 §2.1, RFC 8693 §2.1.
    GrantType, "grant type" {
        AuthorizationCode = "authorization_code",
        RefreshToken = "refresh_token",
        ClientCredentials = "client_credentials",
        JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer",
        /// The same with a DPoP proof (draft-parecki-oauth-jwt-dpop-grant, ID-JAG §9.8).
        JwtDpop = "urn:ietf:params:oauth:grant-type:jwt-dpop",
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
    }
}

registered_names! {
    /// RFC 8693 §3 and ID-JAG §10.
    TokenType, "token type" {
        IdJag = "urn:ietf:params:oauth:token-type:id-jag",
        IdToken = "urn:ietf:params:oauth:token-type:id_token",
        RefreshToken = "urn:ietf:params:oauth:token-type:refresh_token",
        AccessToken = "urn:ietf:params:oauth:token-type:access_token",
        Jwt = "urn:ietf:params:oauth:token-type:jwt",
        Saml2 = "urn:ietf:params:oauth:token-type:saml2",
    }
}

registered_names! {
    /// RFC 7591 §2 and OIDC Core §9: `token_endpoint_auth_method`.
    AuthMethod, "token_endpoint_auth_method" {
        ClientSecretBasic = "client_secret_basic",
        ClientSecretPost = "client_secret_post",
        PrivateKeyJwt = "private_key_jwt",
        /// A public client: it only names itself.
        None = "none",
    }
}
