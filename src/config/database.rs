//! Where the data lie.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// A database. Neither `Debug` nor `Display` shows a password.
#[derive(Clone, Debug)]
pub enum Database {
    Sqlite(PathBuf),
    /// Forgotten at the end.
    Memory,
    /// With the whole URL.
    Postgres(SecretString),
}

/// What would end a path in a URL.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

impl Database {
    /// Reads a URL; a relative path starts at `folder`. The refusals do not repeat the text,
    /// for there may be a password in it.
    pub(super) fn parse(text: &str, folder: &Path) -> Result<Self, &'static str> {
        if text == "sqlite::memory:" {
            return Ok(Self::Memory);
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err("it has no path"),
                path if path.contains('?') => Err("it has parameters, which SQLite takes none of"),
                path => Ok(Self::Sqlite(folder.join(path))),
            };
        }
        let url = Url::parse(text).map_err(|_| "it is no URL")?;
        match url.scheme() {
            "postgres" | "postgresql" => Ok(Self::Postgres(text.into())),
            _ => Err("it is of another kind"),
        }
    }

    /// The URL by which sqlx opens it.
    pub fn url(&self) -> SecretString {
        match self {
            Self::Memory => "sqlite::memory:".into(),
            Self::Sqlite(path) => {
                let path = path.to_string_lossy();
                format!("sqlite:{}", utf8_percent_encode(&path, NOT_IN_PATHS)).into()
            }
            Self::Postgres(url) => url.clone(),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("SQLite in memory"),
            Self::Sqlite(path) => write!(f, "SQLite at {}", path.display()),
            Self::Postgres(url) => {
                let url = Url::parse(url.expose_secret()).ok();
                let host = url.as_ref().and_then(Url::host_str).unwrap_or("this machine");
                write!(f, "PostgreSQL at {host}")
            }
        }
    }
}
