//! Services.

use toml::Value;

use super::Check;
use super::members::scope_token;
use crate::directory::declared::DeclaredService;
use crate::directory::file::Entry;
use crate::directory::raw::RawService;
use crate::model::{DetailTypes, Registrations, Service};
use crate::oauth::{Scope, ServiceId};

/// The longest id: it is part of a URL.
const LONGEST_ID: usize = 63;

impl Check<'_> {
    pub(super) fn services(&mut self, entries: Vec<Entry<RawService>>) {
        let mut trusts = Vec::new();
        for Entry { path, raw } in entries {
            if let Some(record) = self.service_record(&path, &raw) {
                trusts.push((path, raw));
                self.declared.services.push(DeclaredService { record, trusts: Vec::new() });
            }
        }
        // Now that the issuers of all services are known.
        for (index, (path, raw)) in trusts.into_iter().enumerate() {
            let service = self.declared.services[index].record.clone();
            self.declared.services[index].trusts = self.trusts(&path, raw, &service);
        }
        self.aliases();
    }

    fn service_record(&mut self, path: &str, raw: &RawService) -> Option<Service> {
        let id = self.service_id(path, &raw.id)?;
        let issuer = self.issuer(path, &id, raw)?;
        let name = raw.name.clone().unwrap_or_else(|| raw.id.clone());
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            let fix = "write what people call the service";
            self.notes.note(format!("{path} name"), "it cannot be a name", fix);
        }
        let mut aliases = raw.audience_aliases.clone();
        aliases.sort();
        aliases.dedup();
        let mut service = Service {
            id,
            name,
            issuer,
            hosted: raw.hosted,
            active: raw.active,
            resources: self.resources(path, &raw.resources),
            audience_aliases: aliases,
            scopes: self.scopes(path, raw),
            access_token_signing_alg: self.access_token_signing_alg(path, raw),
            dpop_bound_access_tokens_required: self.bound_tokens(path, raw),
            described_scope: Scope::default(),
            registrations: self.registrations(path, raw),
            sector: self.service_sector(path, raw),
            authorization_details_types: self.detail_types(path, raw),
        };
        service.described_scope = self.described_scope(path, raw, &service);
        Some(service)
    }

    fn described_scope(&mut self, path: &str, raw: &RawService, service: &Service) -> Scope {
        let path = format!("{path} described_clients");
        if !raw.described_clients.is_empty() && !raw.hosted {
            let wrong = "the service lives elsewhere, and decides there about its clients";
            self.notes.note(&path, wrong, "take it out");
        }
        self.scopes_of(&path, &raw.described_clients, service)
    }

    fn registrations(&mut self, path: &str, raw: &RawService) -> Registrations {
        let path = format!("{path} registration");
        let Some(text) = &raw.registration else { return Registrations::Off };
        if !raw.hosted {
            let wrong = "the service lives elsewhere, and its clients register there";
            self.notes.note(&path, wrong, "take it out");
        }
        let fix = "write \"off\", \"token\" (with an initial access token) or \"open\"";
        self.notes.parsed(path, Registrations::parse(text), fix).unwrap_or_default()
    }

    fn access_token_signing_alg(&mut self, path: &str, raw: &RawService) -> String {
        let path = format!("{path} access_token_signing_alg");
        let Some(name) = &raw.access_token_signing_alg else {
            return "ES256".to_owned();
        };
        if !raw.hosted {
            self.notes.note(&path, "no token of this service is signed here", "take it out");
        }
        self.algorithm(&path, name)
    }

    fn detail_types(&mut self, path: &str, raw: &RawService) -> DetailTypes {
        let types = raw.authorization_details_types.clone();
        let types = DetailTypes::of(types.into_iter().collect());
        for name in types.unreadable() {
            let path = format!("{path} authorization_details_types.{name}");
            let fix = "write an object of JSON Schema as text, without references to elsewhere";
            self.notes.note(path, "it is no JSON Schema", fix);
        }
        types
    }

    fn bound_tokens(&mut self, path: &str, raw: &RawService) -> bool {
        if raw.dpop_bound_access_tokens_required && !raw.hosted {
            let path = format!("{path} dpop_bound_access_tokens_required");
            self.notes.note(path, "no token of this service is issued here", "take it out");
        }
        raw.dpop_bound_access_tokens_required
    }

    fn service_id(&mut self, path: &str, text: &str) -> Option<ServiceId> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (1..=LONGEST_ID).contains(&text.len()) && text.chars().all(allowed);
        let path = format!("{path} id");
        if !fits {
            let fix = "take 1 to 63 of a-z, 0-9 and -, as it becomes part of a URL";
            self.notes.note(path, "it cannot be an id", fix);
            return None;
        }
        if self.declared.services.iter().any(|it| it.record.id.as_str() == text) {
            self.notes.note(path, "there is a service of this id already", "take one out");
            return None;
        }
        ServiceId::parse(text).ok()
    }

    fn scopes(&mut self, path: &str, raw: &RawService) -> Vec<(String, String)> {
        let mut scopes = Vec::new();
        for (token, words) in &raw.scopes {
            let path = format!("{path} scopes.{token:?}");
            let fix = "a scope has no spaces, quotes or backslashes";
            self.notes.parsed(&path, scope_token(token), fix);
            match words {
                Value::String(words) if !words.trim().is_empty() => {
                    scopes.push((token.clone(), words.clone()));
                }
                Value::Table(_) => {
                    let fix = format!("put names with dots in quotes: \"{token}.…\" = \"…\"");
                    self.notes.note(path, "it is a table", fix);
                }
                _ => {
                    let fix = "write what it allows, in words that a person understands";
                    self.notes.note(path, "it has no description", fix);
                }
            }
        }
        scopes
    }

    /// A token exchange names one service: no name may stand for two.
    fn aliases(&mut self) {
        let services: Vec<_> = self.declared.services.iter().map(|it| it.record.clone()).collect();
        for (index, service) in services.iter().enumerate() {
            for alias in &service.audience_aliases {
                let path = format!("service {:?} audience_aliases", service.id.as_str());
                if alias == self.around.home.as_str() {
                    self.notes.note(path, "it is the issuer of home", "take it out");
                    continue;
                }
                let another = services.iter().enumerate().find(|(other, it)| {
                    let same_alias = *other < index && it.audience_aliases.contains(alias);
                    *other != index && (same_alias || it.issuer.as_str() == alias)
                });
                if let Some((_, another)) = another {
                    let wrong = format!("{alias:?} stands for service {}, too", another.id);
                    self.notes.note(path, wrong, "take it out of one of them");
                }
            }
        }
    }
}
