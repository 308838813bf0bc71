//! The command line of `tegata walkthrough`. What is left out fits `tegata demo`.

use std::time::Duration;

use serde_json::json;
use url::Url;

use super::agent::{Agent, Api, Credentials, Person, Target, Tools};
use super::breakage::Break;
use super::chain::Stranger;
use super::failure::Failure;
use crate::environment::Environment;
use crate::outbound::{Http, Limits, Reach};
use crate::walkthrough::cast;

/// Performs the chain against a running server, as an agent and a browser would: sign-in, ID
/// token, ID-JAG, access token, API. Every exchange is printed, every claim explained and
/// checked. What is left out fits `tegata demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Home's issuer identifier.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub issuer: String,
    /// The agent's client id at home.
    #[arg(long, value_name = "ID", default_value = cast::CLIENT_ID)]
    pub client_id: String,
    /// Its secret there; needed with --client-id, unless it is a public client.
    #[arg(long, value_name = "SECRET")]
    pub client_secret: Option<String>,
    /// The service's issuer identifier [default: ISSUER/services/calendar].
    #[arg(long, value_name = "URL")]
    pub service: Option<String>,
    /// The agent's client id at the service.
    #[arg(long, value_name = "ID", default_value = cast::CLIENT_ID_AT_CALENDAR)]
    pub service_client_id: String,
    /// Its secret there; needed with --service-client-id, unless it is a public client.
    #[arg(long, value_name = "SECRET")]
    pub service_client_secret: Option<String>,
    /// The resource indicator to ask for [default: the URL of --api, if there is one].
    #[arg(long, value_name = "URL")]
    pub resource: Option<String>,
    /// The scope to ask for at the service [default: whatever there is].
    #[arg(long)]
    pub scope: Option<String>,
    /// Who signs in.
    #[arg(long, default_value = cast::USERNAME)]
    pub username: String,
    /// With this password.
    #[arg(long, default_value = cast::PASSWORD)]
    pub password: String,
    /// Where home sends the browser back to. Nothing needs to listen there.
    #[arg(long, value_name = "URL", default_value = cast::REDIRECT_URI)]
    pub redirect_uri: String,
    /// The API to call in the end [default: the demo's, one port above home's, unless --service
    /// or --resource names something else].
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    /// The tool to call there without arguments, if --api is an MCP server (2026-07-28); anything
    /// else is read with GET.
    #[arg(long, value_name = "NAME", requires = "api")]
    pub tool: Option<String>,
    /// Does one thing wrong and succeeds if it is refused with the right code.
    #[arg(long = "break", value_name = "NAME", value_enum)]
    pub broken: Option<Break>,
    /// For --break audience: another service that home issues ID-JAGs for
    /// [default: ISSUER/services/chat, or calendar if that is --service].
    #[arg(long, value_name = "URL")]
    pub other_service: Option<String>,
    /// For --break client: another client of the service; one that it does not know is refused, too.
    #[arg(long, value_name = "ID", default_value = cast::OTHER_CLIENT_ID_AT_CALENDAR)]
    pub other_client_id: String,
    /// Its secret.
    #[arg(long, value_name = "SECRET", default_value = cast::OTHER_CLIENT_SECRET_AT_CALENDAR)]
    pub other_client_secret: String,
    /// Prints one JSON object and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// Longer than any answer of an authorization server should take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Larger than any of its documents should be, in bytes.
const LARGEST: usize = 1024 * 1024;

/// The HTTP client of the commands.
pub fn http(reach: Reach) -> Result<Http, Failure> {
    let limits = Limits { reach, timeout: TIMEOUT, largest: LARGEST };
    Http::new(limits).map_err(|error| Failure::unreachable("the network", &error))
}

impl Args {
    /// Who walks.
    pub fn agent(&self) -> Result<Agent, Failure> {
        Ok(Agent {
            // Whoever types an address means it, private or not.
            http: http(Reach::Everywhere)?,
            environment: Environment::system(),
            home: self.issuer.clone(),
            credentials: credentials(
                &self.client_id,
                self.client_secret.as_ref(),
                (cast::CLIENT_ID, cast::CLIENT_SECRET),
            ),
            redirect_uri: self.redirect_uri.clone(),
            person: Person { username: self.username.clone(), password: self.password.clone() },
        })
    }

    /// Where to.
    pub fn target(&self) -> Target {
        let unnamed = self.service.is_none() && self.resource.is_none() && self.api.is_none();
        let demo = unnamed.then(|| demo_api(&self.issuer)).flatten();
        let tools = self.tool.clone().map(|read| Tools { read, write: None });
        let named = self.api.clone().map(|url| Api { url, tools });
        let scope = demo.as_ref().map(|_| cast::CALENDAR_READ.to_owned());
        let api = named.or(demo);
        Target {
            service: self.service.clone().unwrap_or_else(|| self.hosted("calendar")),
            credentials: credentials(
                &self.service_client_id,
                self.service_client_secret.as_ref(),
                (cast::CLIENT_ID_AT_CALENDAR, cast::CLIENT_SECRET_AT_CALENDAR),
            ),
            resource: self.resource.clone().or_else(|| Some(api.as_ref()?.url.clone())),
            scope: self.scope.clone().or(scope),
            api,
        }
    }

    /// Who and what is wrong, for `--break`.
    pub fn stranger(&self, target: &Target) -> Stranger {
        let chat = self.hosted("chat");
        let other = if target.service == chat { self.hosted("calendar") } else { chat };
        Stranger {
            credentials: Credentials {
                id: self.other_client_id.clone(),
                secret: Some(self.other_client_secret.clone()),
            },
            service: self.other_service.clone().unwrap_or(other),
        }
    }

    fn hosted(&self, service: &str) -> String {
        format!("{}/services/{service}", self.issuer.trim_end_matches('/'))
    }
}

/// The demo's secret goes with the demo's client alone.
fn credentials(id: &str, secret: Option<&String>, demo: (&str, &str)) -> Credentials {
    let known = (id == demo.0).then(|| demo.1.to_owned());
    Credentials { id: id.to_owned(), secret: secret.cloned().or(known) }
}

/// The demo's calendar listens one port above its home.
fn demo_api(issuer: &str) -> Option<Api> {
    let mut url = Url::parse(issuer).ok()?;
    url.set_port(Some(url.port()?.checked_add(1)?)).ok()?;
    url.set_path(cast::MCP_PATH);
    let lunch = json!({ "text": "Lunch with the travel agent" });
    let tools = Tools {
        read: cast::LIST_EVENTS.to_owned(),
        write: Some((cast::ADD_EVENT.to_owned(), lunch)),
    };
    Some(Api { url: url.into(), tools: Some(tools) })
}
