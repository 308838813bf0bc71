//! Finding the addresses of a host.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::http::Reach;
use super::unreachable::Unreachable;

/// The system's resolver without the addresses that may not be connected to.
///
/// The addresses that were looked at are the ones that are connected to, so a name whose
/// address changes between a check and its use (DNS rebinding) gains nothing.
pub(super) struct Within(pub(super) Reach);

impl Resolve for Within {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let usable: Vec<SocketAddr> =
                found.filter(|address| reach.admits(address.ip())).collect();
            match usable.is_empty() {
                true => Err(Unreachable::SpecialUse.into()),
                false => Ok(Box::new(usable.into_iter()) as Addrs),
            }
        })
    }
}
