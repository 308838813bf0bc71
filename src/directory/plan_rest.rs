//! What the store has and the file has not.

use super::plan::{Place, connection_name, same_parties};
use super::planned::{Mark, Plan, Write};
use crate::model::{Client, Connection, Service, User};

/// Names it, or takes it out of use. Nothing is ever deleted: who puts it back into the file
/// finds it as it was.
pub(super) fn plan(plan: &mut Plan, place: &Place<'_>, prune: bool) {
    let (declared, present) = (place.declared, place.present);
    let mut rest = Vec::new();

    let users = present
        .users
        .iter()
        .filter(|it| it.active && !declared.users.iter().any(|user| user.username == it.username));
    rest.extend(users.map(|it| {
        let user = User { active: false, ..it.clone() };
        (format!("user {}", it.username), Write::User(Box::new(user)))
    }));

    let services = present.services.iter().map(|(it, _)| it).filter(|it| {
        it.active && !declared.services.iter().any(|service| service.record.id == it.id)
    });
    rest.extend(services.map(|it| {
        let service = Service { active: false, ..it.clone() };
        (format!("service {}", it.id), Write::Service(Box::new(service)))
    }));

    let is_declared = |it: &Client| {
        let mut clients = declared.clients.iter().map(|client| &client.record);
        clients.any(|client| client.issuer == it.issuer && client.id == it.id)
    };
    let clients = present.clients.iter().filter(|it| it.active && !is_declared(it));
    rest.extend(clients.map(|it| {
        let client = Client { active: false, ..it.clone() };
        (place.of(it), Write::Client(Box::new(client)))
    }));

    let connections = present.connections.iter().filter(|it| {
        it.active && !declared.connections.iter().any(|other| same_parties(it, other))
    });
    rest.extend(connections.map(|it| {
        let connection = Connection { active: false, ..it.clone() };
        (connection_name(it), Write::Connection(Box::new(connection)))
    }));

    for (what, write) in rest {
        match prune {
            true => {
                plan.change(Mark::TakenOut, what, vec!["no longer active".to_owned()], write);
            }
            false => plan.not_in_file.push(what),
        }
    }
}
