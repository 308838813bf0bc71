//! What a server does for its ledger by itself, and the proof that the ledger is whole.

mod tend;
mod verify;
mod word;

pub use tend::{TendError, checkpoint, retain, tend};
pub use verify::{NotWhole, Verification, verify};
pub use word::OurKeys;
