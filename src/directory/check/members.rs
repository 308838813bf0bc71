//! Members of several kinds of entries, read in one way.

use url::Url;

use super::Check;
use crate::jose::KeySet;
use crate::model::Service;
use crate::oauth::{Resource, Scope, is_loopback, strict_json};

impl Check<'_> {
    /// The scope that a list of tokens makes, all of them scopes of `service`.
    pub(super) fn scopes_of(&mut self, path: &str, tokens: &[String], service: &Service) -> Scope {
        let path = format!("{path} scopes");
        let mut all = Scope::default();
        for token in tokens {
            let fix = "a scope has no spaces, quotes or backslashes";
            if let Some(one) = self.notes.parsed(&path, scope_token(token), fix) {
                all = all.union(&one);
            }
        }
        self.covered(&path, &all, service);
        all
    }

    /// Notes what `service` does not have.
    pub(super) fn covered(&mut self, path: &str, scope: &Scope, service: &Service) {
        let strange = scope.without(&service.scope());
        if !strange.is_empty() {
            let wrong = format!("service {} has no scope {:?}", service.id, strange.to_string());
            let fix = match service.scopes.is_empty() {
                true => "it has none at all: add scopes to the service".to_owned(),
                false => format!("it has {:?}", service.scope().to_string()),
            };
            self.notes.note(path, wrong, fix);
        }
    }

    pub(super) fn resources(&mut self, path: &str, resources: &[String]) -> Vec<Resource> {
        let mut all = Vec::new();
        for (index, text) in resources.iter().enumerate() {
            let path = format!("{path} resources[{index}]");
            let fix = "write a URL like https://api.example.com/mcp";
            let resource = self.notes.parsed(path, Resource::parse(text), fix);
            all.extend(resource.filter(|it| !all.contains(it)));
        }
        all
    }

    /// A JWK set as JSON text, or where there is one.
    pub(super) fn keys(&mut self, path: &str, jwks: Option<&str>, uri: Option<&str>) {
        // RFC 7591 §2: "The 'jwks_uri' and 'jwks' parameters MUST NOT both be present".
        if jwks.is_some() && uri.is_some() {
            self.notes.note(path, "it has both jwks and jwks_uri", "take one of them out");
        }
        if let Some((wrong, fix)) = jwks.and_then(|jwks| usable(jwks).err()) {
            self.notes.note(format!("{path} jwks"), wrong, fix);
        }
        if let Some(uri) = uri {
            let url = Url::parse(uri).ok();
            let fits = |url: &Url| url.scheme() == "https" || is_http_loopback(url);
            if !url.as_ref().is_some_and(fits) {
                let fix = "write an https URL (http on loopback only)";
                self.notes.note(format!("{path} jwks_uri"), "it is something else", fix);
            }
        }
    }
}

fn is_http_loopback(url: &Url) -> bool {
    url.scheme() == "http" && is_loopback(url)
}

/// The scope of one token.
pub(super) fn scope_token(token: &str) -> Result<Scope, String> {
    match token.is_empty() || token.contains(' ') {
        true => Err(format!("{token:?} is no single scope")),
        false => Scope::parse(token).map_err(|why| why.to_string()),
    }
}

/// Whether there is a key in a JWK set that can verify something, and no private one.
fn usable(jwks: &str) -> Result<(), (&'static str, &'static str)> {
    const FORM: &str = "write the text of a JWK set, jwks = '{\"keys\":[…]}'";
    let json: serde_json::Value = strict_json::read(jwks.as_bytes(), strict_json::DEEPEST)
        .map_err(|_| ("it is not JSON", FORM))?;
    let keys = json["keys"].as_array().ok_or(("it has no \"keys\"", FORM))?;
    // RFC 7518 §6: the parts of private and of symmetric keys.
    if keys.iter().any(|key| key.get("d").is_some() || key.get("k").is_some()) {
        let fix = "give the public part only, and make a new key: this one has been seen";
        return Err(("it has a private key", fix));
    }
    match KeySet::parse(jwks.as_bytes()) {
        Ok(set) if !set.is_empty() => Ok(()),
        _ => Err((
            "it has no key that can verify a signature here",
            "give an EC, RSA (2048 bits or more) or Ed25519 key whose use, if any, is sig",
        )),
    }
}
