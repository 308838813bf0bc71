//! Apache Parquet: a column for each field, compressed by Snappy, which every reader knows.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::Sheet;
use crate::cli::failure::Failure;
use crate::model::LedgerRecord;

const SCHEMA: &str = "message ledger {
    required int64 number;
    required int64 at (TIMESTAMP(MILLIS, true));
    optional binary request (STRING);
    optional binary issuer (STRING);
    optional binary event (STRING);
    optional binary client (STRING);
    optional binary user (STRING);
    optional binary service (STRING);
    optional binary scope (STRING);
    optional binary resource (STRING);
    optional binary jti (STRING);
    optional binary parent (STRING);
    optional binary outcome (STRING);
    optional binary code (STRING);
    optional binary reason (STRING);
    optional int64 chain;
    optional int64 place;
    optional binary hash;
}";

pub(super) struct Columns<W: Write + Send>(SerializedFileWriter<W>);

impl<W: Write + Send> Columns<W> {
    pub(super) fn begin(output: W) -> Result<Self, Failure> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        Ok(Self(SerializedFileWriter::new(output, schema, Arc::new(properties))?))
    }
}

impl<W: Write + Send> Sheet for Columns<W> {
    fn rows(&mut self, records: &[LedgerRecord]) -> Result<(), Failure> {
        if records.is_empty() {
            return Ok(());
        }
        let mut group = self.0.next_row_group()?;
        let numbers = |of: fn(&LedgerRecord) -> i64| records.iter().map(of).collect::<Vec<_>>();
        required(&mut group, &numbers(|it| it.number))?;
        required(&mut group, &numbers(|it| it.at))?;
        for column in 0..LedgerRecord::default().texts().len() {
            let of = |it: &LedgerRecord| it.texts()[column].1.map(ByteArray::from);
            texts(&mut group, records.iter().map(of))?;
        }
        optional(&mut group, records.iter().map(|it| it.chain))?;
        optional(&mut group, records.iter().map(|it| it.place))?;
        texts(&mut group, records.iter().map(|it| it.hash.clone().map(ByteArray::from)))?;
        group.close()?;
        Ok(())
    }

    fn end(self: Box<Self>) -> Result<(), Failure> {
        self.0.close()?;
        Ok(())
    }
}

type Group<'a, W> = SerializedRowGroupWriter<'a, W>;

const FEWER: &str = "the schema has a column for each field";

fn required<W: Write + Send>(group: &mut Group<'_, W>, values: &[i64]) -> Result<(), Failure> {
    let mut column = group.next_column()?.ok_or_else(|| Failure::new(FEWER))?;
    column.typed::<Int64Type>().write_batch(values, None, None)?;
    Ok(column.close()?)
}

fn optional<W: Write + Send>(
    group: &mut Group<'_, W>,
    values: impl Iterator<Item = Option<i64>>,
) -> Result<(), Failure> {
    let (there, values) = apart(values);
    let mut column = group.next_column()?.ok_or_else(|| Failure::new(FEWER))?;
    column.typed::<Int64Type>().write_batch(&values, Some(&there), None)?;
    Ok(column.close()?)
}

fn texts<W: Write + Send>(
    group: &mut Group<'_, W>,
    values: impl Iterator<Item = Option<ByteArray>>,
) -> Result<(), Failure> {
    let (there, values) = apart(values);
    let mut column = group.next_column()?.ok_or_else(|| Failure::new(FEWER))?;
    column.typed::<ByteArrayType>().write_batch(&values, Some(&there), None)?;
    Ok(column.close()?)
}

/// Parquet has what is there in one list, and in another whether something is there.
fn apart<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<i16>, Vec<T>) {
    let (mut there, mut kept) = (Vec::new(), Vec::new());
    for value in values {
        there.push(i16::from(value.is_some()));
        kept.extend(value);
    }
    (there, kept)
}
