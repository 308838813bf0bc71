//! Metadata (RFC 8414 §2, OIDC Discovery §3, ID-JAG §7). One document serves both specs.

use serde::Serialize;

use crate::jose::Algorithm;
use crate::model::{ConnectionGrant, ID_JAG_PROFILE, Registrations};
use crate::oauth::{AuthMethod, GrantType, Issuer, SubjectType, TokenType};
use crate::server::{AuthorizationServer, Role};

/// Only what is true of this server; a member that does not apply is left out, but for those
/// that stock clients demand of every issuer (`docs/decisions/0021-openid-members-at-services.md`).
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the document")]
pub struct Metadata {
    issuer: Issuer,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    userinfo_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_session_endpoint: Option<String>,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<AuthMethod>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// RFC 8414 §2, where clients may register themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<AuthMethod>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// Of ours, for ID-JAG §9.4.
    #[serde(skip_serializing_if = "Option::is_none")]
    reachable_audiences_endpoint: Option<String>,
    scopes_supported: Vec<String>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: Vec<GrantType>,
    code_challenge_methods_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: Vec<AuthMethod>,
    token_endpoint_auth_signing_alg_values_supported: Vec<&'static str>,
    /// draft-ietf-oauth-client-id-metadata-document-02 §6.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    client_id_metadata_document_supported: bool,
    /// RFC 9396 §10.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_details_types_supported: Vec<String>,
    /// RFC 9449 §5.1.
    dpop_signing_alg_values_supported: Vec<&'static str>,
    /// RFC 8705 §3.3.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tls_client_certificate_bound_access_tokens: bool,
    /// RFC 9207 §3.
    authorization_response_iss_parameter_supported: bool,
    subject_types_supported: Vec<SubjectType>,
    id_token_signing_alg_values_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims_supported: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr_values_supported: Option<Vec<&'static str>>,
    ui_locales_supported: [&'static str; 2],
    prompt_values_supported: [&'static str; 4],
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    /// ID-JAG §7.1, draft-ietf-oauth-identity-chaining-17 §3.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_chaining_requested_token_types_supported: Option<Vec<TokenType>>,
    /// ID-JAG §7.2. It says that the profile is known, not who is trusted (§9.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_grant_profiles_supported: Option<[&'static str; 1]>,
}

pub fn metadata(server: &AuthorizationServer) -> Metadata {
    let at = |path: &str| server.issuer.at(path);
    let home = server.is_home();
    Metadata {
        issuer: server.issuer.clone(),
        authorization_endpoint: at("/oauth2/authorize"),
        token_endpoint: at("/oauth2/token"),
        jwks_uri: at("/oauth2/jwks"),
        userinfo_endpoint: home.then(|| at("/oauth2/userinfo")),
        end_session_endpoint: home.then(|| at("/oauth2/logout")),
        introspection_endpoint: at("/oauth2/introspect"),
        introspection_endpoint_auth_methods_supported: AuthMethod::ALL
            .iter()
            .copied()
            .filter(|it| *it != AuthMethod::None)
            .collect(),
        introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
        registration_endpoint: (server.registrations() != Registrations::Off)
            .then(|| at("/oauth2/register")),
        revocation_endpoint: at("/oauth2/revoke"),
        revocation_endpoint_auth_methods_supported: auth_methods(server),
        revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
        reachable_audiences_endpoint: home.then(|| at("/oauth2/reachable")),
        scopes_supported: scopes(&server.role),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: server.grant_types().collect(),
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: auth_methods(server),
        token_endpoint_auth_signing_alg_values_supported: algorithms(),
        client_id_metadata_document_supported: server.takes_documents(),
        authorization_details_types_supported: details_types(&server.role),
        dpop_signing_alg_values_supported: algorithms(),
        tls_client_certificate_bound_access_tokens: server
            .shared
            .trusted_proxies
            .can_bring_certificates(),
        authorization_response_iss_parameter_supported: true,
        subject_types_supported: subject_types(&server.role),
        id_token_signing_alg_values_supported: server
            .keys
            .algorithms()
            .map(Algorithm::as_str)
            .collect(),
        claims_supported: home.then(|| {
            vec![
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
                "email_verified",
            ]
        }),
        acr_values_supported: home.then(|| vec![crate::model::Login::PASSWORD]),
        ui_locales_supported: ["en", "ja"],
        prompt_values_supported: ["none", "login", "consent", "select_account"],
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        identity_chaining_requested_token_types_supported: home.then(|| {
            let chaining = server.catalogue.give(ConnectionGrant::Chaining);
            [TokenType::IdJag].into_iter().chain(chaining.then_some(TokenType::Jwt)).collect()
        }),
        authorization_grant_profiles_supported: (!home).then_some([ID_JAG_PROFILE]),
    }
}

/// `none` only where somebody uses it: some clients prefer it to the secret that they have.
fn auth_methods(server: &AuthorizationServer) -> Vec<AuthMethod> {
    let offered = |it: &AuthMethod| {
        *it != AuthMethod::None || {
            let undeclared =
                server.takes_documents() || server.registrations() != Registrations::Off;
            server.clients.has_public_ones() || (undeclared && server.takes_public_ones())
        }
    };
    AuthMethod::ALL.iter().copied().filter(offered).collect()
}

/// All that others may sign by.
fn algorithms() -> Vec<&'static str> {
    Algorithm::ALL.map(Algorithm::as_str).to_vec()
}

fn details_types(role: &Role) -> Vec<String> {
    match role {
        Role::Home => vec![],
        Role::Service(service) => service.authorization_details_types.names(),
    }
}

fn scopes(role: &Role) -> Vec<String> {
    match role {
        Role::Home => ["openid", "profile", "email", "offline_access"].map(str::to_owned).to_vec(),
        Role::Service(service) => service.scopes.iter().map(|(name, _)| name.clone()).collect(),
    }
}

/// OIDC Core §8: at home the client chooses; a service calls people the same for all.
fn subject_types(role: &Role) -> Vec<SubjectType> {
    match role {
        Role::Home => vec![SubjectType::Public, SubjectType::Pairwise],
        Role::Service(service) => vec![SubjectType::by(service.sector.as_ref())],
    }
}
