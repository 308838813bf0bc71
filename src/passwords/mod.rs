//! Hashing of passwords by argon2id. The only room that knows argon2.
//!
//! A hash takes a core for a while and much memory, so only some are made at a time, on threads
//! of their own that are behind those which answer requests, and only so many may wait for one.

mod pool;

use std::sync::Arc;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret, SecretString};

use crate::environment::Environment;
use pool::Pool;

/// The longest password that is hashed, in bytes.
pub const LONGEST_PASSWORD: usize = 1024;

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
    pool: Pool,
    environment: Environment,
    /// The hash of no password, which stands in where a user is unknown.
    nobody: Arc<str>,
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
        let nobody = nobody(&environment).into();
        Self { pool: Pool::new(parallel.max(1)), environment, nobody }
    }

    /// The hash of a password in PHC form, with a new salt.
    pub async fn hash(&self, password: &SecretString) -> Result<String, PasswordError> {
        if password.expose_secret().len() > LONGEST_PASSWORD {
            return Err(PasswordError::TooLong);
        }
        let mut salt = [0; 16];
        self.environment.entropy.fill(&mut salt);
        let password = password.clone();
        let output = self.pool.run(move |blocks| {
            output(blocks, &ours(), &password, &salt, Params::DEFAULT_OUTPUT_LEN)
        });
        let output =
            output.await?.expect("the salt and the password have lengths that argon2 takes");
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
        let password = password.clone();
        let same = self.pool.run(move |blocks| fits(blocks, &password, &hash).unwrap_or(false));
        let same = same.await?;
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
}

/// The hash itself, made in `blocks`.
fn output(
    blocks: &mut Vec<Block>,
    params: &Params,
    password: &SecretString,
    salt: &[u8],
    length: usize,
) -> Option<Output> {
    let needed = params.block_count();
    if blocks.len() < needed {
        blocks.resize(needed, Block::new());
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let password = password.expose_secret().as_bytes();
    let mut output = [0; Output::MAX_LENGTH];
    let output = output.get_mut(..length)?;
    argon2.hash_password_into_with_memory(password, salt, output, blocks).ok()?;
    Output::new(output).ok()
}

/// Whether `password` is the one that `phc` was made of. Outputs are compared in constant time.
fn fits(blocks: &mut Vec<Block>, password: &SecretString, phc: &str) -> Option<bool> {
    let hash = PasswordHash::new(phc).ok()?;
    let (params, salt, expected) = (Params::try_from(&hash).ok()?, hash.salt?, hash.hash?);
    Some(output(blocks, &params, password, &salt, expected.len())? == expected)
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
        let kept = passwords.pool.run(|blocks| blocks.len()).await;
        assert_eq!(kept, Ok(19 * 1024), "and no more is kept than our own hashes need");
    }

    #[tokio::test]
    async fn nobody_waits_in_a_queue_without_end() {
        let passwords = passwords();
        let all = passwords.pool.full();
        assert_eq!(passwords.verify(&"x".into(), None).await, Err(Busy));
        drop(all);
        assert_eq!(passwords.verify(&"x".into(), None).await, Ok(false));
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

    /// Those who only want a token go first.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashes_are_made_behind_others() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let (here, pool) = (nice(), passwords().pool);
        let there = pool.run(move |_| nice()).await.unwrap();
        assert_eq!(there, (here + 10).min(19));
        assert_eq!(nice(), here, "and nobody else is");
    }
}
