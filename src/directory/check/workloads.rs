//! Trusts in assertions of workloads, and what sets them apart from those in ID-JAGs.

use std::collections::BTreeMap;

use serde_json::Value;
use toml::Table;

use super::{Check, Found};
use crate::directory::raw::RawTrust;
use crate::model::{Service, Trust, TrustTerms, Workload};
use crate::oauth::{ClientId, GrantType, Issuer};

/// How the file calls such a trust, and the other kind.
pub(super) const WORKLOAD: &str = "workload";
pub(super) const ID_JAG: &str = "id_jag";

/// The members of each kind alone.
const OF_ID_JAGS: [&str; 9] = [
    "accounts",
    "tenant",
    "aud_tenant",
    "authorization_details",
    "act",
    "resource_required",
    "aud_sub",
    "email_domains",
    "link_domains",
];
const OF_WORKLOADS: [&str; 4] = ["client", "subject", "claims", "resources"];

/// What is checked of each assertion in its own way.
const CHECKED: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "cnf"];

/// A trust that names a client, which is declared further down.
pub(super) struct NamedClient {
    pub path: String,
    pub service: Service,
    pub client: ClientId,
}

impl Check<'_> {
    /// Takes out of `table` what does not belong to its kind, after saying so.
    pub(super) fn kind_of_trust(&mut self, path: &str, table: &mut Table) {
        let (strange, why, fix): (&[_], _, _) = match table.get("kind").and_then(|it| it.as_str()) {
            Some(WORKLOAD) => (
                &OF_ID_JAGS,
                "a workload is no person: it is a client, and acts for itself",
                "take it out, or leave kind out for ID-JAGs",
            ),
            _ => (
                &OF_WORKLOADS,
                "it is about workloads, and this trust takes ID-JAGs",
                "take it out, or write kind = \"workload\"",
            ),
        };
        for member in strange {
            if table.remove(*member).is_some() {
                self.notes.note(format!("{path} {member}"), why, fix);
            }
        }
    }

    pub(super) fn workload(
        &mut self,
        path: &str,
        raw: &RawTrust,
        issuer: &Issuer,
        service: &Service,
    ) -> Option<TrustTerms> {
        if self.is_local(issuer) {
            let wrong = "the issuer is one of this server, whose clients authenticate";
            self.notes.note(path, wrong, "give the client a secret or keys, and take this out");
        }
        let claims = self.required_claims(path, raw);
        let Some(client) = &raw.client else {
            let fix = "name the client of the service that the workload is";
            self.notes.note(format!("{path} client"), "it is missing", fix);
            return None;
        };
        let fix = "name a client of the service";
        let client = ClientId::parse(client);
        let client = self.notes.parsed(format!("{path} client"), client, fix)?;
        self.named_clients.push(NamedClient {
            path: format!("{path} client"),
            service: service.clone(),
            client: client.clone(),
        });
        let resources = self.resources(path, &raw.resources);
        for resource in resources.iter().filter(|it| !service.governs(it)) {
            let wrong = format!("service {} does not govern {resource}", service.id);
            let fix = "take it out, or add it to the resources of the service";
            self.notes.note(format!("{path} resources"), wrong, fix);
        }
        let workload = Some(Workload { client, claims, resources });
        Some(TrustTerms { workload, ..TrustTerms::default() })
    }

    fn required_claims(&mut self, path: &str, raw: &RawTrust) -> BTreeMap<String, Value> {
        let mut claims = BTreeMap::new();
        for (name, value) in &raw.claims {
            let path = format!("{path} claims.{name}");
            if name == "sub" {
                self.notes.note(path, "it is the subject", "write it as subject = \"…\"");
                continue;
            }
            if CHECKED.contains(&name.as_str()) {
                self.notes.note(path, "it is checked in each assertion anyway", "take it out");
                continue;
            }
            let value = match value {
                toml::Value::String(text) => Value::from(text.as_str()),
                toml::Value::Boolean(flag) => Value::from(*flag),
                toml::Value::Integer(number) => Value::from(*number),
                _ => {
                    let fix = "write the text, number or truth value that the claim has";
                    self.notes.note(path, "no claim can be compared with it", fix);
                    continue;
                }
            };
            claims.insert(name.clone(), value);
        }
        claims.extend(raw.subject.as_ref().map(|it| ("sub".to_owned(), Value::from(it.as_str()))));
        if claims.is_empty() {
            let wrong = "every workload of the issuer would be the client";
            let fix = "write subject = \"…\" or claims = { … }, exactly as in its assertions";
            self.notes.note(path, wrong, fix);
        }
        claims
    }

    /// Whether `trust` can stand beside `others` of its service.
    pub(super) fn stands_apart(&mut self, path: &str, trust: &Trust, others: &[Trust]) -> bool {
        let others: Vec<_> = others.iter().filter(|it| it.issuer == trust.issuer).collect();
        // Before its signature is checked, nothing of an assertion can tell which trust is meant.
        if others.iter().any(|it| it.keys != trust.keys) {
            let wrong = "the issuer is trusted with other keys already";
            self.notes.note(path, wrong, "write the same jwks or jwks_uri in all its trusts");
        }
        for other in others {
            let (wrong, fix) = match (trust.workload(), other.workload()) {
                (None, None) if trust.terms.tenant == other.terms.tenant => {
                    ("the issuer is trusted already", "take one out, or give each its tenant")
                }
                (Some(one), Some(two)) if one.may_coincide_with(two) => (
                    "one assertion could be meant by this and by another trust in its issuer",
                    "give both a subject, or one claim with two values",
                ),
                _ => continue,
            };
            self.notes.note(path, wrong, fix);
            return false;
        }
        true
    }

    /// The clients that trusts name must be there, and may redeem assertions.
    pub(super) fn clients_of_workloads(&mut self) {
        for NamedClient { path, service, client: id } in std::mem::take(&mut self.named_clients) {
            let client = match self.client(&service.issuer, &id) {
                Found::It(client) => client,
                Found::Wrong => continue,
                Found::Nowhere => {
                    let wrong = format!("there is no client {:?} at {}", id.as_str(), service.id);
                    let fix = format!("add [[client]] with at = {:?}", service.id.as_str());
                    self.notes.note(path, wrong, fix);
                    continue;
                }
            };
            if client.described.is_some() {
                let fix = format!("add [[client]] with at = {:?}", service.id.as_str());
                self.notes.note(path, "nobody vouched for that client but itself", fix);
            } else if !client.may_use(GrantType::JwtBearer) {
                let fix = format!("add {:?} to its grant_types", GrantType::JwtBearer.as_str());
                self.notes.note(path, "the client may not redeem assertions", fix);
            }
        }
    }
}
