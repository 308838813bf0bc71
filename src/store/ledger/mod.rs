//! The ledger: rows are appended, and never changed.
//!
//! They lie in a table for each month, which `ledger` shows as one, and each is chained to the
//! one before it that the same writer appended. `docs/decisions/0024-ledger-by-months.md`,
//! `docs/decisions/0025-what-the-chain-proves.md`.

mod append;
mod chain;
mod checkpoints;
mod months;
mod read;
mod retention;
mod row;
mod walk;

pub(super) use append::{Head, append};
pub use checkpoints::{checkpoints, keep_checkpoint, newest_checkpoints, unvouched_ends};
pub(super) use months::is_over;
pub use months::{hold, month_of, prepare, show_months};
pub use read::{chains, named, obtained_by, of_request, records, tail};
pub use retention::{Ending, clear, drop_month, dropped, past};
pub use walk::{Broken, Walk, Walked};

const TABLE: &str = "ledger";
