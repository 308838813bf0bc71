//! A client ID metadata document (draft-ietf-oauth-client-id-metadata-document-02, §3 and §4).

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::Url;

use crate::jose::KeySet;
use crate::oauth::{AuthMethod, GrantType, RedirectUri, Scope, is_loopback, strict_json};

/// What a client says of itself, as far as we act on it (RFC 7591 §2).
#[derive(Clone)]
pub struct ClientDocument {
    pub client_name: String,
    pub redirect_uris: Vec<RedirectUri>,
    pub auth_method: AuthMethod,
    /// A JWK set as JSON text.
    pub jwks: Option<String>,
    /// The same, read once.
    pub keys: Option<Arc<KeySet>>,
    pub jwks_uri: Option<String>,
    pub grant_types: Vec<GrantType>,
    pub scope: Option<Scope>,
    pub id_token_signed_response_alg: Option<String>,
    pub dpop_bound_access_tokens: bool,
    /// Of all that decides who gets what by its name: where answers go, and whose keys count.
    pub digest: String,
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
    #[error("it has no redirect_uris, or one that is neither https nor http on loopback")]
    RedirectUris,
    #[error("it has a secret in it, which everybody could read")]
    Secret,
    #[error("its token_endpoint_auth_method is neither none nor private_key_jwt")]
    Method,
    #[error("private_key_jwt takes either jwks, with public keys alone, or jwks_uri")]
    Keys,
    #[error("a member of it has the wrong form")]
    Form,
}

/// §3: whether `client_id` is an address of a document: `https`, with a path, and without fragment,
/// user and dot segments.
pub fn is_document_url(client_id: &str) -> bool {
    let Ok(url) = Url::parse(client_id) else { return false };
    let user = !url.username().is_empty() || url.password().is_some();
    let dots = client_id
        .split(['/', '?'])
        .any(|it| matches!(it.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."));
    client_id.starts_with("https://")
        && !matches!(url.path(), "" | "/")
        && !client_id.contains(['#', '\\'])
        && !user
        && !dots
}

#[derive(Deserialize)]
struct Members {
    client_id: String,
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: Option<String>,
    jwks: Option<Map<String, Value>>,
    jwks_uri: Option<String>,
    grant_types: Option<Vec<String>>,
    scope: Option<String>,
    id_token_signed_response_alg: Option<String>,
    #[serde(default)]
    dpop_bound_access_tokens: bool,
}

impl ClientDocument {
    /// Reads what is at `url`, by the rules of §4.
    pub fn read(url: &str, body: &[u8]) -> Result<Self, BadDocument> {
        let all: Map<String, Value> = strict_json::object(body).map_err(|_| BadDocument::Json)?;
        // §4.1: "client_secret […] MUST NOT be used".
        if all.contains_key("client_secret") || all.contains_key("client_secret_expires_at") {
            return Err(BadDocument::Secret);
        }
        let members = Members::deserialize(&all).map_err(|_| BadDocument::Form)?;
        if members.client_id != url {
            return Err(BadDocument::ClientId);
        }
        let name = members.client_name.as_deref().map(str::trim).unwrap_or_default();
        if name.is_empty() || name.chars().any(is_deceptive) || name.len() > 200 {
            return Err(BadDocument::Name);
        }
        let redirect_uris = redirect_uris(&members.redirect_uris)?;
        let auth_method = match members.token_endpoint_auth_method.as_deref() {
            None => AuthMethod::None,
            Some(name) => AuthMethod::parse(name).ok_or(BadDocument::Method)?,
        };
        let (jwks, jwks_uri) = keys(auth_method, members.jwks, members.jwks_uri)?;
        let grants = members.grant_types.unwrap_or_else(|| vec!["authorization_code".into()]);
        let scope = members.scope.as_deref().map(Scope::parse).transpose();
        let mut digest = Sha256::new();
        for uri in &redirect_uris {
            digest.update(format!("{uri}\n"));
        }
        digest.update(if members.dpop_bound_access_tokens { "dpop\n" } else { "\n" });
        for part in [Some(auth_method.as_str()), jwks.as_deref(), jwks_uri.as_deref()] {
            digest.update(format!("{}\n", part.unwrap_or_default()));
        }
        Ok(Self {
            client_name: name.to_owned(),
            redirect_uris,
            auth_method,
            keys: jwks.as_ref().and_then(|it| KeySet::parse(it.as_bytes()).ok()).map(Arc::new),
            jwks,
            jwks_uri,
            grant_types: grants.iter().filter_map(|it| GrantType::parse(it)).collect(),
            scope: scope.map_err(|_| BadDocument::Form)?,
            id_token_signed_response_alg: members.id_token_signed_response_alg,
            dpop_bound_access_tokens: members.dpop_bound_access_tokens,
            digest: BASE64_URL_SAFE_NO_PAD.encode(digest.finalize()),
        })
    }
}

/// Whether a character shows nothing, or makes others show elsewhere (Unicode category Cf and Cc).
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{600}'..='\u{605}' | '\u{61C}' | '\u{6DD}' | '\u{70F}'
            | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// MCP 2026-07-28 wants some, and all of them https or on loopback.
fn redirect_uris(texts: &[String]) -> Result<Vec<RedirectUri>, BadDocument> {
    let read = |text: &String| {
        let url = Url::parse(text).ok()?;
        let fits = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        RedirectUri::parse(text).ok().filter(|_| fits)
    };
    let uris: Option<Vec<_>> = texts.iter().map(read).collect();
    uris.filter(|it| !it.is_empty()).ok_or(BadDocument::RedirectUris)
}

/// §4.1: no shared secret, and no private key.
fn keys(
    method: AuthMethod,
    jwks: Option<Map<String, Value>>,
    jwks_uri: Option<String>,
) -> Result<(Option<String>, Option<String>), BadDocument> {
    let private = |it: &Value| ["d", "k", "p", "q"].iter().any(|name| it.get(name).is_some());
    let sets = jwks.as_ref().and_then(|it| it.get("keys")?.as_array());
    if sets.is_some_and(|keys| keys.iter().any(private)) {
        return Err(BadDocument::Secret);
    }
    match (method, sets, &jwks_uri) {
        (AuthMethod::PrivateKeyJwt, Some(_), None) | (AuthMethod::PrivateKeyJwt, None, Some(_)) => {
            Ok((jwks.map(|it| Value::Object(it).to_string()), jwks_uri))
        }
        (AuthMethod::PrivateKeyJwt, ..) => Err(BadDocument::Keys),
        (AuthMethod::None, ..) => Ok((None, None)),
        _ => Err(BadDocument::Method),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
        ] {
            assert!(is_document_url(right), "{right}");
        }
        for wrong in [
            "https://agent.example",
            "https://agent.example/",
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
        assert_eq!(plain.auth_method, AuthMethod::None);
        assert_eq!(plain.grant_types, [GrantType::AuthorizationCode]);
        let jwks = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }] });
        let keyed = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks });
        assert!(read(&keyed).is_ok_and(|it| it.digest != plain.digest));

        let private = json!({ "keys": [{ "kty": "EC", "d": "AA" }] });
        let method = "token_endpoint_auth_method";
        for (change, expected) in [
            (
                json!({ "client_id": "https://agent.example:443/client.json" }),
                BadDocument::ClientId,
            ),
            (json!({ "client_name": " " }), BadDocument::Name),
            (json!({ "client_name": "a\nb" }), BadDocument::Name),
            (json!({ "client_name": "a\u{202e}b" }), BadDocument::Name),
            (json!({ "client_name": "\u{200b}" }), BadDocument::Name),
            (json!({ "redirect_uris": [] }), BadDocument::RedirectUris),
            (json!({ "redirect_uris": ["com.example.agent:/back"] }), BadDocument::RedirectUris),
            (json!({ "redirect_uris": ["http://agent.example/back"] }), BadDocument::RedirectUris),
            (json!({ "client_secret": "x" }), BadDocument::Secret),
            (json!({ "client_secret_expires_at": 0 }), BadDocument::Secret),
            (json!({ "jwks": private }), BadDocument::Secret),
            (json!({ method: "client_secret_basic" }), BadDocument::Method),
            (json!({ method: "tls_client_auth" }), BadDocument::Method),
            (json!({ method: "private_key_jwt" }), BadDocument::Keys),
            (
                json!({ method: "private_key_jwt", "jwks": jwks, "jwks_uri": URL }),
                BadDocument::Keys,
            ),
            (json!({ "redirect_uris": "x" }), BadDocument::Form),
            (json!({ "scope": "a\"b" }), BadDocument::Form),
        ] {
            assert_eq!(read(&change).err(), Some(expected), "{change}");
        }
        assert_eq!(ClientDocument::read(URL, b"[]").err(), Some(BadDocument::Json));
    }
}
