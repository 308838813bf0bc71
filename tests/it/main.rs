//! Tests that speak HTTP to the server, and to two of its issuers where the protocol has two.

#![expect(clippy::unwrap_used, unreachable_pub, reason = "a test that cannot go on says where")]

mod authorization;
mod code;
mod consent;
mod guessing;
mod id_jag;
mod languages;
mod logout;
mod page_headers;
mod prompts;
mod redirect_uris;
mod refresh;
mod sign_in;
mod stale_consent;
mod support;
mod userinfo;
