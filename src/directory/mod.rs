//! The declared state: `directory.toml`, what it changes in the store, and changing it.
//!
//! `file` has the format; `check` makes records of it, or says all that is wrong; `plan` finds
//! what differs from `present`, the state of the store; `apply` does it, in one transaction.

mod apply;
mod check;
mod credentials;
mod declared;
mod differences;
mod file;
mod mistake;
mod plan;
mod plan_rest;
mod plan_services;
mod planned;
mod present;
mod raw;
mod registration;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trust_tests;

pub use apply::{Ground, Options, Refused, apply_file, apply_text, foresee_file};
pub use mistake::{Mistake, Mistakes};
pub use planned::{Change, Mark, Plan};
