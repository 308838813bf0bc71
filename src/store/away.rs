//! A database that is away: the request was right, and will be answered when it is back.

use std::sync::Arc;

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

use super::StoreError;

/// Why nothing can be read or written at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// No space is left, be it on the disk or by a quota.
    Full,
    /// The disk fails, or the files are not to be opened.
    Disk,
    /// It takes no changes: a standby, or a file system that is mounted read-only.
    ReadOnly,
    /// Nobody answers, or whoever did hung up.
    Unreachable,
    /// All connections are taken, or somebody else holds what we need.
    Busy,
}

/// The failure of a database that is away.
#[derive(Debug, thiserror::Error)]
#[error("{}", why.as_str())]
pub struct AwayError {
    pub why: Away,
    #[source]
    source: DbErr,
}

impl Away {
    /// Short, for those who run the server.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "the disk of the database is full",
            Self::Disk => "the disk of the database fails",
            Self::ReadOnly => "the database takes no changes",
            Self::Unreachable => "the database does not answer",
            Self::Busy => "the database is too busy",
        }
    }

    fn of(error: &DbErr) -> Option<Self> {
        match error {
            DbErr::ConnectionAcquire(_) => Some(Self::Unreachable),
            // Who is being killed may still accept, and hang up in the middle of the greeting.
            DbErr::Conn(RuntimeErr::SqlxError(error))
                if matches!(&**error, SqlxError::Protocol(_)) =>
            {
                Some(Self::Unreachable)
            }
            DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause) => match cause {
                RuntimeErr::SqlxError(error) => Self::of_driver(error),
                RuntimeErr::Internal(_) => None,
            },
            _ => None,
        }
    }

    fn of_driver(error: &Arc<SqlxError>) -> Option<Self> {
        match &**error {
            SqlxError::Database(error) => {
                let code = error.code()?;
                // A result code of SQLite is a number, and SQLSTATE has five characters: its
                // first are letters or zeros in all classes that matter here.
                match error.try_downcast_ref::<sea_orm::sqlx::sqlite::SqliteError>() {
                    Some(_) => Self::of_sqlite(&code),
                    None => Self::of_sqlstate(&code),
                }
            }
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::BeginFailed
            | SqlxError::WorkerCrashed => Some(Self::Unreachable),
            _ => None,
        }
    }

    /// <https://www.sqlite.org/rescode.html>: the lowest byte says what, the others say where.
    fn of_sqlite(code: &str) -> Option<Self> {
        match code.parse::<i32>().ok()? & 0xff {
            // BUSY, LOCKED, PROTOCOL
            5 | 6 | 15 => Some(Self::Busy),
            // READONLY
            8 => Some(Self::ReadOnly),
            // IOERR, CANTOPEN
            10 | 14 => Some(Self::Disk),
            // FULL
            13 => Some(Self::Full),
            _ => None,
        }
    }

    /// PostgreSQL, appendix A.
    fn of_sqlstate(code: &str) -> Option<Self> {
        match code {
            // disk_full
            "53100" => Some(Self::Full),
            // read_only_sql_transaction
            "25006" => Some(Self::ReadOnly),
            // lock_not_available, query_canceled, serialization_failure, deadlock_detected
            "55P03" | "57014" | "40001" | "40P01" => Some(Self::Busy),
            // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout
            "57P01" | "57P02" | "57P03" | "57P05" => Some(Self::Unreachable),
            // Connection exceptions; insufficient resources; system errors
            code if code.starts_with("08") => Some(Self::Unreachable),
            code if code.starts_with("53") => Some(Self::Busy),
            code if code.starts_with("58") => Some(Self::Disk),
            _ => None,
        }
    }
}

impl AwayError {
    /// Whether two transactions only got in each other's way, so that one of them has to begin
    /// anew: `serialization_failure` and `deadlock_detected`.
    pub(super) fn is_race(&self) -> bool {
        let (DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))) = &self.source
        else {
            return false;
        };
        let code = cause.as_database_error().and_then(DatabaseError::code);
        matches!(code.as_deref(), Some("40001" | "40P01"))
    }

    /// Gives the error back if it is another.
    pub(super) fn from(source: DbErr) -> Result<Self, DbErr> {
        match Away::of(&source) {
            Some(why) => Ok(Self { why, source }),
            None => Err(source),
        }
    }
}

impl StoreError {
    /// Whether the database itself said no, or was never asked: then nothing happened. After all
    /// else a single statement may have been done, or not.
    pub(super) fn is_refusal(&self) -> bool {
        let source = match self {
            Self::Database(source) => source,
            // What a disk has that failed while it wrote, nobody knows.
            Self::Away(away) if away.why != Away::Disk => &away.source,
            _ => return false,
        };
        match source {
            DbErr::ConnectionAcquire(_) => true,
            DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
                // `statement_completion_unknown`
                let code = cause.as_database_error().map(DatabaseError::code);
                code.is_some_and(|code| code.as_deref() != Some("40003"))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_by_itself() {
        let sqlite = |code: i32| Away::of_sqlite(&code.to_string());
        // SQLITE_IOERR_WRITE, SQLITE_READONLY_DBMOVED, SQLITE_BUSY_SNAPSHOT, SQLITE_FULL
        assert_eq!(sqlite(778), Some(Away::Disk));
        assert_eq!(sqlite(1032), Some(Away::ReadOnly));
        assert_eq!(sqlite(517), Some(Away::Busy));
        assert_eq!(sqlite(13), Some(Away::Full));
        // A constraint, a corrupt file and a statement that is wrong stay as they are.
        assert_eq!([sqlite(1555), sqlite(11), sqlite(1)], [None; 3]);

        let postgres = Away::of_sqlstate;
        assert_eq!(postgres("53100"), Some(Away::Full));
        assert_eq!(postgres("53300"), Some(Away::Busy));
        assert_eq!(postgres("57P01"), Some(Away::Unreachable));
        assert_eq!(postgres("08006"), Some(Away::Unreachable));
        assert_eq!([postgres("23505"), postgres("42P01")], [None; 2]);

        let protocol = || RuntimeErr::SqlxError(Arc::new(SqlxError::Protocol("0x00".into())));
        assert_eq!(Away::of(&DbErr::Conn(protocol())), Some(Away::Unreachable));
        assert_eq!(Away::of(&DbErr::Query(protocol())), None, "this one is a mistake of ours");
    }
}
