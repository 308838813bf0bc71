//! A call of a tool at an MCP server. Since revision 2026-07-28 it is one request: it says by itself
//! which revision it speaks, and no handshake comes before it.

use serde_json::{Value, json};

use super::report::Finding;
use super::wire::{Answer, Request};

const REVISION: &str = "2026-07-28";

const METHOD: &str = "tools/call";

/// What of an answer is shown: the members that the demo's APIs have.
pub(super) const SHOWN: &[&str] = &[
    "result.structuredContent.acting_for",
    "result.structuredContent.client",
    "result.structuredContent.items",
    "result.structuredContent.item",
];

/// The request, still without a token.
pub(super) fn call(url: &str, tool: &str, arguments: &Value) -> Request {
    let message = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": METHOD,
        "params": {
            "name": tool,
            "arguments": arguments,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": REVISION,
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": {
                    "name": "tegata-walkthrough",
                    "version": env!("CARGO_PKG_VERSION"),
                },
            },
        },
    });
    Request::json(url, message, &["method", "params.name", "params.arguments"])
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", REVISION)
        .header("mcp-method", METHOD)
        .header("mcp-name", tool)
}

/// Whether the tool did it. An answer that is a stream of events is not read: then the status counts.
pub(super) fn done(answer: &Answer, meaning: &str) -> Finding {
    let status = answer.reply.status;
    match answer.member("error").or_else(|| answer.member("result.isError")) {
        Some(failed) if *failed != Value::Bool(false) => {
            Finding::check("error", failed.to_string(), "the tool did not do it", false)
        }
        _ => Finding::check("status", status.to_string(), meaning, status == 200),
    }
}
