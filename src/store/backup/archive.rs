//! The file: a line of JSON for each row, so that it can be read without us, and by any version.
//!
//! ```text
//! {"tegata":"backup","format":1,"version":"0.1.0","at":1750000000,"migrations":["m0001_…",…]}
//! {"table":"users","columns":[["id","text"],["active","flag"],…]}
//! ["4f2a…",1,…]
//! {"rows":1,"sha256":"…"}
//! ```

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::BackupError;
use super::schema::Table;

const TEGATA: &str = "backup";

/// The number of this form. An older one will have to be read for ever.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    tegata: String,
    format: u32,
    pub version: String,
    /// When it was begun, in seconds since 1970.
    pub at: i64,
    /// Those that the database had, oldest first.
    pub migrations: Vec<String>,
}

impl Head {
    pub(super) fn new(at: OffsetDateTime, migrations: Vec<String>) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let at = at.unix_timestamp();
        Self { tegata: TEGATA.to_owned(), format: FORMAT, version, at, migrations }
    }
}

/// The last line: without it, the file is not whole.
#[derive(Debug, Serialize, Deserialize)]
struct Tail {
    rows: u64,
    sha256: String,
}

/// What is in a backup.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Of the tegata that made it.
    pub version: String,
    pub at: OffsetDateTime,
    pub rows: u64,
}

/// Writes lines, and ends them with their digest.
pub(super) struct Sealing<W> {
    to: W,
    digest: Sha256,
    pub rows: u64,
}

impl<W: Write> Sealing<W> {
    pub(super) fn begin(to: W, head: &Head) -> Result<Self, BackupError> {
        let mut sealing = Self { to, digest: Sha256::new(), rows: 0 };
        sealing.line(&json(head))?;
        Ok(sealing)
    }

    pub(super) fn table(&mut self, table: &Table) -> Result<(), BackupError> {
        self.line(&json(table))
    }

    /// `row` is an array of JSON.
    pub(super) fn row(&mut self, row: &str) -> Result<(), BackupError> {
        self.rows += 1;
        self.line(row)
    }

    fn line(&mut self, line: &str) -> Result<(), BackupError> {
        for part in [line.as_bytes(), b"\n"] {
            self.digest.update(part);
            self.to.write_all(part)?;
        }
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<u64, BackupError> {
        let tail = Tail {
            rows: self.rows,
            sha256: base16ct::lower::encode_string(&self.digest.finalize()),
        };
        self.to.write_all(json(&tail).as_bytes())?;
        self.to.write_all(b"\n")?;
        self.to.flush()?;
        Ok(self.rows)
    }
}

/// A backup that was read once from end to end, and is whole.
pub struct Archive {
    file: File,
    pub(super) head: Head,
    rows: u64,
}

/// A line between the first and the last.
pub(super) enum Line {
    Table(Table),
    Row(String),
}

impl Archive {
    /// Checks `file` before anything is done with it.
    pub fn open(file: File) -> Result<Self, BackupError> {
        let mut reading = Reading::begin(&file)?;
        while reading.next()?.is_some() {}
        let (head, rows) = (reading.head.clone(), reading.rows);
        drop(reading);
        Ok(Self { file, head, rows })
    }

    pub fn summary(&self) -> Summary {
        let at = OffsetDateTime::from_unix_timestamp(self.head.at);
        let at = at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Summary { version: self.head.version.clone(), at, rows: self.rows }
    }

    /// From the beginning. It is checked again on the way, for what is on a disk can change.
    pub(super) fn read(&self) -> Result<Reading<'_>, BackupError> {
        Reading::begin(&self.file)
    }
}

/// Lines as they come, and their digest.
pub(super) struct Reading<'a> {
    from: BufReader<&'a File>,
    digest: Sha256,
    head: Head,
    rows: u64,
}

/// Longer lines are none of ours.
const LONGEST: u64 = 64 * 1024 * 1024;

impl<'a> Reading<'a> {
    fn begin(file: &'a File) -> Result<Self, BackupError> {
        let mut file = file;
        file.rewind()?;
        let mut from = BufReader::with_capacity(256 * 1024, file);
        let first = line(&mut from).map_err(|error| match error {
            BackupError::Damaged(_) => BackupError::NotABackup,
            other => other,
        })?;
        // Whatever else a later form has, it begins with these.
        #[derive(Deserialize)]
        struct Any {
            tegata: String,
            format: u32,
            version: String,
        }
        let any: Any = serde_json::from_str(&first).map_err(|_| BackupError::NotABackup)?;
        match any {
            Any { tegata, .. } if tegata != TEGATA => return Err(BackupError::NotABackup),
            Any { format, version, .. } if format > FORMAT => {
                return Err(BackupError::Newer { version });
            }
            _ => {}
        }
        let head = serde_json::from_str(&first)
            .map_err(|_| BackupError::Damaged("its first line cannot be read"))?;
        let digest = Sha256::new_with_prefix(first.as_bytes());
        Ok(Self { from, digest, head, rows: 0 })
    }

    /// `None` at an end that is what it should be.
    pub(super) fn next(&mut self) -> Result<Option<Line>, BackupError> {
        let line = line(&mut self.from)?;
        if line.starts_with('[') {
            self.rows += 1;
            self.digest.update(line.as_bytes());
            return Ok(Some(Line::Row(line.trim_end().to_owned())));
        }
        if let Ok(table) = serde_json::from_str(&line) {
            self.digest.update(line.as_bytes());
            return Ok(Some(Line::Table(table)));
        }
        let tail: Tail = serde_json::from_str(&line)
            .map_err(|_| BackupError::Damaged("a line is neither a table nor a row"))?;
        let digest = base16ct::lower::encode_string(&self.digest.clone().finalize());
        if tail.rows != self.rows || tail.sha256 != digest {
            return Err(BackupError::Damaged("its checksum is another"));
        }
        match self.from.fill_buf()? {
            [] => Ok(None),
            _ => Err(BackupError::Damaged("something comes after its end")),
        }
    }
}

fn line(from: &mut BufReader<&File>) -> Result<String, BackupError> {
    let mut bytes = Vec::new();
    std::io::Read::take(&mut *from, LONGEST).read_until(b'\n', &mut bytes)?;
    if bytes.last() != Some(&b'\n') {
        return Err(BackupError::Damaged("it is cut off"));
    }
    String::from_utf8(bytes).map_err(|_| BackupError::Damaged("a line is no text"))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data is always JSON")
}
