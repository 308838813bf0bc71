//! Clients that nobody declared, as a server would know them now.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::legs::No;
use crate::cli::failure::Failure;
use crate::cli::opened::Opened;
use crate::model::{Client, is_registered};
use crate::oauth::{ClientId, ErrorCode, Issuer};
use crate::outbound::is_document_url;
use crate::server::Issuers;

/// Looks for them only if somebody asks, for that may take a request to another host.
pub(super) struct Others<'a> {
    opened: &'a Opened,
    issuers: OnceCell<Arc<Issuers>>,
}

impl<'a> Others<'a> {
    pub(super) fn new(opened: &'a Opened) -> Self {
        Self { opened, issuers: OnceCell::new() }
    }

    pub(super) fn certificates_can_come(&self) -> bool {
        self.opened.config.trusted_proxies.can_bring_certificates()
    }

    /// The client that registered itself as `id` at `issuer`, or describes itself at that address.
    pub(super) async fn find(
        &self,
        issuer: &Issuer,
        id: &ClientId,
    ) -> Result<Result<Option<Client>, No>, Failure> {
        if !is_registered(id) && !is_document_url(id.as_str()) {
            return Ok(Ok(None));
        }
        let issuers = self.issuers.get_or_try_init(|| self.opened.issuers()).await?;
        let Some(server) = issuers.named(issuer) else { return Ok(Ok(None)) };
        Ok(match server.client(id).await {
            Ok(client) => Ok(client.map(|it| Client::clone(&it.record))),
            Err(why) => Err(No::by(
                ErrorCode::InvalidClient,
                format!("what {id} says of itself at its own address cannot be had: {why}"),
            )),
        })
    }
}
