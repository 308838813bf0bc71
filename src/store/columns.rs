//! How values lie in columns: lists as JSON text, times as seconds since 1970; and how many of
//! them one statement takes.

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::StoreError;

/// A value as JSON text.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data is always JSON")
}

/// A value from the JSON text that [`json`] made.
pub(super) fn parsed<T: DeserializeOwned>(
    table: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt(table))
}

/// A checked text, from a column that only checked ones went into.
pub(super) fn text<T: TryFrom<String>>(table: &'static str, text: String) -> Result<T, StoreError> {
    T::try_from(text).map_err(|_| StoreError::Corrupt(table))
}

pub(super) fn time(table: &'static str, seconds: i64) -> Result<OffsetDateTime, StoreError> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| StoreError::Corrupt(table))
}
