//! Rotating the key of an issuer: publish, wait out caches, sign, retire.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::keys::{KeyError, new_record};
use crate::environment::Environment;
use crate::jose::{Algorithm, KeyEncryptionKey};
use crate::model::{KeyRecord, KeyState};
use crate::oauth::Issuer;
use crate::store::changes::{self, Change};
use crate::store::{self, Store, StoreError, leases};

/// How long others may keep a copy of a JWK set before they look again.
pub const JWKS_CACHED: Duration = Duration::minutes(10);

/// For clocks that are not quite right, and nodes that have not heard of it yet.
const LEEWAY: Duration = Duration::minutes(1);

/// What is to be rotated, and how.
pub struct Rotation {
    pub issuer: Issuer,
    pub algorithm: Algorithm,
    pub pace: Pace,
    /// How long the longest-lived token is valid that the old key has signed.
    pub longest: Duration,
}

/// How much time others are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Nobody notices.
    Orderly,
    /// The old key may be in the wrong hands: nothing that it signed is good any more.
    AtOnce,
}

/// What was done.
pub struct Rotated {
    pub new: KeyRecord,
    /// Those that it takes the place of, with the times when they retire and go.
    pub old: Vec<KeyRecord>,
}

/// Why everything is as it was.
#[derive(Debug, thiserror::Error)]
pub enum NotRotated {
    #[error(
        "a rotation is under way already: key {} signs from {at}; wait for it, or rotate with \
         --now if the old key is in the wrong hands",
        key.key_id, at = key.signs_from.format(&Rfc3339).unwrap_or_default()
    )]
    UnderWay { key: Box<KeyRecord> },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a new key, and says when it takes the place of those that sign by the same algorithm.
pub async fn rotate(
    store: &Store,
    environment: &Environment,
    kek: &KeyEncryptionKey,
    wanted: Rotation,
) -> Result<Rotated, NotRotated> {
    let Rotation { issuer, algorithm, pace, longest } = wanted;
    let now = environment.clock.now();
    let (signs_from, gone_at) = match pace {
        Pace::Orderly => (now + JWKS_CACHED, now + JWKS_CACHED + longest + LEEWAY),
        Pace::AtOnce => (now, now),
    };
    let mut new = new_record(environment, kek, &issuer, algorithm, signs_from).await;

    let transaction = store.begin().await?;
    leases::alone(&transaction, leases::KEYS).await?;
    let mut old = store::keys::all(&transaction).await?;
    if !old.iter().any(|it| it.issuer == issuer) {
        // Nobody can have a copy of a JWK set that was never there.
        new.signs_from = now;
    }
    old.retain(|it| {
        let same = it.issuer == issuer && it.algorithm == algorithm.as_str();
        same && it.state(now) != KeyState::Gone
    });
    if pace == Pace::Orderly {
        if let Some(key) = old.iter().find(|it| it.state(now) == KeyState::Published) {
            return Err(NotRotated::UnderWay { key: Box::new(key.clone()) });
        }
        // Those that retired before go when it was said.
        old.retain(|it| it.state(now) == KeyState::Signing);
    }
    store::keys::publish(&transaction, &new).await?;
    for key in &mut old {
        let retired_at = earliest(key.retired_at, signs_from);
        store::keys::retire(&transaction, &key.key_id, retired_at, gone_at).await?;
        (key.retired_at, key.gone_at) = (Some(retired_at), Some(gone_at));
    }
    changes::announce(&transaction, &[Change::Directory]).await?;
    Store::finish(transaction).await?;
    Ok(Rotated { new, old })
}

fn earliest(one: Option<OffsetDateTime>, other: OffsetDateTime) -> OffsetDateTime {
    one.map_or(other, |one| one.min(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation(pace: Pace) -> Rotation {
        let issuer = Issuer::parse("https://id.example").unwrap();
        Rotation { issuer, algorithm: Algorithm::ES256, pace, longest: Duration::hours(1) }
    }

    #[tokio::test]
    async fn one_key_takes_the_place_of_another() {
        let environment = Environment::system();
        let store = Store::open("sqlite::memory:").await.unwrap();
        let kek = KeyEncryptionKey::new([7; 32]);
        let go = async |pace| rotate(&store, &environment, &kek, rotation(pace)).await;

        let first = go(Pace::Orderly).await.unwrap();
        assert!(first.old.is_empty());
        assert!(first.new.signs_from <= environment.clock.now(), "the first one signs at once");

        let second = go(Pace::Orderly).await.unwrap();
        let [old] = second.old.as_slice() else { panic!("one key was there") };
        assert_eq!(old.key_id, first.new.key_id);
        assert_eq!(old.retired_at, Some(second.new.signs_from), "there is always one that signs");
        let kept = old.gone_at.unwrap() - second.new.signs_from;
        assert!(kept > Duration::hours(1), "what it signed last can be verified to its end");
        assert!(matches!(go(Pace::Orderly).await, Err(NotRotated::UnderWay { .. })));

        let third = go(Pace::AtOnce).await.unwrap();
        assert_eq!(third.old.len(), 2);
        let states = store::keys::all(store.read()).await.unwrap();
        let now = environment.clock.now();
        let left: Vec<_> = states.iter().filter(|it| it.state(now) != KeyState::Gone).collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].key_id, third.new.key_id);
    }
}
