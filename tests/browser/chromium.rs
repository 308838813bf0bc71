//! Chromium and its driver, started for one test and ended with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

/// What the person has set in their browser.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) language: &'static str,
    pub(crate) javascript: bool,
}

pub(crate) const ENGLISH: Settings = Settings { language: "en-GB,en", javascript: true };

pub(crate) struct Chromium {
    driver: Child,
    port: u16,
    pub(crate) page: Client,
    _profile: TempDir,
}

impl Chromium {
    pub(crate) async fn with(settings: Settings) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver, see scripts/test");
        let port = port_of(driver.stdout.take().expect("its output"));
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(settings, &profile))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a session with Chromium");
        Self { driver, port, page, _profile: profile }
    }

    /// What the browser has complained about since last asked, the page's CSP among it.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.extension("se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().expect("a list").iter();
        let messages =
            entries.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned());
        // Pages that answer 4xx on purpose, and the lack of an icon, are nothing to complain of.
        messages
            .filter(|text| !text.contains("Failed to load resource") || text.contains("/assets/"))
            .collect()
    }

    /// Width and height in CSS pixels, and the colours that the person prefers.
    pub(crate) async fn looks(&self, (width, height): (u32, u32), colours: &str) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 }),
        )
        .await;
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": colours }] }),
        )
        .await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        self.extension("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await;
    }

    async fn extension(&self, path: &'static str, body: Value) -> Value {
        self.page.issue_cmd(Extension { path, body }).await.expect("an extension of chromedriver")
    }
}

impl Drop for Chromium {
    /// `chromedriver` ends its browsers when asked to shut down, also when the test has failed.
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = write!(stream, "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// `chromedriver` takes a free port and prints it.
fn port_of(output: ChildStdout) -> u16 {
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    let port =
        lines.filter_map(|line| line.strip_suffix('.')?.rsplit_once("on port ")?.1.parse().ok());
    port.fuse().next().expect("the port in what chromedriver prints")
}

fn capabilities(settings: Settings, profile: &TempDir) -> Capabilities {
    // The tests run as root in CI, and without a network: hence no sandbox, and nothing that
    // Chromium fetches by itself. By a pipe it ends when its driver does, however that ends.
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--remote-debugging-pipe",
        &format!("--user-data-dir={}", profile.path().display()),
    ]
    .map(str::to_owned);
    // 1 allows, 2 blocks.
    let javascript = if settings.javascript { 1 } else { 2 };
    let capabilities = json!({
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": {
            "args": arguments,
            "prefs": {
                "intl.accept_languages": settings.language,
                "profile.managed_default_content_settings.javascript": javascript,
            },
        },
    });
    let Value::Object(capabilities) = capabilities else { unreachable!("written as an object") };
    capabilities
}

/// A command of `chromedriver` beyond those of the standard.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
