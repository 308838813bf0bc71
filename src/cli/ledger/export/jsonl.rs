//! One JSON object a line, with the names of the columns.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::{Sheet, hash_of, time_of};
use crate::cli::failure::Failure;
use crate::model::LedgerRecord;

pub(super) struct Lines<W: Write>(pub(super) W);

impl<W: Write> Sheet for Lines<W> {
    fn rows(&mut self, records: &[LedgerRecord]) -> Result<(), Failure> {
        for record in records {
            let mut object = Map::new();
            object.insert("number".into(), json!(record.number));
            object.insert("at".into(), json!(time_of(record)));
            for (name, text) in record.texts() {
                object.insert(name.into(), json!(text));
            }
            object.insert("chain".into(), json!(record.chain));
            object.insert("place".into(), json!(record.place));
            object.insert("hash".into(), json!(hash_of(record)));
            writeln!(self.0, "{}", Value::Object(object))?;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>) -> Result<(), Failure> {
        Ok(self.0.flush()?)
    }
}
