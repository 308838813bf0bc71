//! What we made ourselves and get back: sealed secrets, initial access tokens, nonces. None that
//! was changed on the way is taken.

#![no_main]

use std::sync::{Arc, LazyLock};

use arbitrary::Arbitrary;
use secrecy::ExposeSecret;
use tegata::environment::{Clock, Entropy, Environment};
use tegata::jose::{KeyEncryptionKey, Sealed, SigningKey};
use tegata::oauth::Issuer;
use tegata::server::{DpopNonces, Invitation, SecretKey};
use tegata_fuzz::{HOME, NOW, fuzz_target};
use time::{Duration, OffsetDateTime};

/// A cut out of what we made, and what stands in its place.
#[derive(Arbitrary, Debug)]
struct Change<'a> {
    from: u16,
    length: u8,
    with: &'a str,
}

struct Made {
    kek: KeyEncryptionKey,
    sealed: String,
    key: SecretKey,
    home: Issuer,
    invitation: String,
    nonces: DpopNonces,
}

const SECRET: &[u8] = b"a secret of ours";

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let (kek, key) = (KeyEncryptionKey::new([7; 32]), SecretKey::new(vec![7; 32]));
    let environment = Environment { clock: Arc::new(Still), entropy: Arc::new(Still) };
    let home = Issuer::parse(HOME).unwrap();
    let (_, token) = Invitation::make(&key, &home, &environment, Duration::HOUR, false);
    Made {
        sealed: kek.seal(SECRET).0,
        kek,
        nonces: DpopNonces::new(key.clone(), true),
        key,
        home,
        invitation: token.expose_secret().to_owned(),
    }
});

struct Still;

impl Clock for Still {
    fn now(&self) -> OffsetDateTime {
        NOW
    }
}

impl Entropy for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0xA5);
    }
}

fuzz_target!(|change: Change<'_>| {
    let made = &*MADE;
    for text in [change.of(&made.sealed), change.with.to_owned()] {
        let same = text == made.sealed;
        let opened = made.kek.unseal(&Sealed(text.clone())).ok();
        assert_eq!(opened.as_deref(), same.then_some(SECRET));
        assert!(SigningKey::unseal(&Sealed(text), &made.kek).is_err(), "it is no key");
    }
    for text in [change.of(&made.invitation), change.with.to_owned()] {
        let same = text == made.invitation;
        let read = |now| Invitation::read(&made.key, &made.home, &text, now);
        assert_eq!(read(NOW).is_some(), same);
        assert!(read(NOW + Duration::HOUR).is_none());
    }
    let nonce = made.nonces.current(NOW);
    for text in [change.of(&nonce), change.with.to_owned()] {
        let good = [-1, 0, 1].map(|by| made.nonces.current(NOW + Duration::seconds(by * 90)));
        assert_eq!(made.nonces.admit(Some(&text), NOW).is_ok(), good.contains(&text));
    }
    assert_eq!(made.nonces.admit(None, NOW), Err(nonce));
});

impl Change<'_> {
    fn of(&self, text: &str) -> String {
        let from = usize::from(self.from) % (text.len() + 1);
        let to = (from + usize::from(self.length)).min(text.len());
        format!("{}{}{}", &text[..from], self.with, &text[to..])
    }
}
