//! What a check goes by, as it stands in the database, or would after a file is applied.

use std::sync::Arc;

use super::Question;
use super::legs::No;
use super::others::Others;
use crate::cli::failure::Failure;
use crate::model::{Client, Connection, Consent, Service, Trust, User};
use crate::oauth::{ClientId, Issuer};
use crate::store::{self, Transaction};

pub(super) struct Facts {
    pub home: Issuer,
    pub user: User,
    pub service: Arc<Service>,
    /// At home.
    pub client: Option<Client>,
    pub connection: Option<Connection>,
    /// What the person allowed this client, as it is now.
    pub consent: Option<Consent>,
    /// Whom the connection names there.
    pub client_there: Option<Client>,
    pub trusts: Vec<Trust>,
    /// Whether a proxy tells of certificates.
    pub certificates_can_come: bool,
}

impl Facts {
    /// A person or a service that is not known leaves nothing to decide.
    pub(super) async fn read(
        db: &Transaction,
        others: &Others<'_>,
        home: &Issuer,
        question: &Question,
    ) -> Result<Result<Self, No>, Failure> {
        let Some(user) = store::users::named(db, &question.user).await? else {
            return Ok(Err(No::of(format!("there is no user {:?}", question.user))));
        };
        let named = |it: &Service| {
            let names = [it.id.as_str(), it.issuer.as_str()];
            names.contains(&question.service.as_str())
                || it.audience_aliases.contains(&question.service)
        };
        let Some(service) = store::services::all(db).await?.into_iter().find(named) else {
            return Ok(Err(No::of(format!("there is no service {:?}", question.service))));
        };
        let client = match found(db, others, home, &question.client).await? {
            Ok(client) => client,
            Err(no) => return Ok(Err(no)),
        };
        let connection = store::connections::find(db, &question.client, &service.id).await?;
        let consent = store::consents::find(db, &user.id, home, &question.client).await?;
        let client_there = match &connection {
            Some(it) => match found(db, others, &service.issuer, &it.client_there).await? {
                Ok(client) => client,
                Err(no) => return Ok(Err(no)),
            },
            None => None,
        };
        Ok(Ok(Self {
            home: home.clone(),
            trusts: store::trusts::of(db, &service.id).await?,
            certificates_can_come: others.certificates_can_come(),
            consent: consent.filter(|it| client.as_ref().is_some_and(|client| it.is_for(client))),
            service: Arc::new(service),
            user,
            client,
            connection,
            client_there,
        }))
    }
}

/// What is declared goes before what a client says of itself.
async fn found(
    db: &Transaction,
    others: &Others<'_>,
    issuer: &Issuer,
    id: &ClientId,
) -> Result<Result<Option<Client>, No>, Failure> {
    match store::clients::find(db, issuer, id).await? {
        Some(client) => Ok(Ok(Some(client))),
        None => others.find(issuer, id).await,
    }
}
