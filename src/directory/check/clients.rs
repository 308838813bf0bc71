//! Clients, at home or at a service.

use super::{Check, Found};
use crate::directory::declared::DeclaredClient;
use crate::directory::file::Entry;
use crate::directory::raw::RawClient;
use crate::jose::Algorithm;
use crate::model::{Client, Service};
use crate::oauth::{AuthMethod, ClientId, GrantType, Issuer, RedirectUri, Scope};

impl Check<'_> {
    pub(super) fn clients(&mut self, entries: Vec<Entry<RawClient>>) {
        for Entry { path, raw } in entries {
            if let Some(client) = self.declared_client(&path, &raw) {
                self.declared.clients.push(client);
            }
        }
    }

    fn declared_client(&mut self, path: &str, raw: &RawClient) -> Option<DeclaredClient> {
        let service = self.place(path, raw);
        let fix = "take 1 to 512 bytes without control characters";
        let id =
            self.notes.parsed(format!("{path} client_id"), ClientId::parse(&raw.client_id), fix);
        let auth_method = self.auth_method(path, raw);
        let name = self.client_name(path, raw);
        let redirect_uris = self.uris(path, "redirect_uris", &raw.redirect_uris);
        let after_logout =
            self.uris(path, "post_logout_redirect_uris", &raw.post_logout_redirect_uris);
        let alg = self.id_token_alg(path, raw);
        self.bound_once(path, raw);
        let service = service?;
        let scope = self.client_scope(path, raw, service.as_ref());
        let grant_types = self.grant_types(path, raw, auth_method, service.is_some());

        let issuer = service.map_or(self.around.home.clone(), |it| it.issuer);
        let (id, auth_method) = (id?, auth_method?);
        self.registered_once(path, &issuer, &id);
        let sector = self.client_sector(path, raw, &id, &redirect_uris);
        Some(DeclaredClient {
            record: Client {
                issuer,
                id,
                name,
                agent: raw.agent,
                active: raw.active,
                auth_method,
                secret_mac: None,
                jwks: raw.jwks.clone(),
                jwks_uri: raw.jwks_uri.clone(),
                redirect_uris,
                post_logout_redirect_uris: after_logout,
                grant_types,
                scope,
                id_token_signed_response_alg: alg,
                dpop_bound_access_tokens: raw.dpop_bound_access_tokens,
                sector,
                tls_client_certificate_bound_access_tokens: raw
                    .tls_client_certificate_bound_access_tokens,
                described: None,
                fleeting: false,
            },
            secret: raw.client_secret.as_ref().map(|it| it.0.clone()),
        })
    }

    /// Where it is registered: `Some(None)` is home.
    #[expect(clippy::option_option, reason = "the outer one says whether it is known")]
    fn place(&mut self, path: &str, raw: &RawClient) -> Option<Option<Service>> {
        let Some(at) = &raw.at else { return Some(None) };
        let path = format!("{path} at");
        match self.service(at) {
            Found::Wrong => None,
            Found::Nowhere => {
                let wrong = format!("there is no service {at:?}");
                self.notes.note(path, wrong, "add it, or leave `at` out for a client at home");
                None
            }
            Found::It(service) if !service.hosted => {
                let wrong = "the service lives elsewhere, and its clients are registered there";
                self.notes.note(path, wrong, "take the client out");
                None
            }
            Found::It(service) => Some(Some(service)),
        }
    }

    fn registered_once(&mut self, path: &str, issuer: &Issuer, id: &ClientId) {
        let mut clients = self.declared.clients.iter().map(|it| &it.record);
        if clients.any(|it| it.issuer == *issuer && it.id == *id) {
            let wrong = format!("there is a client of this id at {issuer} already");
            self.notes.note(format!("{path} client_id"), wrong, "take one out");
        }
    }

    fn client_name(&mut self, path: &str, raw: &RawClient) -> String {
        if let (Some(name), Some(client_name)) = (&raw.name, &raw.client_name)
            && name != client_name
        {
            let wrong = "it has both name and client_name, and they differ";
            self.notes.note(path, wrong, "take one of them out");
        }
        let name = raw.name.as_ref().or(raw.client_name.as_ref()).unwrap_or(&raw.client_id);
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            let fix = "write what people call the client";
            self.notes.note(format!("{path} name"), "it cannot be a name", fix);
        }
        name.clone()
    }

    fn uris(&mut self, path: &str, member: &str, texts: &[String]) -> Vec<RedirectUri> {
        let mut uris = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let path = format!("{path} {member}[{index}]");
            let fix = "correct it: requests must name it letter by letter";
            let uri = self.notes.parsed(path, RedirectUri::parse(text), fix);
            uris.extend(uri.filter(|it| !uris.contains(it)));
        }
        uris
    }

    fn bound_once(&mut self, path: &str, raw: &RawClient) {
        if raw.dpop_bound_access_tokens && raw.tls_client_certificate_bound_access_tokens {
            let path = format!("{path} tls_client_certificate_bound_access_tokens");
            let wrong = "its tokens are bound to a key by dpop_bound_access_tokens already";
            self.notes.note(path, wrong, "take one of them out");
        }
    }

    fn id_token_alg(&mut self, path: &str, raw: &RawClient) -> String {
        // OIDC Registration §2: "The default, if omitted, is RS256."
        let alg = raw.id_token_signed_response_alg.as_deref().unwrap_or("RS256");
        self.algorithm(&format!("{path} id_token_signed_response_alg"), alg)
    }

    /// An algorithm by which something is to be signed.
    pub(super) fn algorithm(&mut self, path: &str, name: &str) -> String {
        if Algorithm::parse(name).is_none() {
            let known: Vec<_> = Algorithm::ALL.iter().map(|it| it.as_str()).collect();
            let fix = format!("there are {}", known.join(", "));
            self.notes.note(path, "nothing is signed by it here", fix);
        }
        name.to_owned()
    }

    fn client_scope(&mut self, path: &str, raw: &RawClient, service: Option<&Service>) -> Scope {
        let path = format!("{path} scope");
        let fix = "write scopes with one space between them";
        let given = raw.scope.as_ref().map(|text| Scope::parse(text));
        let given = given.and_then(|it| self.notes.parsed(&path, it, fix));
        match (given, service) {
            (Some(scope), Some(service)) => {
                let lasting = Scope::parse("offline_access").unwrap_or_default();
                self.covered(&path, &scope.without(&lasting), service);
                scope
            }
            (Some(scope), None) => scope,
            (None, Some(service)) => service.scope(),
            (None, None) => Scope::parse("openid").unwrap_or_default(),
        }
    }

    fn grant_types(
        &mut self,
        path: &str,
        raw: &RawClient,
        auth_method: Option<AuthMethod>,
        at_service: bool,
    ) -> Vec<GrantType> {
        let usual = vec![GrantType::AuthorizationCode.as_str().to_owned()];
        let texts = raw.grant_types.as_ref().unwrap_or(&usual);
        let path = format!("{path} grant_types");
        let mut grants = Vec::new();
        for text in texts {
            let Some(grant) = GrantType::parse(text) else {
                let known: Vec<_> = GrantType::ALL.iter().map(|it| it.as_str()).collect();
                let fix = format!("there are {}", known.join(", "));
                self.notes.note(&path, format!("there is no grant type {text:?} here"), fix);
                continue;
            };
            if let Some((wrong, fix)) = unfit(grant, auth_method, at_service, raw) {
                self.notes.note(&path, wrong, fix);
            }
            grants.extend((!grants.contains(&grant)).then_some(grant));
        }
        grants
    }
}

/// Why a client cannot use a grant, if it cannot.
fn unfit(
    grant: GrantType,
    auth_method: Option<AuthMethod>,
    at_service: bool,
    raw: &RawClient,
) -> Option<(&'static str, &'static str)> {
    match grant {
        GrantType::AuthorizationCode if raw.redirect_uris.is_empty() => Some((
            "authorization_code takes somewhere to send the code to",
            "add redirect_uris, or name other grant_types",
        )),
        GrantType::TokenExchange if at_service && auth_method == Some(AuthMethod::None) => Some((
            "a service exchanges tokens for clients with credentials",
            "take token-exchange out, or give the client a secret or keys",
        )),
        GrantType::JwtBearer | GrantType::JwtDpop if !at_service => Some((
            "ID-JAGs are taken by a service, not by home",
            "take jwt-bearer out, or say with `at` which service",
        )),
        // RFC 6749 §4.4: "MUST only be used by confidential clients".
        GrantType::ClientCredentials if auth_method == Some(AuthMethod::None) => Some((
            "client_credentials takes a client with credentials",
            "take it out, or give the client a secret or keys",
        )),
        _ => None,
    }
}
