//! Backup and restore: the whole database in one file, the same from SQLite and PostgreSQL.
//!
//! Nothing here knows the tables by name but [`withdraw`]: what there is, is asked of the
//! database. `docs/decisions/0029-backup.md` says why it is done so.

mod archive;
mod read;
mod restore;
mod rolled;
mod schema;
mod withdraw;

use std::io;

use super::StoreError;

pub use archive::{Archive, Summary};
pub use read::write;
pub use restore::{Ground, Wish, restore};

/// Called now and then with the table that is at work, and how many rows were done in all.
pub type Progress<'a> = dyn FnMut(&str, u64) + Send + 'a;

/// Why there is no backup, or everything is as it was before the restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the file cannot be read or written")]
    File(#[from] io::Error),
    #[error("this is no backup of tegata")]
    NotABackup,
    #[error("the backup is damaged: {0}; take another one")]
    Damaged(&'static str),
    #[error(
        "the backup is of tegata {version}, which knows more than this one: install that version \
         or a newer one, and restore with it"
    )]
    Newer { version: String },
    #[error(
        "the database is not empty: restore into a new one, or give --replace to throw away what \
         is in it"
    )]
    NotEmpty,
    #[error("the column {table}.{column} has a type that backups do not know: {kind:?}")]
    Column { table: String, column: String, kind: String },
    #[error("the backup has the table {0}, which is another in this version")]
    OtherTable(String),
    #[error("the database is not one of tegata: it has no migrations")]
    NotOurs,
}

impl From<sea_orm::DbErr> for BackupError {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Store(error.into())
    }
}
