//! The issuer identifiers of services, which must not get in each other's way.

use super::Check;
use crate::directory::raw::RawService;
use crate::oauth::{Issuer, ServiceId};

/// First parts of paths at which home answers itself.
const TAKEN: [&str; 11] = [
    ".well-known",
    "account",
    "admin",
    "assets",
    "consent",
    "device",
    "healthz",
    "metrics",
    "oauth2",
    "readyz",
    "sign-in",
];

impl Check<'_> {
    pub(super) fn issuer(
        &mut self,
        path: &str,
        id: &ServiceId,
        raw: &RawService,
    ) -> Option<Issuer> {
        let home = self.around.home;
        let path = format!("{path} issuer");
        let issuer = match &raw.issuer {
            Some(text) => {
                let fix = "write an https URL without query and fragment (http on loopback only)";
                self.notes.parsed(&path, Issuer::parse(text), fix)?
            }
            None if !raw.hosted => {
                let fix = "write it: only the issuer of a hosted service is known without";
                self.notes.note(path, "it is missing", fix);
                return None;
            }
            None => Issuer::parse(&home.at(&format!("/services/{id}"))).ok()?,
        };
        if place(&issuer) == place(home) {
            let wrong = "it is the issuer of home, which cannot be a service (ID-JAG §9.3)";
            self.notes.note(&path, wrong, "give the service another one");
        } else if raw.hosted
            && below(home, &issuer).is_some_and(|first| TAKEN.contains(&first.as_str()))
        {
            let fix = format!("leave it out, for {}", home.at(&format!("/services/{id}")));
            self.notes.note(&path, "home itself answers there", fix);
        }
        let declared = self.declared.services.iter().map(|it| &it.record);
        // What the file says of a service goes before what the store has of it.
        let present = self.around.present.services.iter().map(|(it, _)| it);
        let present = present.filter(|it| !self.named.contains(&("service", it.id.to_string())));
        let other = declared.chain(present).find(|it| place(&it.issuer) == place(&issuer));
        if let Some(other) = other.map(|it| it.id.clone()).filter(|it| it != id) {
            let wrong = format!("it is the issuer of service {other}, too");
            self.notes.note(&path, wrong, "give one of them another");
        }
        Some(issuer)
    }
}

/// Where requests for an issuer arrive. Two issuers of one place could not be told apart.
fn place(issuer: &Issuer) -> (String, String) {
    let url = issuer.url();
    (url.origin().ascii_serialization(), url.path().trim_end_matches('/').to_owned())
}

/// The first part of the path of `issuer` below `home`, if it is there.
fn below(home: &Issuer, issuer: &Issuer) -> Option<String> {
    let ((origin, base), (its, path)) = (place(home), place(issuer));
    let rest = path.strip_prefix(&base)?.strip_prefix('/')?;
    (origin == its).then(|| rest.split('/').next().unwrap_or_default().to_owned())
}
