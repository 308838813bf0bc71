//! One entry for many requests that were turned away, so that no stranger can grow the ledger.

use crate::limits::Unrecorded;
use crate::model::{LedgerEntry, Outcome};
use crate::oauth::{ErrorCode, RequestId};
use crate::server::Shared;
use crate::store::{CommitError, Effect};

/// Records how many requests were turned away since the last time: an entry for each issuer,
/// kind of request and client. What cannot be recorded counts the next time.
pub async fn record_sums(shared: &Shared) -> Result<(), CommitError> {
    let sums = shared.limits.take_unrecorded();
    if sums.is_empty() {
        return Ok(());
    }
    let now = shared.environment.clock.now();
    let entry = |(what, count): &(Unrecorded, u64)| {
        let code = ErrorCode::SlowDown.as_str().to_owned();
        let reason = format!("{count} requests came too early and have no entry of their own");
        let id = RequestId::parse(&shared.environment.unique_id());
        Effect::Record(Box::new(LedgerEntry {
            at: now,
            request: id.expect("it is 32 hexadecimal digits"),
            issuer: what.issuer.clone(),
            event: what.event,
            client: what.client.clone(),
            user: None,
            service: None,
            scope: None,
            resource: None,
            jti: None,
            parent: None,
            remark: None,
            outcome: Outcome::Refused { code, reason },
        }))
    };
    let recorded = shared.store.commit(sums.iter().map(entry).collect(), now).await;
    if recorded.is_err() {
        for (what, count) in sums {
            shared.limits.put_back(what, count);
        }
    }
    recorded
}
