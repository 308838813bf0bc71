//! What home signs about the ledger: how far a chain is, and how chains stood when a month went.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use crate::jose::{
    Algorithm, BadJwt, KeyEncryptionKey, KeySet, Sealed, SigningKey, Typ, Unsealable, UnverifiedJwt,
};
use crate::model::{ChainEnd, KeyRecord};
use crate::oauth::Issuer;
use crate::store::ledger::Ending;

const CHECKPOINT: &str = "tegata-ledger-checkpoint+jwt";
const DROPPED: &str = "tegata-ledger-drop+jwt";

/// How far a chain is, as it stands in the claims.
#[derive(Debug, Serialize, Deserialize)]
struct Word {
    chain: i64,
    /// Also the number of rows so far in the chain.
    place: i64,
    /// Of the whole ledger.
    number: i64,
    /// Of the row at that place, in base64url.
    hash: String,
}

#[derive(Serialize, Deserialize)]
struct CheckpointClaims {
    iss: Issuer,
    iat: i64,
    #[serde(flatten)]
    word: Word,
}

#[derive(Serialize, Deserialize)]
struct DropClaims {
    iss: Issuer,
    iat: i64,
    month: i32,
    last_number: i64,
    chains: Vec<Word>,
}

impl Word {
    fn about(end: &ChainEnd) -> Self {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(&end.hash);
        Self { chain: end.chain, place: end.place, number: end.number, hash }
    }

    fn end(&self) -> Option<ChainEnd> {
        let hash = BASE64_URL_SAFE_NO_PAD.decode(&self.hash).ok()?;
        Some(ChainEnd { chain: self.chain, place: self.place, number: self.number, hash })
    }
}

pub(super) fn sign_checkpoint(
    key: &SigningKey,
    iss: &Issuer,
    end: &ChainEnd,
    now: OffsetDateTime,
) -> String {
    let iat = now.unix_timestamp();
    key.sign(CHECKPOINT, &CheckpointClaims { iss: iss.clone(), iat, word: Word::about(end) })
}

pub(super) fn sign_drop(
    key: &SigningKey,
    iss: &Issuer,
    ending: &Ending,
    now: OffsetDateTime,
) -> String {
    let chains = ending.ends.iter().map(Word::about).collect();
    let (month, last_number) = (ending.month, ending.last_number);
    let iat = now.unix_timestamp();
    key.sign(DROPPED, &DropClaims { iss: iss.clone(), iat, month, last_number, chains })
}

/// The public halves of all keys that we ever signed with, by issuer.
///
/// They come out of what is sealed with the key-encryption key, so who can only write to the
/// database cannot add one of their own.
pub struct OurKeys(BTreeMap<String, Vec<KeySet>>);

impl OurKeys {
    pub fn unseal(records: &[KeyRecord], kek: &KeyEncryptionKey) -> Result<Self, Unsealable> {
        let mut ours: BTreeMap<String, Vec<KeySet>> = BTreeMap::new();
        let es256 = |it: &&KeyRecord| it.algorithm == Algorithm::ES256.as_str();
        for record in records.iter().filter(es256) {
            let key = SigningKey::unseal(&Sealed(record.sealed.clone()), kek)?;
            let jwks = json!({ "keys": [key.public_jwk()] }).to_string();
            let set = KeySet::parse(jwks.as_bytes()).unwrap_or_default();
            ours.entry(record.issuer.to_string()).or_default().push(set);
        }
        Ok(Self(ours))
    }

    fn verify<T: serde::de::DeserializeOwned>(
        &self,
        jws: &str,
        typ: &'static str,
    ) -> Result<T, BadJwt> {
        let jwt = UnverifiedJwt::read(jws)?;
        let sets = self.0.get(jwt.issuer()).into_iter().flatten();
        let mut answer = Err(BadJwt::UnknownKey);
        for set in sets {
            answer = set.verify(&jwt, Typ::Is(typ), &[Algorithm::ES256]);
            if !matches!(answer, Err(BadJwt::UnknownKey)) {
                break;
            }
        }
        answer
    }

    /// What a checkpoint says, if one of our keys signed it.
    pub fn checkpoint(&self, jws: &str) -> Result<ChainEnd, BadJwt> {
        let claims: CheckpointClaims = self.verify(jws, CHECKPOINT)?;
        claims.word.end().ok_or(BadJwt::Form)
    }

    pub(super) fn dropped(&self, jws: &str) -> Result<Ending, BadJwt> {
        let claims: DropClaims = self.verify(jws, DROPPED)?;
        let ends: Option<Vec<_>> = claims.chains.iter().map(Word::end).collect();
        let ends = ends.ok_or(BadJwt::Form)?;
        Ok(Ending { month: claims.month, last_number: claims.last_number, ends })
    }
}
