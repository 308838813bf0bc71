//! What the server takes from the world besides requests: the time and randomness.
//!
//! These and `outbound::FetchKeys` are the only traits in the crate that exist for tests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use time::OffsetDateTime;

/// Tells the time.
pub trait Clock: Send + Sync {
    fn now(&self) -> OffsetDateTime;

    /// Time that only goes forward, whatever is done to the clock, from an unknown beginning: for
    /// limits on how often something may happen. Where nobody sets the clock, both are the same.
    fn steady(&self) -> Duration {
        self.now().unix_timestamp_nanos().try_into().map_or(Duration::ZERO, Duration::from_nanos)
    }
}

/// Draws random bytes that nobody can foresee.
pub trait Entropy: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// Both together, as they are handed around.
#[derive(Clone)]
pub struct Environment {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Environment {
    pub fn system() -> Self {
        Self { clock: Arc::new(System::started()), entropy: Arc::new(System::started()) }
    }

    /// 128 random bits in lower-case hexadecimal.
    pub fn unique_id(&self) -> String {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        base16ct::lower::encode_string(&bytes)
    }

    /// The time in milliseconds and 80 random bits, in lower-case hexadecimal: what is made one
    /// after the other stands together in every index, however large it is (RFC 9562 §5.7 has the
    /// same idea). Not for what nobody may guess.
    pub fn ordered_id(&self, now: OffsetDateTime) -> String {
        base16ct::lower::encode_string(&self.timed::<16>(now))
    }

    /// The time in milliseconds and 256 random bits, in base64url: a secret that is kept in a table of
    /// many. Its digest begins with the time as well (`model::Digest`), so what is made one after
    /// the other stands together, and a commit touches few pages.
    pub fn ordered_secret(&self, now: OffsetDateTime) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.timed::<38>(now))
    }

    /// The time in six bytes, and random ones after it.
    fn timed<const LENGTH: usize>(&self, now: OffsetDateTime) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let (time, random) = bytes.split_at_mut(6);
        time.copy_from_slice(&milliseconds(now).to_be_bytes()[10..]);
        self.entropy.fill(random);
        bytes
    }

    /// 256 random bits in base64url: a code, a token, a secret. `[A-Za-z0-9_-]` only, so that
    /// clients which percent-encode and clients which do not agree.
    pub fn secret(&self) -> String {
        let mut bytes = [0; 32];
        self.entropy.fill(&mut bytes);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// Since 1970, in 48 bits.
fn milliseconds(now: OffsetDateTime) -> u128 {
    (now.unix_timestamp_nanos() / 1_000_000).rem_euclid(1 << 48).unsigned_abs()
}

/// What this process is called among others: its machine, and its number there.
pub fn process_name() -> String {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{machine}/{}", std::process::id())
}

struct System(Instant);

impl System {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn started() -> Self {
        Self(Instant::now())
    }
}

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn steady(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Entropy for System {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
}
