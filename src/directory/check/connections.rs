//! Connections.

use super::{Check, Found};
use crate::directory::file::Entry;
use crate::directory::raw::RawConnection;
use crate::model::{Approval, Connection, Service, is_registered};
use crate::oauth::{ClientId, Resource};
use crate::outbound::is_document_url;

impl Check<'_> {
    pub(super) fn connections(&mut self, entries: Vec<Entry<RawConnection>>) {
        for Entry { path, raw } in entries {
            let Some(connection) = self.connection(&path, &raw) else { continue };
            let mut others = self.declared.connections.iter();
            if others.any(|it| it.client == connection.client && it.service == connection.service) {
                let wrong = "the client is connected with this service already";
                self.notes.note(&path, wrong, "make one connection of the two");
            }
            self.declared.connections.push(connection);
        }
    }

    fn connection(&mut self, path: &str, raw: &RawConnection) -> Option<Connection> {
        let client = self.client_at_home(path, raw);
        let approval = self.approval(path, raw);
        let groups = self.groups(path, raw.groups.clone());
        let service = match self.service(&raw.service) {
            Found::It(service) => service,
            Found::Wrong => return None,
            Found::Nowhere => {
                let wrong = format!("there is no service {:?}", raw.service);
                self.notes.note(format!("{path} service"), wrong, "add it, or correct the id");
                return None;
            }
        };
        let client_there = self.client_there(path, raw, &service);
        let scope = self.scopes_of(path, &raw.scopes, &service);
        if raw.scopes.is_empty() {
            let fix = format!("name some of {:?}", service.scope().to_string());
            self.notes.note(format!("{path} scopes"), "there is none", fix);
        }
        let resources = self.governed(path, raw, &service);
        let terms = self.connection_terms(path, raw, &service);
        Some(Connection {
            client: client?,
            service: service.id,
            client_there: client_there?,
            scope,
            resources,
            groups,
            approval,
            terms,
            active: raw.active,
        })
    }

    fn client_at_home(&mut self, path: &str, raw: &RawConnection) -> Option<ClientId> {
        let path = format!("{path} client");
        let id = ClientId::parse(&raw.client);
        let id = self.notes.parsed(&path, id, "name a client of home")?;
        if !declares_itself(&id) && matches!(self.client(self.around.home, &id), Found::Nowhere) {
            let wrong = format!("there is no client {:?} at home", raw.client);
            self.notes.note(path, wrong, "add [[client]] without `at`, or correct the id");
        }
        Some(id)
    }

    fn client_there(
        &mut self,
        path: &str,
        raw: &RawConnection,
        service: &Service,
    ) -> Option<ClientId> {
        let path = format!("{path} client_id");
        let id = ClientId::parse(&raw.client_id);
        let id = self.notes.parsed(&path, id, "name the client as the service knows it")?;
        // Of a service elsewhere only its own administrators know the clients.
        let hosted = service.hosted && !declares_itself(&id);
        if hosted && matches!(self.client(&service.issuer, &id), Found::Nowhere) {
            let wrong = format!("there is no client {:?} at {}", raw.client_id, service.id);
            let fix =
                format!("add [[client]] with at = {:?}, or correct the id", service.id.as_str());
            self.notes.note(path, wrong, fix);
        }
        Some(id)
    }

    fn approval(&mut self, path: &str, raw: &RawConnection) -> Approval {
        match raw.approval.as_deref() {
            None | Some("admin") => Approval::Admin,
            Some("user") => Approval::User,
            Some(_) => {
                let fix = "write \"admin\" (no questions) or \"user\" (the person must consent)";
                self.notes.note(format!("{path} approval"), "it is something else", fix);
                Approval::User
            }
        }
    }

    fn governed(&mut self, path: &str, raw: &RawConnection, service: &Service) -> Vec<Resource> {
        let resources = self.resources(path, &raw.resources);
        for resource in resources.iter().filter(|it| !service.governs(it)) {
            let wrong = format!("service {} does not govern {resource}", service.id);
            let fix = "take it out, or add it to the resources of the service";
            self.notes.note(format!("{path} resources"), wrong, fix);
        }
        resources
    }
}

/// Whether no `[[client]]` is wanted, as it stands at its own address or registered itself.
fn declares_itself(id: &ClientId) -> bool {
    is_document_url(id.as_str()) || is_registered(id)
}
