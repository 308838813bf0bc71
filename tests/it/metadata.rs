//! What a server says about itself (RFC 8414, OIDC Discovery, ID-JAG §7), and its keys.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, CALENDAR, CHAT, HOME, World, header_of};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Every URL at which the metadata of an issuer is looked for: RFC 8414 §3.1 inserts, OIDC
/// Discovery §4 appends, RFC 8414 §5 knows both for both.
fn urls(issuer: &str) -> Vec<String> {
    let url = url::Url::parse(issuer).unwrap();
    let path = url.path().trim_end_matches('/');
    let host = issuer.strip_suffix(path).unwrap();
    let mut urls = vec![format!("{issuer}{OAUTH}"), format!("{issuer}{OPENID}")];
    if !path.is_empty() {
        urls.push(format!("{host}{OAUTH}{path}"));
        urls.push(format!("{host}{OPENID}{path}"));
    }
    urls
}

async fn metadata(world: &World, issuer: &str) -> Value {
    let answer = world.get(&urls(issuer)[0]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// RFC 8414 §3.3: the issuer of the document "MUST be identical" to the one that it
/// was looked for by; and all forms are one document.
/// Row 7.
#[tokio::test]
async fn one_document_at_every_well_known_url() {
    let world = World::new().await;
    for issuer in [HOME, CHAT, CALENDAR] {
        let expected = metadata(&world, issuer).await;
        assert_eq!(expected["issuer"], issuer);
        for url in urls(issuer) {
            let answer = world.get(&url).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (200, expected.clone()), "{url}");
            is_public_json(&answer, "application/json");
        }
    }
}

/// The document of home without three lists that are the same as others.
fn lists_apart(mut metadata: Value) -> Value {
    let mut taken = |name: &str| metadata.as_object_mut().unwrap().shift_remove(name).unwrap();
    let proofs = taken("dpop_signing_alg_values_supported");
    let introspection = taken("introspection_endpoint_auth_methods_supported");
    let revocation = taken("revocation_endpoint_auth_methods_supported");
    for at in ["introspection", "revocation"] {
        let algorithms = taken(&format!("{at}_endpoint_auth_signing_alg_values_supported"));
        assert_eq!(algorithms, proofs);
    }
    assert_eq!(proofs, metadata["token_endpoint_auth_signing_alg_values_supported"]);
    assert_eq!(revocation, metadata["token_endpoint_auth_methods_supported"]);
    assert_eq!(introspection.as_array().unwrap()[..], revocation.as_array().unwrap()[..3]);
    metadata
}

/// The identity provider.
/// Rows 1, 2, 8.
#[tokio::test]
async fn home_says_what_it_is() {
    let world = World::new().await;
    let metadata = lists_apart(metadata(&world, HOME).await);
    assert_json_snapshot!(metadata, @r#"
    {
      "issuer": "https://home.example",
      "authorization_endpoint": "https://home.example/oauth2/authorize",
      "token_endpoint": "https://home.example/oauth2/token",
      "jwks_uri": "https://home.example/oauth2/jwks",
      "userinfo_endpoint": "https://home.example/oauth2/userinfo",
      "end_session_endpoint": "https://home.example/oauth2/logout",
      "introspection_endpoint": "https://home.example/oauth2/introspect",
      "revocation_endpoint": "https://home.example/oauth2/revoke",
      "reachable_audiences_endpoint": "https://home.example/oauth2/reachable",
      "scopes_supported": [
        "openid",
        "profile",
        "email",
        "offline_access"
      ],
      "response_types_supported": [
        "code"
      ],
      "response_modes_supported": [
        "query"
      ],
      "grant_types_supported": [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:token-exchange"
      ],
      "code_challenge_methods_supported": [
        "S256"
      ],
      "token_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
        "none"
      ],
      "token_endpoint_auth_signing_alg_values_supported": [
        "ES256",
        "ES384",
        "ES512",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "PS384",
        "PS512",
        "EdDSA"
      ],
      "authorization_response_iss_parameter_supported": true,
      "subject_types_supported": [
        "public",
        "pairwise"
      ],
      "id_token_signing_alg_values_supported": [
        "ES256",
        "RS256"
      ],
      "claims_supported": [
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "at_hash",
        "sid",
        "name",
        "preferred_username",
        "email",
        "email_verified"
      ],
      "acr_values_supported": [
        "urn:tegata:acr:password"
      ],
      "ui_locales_supported": [
        "en",
        "ja"
      ],
      "prompt_values_supported": [
        "none",
        "login",
        "consent",
        "select_account"
      ],
      "request_parameter_supported": false,
      "request_uri_parameter_supported": false,
      "identity_chaining_requested_token_types_supported": [
        "urn:ietf:params:oauth:token-type:id-jag"
      ]
    }
    "#);
}

/// A resource authorization server, at a path and at a host of its own. But
/// for names, there is no difference between them.
/// Rows 3, 4, 8.
#[tokio::test]
async fn services_say_what_they_are() {
    let world = World::new().await;
    let (home, chat) = (metadata(&world, HOME).await, metadata(&world, CHAT).await);
    let mut others = chat.clone();
    others.as_object_mut().unwrap().retain(|name, value| home.get(name) != Some(value));
    assert_json_snapshot!(others, @r#"
    {
      "issuer": "https://home.example/services/chat",
      "authorization_endpoint": "https://home.example/services/chat/oauth2/authorize",
      "token_endpoint": "https://home.example/services/chat/oauth2/token",
      "jwks_uri": "https://home.example/services/chat/oauth2/jwks",
      "introspection_endpoint": "https://home.example/services/chat/oauth2/introspect",
      "revocation_endpoint": "https://home.example/services/chat/oauth2/revoke",
      "scopes_supported": [
        "chat.admin",
        "chat.read",
        "chat.write"
      ],
      "grant_types_supported": [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:jwt-dpop"
      ],
      "subject_types_supported": [
        "public"
      ],
      "id_token_signing_alg_values_supported": [
        "ES256"
      ],
      "authorization_grant_profiles_supported": [
        "urn:ietf:params:oauth:grant-profile:id-jag"
      ]
    }
    "#);
    assert_eq!(chat["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(chat["authorization_response_iss_parameter_supported"], true);

    let calendar = metadata(&world, CALENDAR).await;
    let text = calendar.to_string().replace(CALENDAR, CHAT);
    let mut same: Value = serde_json::from_str(&text).unwrap();
    same["scopes_supported"] = chat["scopes_supported"].clone();
    // Chat has a public client, and calendar has none.
    for at in ["token", "revocation"] {
        let name = format!("{at}_endpoint_auth_methods_supported");
        assert_eq!(same[&name].as_array().unwrap().len(), 3);
        same[&name] = chat[&name].clone();
    }
    assert_eq!(same, chat);
}

/// RFC 8414 §3.3 for all that it names: below the issuer, and answered by the same server.
#[tokio::test]
async fn every_endpoint_that_is_named_is_there() {
    let world = World::new().await;
    for issuer in [HOME, CHAT, CALENDAR] {
        let metadata = metadata(&world, issuer).await;
        for (name, url) in metadata.as_object().unwrap() {
            if !name.ends_with("_endpoint") && name != "jwks_uri" {
                continue;
            }
            let url = url.as_str().unwrap();
            assert!(url.starts_with(&format!("{issuer}/")), "{name} {url}");
            let answer = world.get(url).await;
            let expected = match name.as_str() {
                "token_endpoint"
                | "introspection_endpoint"
                | "revocation_endpoint"
                | "reachable_audiences_endpoint" => 405,
                "authorization_endpoint" => 400,
                "userinfo_endpoint" => 401,
                _ => 200,
            };
            assert_eq!(answer.status, expected, "{name}");
        }
    }
}

/// Where the feature is not, neither are its members; and nothing is claimed that the
/// token endpoint then does not know.
/// Row 5.
#[tokio::test]
async fn no_grant_is_claimed_that_is_not_supported() {
    let world = World::new().await;
    for (issuer, client) in [(HOME, "wiki-agent"), (CHAT, "wiki-at-chat")] {
        let metadata = metadata(&world, issuer).await;
        let claimed = metadata["grant_types_supported"].as_array().unwrap();
        for grant_type in [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "urn:ietf:params:oauth:grant-type:device_code",
            "password",
            "implicit",
        ] {
            let answer = world.post_token(issuer, client, &[("grant_type", grant_type)]).await;
            let supported = answer.json()["error"] != "unsupported_grant_type";
            assert_eq!(supported, claimed.contains(&json!(grant_type)), "{issuer} {grant_type}");
        }
    }
    let home = metadata(&world, HOME).await;
    assert_eq!(home.get("authorization_grant_profiles_supported"), None);
    let chat = metadata(&world, CHAT).await;
    assert_eq!(chat.get("identity_chaining_requested_token_types_supported"), None);
}

/// ID-JAG §9.4: whom a service trusts and who its clients are is nobody's business.
/// Row 6.
#[tokio::test]
async fn nobody_can_be_inferred() {
    let world = World::new().await;
    for issuer in [HOME, CHAT, CALENDAR] {
        let keys = world.get(&format!("{issuer}/oauth2/jwks")).await.text;
        let told = metadata(&world, issuer).await.to_string().replace(issuer, "us") + &keys;
        for name in ["partner", "wiki", "todo", "mcp-client", "reports", "alice", "bob", "sales"] {
            assert!(!told.contains(name), "{name} in {told}");
        }
        // At home even the services are not told, and no service tells of another.
        for name in ["services", "calendar.example", "home.example", "chat.example"] {
            assert!(!told.contains(name), "{name} in {told}");
        }
    }
    // It is the same for a service that trusts nobody but a partner, or has one client alone.
    let without = r#"
[[service]]
id = "lonely"
name = "Lonely"
resources = ["https://lonely.example/api"]
scopes = { "chat.read" = "Read", "chat.write" = "Write", "chat.admin" = "Rule" }

[[service.trust]]
issuer = "https://idp.partner.example"
jwks_uri = "https://idp.partner.example/jwks"

[[client]]
at = "lonely"
client_id = "only-one"
name = "Only one"
token_endpoint_auth_method = "none"
redirect_uris = ["http://127.0.0.1/callback"]
grant_types = ["authorization_code"]
"#;
    let world = World::with(without).await;
    let chat = metadata(&world, CHAT).await.to_string();
    let lonely = metadata(&world, &format!("{HOME}/services/lonely")).await.to_string();
    assert_eq!(lonely.replace("/lonely", "/chat"), chat);
}

/// RFC 7517 §4 and §9.3, RFC 8725 §3.1: public halves alone, and for each what it is for.
#[tokio::test]
async fn a_key_set_has_public_keys_alone() {
    let world = World::new().await;
    for issuer in [HOME, CHAT, CALENDAR] {
        let answer = world.get(&format!("{issuer}/oauth2/jwks")).await;
        assert_eq!(answer.status, 200);
        is_public_json(&answer, "application/jwk-set+json");
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        let mut shapes = vec![];
        for key in &keys {
            let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert!(!members.contains(&private), "{private} at {issuer}");
            }
            assert_eq!(key["use"], "sig");
            assert!(!key["kid"].as_str().unwrap().is_empty());
            shapes.push(format!(
                "{} {}",
                key["kty"].as_str().unwrap(),
                key["alg"].as_str().unwrap()
            ));
        }
        shapes.sort();
        let expected: &[_] =
            if issuer == HOME { &["EC ES256", "RSA RS256"] } else { &["EC ES256"] };
        assert_eq!(shapes, expected);
    }
}

/// No two issuers have a key in common, and what one signs names its own.
#[tokio::test]
async fn every_issuer_has_keys_of_its_own() {
    let world = World::new().await;
    let mut all = vec![];
    for issuer in [HOME, CHAT, CALENDAR] {
        let jwks = world.get(&format!("{issuer}/oauth2/jwks")).await.json();
        let keys = jwks["keys"].as_array().unwrap().clone();
        let signed = world.sign(issuer, "JWT", &json!({ "iss": issuer }));
        assert!(keys.iter().any(|key| key["kid"] == header_of(&signed)["kid"]), "{issuer}");
        for key in keys {
            all.push(key["kid"].clone());
            all.push(if key["kty"] == "EC" { key["x"].clone() } else { key["n"].clone() });
        }
    }
    let mut once = all.clone();
    once.sort_by_key(Value::to_string);
    once.dedup();
    assert_eq!(once.len(), all.len());
}

/// RFC 9111: others keep it for a while; and applications in browsers may read it.
fn is_public_json(answer: &Answer, content_type: &str) {
    assert_eq!(answer.header("content-type"), content_type);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("set-cookie"), "");
}
