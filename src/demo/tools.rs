//! What is behind the door of an API: an MCP server with two tools, of which one reads a list and
//! the other adds to it. Each request stands for itself; there are no sessions.

use std::sync::{Arc, PoisonError};

use axum::http::request::Parts;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use url::Url;

use super::api::{Api, LARGEST_MESSAGE, Tool};
use super::verification::AccessToken;

/// The list grows to this length and then forgets what is oldest.
const LONGEST_LIST: usize = 100;

/// The API, as MCP sees it.
pub(super) struct Tools(Arc<Api>);

/// The server, to be put behind the door.
pub(super) fn service(api: &Arc<Api>) -> StreamableHttpService<Tools, NeverSessionManager> {
    let behind = Arc::clone(api);
    StreamableHttpService::new(
        move || Ok(Tools(Arc::clone(&behind))),
        Arc::new(NeverSessionManager::default()),
        config(api.verifier.resource().as_str()),
    )
}

/// An answer is one JSON object. Of browsers and names only our own are let in, so that no page of
/// somebody else reaches a server on loopback by a name that it has turned to it ("DNS rebinding").
fn config(resource: &str) -> StreamableHttpServerConfig {
    let url = Url::parse(resource).ok();
    let host = url.as_ref().map(|it| it.authority().to_owned());
    let origin = url.map(|it| it.origin().ascii_serialization());
    StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(LARGEST_MESSAGE)
        // An empty list of hosts would let in any; that of origins does not, if it is enforced.
        .with_allowed_hosts([host.unwrap_or_else(|| "127.0.0.1".to_owned())])
        .with_allowed_origins(origin)
        .enforce_origin_validation()
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let about = Implementation::new("tegata-demo", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities).with_server_info(about.with_title(self.0.name))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.0.offered().into()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let api = &self.0;
        let tool = [&api.read, &api.write].into_iter().find(|it| request.name == it.name);
        let tool = tool.ok_or_else(|| ErrorData::invalid_params("there is no such tool", None))?;
        let head = context.extensions.get::<Parts>();
        let token = head.and_then(|it| it.extensions.get::<AccessToken>());
        // The door read the message by itself. Should the two of us take it for different things,
        // what is done is what the token allows.
        let token = token.filter(|it| it.scope().contains(tool.scope));
        let token = token.ok_or_else(|| ErrorData::invalid_request("not with this token", None))?;
        if tool.name == api.read.name {
            return Ok(told(token, "items", &json!(api.items())).into());
        }
        let text = request.arguments.as_ref().and_then(|it| it.get("text")).and_then(Value::as_str);
        let Some(text) = text else {
            let why = ContentBlock::text("it takes a text, as in {\"text\": \"12:00 Lunch\"}");
            return Ok(CallToolResult::error(vec![why]).into());
        };
        api.add(text);
        Ok(told(token, "item", &json!(text)).into())
    }
}

/// For whom it was done, and by whom.
fn told(token: &AccessToken, name: &str, value: &Value) -> CallToolResult {
    CallToolResult::structured(json!({
        "acting_for": token.subject(),
        "client": token.client(),
        name: value,
    }))
}

impl Api {
    fn offered(&self) -> [rmcp::model::Tool; 2] {
        let nothing = json!({ "type": "object", "additionalProperties": false });
        let text = json!({
            "type": "object",
            "properties": { "text": { "type": "string" } },
            "required": ["text"],
            "additionalProperties": false,
        });
        let reads = ToolAnnotations::new().read_only(true).open_world(false);
        let adds = ToolAnnotations::new().read_only(false).destructive(false).open_world(false);
        [described(&self.read, nothing, reads), described(&self.write, text, adds)]
    }

    fn items(&self) -> Vec<String> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, text: &str) {
        let mut items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        if items.len() == LONGEST_LIST {
            items.remove(0);
        }
        items.push(text.to_owned());
    }
}

fn described(tool: &Tool, takes: Value, hints: ToolAnnotations) -> rmcp::model::Tool {
    let takes = rmcp::model::object(takes);
    rmcp::model::Tool::new(tool.name, tool.about, takes).with_annotations(hints)
}
