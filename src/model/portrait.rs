//! What a client that nobody declared said of itself when a person allowed it, to be held against
//! what it says later.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::client::Client;
use crate::oauth::{RedirectUri, Scope};

/// As much of a client as a person can compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portrait {
    name: String,
    redirect_uris: Vec<RedirectUri>,
    /// How it authenticates.
    proof: String,
    /// Where its keys are, or a fingerprint of them.
    keys: Option<String>,
    scope: Scope,
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub of: Feature,
    /// What is gone.
    pub before: Vec<String>,
    /// What came.
    pub after: Vec<String>,
}

/// What of a client can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    Name,
    RedirectUris,
    Proof,
    Keys,
    Scope,
}

/// Of a fingerprint so many letters are shown, as many as a person may compare.
const FINGERPRINT: usize = 12;

impl Portrait {
    /// Of a client of which nothing is known but its own word.
    pub fn of(client: &Client) -> Option<Self> {
        client.described.as_ref()?;
        let fingerprint = |jwks: &String| {
            let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(jwks));
            digest.chars().take(FINGERPRINT).collect()
        };
        let method = client.auth_method.as_str();
        Some(Self {
            name: client.name.clone(),
            redirect_uris: client.redirect_uris.clone(),
            proof: match client.dpop_bound_access_tokens {
                true => format!("{method}, DPoP"),
                false => method.to_owned(),
            },
            keys: client.jwks_uri.clone().or_else(|| client.jwks.as_ref().map(fingerprint)),
            scope: client.scope.clone(),
        })
    }

    /// What is different `now`.
    pub fn changes(&self, now: &Self) -> Vec<Change> {
        let uris = |it: &Self| it.redirect_uris.iter().map(ToString::to_string).collect();
        let scope = |it: &Self| it.scope.tokens().map(str::to_owned).collect();
        let all = [
            (Feature::Name, vec![self.name.clone()], vec![now.name.clone()]),
            (Feature::RedirectUris, uris(self), uris(now)),
            (Feature::Proof, vec![self.proof.clone()], vec![now.proof.clone()]),
            (
                Feature::Keys,
                self.keys.iter().cloned().collect(),
                now.keys.iter().cloned().collect(),
            ),
            (Feature::Scope, scope(self), scope(now)),
        ];
        let changed = all.into_iter().map(|(of, before, after)| Change {
            of,
            before: without(&before, &after),
            after: without(&after, &before),
        });
        changed.filter(|it| !it.before.is_empty() || !it.after.is_empty()).collect()
    }
}

fn without(these: &[String], those: &[String]) -> Vec<String> {
    these.iter().filter(|it| !those.contains(it)).cloned().collect()
}
