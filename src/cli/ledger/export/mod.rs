//! `tegata ledger export`: the rows for other tools, a page at a time.

mod csv;
mod jsonl;
mod parquet;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::{Step, date};
use crate::cli::failure::Failure;
use crate::cli::opened::Opened;
use crate::model::LedgerRecord;
use crate::store;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the rows are written as.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Only rows of this time and later.
    #[arg(long, value_name = "DATE", value_parser = date::parse)]
    since: Option<OffsetDateTime>,
    /// Only rows from before this time.
    #[arg(long, value_name = "DATE", value_parser = date::parse)]
    until: Option<OffsetDateTime>,
    /// Where to; it takes the place of what was there when all is written. Left out: standard
    /// output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One JSON object a line.
    Jsonl,
    /// RFC 4180, with a head. What a spreadsheet would take for a formula has a ' before it.
    Csv,
    /// Apache Parquet; needs --output.
    Parquet,
}

/// Rows that are read at a time; those of Parquet make a row group.
const PAGE: u32 = 5000;

/// Takes rows, and writes them.
trait Sheet {
    fn rows(&mut self, records: &[LedgerRecord]) -> Result<(), Failure>;
    fn end(self: Box<Self>) -> Result<(), Failure>;
}

pub(super) async fn run(opened: &Opened, args: &Args) -> Result<(), Failure> {
    let Some(output) = &args.output else {
        if args.format == Format::Parquet {
            return Err(Failure::new("a Parquet file is not for a terminal: name it by --output"));
        }
        return pour(opened, args, io::stdout()).await;
    };
    // Written beside, for its owner's eyes only, and put in place when it is whole.
    let folder = output.parent().filter(|it| !it.as_os_str().is_empty());
    let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
    let name = output.display().to_string();
    let file = file.map_err(|error| Failure::of(&name, &error))?;
    pour(opened, args, file.reopen()?).await?;
    file.as_file().sync_all()?;
    file.persist(output).map_err(|error| Failure::of(&name, &error.error))?;
    Ok(())
}

async fn pour(
    opened: &Opened,
    args: &Args,
    output: impl Write + Send + 'static,
) -> Result<(), Failure> {
    let output = BufWriter::new(output);
    let mut sheet: Box<dyn Sheet> = match args.format {
        Format::Jsonl => Box::new(jsonl::Lines(output)),
        Format::Csv => Box::new(csv::Table::begin(output)?),
        Format::Parquet => Box::new(parquet::Columns::begin(output)?),
    };
    let milliseconds = |at: OffsetDateTime| at.unix_timestamp_nanos() / 1_000_000;
    let since = args.since.map_or(i128::MIN, milliseconds);
    let until = args.until.map_or(i128::MAX, milliseconds);
    let (mut last, mut written, mut step) = (0, 0, Step::of("written"));
    loop {
        let db = opened.store.read();
        let mut records = store::ledger::records(db, last, args.since, PAGE).await?;
        let Some(end) = records.last() else { break };
        last = end.number;
        records.retain(|it| (since..until).contains(&it.at.into()));
        sheet.rows(&records)?;
        written += records.len() as u64;
        step.at(written);
    }
    sheet.end()
}

/// RFC 3339 with milliseconds, always of one width.
fn time_of(record: &LedgerRecord) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(record.at) * 1_000_000);
    at.map_or_else(|_| record.at.to_string(), super::shown::at)
}

fn hash_of(record: &LedgerRecord) -> Option<String> {
    record.hash.as_deref().map(base16ct::lower::encode_string)
}
