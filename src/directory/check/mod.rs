//! Turning a file into records, and finding everything that is wrong with it.
//!
//! References may point to the file itself or to what is in the store already, so that a
//! directory can be declared in several files.

mod clients;
mod connections;
mod credentials;
mod issuers;
mod members;
mod people;
mod sectors;
mod services;
mod terms;
mod trusts;
mod workloads;

use time::Duration;

use super::declared::Declared;
use super::file::File;
use super::mistake::{Mistakes, Notes};
use super::present::Present;
use crate::model::{Client, Service};
use crate::oauth::{ClientId, Issuer};

/// What a file is checked against.
pub(super) struct Surroundings<'a> {
    pub home: &'a Issuer,
    /// How long home's ID-JAGs are valid.
    pub id_jag: Duration,
    /// What the store has.
    pub present: &'a Present,
    /// What of it references may point to.
    pub referable: &'a Present,
}

/// The records of `text`, or all that is wrong with it.
pub(super) fn check(text: &str, around: &Surroundings<'_>) -> Result<Declared, Mistakes> {
    let mut notes = Notes::default();
    let file = File::read(text, &mut notes);
    let mut check = Check {
        around,
        named: file.named,
        notes: &mut notes,
        declared: Declared::default(),
        named_clients: Vec::new(),
    };
    check.people(file.groups, file.users);
    check.services(file.services);
    check.clients(file.clients);
    check.clients_of_workloads();
    check.connections(file.connections);
    let declared = check.declared;
    notes.finish(declared)
}

/// A check under way: what is right so far, and what is wrong.
struct Check<'a> {
    around: &'a Surroundings<'a>,
    /// What the file has an entry for: see [`File::named`].
    named: std::collections::BTreeSet<(&'static str, String)>,
    notes: &'a mut Notes,
    declared: Declared,
    /// By trusts, before there are any clients.
    named_clients: Vec<workloads::NamedClient>,
}

/// What a reference points to.
enum Found<T> {
    It(T),
    /// An entry that is wrong itself, which was said already.
    Wrong,
    Nowhere,
}

impl Check<'_> {
    fn service(&self, id: &str) -> Found<Service> {
        let declared = self.declared.services.iter().map(|it| &it.record);
        let present = self.around.referable.services.iter().map(|(service, _)| service);
        match declared.chain(present).find(|it| it.id.as_str() == id) {
            Some(service) => Found::It(service.clone()),
            None => self.missing("service", id),
        }
    }

    fn client(&self, issuer: &Issuer, id: &ClientId) -> Found<Client> {
        let declared = self.declared.clients.iter().map(|it| &it.record);
        let mut all = declared.chain(&self.around.referable.clients);
        match all.find(|it| it.issuer == *issuer && it.id == *id) {
            Some(client) => Found::It(client.clone()),
            None => self.missing("client", id.as_str()),
        }
    }

    fn missing<T>(&self, section: &'static str, name: &str) -> Found<T> {
        let right = match section {
            "service" => self.declared.services.iter().any(|it| it.record.id.as_str() == name),
            _ => self.declared.clients.iter().any(|it| it.record.id.as_str() == name),
        };
        match self.named.contains(&(section, name.to_owned())) && !right {
            true => Found::Wrong,
            false => Found::Nowhere,
        }
    }

    /// Those of `groups` that exist, in order and each once.
    fn groups(&mut self, path: &str, groups: Vec<String>) -> Vec<String> {
        let mut known = Vec::new();
        for group in groups {
            let exists = self.declared.groups.contains(&group)
                || self.around.referable.groups.contains(&group);
            if !exists {
                let wrong = format!("there is no group {group:?}");
                let fix = format!("add [[group]] with name = {group:?}, or take it out");
                self.notes.note(format!("{path} groups"), wrong, fix);
            }
            known.push(group);
        }
        known.sort();
        known.dedup();
        known
    }
}
