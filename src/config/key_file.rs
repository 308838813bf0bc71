//! The key-encryption key: from the environment, or from a file that is made on first start.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;

use super::Config;
use crate::environment::Environment;
use crate::jose::KeyEncryptionKey;

/// Where the key comes from.
#[derive(Clone)]
pub enum KeySource {
    /// The environment gave it.
    Given(KeyEncryptionKey),
    File(PathBuf),
    /// Drawn anew at each start, as what it seals is forgotten at the end.
    Fleeting,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("the key file {0} cannot be read: {1}")]
    Unreadable(PathBuf, io::Error),
    #[error("the key file {0} cannot be made: {1}")]
    Unwritable(PathBuf, io::Error),
    #[error("others may read the key file {path}: run `chmod 600 {path}`", path = .0.display())]
    Exposed(PathBuf),
    #[error(
        "the key file {path} does not hold a key, which is 32 bytes as 64 hexadecimal digits or \
         as base64url: bring the right one back, or, if there are no data yet, delete it",
        path = .0.display()
    )]
    Malformed(PathBuf),
}

/// More than a key file can have, in bytes.
const LONGEST: u64 = 256;

/// Reads the key, or makes it if this is the first start.
pub fn key_encryption_key(
    config: &Config,
    environment: &Environment,
) -> Result<KeyEncryptionKey, KeyFileError> {
    match &config.key {
        KeySource::Given(key) => Ok(key.clone()),
        KeySource::Fleeting => {
            let mut bytes = [0; 32];
            environment.entropy.fill(&mut bytes);
            Ok(KeyEncryptionKey::new(bytes))
        }
        KeySource::File(path) => match read(path) {
            Err(KeyFileError::Unreadable(_, error)) if error.kind() == io::ErrorKind::NotFound => {
                make(path, environment)
                    .map_err(|error| KeyFileError::Unwritable(path.clone(), error))?;
                read(path)
            }
            other => other,
        },
    }
}

fn read(path: &Path) -> Result<KeyEncryptionKey, KeyFileError> {
    let unreadable = |error| KeyFileError::Unreadable(path.to_owned(), error);
    let file = File::open(path).map_err(unreadable)?;
    if is_exposed(&file).map_err(unreadable)? {
        return Err(KeyFileError::Exposed(path.to_owned()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    file.take(LONGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes).ok();
    text.and_then(parse).ok_or_else(|| KeyFileError::Malformed(path.to_owned()))
}

/// Writes a new key beside `path` and then gives it that name, which fails if another process
/// was faster: then its key counts. Nobody ever sees half a key, not after a loss of power.
fn make(path: &Path, environment: &Environment) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // The file is made with mode 0600.
    let mut file = tempfile::Builder::new().prefix(".tegata.key.").tempfile_in(folder)?;
    let text = Zeroizing::new(environment.secret());
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(failed.error);
        }
        _ => {}
    }
    File::open(folder)?.sync_all()
}

#[cfg(unix)]
fn is_exposed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Reads 32 bytes in either of two forms.
pub(super) fn parse(text: &str) -> Option<KeyEncryptionKey> {
    let text = text.trim();
    let mut key = Zeroizing::new([0; 32]);
    if text.len() == 64 {
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).ok().filter(|it| !it.starts_with('+'))?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
    } else {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        let bytes = Zeroizing::new(bytes.filter(|bytes| bytes.len() == 32)?);
        key.copy_from_slice(&bytes);
    }
    Some(KeyEncryptionKey::new(*key))
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given(…)"),
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Fleeting => f.write_str("Fleeting"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(path: &Path) -> Config {
        let variables = [("key_file".to_owned(), path.display().to_string())];
        Config::read(Path::new("none.toml"), false, &variables).unwrap()
    }

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tegata.key");
        let first = key_encryption_key(&config(&path), &Environment::system()).unwrap();
        let second = key_encryption_key(&config(&path), &Environment::system()).unwrap();
        let sealed = first.seal(b"secret");
        assert_eq!(second.unseal(&sealed).unwrap(), b"secret");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tegata.key");
        assert!(key_encryption_key(&config(&path), &Environment::system()).is_ok());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = key_encryption_key(&config(&path), &Environment::system());
        assert!(refused.err().unwrap().to_string().contains("chmod 600"));
    }

    #[test]
    fn both_forms_of_a_key_and_no_other() {
        assert!(parse(&"0f".repeat(32)).is_some());
        assert!(parse(&format!("{}\n", "A".repeat(43))).is_some());
        for bad in ["", "0f", &"+f".repeat(32), &"A".repeat(44), &"é".repeat(32)] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
