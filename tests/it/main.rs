//! Tests that speak HTTP to the server, and to two of its issuers where the protocol has two.

mod id_jag;
mod support;
