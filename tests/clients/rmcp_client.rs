//! rmcp as a client of the demo's calendar: its enterprise-managed authorization gets the tokens, its
//! client of revision 2026-07-28 calls the tools.

use openidconnect::ClientSecret;
use rmcp::model::{CallToolRequestParams, ProtocolVersion, object};
use rmcp::service::RunningService;
use rmcp::transport::auth::enterprise::{
    EmaAccessToken, EmaAuthorizationServer, EmaClientAuthentication, EmaExchangeRequest,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{
    OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRequest,
    StreamableHttpClientTransport,
};
use rmcp::{ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::json;
use tegata::walkthrough::cast;

use crate::demo::Demo;
use crate::person;
use crate::relying_party::send;

#[tokio::test]
async fn rmcp_of_rust() {
    let demo = Demo::started();
    let id_token = person::signs_in(cast::CLIENT_ID, cast::CLIENT_SECRET, &demo.home);
    let lunch = json!({ "text": "12:00 Lunch" });
    let lunch = CallToolRequestParams::new(cast::ADD_EVENT).with_arguments(object(lunch));

    let token = exchanged(&demo, &id_token, &[cast::CALENDAR_READ]).await;
    let reader = connected(&demo, &token).await;
    let read = reader.call_tool(CallToolRequestParams::new(cast::LIST_EVENTS)).await;
    let told = read.expect("events").structured_content.expect("what they are");
    assert_eq!(told["client"], cast::CLIENT_ID_AT_CALENDAR);
    reader.call_tool(lunch.clone()).await.expect_err("it may only read");
    reader.cancel().await.expect("an end");

    let both = [cast::CALENDAR_READ, cast::CALENDAR_WRITE];
    let token = exchanged(&demo, &id_token, &both).await;
    let writer = connected(&demo, &token).await;
    let told = writer.call_tool(lunch).await.expect("an event").structured_content;
    assert_eq!(told.expect("what it is")["item"], "12:00 Lunch");
    writer.cancel().await.expect("an end");
}

/// Both exchanges, home's and the calendar's.
pub(crate) async fn exchanged(demo: &Demo, id_token: &str, scopes: &[&str]) -> EmaAccessToken {
    let at = |issuer: &str, id: &str, secret: &str| {
        let secret = ClientSecret::new(secret.to_owned());
        EmaAuthorizationServer::new(issuer, format!("{issuer}/oauth2/token"), id)
            .with_client_authentication(EmaClientAuthentication::ClientSecretBasic(secret))
    };
    let calendar = format!("{}/services/calendar", demo.home);
    let request = EmaExchangeRequest::new_with_id_token(
        at(&demo.home, cast::CLIENT_ID, cast::CLIENT_SECRET),
        at(&calendar, cast::CLIENT_ID_AT_CALENDAR, cast::CLIENT_SECRET_AT_CALENDAR),
        &demo.calendar,
        id_token,
    );
    let request = request.with_scopes(scopes.iter().copied());
    request.exchange(&Http, &Http).await.expect("an access token")
}

async fn connected(demo: &Demo, token: &EmaAccessToken) -> RunningService<RoleClient, ()> {
    let config = StreamableHttpClientTransportConfig::with_uri(demo.calendar.as_str())
        .auth_header(token.access_token.secret().clone());
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let transport = StreamableHttpClientTransport::with_client(http, config);
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    let lifecycle = ClientLifecycleMode::Discover { preferred_versions };
    ().serve_with_lifecycle(transport, lifecycle).await.expect("a connection")
}

/// Carries what rmcp asks.
struct Http;

impl OAuthHttpClient for Http {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(async move {
            let answer = send(request.request).await;
            answer.map_err(|error| Box::new(error) as OAuthHttpClientError)
        })
    }
}
