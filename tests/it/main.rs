//! Tests that speak HTTP to the server, and to two of its issuers where the protocol has two.

#![expect(clippy::unwrap_used, unreachable_pub, reason = "a test that cannot go on says where")]

mod authorization;
mod bounds;
mod client_authentication;
mod code;
mod consent;
mod directory_changes;
mod guessing;
mod hostile_browser;
mod hostile_claims;
mod hostile_doors;
mod hostile_input;
mod hostile_jwts;
mod id_jag;
mod jwt_bearer;
mod jwt_bearer_forged;
mod jwt_bearer_request;
mod jwt_bearer_trust;
mod keys;
mod languages;
mod ledger;
mod limits;
mod linked_accounts;
mod logout;
mod metadata;
mod one_code;
mod page_headers;
mod private_key_jwt;
mod prompts;
mod properties;
mod properties_of_requests;
mod redirect_uris;
mod refresh;
mod secrets_in_logs;
mod sign_in;
mod single_use;
mod stale_consent;
mod support;
mod sweep;
mod token_exchange;
mod token_exchange_policy;
mod token_exchange_request;
mod token_exchange_subject;
mod userinfo;
mod withdrawn;
