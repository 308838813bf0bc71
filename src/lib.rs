//! An OpenID provider that can issue and accept ID-JAGs.
//!
//! The modules below are layers: each may use those under it, never those above.
//! `tests/layers.rs` holds the rule and fails the build when it is broken.

pub mod cli;

pub mod demo;

pub mod conformance;

pub mod walkthrough;

pub mod app;

pub mod directory;

pub mod http;

pub mod flows;
pub mod grants;

pub mod issuance;

pub mod clients;

pub mod server;

pub mod config;

pub mod policy;
pub mod tokens;

pub mod limits;
pub mod outbound;
pub mod passwords;
pub mod store;

pub mod telemetry;

pub mod jose;

pub mod model;

pub mod environment;
pub mod oauth;
pub mod terminal;
