//! Tests that speak HTTP to the server, and to two of its issuers where the protocol has two.

#![expect(unreachable_pub, reason = "a test binary has no outside")]
#![expect(clippy::unwrap_used, reason = "what helps a test may fail as a test does")]

mod client_authentication;
mod id_jag;
mod jwt_bearer;
mod jwt_bearer_forged;
mod jwt_bearer_request;
mod jwt_bearer_trust;
mod private_key_jwt;
mod single_use;
mod support;
mod token_exchange;
mod token_exchange_policy;
mod token_exchange_request;
mod token_exchange_subject;
