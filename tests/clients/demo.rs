//! The demo, which is an agent, a person and two APIs at once: what it prints is what happened. While
//! it serves, stock clients of others reach its APIs, which are MCP servers.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// From the first request without a token to the call that is answered, and one that is not.
/// Rows 162, 163, 164, 166.
#[test]
fn the_whole_way() {
    let address = free_address();
    let output = demo(&address).arg("--once").output().expect("tegata demo");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    for (status, line) in [
        (
            "401",
            "www-authenticate  Bearer scope=\"calendar.read\", resource_metadata=\"http://127.0.0.1:",
        ),
        ("200", "resource               http://127.0.0.1:"),
        ("200", "acting_for  "),
        ("403", "www-authenticate  Bearer error=\"insufficient_scope\", scope=\"calendar.write\""),
    ] {
        let there = told.lines().any(|it| it.contains(status) && it.contains(line));
        assert!(there, "no {status} {line} in {told}");
    }
    let services = format!("authorization_servers  http://{address}/services/calendar");
    assert!(told.contains(&services), "{told}");
    assert!(told.contains("The whole way, and every check was right."), "{told}");
}

/// The client and the transport of the MCP TypeScript SDK, by its cross-app access provider.
#[test]
fn mcp_typescript_sdk_by_id_jag() {
    Demo::started().lets("demo_id_jag.mjs");
}

/// The same, by code: the SDK sends the person to the chat, twice.
#[test]
fn mcp_typescript_sdk_by_code() {
    Demo::started().lets("demo_code.mjs");
}

/// The client of the MCP Python SDK, both ways.
#[test]
fn mcp_python_sdk() {
    Demo::started().lets("demo_mcp.py");
}

/// A demo that serves. It ends with this value.
pub(crate) struct Demo {
    process: Child,
    /// Kept open, for the demo says a word when it ends.
    _told: BufReader<ChildStdout>,
    /// Home's issuer identifier.
    pub(crate) home: String,
    /// The address of the calendar's API.
    pub(crate) calendar: String,
    chat: String,
}

impl Demo {
    /// Waits until it serves. Where its APIs are, it says itself.
    pub(crate) fn started() -> Self {
        let address = free_address();
        let mut process = demo(&address).stdout(Stdio::piped()).spawn().expect("tegata demo");
        let mut told = BufReader::new(process.stdout.take().expect("its output"));
        let mut text = String::new();
        while !text.contains("Serving.") {
            let read = told.read_line(&mut text).expect("a line");
            assert_ne!(read, 0, "the demo ended: {text}");
        }
        let mut apis = text.lines().filter(|it| it.ends_with("its API, an MCP server"));
        let mut api = || {
            let address = apis.next().and_then(|it| it.split_whitespace().next());
            address.expect("the address of an API").to_owned()
        };
        let (calendar, chat) = (api(), api());
        Self { process, _told: told, home: format!("http://{address}"), calendar, chat }
    }

    fn lets(&self, script: &str) {
        let apis = [("CALENDAR_API", self.calendar.as_str()), ("CHAT_API", self.chat.as_str())];
        crate::run(script, &self.home, &apis);
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Not killed, so that it takes its folder along.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
    }
}

fn demo(address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.args(["demo", "--listen", address]);
    command
}

pub(crate) fn free_address() -> String {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    free.local_addr().expect("its address").to_string()
}
