//! A client ID metadata document (draft-ietf-oauth-client-id-metadata-document-02, §3 and §4).

use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

use crate::jose::KeySet;
use crate::model::{BadMetadata, ClientMetadata, Gist};
use crate::oauth::{AuthMethod, strict_json};

/// What a client says of itself at its own address.
#[derive(Clone)]
pub struct ClientDocument {
    pub metadata: ClientMetadata,
    pub gist: Gist,
    /// Its `jwks`, read once.
    pub keys: Option<Arc<KeySet>>,
}

/// Why a document is not taken: a sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDocument {
    #[error("it is no JSON object")]
    Json,
    #[error("its client_id is not the address it is at")]
    ClientId,
    #[error("it has no client_name")]
    Name,
    #[error("it has a secret in it, which everybody could read")]
    Secret,
    #[error("its token_endpoint_auth_method is neither none nor private_key_jwt")]
    Method,
    #[error(transparent)]
    Metadata(BadMetadata),
}

impl From<BadMetadata> for BadDocument {
    fn from(bad: BadMetadata) -> Self {
        match bad {
            BadMetadata::Secret => Self::Secret,
            BadMetadata::Method => Self::Method,
            bad => Self::Metadata(bad),
        }
    }
}

/// §3: whether `client_id` is an address of a document: `https`, with a path, and without fragment,
/// user and dot segments.
pub fn is_document_url(client_id: &str) -> bool {
    let Ok(url) = Url::parse(client_id) else { return false };
    let user = !url.username().is_empty() || url.password().is_some();
    let dots = client_id
        .split(['/', '?'])
        .any(|it| matches!(it.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."));
    // A URL parser gives everything a path.
    let path =
        client_id.strip_prefix("https://").and_then(|it| it.find(['/', '?']).map(|at| &it[at..]));
    path.is_some_and(|it| it.starts_with('/')) && !client_id.contains(['#', '\\']) && !user && !dots
}

impl ClientDocument {
    /// Reads what is at `url`, by the rules of §4.
    pub fn read(url: &str, body: &[u8]) -> Result<Self, BadDocument> {
        let all: Map<String, Value> = strict_json::object(body).map_err(|_| BadDocument::Json)?;
        // §4.1: "client_secret […] MUST NOT be used".
        if all.contains_key("client_secret") || all.contains_key("client_secret_expires_at") {
            return Err(BadDocument::Secret);
        }
        let metadata = ClientMetadata::read(&all, AuthMethod::None)?;
        if all.get("client_id").and_then(Value::as_str) != Some(url) {
            return Err(BadDocument::ClientId);
        }
        if metadata.client_name.is_none() {
            return Err(BadDocument::Name);
        }
        match metadata.token_endpoint_auth_method {
            AuthMethod::None | AuthMethod::PrivateKeyJwt => {}
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {
                return Err(BadDocument::Method);
            }
        }
        let gist = metadata.gist();
        Ok(Self { metadata, keys: KeySet::registered(gist.jwks.as_deref()), gist })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oauth::GrantType;

    const URL: &str = "https://agent.example/client.json";

    fn read(change: &Value) -> Result<ClientDocument, BadDocument> {
        let mut document = json!({
            "client_id": URL,
            "client_name": "Agent",
            "redirect_uris": ["https://agent.example/back", "http://127.0.0.1/back"],
        });
        for (name, value) in change.as_object().unwrap() {
            document[name] = value.clone();
        }
        ClientDocument::read(URL, document.to_string().as_bytes())
    }

    #[test]
    fn addresses() {
        for right in [
            URL,
            "https://agent.example:8443/a/b",
            "https://agent.example/a?b=c",
            "https://agent.example/a.b/..c",
            "https://agent.example/",
        ] {
            assert!(is_document_url(right), "{right}");
        }
        for wrong in [
            "https://agent.example",
            "https://agent.example?a=/b",
            "http://agent.example/client.json",
            "HTTPS://agent.example/client.json",
            "https://agent.example/client.json#a",
            "https://a@agent.example/client.json",
            "https://agent.example/../client.json",
            "https://agent.example/a/./client.json",
            "https://agent.example/%2E%2e/client.json",
            "https:/agent.example/client.json",
            "https:\\\\agent.example/client.json",
            "wiki-agent",
        ] {
            assert!(!is_document_url(wrong), "{wrong}");
        }
    }

    #[test]
    fn documents() {
        let Ok(plain) = read(&json!({})) else { panic!("it is right") };
        assert_eq!(plain.metadata.token_endpoint_auth_method, AuthMethod::None);
        assert_eq!(plain.metadata.grant_types, [GrantType::AuthorizationCode]);
        let jwks = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }] });
        let keyed = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks });
        assert!(read(&keyed).is_ok_and(|it| it.gist.digest != plain.gist.digest));

        let private = json!({ "keys": [{ "kty": "EC", "d": "AA" }] });
        let method = "token_endpoint_auth_method";
        for (change, expected) in [
            (
                json!({ "client_id": "https://agent.example:443/client.json" }),
                BadDocument::ClientId,
            ),
            (json!({ "client_name": null }), BadDocument::Name),
            (json!({ "client_name": " " }), BadMetadata::Name.into()),
            (json!({ "client_name": "a\nb" }), BadMetadata::Name.into()),
            (json!({ "client_name": "a\u{202e}b" }), BadMetadata::Name.into()),
            (json!({ "client_name": "\u{200b}" }), BadMetadata::Name.into()),
            (json!({ "redirect_uris": [] }), BadMetadata::RedirectUris.into()),
            (
                json!({ "redirect_uris": ["com.example.agent:/back"] }),
                BadMetadata::RedirectUris.into(),
            ),
            (
                json!({ "redirect_uris": ["http://agent.example/back"] }),
                BadMetadata::RedirectUris.into(),
            ),
            (json!({ "client_secret": "x" }), BadDocument::Secret),
            (json!({ "client_secret_expires_at": 0 }), BadDocument::Secret),
            (json!({ "jwks": private }), BadDocument::Secret),
            (json!({ method: "client_secret_basic" }), BadDocument::Method),
            (json!({ method: "tls_client_auth" }), BadDocument::Method),
            (json!({ method: "private_key_jwt" }), BadMetadata::Keys.into()),
            (
                json!({ method: "private_key_jwt", "jwks": jwks, "jwks_uri": URL }),
                BadMetadata::Keys.into(),
            ),
            (json!({ "redirect_uris": "x" }), BadMetadata::Form.into()),
            (json!({ "scope": "a\"b" }), BadMetadata::Form.into()),
        ] {
            assert_eq!(read(&change).err(), Some(expected), "{change}");
        }
        assert_eq!(ClientDocument::read(URL, b"[]").err(), Some(BadDocument::Json));
    }
}
