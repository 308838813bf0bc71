//! Hashing of passwords by argon2id. The only room that knows argon2.
//!
//! A hash takes a core for a while and much memory, so only some are made at a time, off the
//! threads that answer requests, and only so many requests may wait for one.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::environment::Environment;

/// The longest password that is hashed, in bytes.
pub const LONGEST_PASSWORD: usize = 1024;

/// How many may wait.
const QUEUE: usize = 64;

/// OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What an imported hash may cost us at each sign-in.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 4;

/// Hashes passwords, and compares them with hashes.
#[derive(Clone)]
pub struct Passwords {
    /// One for each hash that is being made.
    cores: Arc<Semaphore>,
    /// One for each that is being made or waits.
    places: Arc<Semaphore>,
    /// Where hashes are made, in turn: if each had memory of its own, what the threads leave
    /// behind would add up.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
    environment: Environment,
    /// The hash of no password, which stands in where a user is unknown.
    nobody: Arc<str>,
}

/// The right to make a hash, and where.
struct Turn {
    _place: OwnedSemaphorePermit,
    _core: OwnedSemaphorePermit,
    blocks: Vec<Block>,
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

/// Too many wait already: the sign-in has to be tried again later.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked at the moment")]
pub struct Busy;

/// Why a password was not hashed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at most 1024 bytes")]
    TooLong,
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// Why a hash from elsewhere cannot be used: a sentence for the one who imports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnusableHash(&'static str);

impl Passwords {
    /// Hashes `parallel` passwords at a time.
    pub fn new(parallel: usize, environment: Environment) -> Self {
        let parallel = parallel.max(1);
        let nobody = nobody(&environment).into();
        Self {
            cores: Arc::new(Semaphore::new(parallel)),
            places: Arc::new(Semaphore::new(parallel + QUEUE)),
            memory: Arc::default(),
            environment,
            nobody,
        }
    }

    /// The hash of a password in PHC form, with a new salt.
    pub async fn hash(&self, password: &SecretString) -> Result<String, PasswordError> {
        if password.expose_secret().len() > LONGEST_PASSWORD {
            return Err(PasswordError::TooLong);
        }
        let mut turn = self.turn().await?;
        let mut salt = [0; 16];
        self.environment.entropy.fill(&mut salt);
        let password = password.clone();
        let made = tokio::task::spawn_blocking(move || {
            turn.hash(&ours(), &password, &salt, Params::DEFAULT_OUTPUT_LEN)
        });
        let output = made.await.expect("hashing does not panic");
        let output = output.expect("the salt and the password have lengths that argon2 takes");
        Ok(phc(&salt, output).to_string())
    }

    /// Whether `password` is the one that `phc` was made of. Without a hash, or with one that
    /// is not usable, the answer is no, and takes as long.
    pub async fn verify(&self, password: &SecretString, phc: Option<&str>) -> Result<bool, Busy> {
        if password.expose_secret().len() > LONGEST_PASSWORD {
            return Ok(false);
        }
        let known = phc.filter(|phc| Self::check_phc(phc).is_ok());
        let hash = known.unwrap_or(&self.nobody).to_owned();
        let mut turn = self.turn().await?;
        let password = password.clone();
        let compared =
            tokio::task::spawn_blocking(move || turn.fits(&password, &hash).unwrap_or(false));
        let same = compared.await.expect("hashing does not panic");
        Ok(same && known.is_some())
    }

    /// Whether a hash that was made elsewhere can be used here.
    pub fn check_phc(phc: &str) -> Result<(), UnusableHash> {
        let malformed = UnusableHash("it is not an argon2id hash in PHC form ($argon2id$v=19$…)");
        let hash = PasswordHash::new(phc).map_err(|_| malformed)?;
        if hash.algorithm != ARGON2ID_IDENT || hash.salt.is_none() || hash.hash.is_none() {
            return Err(malformed);
        }
        if hash.version != Some(Version::V0x13.into()) {
            return Err(UnusableHash("it is of another version of argon2 than 19"));
        }
        let params = Params::try_from(&hash).map_err(|_| malformed)?;
        let within = params.m_cost() <= MOST_MEMORY
            && params.t_cost() <= MOST_PASSES
            && params.p_cost() <= MOST_LANES;
        match within {
            true => Ok(()),
            false => Err(UnusableHash("it costs too much: at most m=262144, t=10 and p=4")),
        }
    }

    /// Waits for a core. It is held by the hash itself, not by the request, which may go away
    /// while the hash is being made.
    async fn turn(&self) -> Result<Turn, Busy> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Busy)?;
        let core = self.cores.clone().acquire_owned().await.expect("it is never closed");
        let memory = Arc::clone(&self.memory);
        let blocks = memory.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let blocks = blocks.unwrap_or_default();
        Ok(Turn { _place: place, _core: core, blocks, memory })
    }
}

impl Turn {
    fn hash(
        &mut self,
        params: &Params,
        password: &SecretString,
        salt: &[u8],
        length: usize,
    ) -> Option<Output> {
        let blocks = params.block_count();
        if self.blocks.len() < blocks {
            self.blocks.resize(blocks, Block::new());
        }
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let password = password.expose_secret().as_bytes();
        let mut output = [0; Output::MAX_LENGTH];
        let output = output.get_mut(..length)?;
        argon2.hash_password_into_with_memory(password, salt, output, &mut self.blocks).ok()?;
        Output::new(output).ok()
    }

    /// Whether `password` is the one that `phc` was made of. Outputs are compared in constant
    /// time.
    fn fits(&mut self, password: &SecretString, phc: &str) -> Option<bool> {
        let hash = PasswordHash::new(phc).ok()?;
        let (params, salt, expected) = (Params::try_from(&hash).ok()?, hash.salt?, hash.hash?);
        Some(self.hash(&params, password, &salt, expected.len())? == expected)
    }
}

impl Drop for Turn {
    /// An imported hash may have needed more than ours do; nobody needs to keep that.
    fn drop(&mut self) {
        let mut blocks = std::mem::take(&mut self.blocks);
        if blocks.len() > ours().block_count() {
            blocks = Vec::new();
        }
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).push(blocks);
    }
}

fn ours() -> Params {
    Params::new(MEMORY, PASSES, LANES, None).expect("these are within bounds")
}

fn phc(salt: &[u8], output: Output) -> PasswordHash {
    PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: (&ours()).try_into().expect("these are within bounds"),
        salt: Some(Salt::new(salt).expect("16 bytes make a salt")),
        hash: Some(output),
    }
}

/// A hash with our parameters that was made of nothing: comparing takes as long as with any.
fn nobody(environment: &Environment) -> String {
    let (mut salt, mut output) = ([0; 16], [0; 32]);
    environment.entropy.fill(&mut salt);
    environment.entropy.fill(&mut output);
    phc(&salt, Output::new(&output).expect("32 bytes make an output")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(1, Environment::system())
    }

    #[tokio::test]
    async fn right_wrong_and_nobody() {
        let passwords = passwords();
        let hash = passwords.hash(&"correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(passwords.verify(&"correct horse".into(), Some(&hash)).await, Ok(true));
        assert_eq!(passwords.verify(&"battery".into(), Some(&hash)).await, Ok(false));
        assert_eq!(passwords.verify(&"correct horse".into(), None).await, Ok(false));
        let long = SecretString::from("x".repeat(1025));
        assert_eq!(passwords.hash(&long).await, Err(PasswordError::TooLong));
    }

    /// A hash that was made by the reference implementation, and of other parameters than ours;
    /// and what was left in the memory by one hash does not change the next.
    #[tokio::test]
    async fn memory_is_used_again() {
        let passwords = passwords();
        let elsewhere = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for _ in 0..3 {
            assert_eq!(passwords.verify(&"password".into(), Some(elsewhere)).await, Ok(true));
            assert_eq!(passwords.verify(&"passwort".into(), Some(elsewhere)).await, Ok(false));
            let hash = passwords.hash(&"correct horse".into()).await.unwrap();
            assert_eq!(passwords.verify(&"correct horse".into(), Some(&hash)).await, Ok(true));
        }
        let kept = passwords.memory.lock().unwrap().iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(kept, [19 * 1024], "one for each that is made at a time");
    }

    #[tokio::test]
    async fn nobody_waits_in_a_queue_without_end() {
        let passwords = passwords();
        let _all = passwords.places.clone().try_acquire_many_owned(65).unwrap();
        assert_eq!(passwords.verify(&"x".into(), None).await, Err(Busy));
    }

    #[test]
    fn hashes_of_others() {
        let with = |params: &str| {
            let phc = format!(
                "$argon2id$v=19${params}$c29tZXNhbHRzb21l$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
            );
            Passwords::check_phc(&phc)
        };
        assert_eq!(with("m=65536,t=3,p=4"), Ok(()));
        assert_eq!(Passwords::check_phc(&nobody(&Environment::system())), Ok(()));
        for dear in ["m=1048576,t=2,p=1", "m=19456,t=11,p=1", "m=19456,t=2,p=5"] {
            assert!(with(dear).unwrap_err().0.contains("too much"), "{dear}");
        }
        for bad in ["", "x", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1"] {
            assert!(Passwords::check_phc(bad).is_err(), "{bad}");
        }
    }
}
