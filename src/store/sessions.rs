//! Browser sessions, by the digest of the identifier in their cookie.

use std::fmt;

use sea_orm::{ConnectionTrait, QueryResult, Value};
use time::OffsetDateTime;

use super::StoreError;
use super::batch::Script;
use super::columns::time;
use super::many::ForMany;
use crate::model::Digest;

const TABLE: &str = "sessions";

/// A session as it is kept. What is in it stays out of logs.
pub struct Kept {
    pub digest: Digest,
    pub data: String,
    pub expires_at: OffsetDateTime,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

static OPEN: ForMany =
    ForMany::new("INSERT INTO sessions (digest, data, expires_at) VALUES {rows}", 3);
static KEEP: ForMany = ForMany::new(
    "INSERT INTO sessions (digest, data, expires_at) VALUES {rows} ON CONFLICT (digest) \
     DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at",
    3,
);
static CLOSE: ForMany = ForMany::new("DELETE FROM sessions WHERE digest IN ({rows})", 1);

/// Keeps sessions that were not there: an identifier that is taken is an error.
pub(super) fn open<'a>(script: &mut Script, sessions: impl ExactSizeIterator<Item = &'a Kept>) {
    OPEN.all(script, &[], sessions.map(values));
}

pub(super) fn keep<'a>(script: &mut Script, sessions: impl ExactSizeIterator<Item = &'a Kept>) {
    KEEP.all(script, &[], sessions.map(values));
}

pub(super) fn close(script: &mut Script, digests: &[&Digest]) {
    CLOSE.any(script, &[], digests.iter().map(|it| [it.0.clone().into()]));
}

fn values(session: &Kept) -> [Value; 3] {
    let expires_at = session.expires_at.unix_timestamp();
    [session.digest.0.clone().into(), session.data.clone().into(), expires_at.into()]
}

static FIND: ForMany = ForMany::new(
    "SELECT data, expires_at FROM sessions WHERE expires_at > ? AND digest IN ({rows})",
    1,
);

/// The data of a session that has not expired, and when it will.
pub async fn find(
    db: &impl ConnectionTrait,
    digest: &Digest,
    now: OffsetDateTime,
) -> Result<Option<(String, OffsetDateTime)>, StoreError> {
    let rows = std::iter::once([digest.0.clone().into()]);
    let found = FIND.find(db, &[now.unix_timestamp().into()], rows).await?;
    let read =
        |row: &QueryResult| Ok((row.try_get_by_index(0)?, time(TABLE, row.try_get_by_index(1)?)?));
    found.first().map(read).transpose()
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::super::{Effect, Store};
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn session(id: &str, data: &str) -> Kept {
        let (digest, data) = (Digest::of(id), data.to_owned());
        Kept { digest, data, expires_at: NOW + Duration::hours(1) }
    }

    #[tokio::test]
    async fn several_in_one_commit() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let found = async |id: &str| {
            let found = find(store.read(), &Digest::of(id), NOW).await.unwrap();
            found.map(|(data, _)| data)
        };
        let open = |id| Effect::OpenSession(Box::new(session(id, "opened")));
        let keep = |id, data| Effect::KeepSession(Box::new(session(id, data)));
        store.commit(["one", "two", "three"].map(open).into(), NOW).await.unwrap();

        let effects = vec![
            keep("one", "kept"),
            keep("two", "kept"),
            keep("one", "kept again"),
            Effect::CloseSession(Digest::of("two")),
            keep("four", "kept"),
        ];
        store.commit(effects, NOW).await.unwrap();
        assert_eq!(found("one").await.as_deref(), Some("kept again"), "what came last");
        assert_eq!(found("two").await, None);
        assert_eq!(found("three").await.as_deref(), Some("opened"));
        assert_eq!(found("four").await.as_deref(), Some("kept"));

        assert!(store.commit(vec![open("one")], NOW).await.is_err());
        assert_eq!(found("one").await.as_deref(), Some("kept again"));
    }
}
