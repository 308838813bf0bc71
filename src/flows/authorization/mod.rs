//! The authorization endpoint (RFC 6749 §3.1, OIDC Core §3.1.2).
//!
//! A request is checked once ([`request`]), then goes on from step to step ([`step`]) until
//! the person has signed in and consented, and ends in a [`response`].

pub mod consent;
pub mod request;
pub mod response;
pub mod sign_in;
pub mod step;
