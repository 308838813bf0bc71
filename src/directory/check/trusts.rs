//! Whose ID-JAGs and workloads a service takes.

use time::Duration;

use super::Check;
use super::workloads::{ID_JAG, WORKLOAD};
use crate::directory::file::{self, Entry};
use crate::directory::raw::{RawService, RawTrust};
use crate::model::{Accounts, Reuse, Service, Trust, TrustTerms, TrustedKeys};
use crate::oauth::Issuer;

/// What the lifetime of an ID-JAG may be where nothing else is said.
const LONGEST: Duration = Duration::minutes(5);

/// The same of an assertion of a workload: Kubernetes makes none for less.
const LONGEST_OF_WORKLOADS: Duration = Duration::minutes(10);

/// More than this is no short-lived assertion, in seconds.
const MOST: i64 = 3600;

impl Check<'_> {
    pub(super) fn trusts(&mut self, path: &str, raw: RawService, service: &Service) -> Vec<Trust> {
        let Some(tables) = raw.trust else {
            return if service.hosted { vec![self.home()] } else { vec![] };
        };
        if !service.hosted {
            let wrong = "the service lives elsewhere, and whom it trusts is decided there";
            self.notes.note(format!("{path} trust"), wrong, "take it out");
            return vec![];
        }
        let mut trusts: Vec<Trust> = Vec::new();
        for (index, mut table) in tables.into_iter().enumerate() {
            let issuer = table.get("issuer").and_then(toml::Value::as_str);
            let path = match issuer {
                Some(issuer) => format!("{path} trust[{index}] {issuer:?}"),
                None => format!("{path} trust[{index}]"),
            };
            self.kind_of_trust(&path, &mut table);
            let Some(Entry { path, raw }) = file::entry(path, table, self.notes) else { continue };
            let Some(trust) = self.trust(&path, &raw, service) else { continue };
            if self.stands_apart(&path, &trust, &trusts) {
                trusts.push(trust);
            }
        }
        trusts.sort_by_cached_key(|it| (it.issuer.clone(), it.name()));
        trusts
    }

    /// The trust in home where none is declared.
    fn home(&self) -> Trust {
        Trust {
            issuer: self.around.home.clone(),
            keys: TrustedKeys::Local,
            scope: None,
            reuse: Reuse::Once,
            accounts: Accounts::SamePerson,
            longest: LONGEST.max(self.around.id_jag),
            terms: TrustTerms::default(),
            active: true,
        }
    }

    fn trust(&mut self, path: &str, raw: &RawTrust, service: &Service) -> Option<Trust> {
        let fix = "write the issuer identifier exactly as it stands in its tokens";
        let issuer =
            self.notes.parsed(format!("{path} issuer"), Issuer::parse(&raw.issuer), fix)?;
        if issuer == service.issuer {
            // ID-JAG §9.3.
            let wrong = "a service cannot trust itself (ID-JAG §9.3)";
            self.notes.note(path, wrong, "take it out");
            return None;
        }
        let scope = raw.scopes.as_ref().map(|tokens| self.scopes_of(path, tokens, service));
        if scope.as_ref().is_some_and(crate::oauth::Scope::is_empty) {
            let fix = "name some, or leave it out for all that the service has";
            self.notes.note(format!("{path} scopes"), "there is none", fix);
        }
        let terms = match raw.kind.as_deref() {
            Some(WORKLOAD) => self.workload(path, raw, &issuer, service)?,
            None | Some(ID_JAG) => self.trust_terms(path, raw, &issuer, service),
            Some(_) => {
                let fix = "write \"id_jag\" or \"workload\", or leave it out for ID-JAGs";
                self.notes.note(format!("{path} kind"), "it is something else", fix);
                return None;
            }
        };
        Some(Trust {
            keys: self.trusted_keys(path, raw, &issuer),
            scope,
            reuse: self.reuse(path, raw),
            accounts: self.accounts(path, raw, &issuer),
            longest: self.longest(path, raw, &issuer),
            terms,
            active: raw.active,
            issuer,
        })
    }

    fn trusted_keys(&mut self, path: &str, raw: &RawTrust, issuer: &Issuer) -> TrustedKeys {
        self.keys(path, raw.jwks.as_deref(), raw.jwks_uri.as_deref());
        let local = self.is_local(issuer);
        match (&raw.jwks, &raw.jwks_uri) {
            (None, None) if local => TrustedKeys::Local,
            (None, None) => TrustedKeys::Discovered,
            _ if local => {
                let wrong = "the issuer is one of this server, which has its keys";
                self.notes.note(path, wrong, "take jwks and jwks_uri out");
                TrustedKeys::Local
            }
            (Some(jwks), _) => TrustedKeys::Inline(jwks.clone()),
            (None, Some(uri)) => TrustedKeys::Uri(uri.clone()),
        }
    }

    /// Whether `issuer` is one of this server.
    pub(super) fn is_local(&self, issuer: &Issuer) -> bool {
        let declared = self.declared.services.iter().map(|it| &it.record);
        let present = self.around.referable.services.iter().map(|(it, _)| it);
        let mut services = declared.chain(present);
        issuer == self.around.home
            || services.find(|it| it.issuer == *issuer).is_some_and(|it| it.hosted)
    }

    fn reuse(&mut self, path: &str, raw: &RawTrust) -> Reuse {
        match raw.reuse.as_deref() {
            None | Some("once") => Reuse::Once,
            Some("until_expiry") => Reuse::UntilExpiry,
            Some(_) => {
                let fix = "write \"once\" or \"until_expiry\"";
                self.notes.note(format!("{path} reuse"), "it is something else", fix);
                Reuse::Once
            }
        }
    }

    fn accounts(&mut self, path: &str, raw: &RawTrust, issuer: &Issuer) -> Accounts {
        let accounts = match raw.accounts.as_deref() {
            None | Some("linked") => Accounts::Linked,
            Some("just_in_time") => Accounts::JustInTime,
            Some(_) => {
                let fix = "write \"linked\" or \"just_in_time\"";
                self.notes.note(format!("{path} accounts"), "it is something else", fix);
                Accounts::Linked
            }
        };
        // The people of home are there already: linked, and never to be made.
        if issuer == self.around.home { Accounts::SamePerson } else { accounts }
    }

    fn longest(&mut self, path: &str, raw: &RawTrust, issuer: &Issuer) -> Duration {
        match raw.longest {
            None if issuer == self.around.home => LONGEST.max(self.around.id_jag),
            None if raw.kind.as_deref() == Some(WORKLOAD) => LONGEST_OF_WORKLOADS,
            None => LONGEST,
            Some(seconds @ 1..=MOST) => Duration::seconds(seconds),
            Some(_) => {
                let fix = format!("write a number of seconds from 1 to {MOST}");
                self.notes.note(format!("{path} longest"), "it is out of bounds", fix);
                LONGEST
            }
        }
    }

    /// How far the issuer is believed about who is meant (ID-JAG §6.3 and §9.5).
    fn trust_terms(
        &mut self,
        path: &str,
        raw: &RawTrust,
        issuer: &Issuer,
        service: &Service,
    ) -> TrustTerms {
        self.detail_types_of(path, &raw.authorization_details, service);
        let terms = TrustTerms {
            tenant: raw.tenant.clone(),
            aud_tenant: raw.aud_tenant.clone(),
            authorization_details: raw.authorization_details.clone(),
            act: raw.act,
            resource_required: raw.resource_required,
            aud_sub: raw.aud_sub,
            email_domains: raw.email_domains.clone(),
            link_domains: raw.link_domains.clone(),
            workload: None,
        };
        let of_home = TrustTerms { resource_required: raw.resource_required, ..Default::default() };
        if issuer == self.around.home && terms != of_home {
            let wrong = "home has no tenants, knows people by their sub, and leaves the rest to \
                         the connections";
            let fix = "take tenant, aud_tenant, aud_sub, email_domains, link_domains, \
                       authorization_details and act out";
            self.notes.note(path, wrong, fix);
        }
        for tenant in [&terms.tenant, &terms.aud_tenant].into_iter().flatten() {
            if tenant.is_empty() || tenant.chars().any(char::is_control) {
                let fix = "write it as it stands in the issuer's tokens, or leave it out";
                self.notes.note(path, "a tenant cannot be empty or have control characters", fix);
            }
        }
        self.domains(&format!("{path} email_domains"), &terms.email_domains);
        self.domains(&format!("{path} link_domains"), &terms.link_domains);
        if !terms.link_domains.is_empty() && raw.accounts.as_deref() == Some("just_in_time") {
            let wrong = "who gets an account just in time has none to link";
            let fix = "take link_domains out, or write accounts = \"linked\"";
            self.notes.note(format!("{path} link_domains"), wrong, fix);
        }
        terms
    }

    fn domains(&mut self, path: &str, domains: &[String]) {
        for domain in domains.iter().filter(|it| it.contains('@') || !it.contains('.')) {
            let fix = "write what stands after the @, like \"example.com\"";
            self.notes.note(path, format!("{domain:?} is no domain"), fix);
        }
    }
}
