//! The directory as the store has it.

use crate::model::{Client, Connection, Service, Trust, User};
use crate::oauth::{ClientId, Issuer};
use crate::store::{self, StoreError, Transaction};

/// All of it, inactive entries included.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Present {
    pub groups: Vec<String>,
    pub users: Vec<User>,
    pub services: Vec<(Service, Vec<Trust>)>,
    pub clients: Vec<Client>,
    pub connections: Vec<Connection>,
}

impl Present {
    pub(super) async fn read(db: &Transaction) -> Result<Self, StoreError> {
        let mut services = Vec::new();
        for service in store::services::all(db).await? {
            let trusts = store::trusts::of(db, &service.id).await?;
            services.push((service, trusts));
        }
        Ok(Self {
            groups: store::groups::all(db).await?,
            users: store::users::all(db).await?,
            services,
            clients: store::clients::all(db).await?,
            connections: store::connections::all(db).await?,
        })
    }

    pub(super) fn user(&self, username: &str) -> Option<&User> {
        self.users.iter().find(|it| it.username == username)
    }

    pub(super) fn client(&self, issuer: &Issuer, id: &ClientId) -> Option<&Client> {
        self.clients.iter().find(|it| it.issuer == *issuer && it.id == *id)
    }
}
