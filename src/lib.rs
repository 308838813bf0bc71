//! An OpenID provider that can issue and accept ID-JAGs.
//!
//! The modules below are layers: each may use those under it, never those above.
//! `tests/layers.rs` holds the rule and fails the build when it is broken.

pub mod jose;

pub mod model;

pub mod environment;
pub mod oauth;
