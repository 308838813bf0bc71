//! A day or a moment, as it is given on the command line.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// Reads `2026-01-31`, which is its beginning in UTC, or a time by RFC 3339.
pub(super) fn parse(text: &str) -> Result<OffsetDateTime, String> {
    if let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(at);
    }
    let day = Date::parse(text, format_description!("[year]-[month]-[day]"));
    let day = day.map_err(|_| "give a day like 2026-01-31, or a time like 2026-01-31T08:00:00Z")?;
    Ok(day.midnight().assume_utc())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn days_and_times() {
        assert_eq!(parse("2026-01-31"), Ok(datetime!(2026-01-31 00:00 UTC)));
        assert_eq!(parse("2026-01-31T08:00:00+01:00"), Ok(datetime!(2026-01-31 07:00 UTC)));
        assert!(parse("yesterday").is_err() && parse("2026-02-30").is_err());
    }
}
