//! What a client says of itself (RFC 7591 §2), as far as we act on it: in a registration, or in a
//! document at its own address.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use url::Url;

use crate::oauth::{
    AuthMethod, ClientId, GrantType, RedirectUri, Scope, Sector, SubjectType, is_loopback,
};

/// ID-JAG §8.
pub const ID_JAG_PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

/// A client's word about itself. Nobody else vouched for any of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientMetadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    pub redirect_uris: Vec<RedirectUri>,
    pub token_endpoint_auth_method: AuthMethod,
    pub grant_types: Vec<GrantType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// A JWK set, for `private_key_jwt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dpop_bound_access_tokens: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_type: Option<SubjectType>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls_client_certificate_bound_access_tokens: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_grant_profiles_supported: Vec<String>,
}

/// What follows from metadata: worked out when they are read, and not at each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gist {
    /// Of all that decides who gets what by its name: where answers go, and whose keys count.
    pub digest: String,
    /// The JWK set as JSON text.
    pub jwks: Option<String>,
}

/// What is wrong with it: a sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMetadata {
    #[error("its client_name is empty, too long, or has characters that do not show")]
    Name,
    #[error("it has no redirect_uris, or one that is neither https nor http on loopback")]
    RedirectUris,
    #[error("it has a secret in it")]
    Secret,
    #[error("its token_endpoint_auth_method is not one that can be used here")]
    Method,
    #[error("private_key_jwt takes either jwks, with public keys alone, or jwks_uri")]
    Keys,
    #[error("pairwise subjects take redirect_uris of one host, which is the sector")]
    Sector,
    #[error("response_types must have code in it, for there is no other")]
    ResponseTypes,
    #[error("its tokens cannot be bound to a key and to a certificate at once")]
    BoundTwice,
    #[error("{0} asks for something that does not happen here")]
    NotHere(&'static str),
    #[error(
        "a client of the ID-JAG profile must have both token-exchange and jwt-bearer in grant_types"
    )]
    Profile,
    #[error("a member of it has the wrong form")]
    Form,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the metadata")]
struct Members {
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: Option<String>,
    jwks: Option<Map<String, Value>>,
    jwks_uri: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    scope: Option<String>,
    subject_type: Option<SubjectType>,
    sector_identifier_uri: Option<String>,
    id_token_signed_response_alg: Option<String>,
    #[serde(default)]
    dpop_bound_access_tokens: bool,
    #[serde(default)]
    authorization_grant_profiles_supported: Vec<String>,
    #[serde(default)]
    tls_client_certificate_bound_access_tokens: bool,
    #[serde(default)]
    require_signed_request_object: bool,
    #[serde(default)]
    require_pushed_authorization_requests: bool,
}

/// The longest name, in bytes.
const LONGEST_NAME: usize = 200;

impl ClientMetadata {
    /// Reads the members of `all`; a client that names no way to authenticate has the `usual` one.
    /// What we do not know is passed over (RFC 7591 §2).
    pub fn read(all: &Map<String, Value>, usual: AuthMethod) -> Result<Self, BadMetadata> {
        let members = Members::deserialize(all).map_err(|_| BadMetadata::Form)?;
        members.are_kept()?;
        let client_name = members.client_name.as_deref().map(name).transpose()?;
        let redirect_uris = redirect_uris(&members.redirect_uris)?;
        let pairwise = members.subject_type == Some(SubjectType::Pairwise);
        if pairwise && Sector::host(&redirect_uris).is_err() {
            return Err(BadMetadata::Sector);
        }
        let method = members.token_endpoint_auth_method.as_deref();
        let method = method.map(|it| AuthMethod::parse(it).ok_or(BadMetadata::Method));
        let method = method.transpose()?.unwrap_or(usual);
        let keyed = takes_keys(method, members.jwks.as_ref(), members.jwks_uri.as_ref())?;
        let grants = members.grant_types.unwrap_or_else(|| vec!["authorization_code".into()]);
        let grant_types: Vec<_> = grants.iter().filter_map(|it| GrantType::parse(it)).collect();
        if grant_types.contains(&GrantType::AuthorizationCode) && redirect_uris.is_empty() {
            return Err(BadMetadata::RedirectUris);
        }
        // ID-JAG §8: it "MUST also include" both.
        let profiles = members.authorization_grant_profiles_supported;
        let needed = [GrantType::TokenExchange, GrantType::JwtBearer];
        if profiles.iter().any(|it| it == ID_JAG_PROFILE)
            && !needed.iter().all(|it| grant_types.contains(it))
        {
            return Err(BadMetadata::Profile);
        }
        let scope = members.scope.as_deref().map(Scope::parse).transpose();
        Ok(Self {
            client_name,
            redirect_uris,
            token_endpoint_auth_method: method,
            grant_types,
            scope: scope.map_err(|_| BadMetadata::Form)?,
            jwks: members.jwks.filter(|_| keyed),
            jwks_uri: members.jwks_uri.filter(|_| keyed),
            id_token_signed_response_alg: members.id_token_signed_response_alg,
            dpop_bound_access_tokens: members.dpop_bound_access_tokens,
            subject_type: members.subject_type,
            tls_client_certificate_bound_access_tokens: members
                .tls_client_certificate_bound_access_tokens,
            authorization_grant_profiles_supported: profiles
                .into_iter()
                .filter(|it| it == ID_JAG_PROFILE)
                .collect(),
        })
    }

    /// By which sector `client`, whose word it is, wants to know people; none is publicly.
    pub fn sector(&self, client: &ClientId) -> Option<Sector> {
        let pairwise = self.subject_type == Some(SubjectType::Pairwise);
        let sector = || Sector::of(client, &self.redirect_uris);
        pairwise.then(|| sector().unwrap_or_else(|_| Sector::alone(client)))
    }

    /// What follows from it.
    pub fn gist(&self) -> Gist {
        let jwks = self.jwks.as_ref().map(|it| Value::Object(it.clone()).to_string());
        Gist { digest: self.digest(jwks.as_deref()), jwks }
    }

    fn digest(&self, jwks: Option<&str>) -> String {
        let mut digest = Sha256::new();
        for uri in &self.redirect_uris {
            digest.update(format!("{uri}\n"));
        }
        let bound =
            (self.dpop_bound_access_tokens, self.tls_client_certificate_bound_access_tokens);
        digest.update(match bound {
            (true, _) => "dpop\n",
            (false, true) => "tls\n",
            (false, false) => "\n",
        });
        let method = self.token_endpoint_auth_method.as_str();
        for part in [Some(method), jwks, self.jwks_uri.as_deref()] {
            digest.update(format!("{}\n", part.unwrap_or_default()));
        }
        BASE64_URL_SAFE_NO_PAD.encode(digest.finalize())
    }
}

impl Members {
    /// Whatever would make a client less safe than it believes must not be passed over.
    fn are_kept(&self) -> Result<(), BadMetadata> {
        // `docs/decisions/0046-certificates.md`: nothing is bound to both.
        if self.dpop_bound_access_tokens && self.tls_client_certificate_bound_access_tokens {
            return Err(BadMetadata::BoundTwice);
        }
        let asked = [
            ("require_signed_request_object", self.require_signed_request_object),
            ("require_pushed_authorization_requests", self.require_pushed_authorization_requests),
            // OIDC Core §8.1: nobody looks what stands there, so the sector would be another.
            ("sector_identifier_uri", {
                self.subject_type == Some(SubjectType::Pairwise)
                    && self.sector_identifier_uri.is_some()
            }),
        ];
        if let Some((name, _)) = asked.into_iter().find(|(_, asked)| *asked) {
            return Err(BadMetadata::NotHere(name));
        }
        match &self.response_types {
            Some(types) if !types.is_empty() && !types.iter().any(|it| it == "code") => {
                Err(BadMetadata::ResponseTypes)
            }
            _ => Ok(()),
        }
    }
}

fn name(text: &str) -> Result<String, BadMetadata> {
    let name = text.trim();
    match name.is_empty() || name.chars().any(is_deceptive) || name.len() > LONGEST_NAME {
        true => Err(BadMetadata::Name),
        false => Ok(name.to_owned()),
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

/// MCP 2026-07-28 wants all of them https or on loopback.
fn redirect_uris(texts: &[String]) -> Result<Vec<RedirectUri>, BadMetadata> {
    let read = |text: &String| {
        let url = Url::parse(text).ok()?;
        let fits = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
        RedirectUri::parse(text).ok().filter(|_| fits)
    };
    let uris: Option<Vec<_>> = texts.iter().map(read).collect();
    uris.ok_or(BadMetadata::RedirectUris)
}

/// Whether the client has keys, in one of the two ways and without anything private in them.
fn takes_keys(
    method: AuthMethod,
    jwks: Option<&Map<String, Value>>,
    jwks_uri: Option<&String>,
) -> Result<bool, BadMetadata> {
    let private = |it: &Value| ["d", "k", "p", "q"].iter().any(|name| it.get(name).is_some());
    let set = jwks.and_then(|it| it.get("keys")?.as_array());
    if set.is_some_and(|keys| keys.iter().any(private)) {
        return Err(BadMetadata::Secret);
    }
    match (method, set, jwks_uri) {
        (AuthMethod::PrivateKeyJwt, Some(_), None) | (AuthMethod::PrivateKeyJwt, None, Some(_)) => {
            Ok(true)
        }
        (AuthMethod::PrivateKeyJwt, ..) => Err(BadMetadata::Keys),
        _ => Ok(false),
    }
}
