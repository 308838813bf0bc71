//! What people and clients do besides asking for tokens: one file per flow.

pub mod authorization;
pub mod explanation;
pub mod linking;
pub mod logout;
pub mod management;
pub mod metadata;
pub mod registration;
pub mod userinfo;
