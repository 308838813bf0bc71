//! Who must be reached: this server under its own name, and those whose keys it fetches.

use serde_json::Value;

use super::findings::Findings;
use crate::config::Config;
use crate::environment::Environment;
use crate::model::TrustedKeys;
use crate::oauth::strict_json;
use crate::outbound::{FetchKeys, Http, Limits, Reach, RemoteKeys, Unreachable, Wanted};
use crate::store::{self, Store, StoreError};

const GROUP: &str = "reach";

/// As the server has it.
const LARGEST: usize = 256 * 1024;

pub(super) async fn examine(
    config: &Config,
    store: &Store,
    environment: &Environment,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    itself(config, findings).await;
    let reach = Reach::by_config(config.outbound.allow_private_networks);
    let http = match client(config, reach) {
        Ok(http) => http,
        Err(error) => {
            findings.failed(GROUP, "no request can be made", &error);
            return Ok(());
        }
    };
    let remote = RemoteKeys::new(http.clone(), http, environment.clone());
    for service in store::services::all(store.read()).await?.iter().filter(|it| it.active) {
        let mut trusts = store::trusts::of(store.read(), &service.id).await?;
        trusts.retain(|it| it.active && it.keys != TrustedKeys::Local);
        // All trusts in one issuer have the same keys.
        trusts.dedup_by(|one, other| one.issuer == other.issuer);
        for trust in trusts {
            let keys = remote.keys_of(&trust.issuer, &trust.keys, Wanted::Cached).await;
            let whose = format!("the keys of {}, which {} trusts,", trust.issuer, service.id);
            told(keys.map(drop), &whose, findings);
        }
    }
    for client in store::clients::all(store.read()).await?.iter().filter(|it| it.active) {
        let Some(uri) = &client.jwks_uri else { continue };
        let keys = remote.set_at(uri, Wanted::Cached).await;
        told(keys.map(drop), &format!("the keys of the client {}", client.id), findings);
    }
    Ok(())
}

fn client(config: &Config, reach: Reach) -> Result<Http, Unreachable> {
    let timeout = config.outbound.timeout.unsigned_abs();
    let limits = Limits { reach, timeout, largest: LARGEST };
    Http::trusting(limits, &config.outbound.extra_roots)
}

fn told(keys: Result<(), Unreachable>, whose: &str, findings: &mut Findings) {
    match keys {
        Ok(()) => findings.ok(GROUP, &format!("{whose} can be had")),
        Err(error) => findings.failed(GROUP, &format!("{whose} cannot be had"), &error),
    }
}

/// Whoever answers at `public_url` must say that it is us.
async fn itself(config: &Config, findings: &mut Findings) {
    let home = config.public_url.as_str();
    let url = format!("{}/.well-known/openid-configuration", home.trim_end_matches('/'));
    let answer = match client(config, Reach::Everywhere) {
        Ok(http) => http.get(&url).await,
        Err(error) => Err(error),
    };
    let issuer = |body: &[u8]| {
        let metadata: Value = strict_json::object(body).unwrap_or_default();
        metadata["issuer"].as_str().map(str::to_owned)
    };
    match answer {
        Ok(reply) if issuer(&reply.body).as_deref() == Some(home) => {
            findings.ok(GROUP, &format!("{home} answers, and is this issuer"));
        }
        Ok(reply) => {
            let what = format!("{home} answers ({}), but is not this issuer", reply.status);
            let advice = "see that the proxy leads here and passes the Host header on";
            findings.problem(GROUP, &what, advice);
        }
        Err(error) => {
            let what = format!("{home} does not answer: {error}");
            findings.warning(GROUP, &what, "start the server, or see to DNS, proxy and firewall");
        }
    }
}
