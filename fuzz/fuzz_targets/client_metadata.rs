//! What clients say of themselves: in registrations (RFC 7591 §2), and at their own address.

#![no_main]

use serde_json::{Map, Value, json};
use tegata::model::ClientMetadata;
use tegata::oauth::{AuthMethod, GrantType, is_loopback};
use tegata::outbound::ClientDocument;
use tegata_fuzz::{Key, changed, fuzz_target};
use url::Url;

const ADDRESS: &str = "https://agent.example/client.json";

// The data say how it differs from a document that is right.
fuzz_target!(|data: &[u8]| {
    let right = json!({
        "client_id": ADDRESS,
        "client_name": "Agent",
        "redirect_uris": ["https://agent.example/back"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": { "keys": [Key::ours().jwk()] },
    });
    let body = changed(&right, data);
    if let Ok(all) = serde_json::from_slice::<Map<String, Value>>(&body) {
        if let Ok(metadata) = ClientMetadata::read(&all, AuthMethod::ClientSecretBasic) {
            kept(&metadata);
        }
    }
    let Ok(document) = ClientDocument::read(ADDRESS, &body) else { return };
    let all: Value = serde_json::from_slice(&body).unwrap();
    assert!(all["client_id"] == ADDRESS && all.get("client_secret").is_none());
    let metadata = &document.metadata;
    assert!(metadata.client_name.is_some());
    let method = metadata.token_endpoint_auth_method;
    assert!(matches!(method, AuthMethod::None | AuthMethod::PrivateKeyJwt));
    assert_eq!(document.gist, metadata.gist());
    kept(metadata);
});

fn kept(metadata: &ClientMetadata) {
    for uri in &metadata.redirect_uris {
        let url = Url::parse(uri.as_str()).unwrap();
        assert!(url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)));
    }
    if let Some(name) = &metadata.client_name {
        assert!(!name.is_empty() && name.len() <= 200 && name.trim() == name);
        assert!(!name.contains(|c: char| c.is_control() || ('\u{202A}'..='\u{202E}').contains(&c)));
    }
    let keyed = metadata.token_endpoint_auth_method == AuthMethod::PrivateKeyJwt;
    let (jwks, uri) = (metadata.jwks.is_some(), metadata.jwks_uri.is_some());
    assert_eq!(usize::from(jwks) + usize::from(uri), usize::from(keyed), "keys in one way or none");
    let by_code = metadata.grant_types.contains(&GrantType::AuthorizationCode);
    assert!(!by_code || !metadata.redirect_uris.is_empty());

    // What is kept, and told in the answer, reads the same.
    let Value::Object(written) = json!(metadata) else { panic!("it is an object") };
    assert!(!written.contains_key("client_secret"));
    let again = ClientMetadata::read(&written, AuthMethod::None);
    assert_eq!(again.as_ref(), Ok(metadata));
    let stored: ClientMetadata = serde_json::from_value(Value::Object(written)).unwrap();
    assert_eq!(stored.gist(), metadata.gist());
}
