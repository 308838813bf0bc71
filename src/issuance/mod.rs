//! The one door through which every token leaves.
//!
//! [`issue`] is the only function that signs a token for anyone. It takes evidence that only
//! the checks can make, looks once more whether everybody concerned is still active, and
//! commits what is used up together with the ledger; only then does anything leave.

mod attempt;
mod code;
mod door;
mod exchange_orders;
mod id_jag_orders;
mod link;
mod orders;
mod reuse;
mod standing;
mod sums;
mod warrant;

pub use attempt::{Attempt, NotRecorded};
pub use code::{CodeOrder, issue_code};
pub use door::{Issued, Refusal, issue};
pub use link::{
    Invitation, Invited, LinkRefusal, LiveInvitation, Named, dismiss, invitation, invite, link,
};
pub use reuse::Shown;
pub use standing::{LivePerson, person_of, person_of_refresh_token, stands};
pub use sums::record_sums;
pub use warrant::{
    AccessTokenMismatch, CodeMismatch, Narrowed, ProvenAccessToken, ProvenCode, ProvenRefreshToken,
    Redemption, RefreshMismatch, Warrant,
};
