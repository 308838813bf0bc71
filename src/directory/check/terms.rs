//! The terms of a connection: how people must have signed in, and what is told of them.

use std::collections::BTreeMap;

use super::{Check, Found};
use crate::directory::raw::RawConnection;
use crate::model::{ClaimSource, ConnectionGrant, ConnectionTerms, Login, Service};
use crate::oauth::ClientId;
use crate::tokens::RESERVED_CLAIMS;

/// More than this is no short-lived assertion, in seconds.
const LONGEST: i64 = 3600;

impl Check<'_> {
    pub(super) fn connection_terms(
        &mut self,
        path: &str,
        raw: &RawConnection,
        service: &Service,
    ) -> ConnectionTerms {
        self.details(path, raw, service);
        self.actors(path, raw);
        for acr in raw.acr.iter().filter(|it| !Login::ACR.contains(&it.as_str())) {
            let wrong = format!("nobody can sign in by {acr:?} here");
            let fix = format!("there is {}", Login::ACR.join(", "));
            self.notes.note(format!("{path} acr"), wrong, fix);
        }
        ConnectionTerms {
            grants: self.grants(path, raw, service),
            acr: raw.acr.clone(),
            max_age: self.seconds(&format!("{path} max_age"), raw.max_age, u32::MAX.into()),
            lifetime: self.seconds(&format!("{path} lifetime"), raw.lifetime, LONGEST),
            resource_required: raw.resource_required,
            authorization_details: raw.authorization_details.clone(),
            actors: raw.actors.clone(),
            actor_accounts: raw.actor_accounts.clone(),
            claims: self.released(path, raw, service),
        }
    }

    fn grants(
        &mut self,
        path: &str,
        raw: &RawConnection,
        service: &Service,
    ) -> Vec<ConnectionGrant> {
        let path = format!("{path} grants");
        let mut grants = Vec::new();
        for text in &raw.grants {
            let grant = ConnectionGrant::parse(text);
            if grant.is_none() {
                let fix = "write \"id-jag\", \"chaining\" (a JWT authorization grant), or both";
                self.notes.note(&path, format!("home gives no {text:?}"), fix);
            }
            grants.extend(grant.filter(|it| !grants.contains(it)));
        }
        if grants.contains(&ConnectionGrant::Chaining) {
            if service.hosted {
                let wrong = "services here take ID-JAGs alone";
                self.notes.note(
                    &path,
                    wrong,
                    "take \"chaining\" out: it is for services elsewhere",
                );
            }
            if raw.resource_required || !raw.resources.is_empty() {
                let wrong =
                    "no JWT authorization grant is held to resources, which nobody need read";
                let fix = "take \"chaining\" out, or resources and resource_required";
                self.notes.note(&path, wrong, fix);
            }
        }
        grants
    }

    fn details(&mut self, path: &str, raw: &RawConnection, service: &Service) {
        self.detail_types_of(path, &raw.authorization_details, service);
        let path = format!("{path} authorization_details");
        if !raw.authorization_details.is_empty() && raw.approval.as_deref() == Some("user") {
            let wrong = "the consent page cannot show them, so no person can allow them";
            self.notes.note(&path, wrong, "write approval = \"admin\", or take them out");
        }
    }

    /// Types of `authorization_details` that the service must have.
    pub(super) fn detail_types_of(&mut self, path: &str, types: &[String], service: &Service) {
        let known = service.authorization_details_types.names();
        for unknown in types.iter().filter(|it| !known.contains(it)) {
            let wrong = format!("service {} has no type {unknown:?}", service.id);
            let fix = "take it out, or add it to the authorization_details_types of the service";
            self.notes.note(format!("{path} authorization_details"), wrong, fix);
        }
    }

    fn actors(&mut self, path: &str, raw: &RawConnection) {
        let path = format!("{path} actors");
        for name in &raw.actors {
            let id = ClientId::parse(name);
            let at_home = |id| !matches!(self.client(self.around.home, &id), Found::Nowhere);
            if !id.is_ok_and(at_home) {
                let wrong = format!("there is no client {name:?} at home");
                self.notes.note(&path, wrong, "add [[client]] without `at`, or correct the id");
            }
        }
    }

    fn seconds(&mut self, path: &str, given: Option<i64>, most: i64) -> Option<u32> {
        let seconds = given?;
        let fits = u32::try_from(seconds).ok().filter(|_| (1..=most).contains(&seconds));
        if fits.is_none() {
            let fix = format!("write a number of seconds from 1 to {most}");
            self.notes.note(path, "it is out of bounds", fix);
        }
        fits
    }

    fn released(
        &mut self,
        path: &str,
        raw: &RawConnection,
        service: &Service,
    ) -> BTreeMap<String, ClaimSource> {
        let mut claims = BTreeMap::new();
        for (name, source) in &raw.claims {
            let path = format!("{path} claims.{name}");
            if name.is_empty() || RESERVED_CLAIMS.contains(&name.as_str()) {
                let fix = "take it out, or give the claim another name";
                self.notes.note(&path, "this claim is the issuer's own word", fix);
            }
            if name == "aud_tenant" && service.hosted {
                let wrong = "home's services have no tenants, and this one would refuse it";
                let fix = "take it out: it is for services elsewhere";
                self.notes.note(&path, wrong, fix);
            }
            let text = ["email", "aud_sub", "aud_tenant"].contains(&name.as_str());
            if text && source == "groups" {
                let fix = "take one that is a single text";
                self.notes.note(&path, "this claim is a text, and groups are several", fix);
            }
            let fix = "write \"email\", \"name\", \"username\", \"groups\", or a text after \"=\"";
            if let Some(source) =
                self.notes.parsed(path, ClaimSource::try_from(source.clone()), fix)
            {
                claims.insert(name.clone(), source);
            }
        }
        claims
    }
}
