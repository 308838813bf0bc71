//! By which sectors people are known (OIDC Core §8.1).

use url::Url;

use super::Check;
use crate::directory::raw::{RawClient, RawService};
use crate::oauth::{ClientId, RedirectUri, Sector};

impl Check<'_> {
    /// The sector of a client: its own word, that of its `sector_identifier_uri`, or where its
    /// `redirect_uris` lead. The administrator vouches for it, so nobody looks what stands there.
    pub(super) fn client_sector(
        &mut self,
        path: &str,
        raw: &RawClient,
        client: &ClientId,
        redirect_uris: &[RedirectUri],
    ) -> Option<Sector> {
        let named = self.named_sector(path, raw.sector.as_deref());
        let uri = self.sector_identifier(path, raw.sector_identifier_uri.as_deref());
        let given = raw.sector.is_some() || raw.sector_identifier_uri.is_some();
        if !self.is_pairwise(path, raw.subject_type.as_deref(), given) {
            return None;
        }
        let path = format!("{path} subject_type");
        if raw.at.is_some() {
            let wrong = "a service calls people the same for all of its clients";
            self.notes.note(path, wrong, "take it out, or write it for the service");
            return None;
        }
        match (named, uri) {
            (Some(named), Some(uri)) if named != uri => {
                let wrong = "sector and sector_identifier_uri are of different hosts";
                self.notes.note(path, wrong, "take one of them out");
                None
            }
            (Some(sector), _) | (None, Some(sector)) => Some(sector),
            // What is wrong with it was said.
            (None, None) if given => None,
            (None, None) => {
                let sector = Sector::of(client, redirect_uris);
                self.notes.parsed(path, sector, "name one as sector = \"app.example.com\"")
            }
        }
    }

    /// The sector of a service. It has no default: its issuer may be at the host of many.
    pub(super) fn service_sector(&mut self, path: &str, raw: &RawService) -> Option<Sector> {
        let named = self.named_sector(path, raw.sector.as_deref());
        let pairwise = self.is_pairwise(path, raw.subject_type.as_deref(), raw.sector.is_some());
        if pairwise && raw.sector.is_none() {
            let fix = "write the sector of the client by which it signs people in, or any host that \
                       is its own";
            self.notes.note(format!("{path} sector"), "it is missing", fix);
        }
        named.filter(|_| pairwise)
    }

    fn is_pairwise(&mut self, path: &str, subject_type: Option<&str>, has_sector: bool) -> bool {
        let path = format!("{path} subject_type");
        match subject_type {
            Some("pairwise") => true,
            None | Some("public") => {
                if has_sector {
                    let wrong = "public subjects are the same in all sectors";
                    self.notes.note(path, wrong, "write \"pairwise\", or take the sector out");
                }
                false
            }
            Some(_) => {
                let fix = "write \"public\" or \"pairwise\"";
                self.notes.note(path, "it is something else", fix);
                false
            }
        }
    }

    fn named_sector(&mut self, path: &str, text: Option<&str>) -> Option<Sector> {
        let fix = "write the name of a host, like \"app.example.com\"";
        self.notes.parsed(format!("{path} sector"), Sector::parse(text?), fix)
    }

    fn sector_identifier(&mut self, path: &str, text: Option<&str>) -> Option<Sector> {
        let url = Url::parse(text?).ok().filter(|it| it.scheme() == "https");
        let sector = url.as_ref().and_then(Url::host_str).map(Sector::parse);
        if sector.is_none() {
            let fix = "write an https URL";
            self.notes.note(format!("{path} sector_identifier_uri"), "it is something else", fix);
        }
        sector?.ok()
    }
}
