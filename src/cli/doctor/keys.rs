//! Keys: whether they can be opened, and whether every issuer has one that signs.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::findings::Findings;
use crate::config::{self, Config, KeySource};
use crate::environment::Environment;
use crate::jose::{Algorithm, KeyEncryptionKey, Sealed, SigningKey};
use crate::model::{KeyRecord, KeyState};
use crate::oauth::Issuer;
use crate::server::{SecretKey, algorithms};
use crate::store::{self, Store, StoreError};

const GROUP: &str = "keys";

/// A key that has signed for longer should be rotated.
const OLD: Duration = Duration::days(365);

pub(super) async fn examine(
    config: &Config,
    store: &Store,
    now: OffsetDateTime,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let records = store::keys::all(store.read()).await?;
    let services = store::services::all(store.read()).await?;
    let clients = store::clients::all(store.read()).await?;
    let home = &config.public_url;
    let of = |issuer: &Issuer, all: BTreeSet<Algorithm>| {
        let issuer = issuer.clone();
        all.into_iter().map(move |algorithm| (issuer.clone(), algorithm))
    };
    let mut wanted: Vec<_> = of(home, algorithms::of_home(home, &clients)).collect();
    for service in services.iter().filter(|it| it.hosted && it.active) {
        wanted.extend(of(&service.issuer, algorithms::of_service(service)));
    }
    signing(&records, &wanted, now, findings);
    let made = SecretKey::is_made(store).await.unwrap_or(false);
    if let Some(kek) = kek(config, made, findings) {
        opened(&records, &kek, now, findings);
    }
    Ok(())
}

/// Read, never made.
fn kek(config: &Config, made: bool, findings: &mut Findings) -> Option<KeyEncryptionKey> {
    if let KeySource::File(path) = &config.key
        && !path.exists()
    {
        let what = format!("there is no key file at {}", path.display());
        match made {
            true => findings.problem(GROUP, &what, "bring it back: what is sealed needs it"),
            false => findings.warning(GROUP, &what, "the first start makes it"),
        }
        return None;
    }
    match config::key_encryption_key(config, &Environment::system()) {
        Ok(kek) => Some(kek),
        Err(error) => {
            findings.problem(GROUP, &error.to_string(), "");
            None
        }
    }
}

fn opened(
    records: &[KeyRecord],
    kek: &KeyEncryptionKey,
    now: OffsetDateTime,
    findings: &mut Findings,
) {
    let published = records.iter().filter(|it| it.state(now) != KeyState::Gone);
    let (mut opened, mut shut) = (0, Vec::new());
    for record in published {
        match SigningKey::unseal(&Sealed(record.sealed.clone()), kek) {
            Ok(_) => opened += 1,
            Err(_) => shut.push(record.key_id.clone()),
        }
    }
    if shut.is_empty() {
        findings.ok(GROUP, &format!("the key-encryption key opens all {opened} keys"));
    } else {
        let what = format!("the key-encryption key does not open {}", shut.join(", "));
        findings.problem(GROUP, &what, "it is another one: bring back the one that sealed them");
    }
}

fn signing(
    records: &[KeyRecord],
    wanted: &[(Issuer, Algorithm)],
    now: OffsetDateTime,
    findings: &mut Findings,
) {
    for (issuer, algorithm) in wanted {
        let of = |it: &&KeyRecord| {
            let same = it.issuer == *issuer && it.algorithm == algorithm.as_str();
            same && it.state(now) == KeyState::Signing
        };
        let name = algorithm.as_str();
        let advice = format!("tegata keys rotate --alg {name} --issuer {issuer}");
        match records.iter().filter(of).max_by_key(|it| it.signs_from) {
            None => {
                let what = format!("{issuer} has no {name} key that signs");
                findings.warning(GROUP, &what, "the next start of the server makes it");
            }
            Some(key) if now - key.signs_from > OLD => {
                let days = (now - key.signs_from).whole_days();
                let what = format!("the {name} key of {issuer} has signed for {days} days");
                findings.warning(GROUP, &what, &advice);
            }
            Some(_) => findings.ok(GROUP, &format!("{issuer} signs by {name}")),
        }
    }
}
