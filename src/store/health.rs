//! Whether the database can be read and written, for those who ask `/readyz`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::ConnectionTrait;

use super::open::Store;
use super::{Away, StoreError};

/// How long an answer may take: less than the second for which most probes wait.
const PATIENCE: Duration = Duration::from_millis(800);

/// So much is written to see whether there is space again: more than one issuance takes.
const PROBE: usize = 32 * 1024;

/// What the last commit came to. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Health(Arc<AtomicBool>);

impl Health {
    /// Notes whether the database was away when something was to be committed.
    pub(super) fn saw(&self, away: bool) {
        self.0.store(away, Ordering::Relaxed);
    }

    fn failed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Store {
    /// Whether the database can be read, and written as far as one knows: the last commit
    /// succeeded or, if it did not, a write that is as large and leaves nothing behind. So a
    /// healthy server writes nothing for it, and one from which the balancer turned away finds
    /// out by itself that there is space again.
    pub async fn health(&self) -> Result<(), StoreError> {
        let look = async {
            self.ping().await?;
            if self.last_health().failed() {
                self.try_to_write().await?;
                self.last_health().saw(false);
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap_or(Err(StoreError::Late))
    }

    async fn try_to_write(&self) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let filler = "0".repeat(PROBE);
        let keep = format!("INSERT INTO secrets (name, sealed) VALUES ('probe', '{filler}')");
        transaction.execute_unprepared(&keep).await?;
        transaction.execute_unprepared("DELETE FROM secrets WHERE name = 'probe'").await?;
        Self::finish(transaction).await
    }
}

impl StoreError {
    /// Why the database is away, if it is: then nothing is wrong with what was asked, and it
    /// may be asked again.
    pub fn away(&self) -> Option<Away> {
        match self {
            Self::Away(error) => Some(error.why),
            Self::Shared(error) => error.away(),
            Self::Late | Self::Closed => Some(Away::Unreachable),
            _ => None,
        }
    }
}
