//! A row of the ledger as a record, and a record as what it means.

use sea_orm::{DbErr, QueryResult, Value};
use time::OffsetDateTime;

use super::super::StoreError;
use super::super::columns::text;
use super::TABLE;
use crate::model::{LedgerEntry, LedgerEvent, LedgerRecord, LedgerRow, Outcome, Remark};

/// The columns that we write, in this order. PostgreSQL has the month besides.
pub(super) const COLUMNS: &str = "at, request, issuer, event, client, \"user\", service, scope, \
     resource, jti, parent, outcome, code, reason, chain, place, hash";
pub(super) const WIDTH: usize = 17;

pub(super) fn values(record: LedgerRecord) -> [Value; WIDTH] {
    [
        record.at.into(),
        record.request.into(),
        record.issuer.into(),
        record.event.into(),
        record.client.into(),
        record.user.into(),
        record.service.into(),
        record.scope.into(),
        record.resource.into(),
        record.jti.into(),
        record.parent.into(),
        record.outcome.into(),
        record.code.into(),
        record.reason.into(),
        record.chain.into(),
        record.place.into(),
        record.hash.into(),
    ]
}

/// Reads a row that was asked for by `number` and [`COLUMNS`].
pub(super) fn read(row: &QueryResult) -> Result<LedgerRecord, DbErr> {
    Ok(LedgerRecord {
        number: row.try_get_by_index(0)?,
        at: row.try_get_by_index(1)?,
        request: row.try_get_by_index(2)?,
        issuer: row.try_get_by_index(3)?,
        event: row.try_get_by_index(4)?,
        client: row.try_get_by_index(5)?,
        user: row.try_get_by_index(6)?,
        service: row.try_get_by_index(7)?,
        scope: row.try_get_by_index(8)?,
        resource: row.try_get_by_index(9)?,
        jti: row.try_get_by_index(10)?,
        parent: row.try_get_by_index(11)?,
        outcome: row.try_get_by_index(12)?,
        code: row.try_get_by_index(13)?,
        reason: row.try_get_by_index(14)?,
        chain: row.try_get_by_index(15)?,
        place: row.try_get_by_index(16)?,
        hash: row.try_get_by_index(17)?,
    })
}

/// `entry` as it will lie in the database, without a place yet.
pub(super) fn record(entry: &LedgerEntry) -> LedgerRecord {
    let (outcome, code, reason) = match &entry.outcome {
        Outcome::Issued => ("issued", None, entry.remark.as_ref().map(|it| it.as_str().to_owned())),
        Outcome::Refused { code, reason } => ("refused", Some(code.clone()), Some(reason.clone())),
    };
    LedgerRecord {
        at: milliseconds(entry.at),
        request: entry.request.to_string(),
        issuer: entry.issuer.to_string(),
        event: entry.event.as_str().to_owned(),
        client: entry.client.as_ref().map(ToString::to_string),
        user: entry.user.as_ref().map(ToString::to_string),
        service: entry.service.clone(),
        scope: entry.scope.as_ref().map(ToString::to_string),
        resource: entry.resource.clone(),
        jti: entry.jti.clone(),
        parent: entry.parent.clone(),
        outcome: outcome.to_owned(),
        code,
        reason,
        ..LedgerRecord::default()
    }
}

pub(super) fn milliseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

pub(super) fn at(milliseconds: i64) -> Result<OffsetDateTime, StoreError> {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
    at.map_err(|_| StoreError::Corrupt(TABLE))
}

pub(super) fn model(record: LedgerRecord) -> Result<LedgerRow, StoreError> {
    let issued = record.outcome == "issued";
    let remark = record.reason.as_deref().filter(|_| issued).and_then(Remark::parse);
    let outcome = match record.outcome.as_str() {
        "issued" => Outcome::Issued,
        _ => Outcome::Refused {
            code: record.code.unwrap_or_default(),
            reason: record.reason.unwrap_or_default(),
        },
    };
    let entry = LedgerEntry {
        at: at(record.at)?,
        request: text(TABLE, record.request)?,
        issuer: text(TABLE, record.issuer)?,
        event: LedgerEvent::parse(&record.event).ok_or(StoreError::Corrupt(TABLE))?,
        client: record.client.map(|it| text(TABLE, it)).transpose()?,
        user: record.user.map(|it| text(TABLE, it)).transpose()?,
        service: record.service,
        scope: record.scope.map(|it| text(TABLE, it)).transpose()?,
        resource: record.resource,
        jti: record.jti,
        parent: record.parent,
        remark,
        outcome,
    };
    Ok(LedgerRow { number: record.number, entry })
}
