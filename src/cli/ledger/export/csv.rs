//! Comma-separated values (RFC 4180) that a spreadsheet can open without running what a
//! stranger wrote.

use std::borrow::Cow;
use std::io::Write;

use csv::Writer;

use super::{Sheet, hash_of, time_of};
use crate::cli::failure::Failure;
use crate::model::LedgerRecord;

pub(super) struct Table<W: Write>(Writer<W>);

impl<W: Write> Table<W> {
    pub(super) fn begin(output: W) -> Result<Self, Failure> {
        let mut table = Writer::from_writer(output);
        let record = LedgerRecord::default();
        let names = record.texts().map(|(name, _)| name);
        let head = ["number", "at"].into_iter().chain(names).chain(["chain", "place", "hash"]);
        table.write_record(head)?;
        Ok(Self(table))
    }
}

impl<W: Write> Sheet for Table<W> {
    fn rows(&mut self, records: &[LedgerRecord]) -> Result<(), Failure> {
        let number = |it: Option<i64>| it.map(|it| it.to_string()).unwrap_or_default();
        for record in records {
            self.0.write_field(record.number.to_string())?;
            self.0.write_field(time_of(record))?;
            for (_, text) in record.texts() {
                self.0.write_field(harmless(text.unwrap_or_default()).as_bytes())?;
            }
            self.0.write_field(number(record.chain))?;
            self.0.write_field(number(record.place))?;
            self.0.write_field(hash_of(record).unwrap_or_default())?;
            self.0.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>) -> Result<(), Failure> {
        Ok(self.0.flush()?)
    }
}

/// A spreadsheet takes what begins with one of these for a formula, quoted or not. With a ' in
/// front it is a text. Separators of our own file do not matter: those are quoted.
fn harmless(text: &str) -> Cow<'_, str> {
    match text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\u{ff1d}1"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        assert_eq!(harmless("https://home.example"), "https://home.example");
        assert_eq!(harmless(""), "");
    }
}
