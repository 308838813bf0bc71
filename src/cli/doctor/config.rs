//! The configuration: its mistakes, and what is allowed but hardly meant.

use super::findings::Findings;
use crate::config::{Config, Mistakes};
use crate::model::Client;
use crate::store::{self, Store, StoreError};

const GROUP: &str = "config";

pub(super) fn mistakes(mistakes: &Mistakes, findings: &mut Findings) {
    for mistake in &mistakes.0 {
        let what = match mistake.key.as_str() {
            "" => format!("{}: {}", mistake.origin, mistake.wrong),
            key => format!("{key} ({}): {}", mistake.origin, mistake.wrong),
        };
        findings.problem(GROUP, &what, &mistake.fix);
    }
}

/// The configuration has no mistakes; does it make sense together?
pub(super) fn sense(config: &Config, findings: &mut Findings) {
    findings.ok(GROUP, &format!("it has no mistakes; home is {}", config.public_url));
    let url = config.public_url.url();
    let is_https = url.scheme() == "https";
    let listens_here = config.listen.ip().is_loopback();
    let no_proxies = config.trusted_proxies.is_empty();
    if !is_https && !listens_here {
        let what = format!("public_url is plain http, and {} can be reached by all", config.listen);
        findings.problem(GROUP, &what, "set public_url to https, behind a proxy that ends TLS");
    }
    if is_https && no_proxies {
        let what = "public_url is https, so a proxy ends TLS, but trusted_proxies names none";
        let advice = "name its address: else who guesses passwords is held against everybody";
        findings.warning(GROUP, what, advice);
    }
    if no_proxies && config.trusted_proxies.are_asked_for_certificates() {
        let what = "proxies.client_certificate is on, but trusted_proxies names none";
        let advice = "name the proxy's address: certificates are taken from nobody else";
        findings.warning(GROUP, what, advice);
    }
    if is_https && config.outbound.allow_private_networks {
        let what = "outbound.allow_private_networks is on: fetches may go into your own network";
        findings.warning(GROUP, what, "turn it off, unless trusted issuers live there");
    }
}

/// A group of administrators that nobody can be in.
pub(super) async fn administrators(
    config: &Config,
    store: &Store,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let Some(group) = &config.administrators else { return Ok(()) };
    if !store::groups::all(store.read()).await?.contains(group) {
        let what = format!("there is no group {group:?}, which `administrators` names");
        findings.warning(GROUP, &what, "add it as [[group]] to the directory file, or correct it");
    }
    Ok(())
}

/// Clients that want what cannot happen.
pub(super) async fn clients(
    config: &Config,
    store: &Store,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    if config.trusted_proxies.can_bring_certificates() {
        return Ok(());
    }
    let all = store::clients::all(store.read()).await?;
    let bound = |it: &&Client| it.active && it.tls_client_certificate_bound_access_tokens;
    for client in all.iter().filter(bound) {
        let what = format!(
            "the client {} gets nothing: its tokens are to be bound to a certificate, and none can come",
            client.id
        );
        let advice = "set trusted_proxies and proxies.client_certificate, or take \
                      tls_client_certificate_bound_access_tokens out";
        findings.problem(GROUP, &what, advice);
    }
    Ok(())
}
