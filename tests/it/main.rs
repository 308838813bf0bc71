//! Tests that speak HTTP to the server, and to two of its issuers where the protocol has two.

#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod id_jag;
mod support;
