//! The binary itself, started for one test, with the directory of `tests/support/directory.toml`.

#![expect(clippy::disallowed_methods, reason = "it waits for a program as a person would")]

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Who signs in.
pub(crate) const USERNAME: &str = "alice";
pub(crate) const PASSWORD: &str = "alice-password";

const DIRECTORY: &str = include_str!("directory.toml");

/// A running tegata with a folder and a port of its own. It ends with this value.
pub(crate) struct Started {
    process: Child,
    folder: TempDir,
    issuer: String,
}

impl Started {
    /// Writes the configuration, applies the directory, serves, and waits until it can.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = format!("127.0.0.1:{}", free_port());
        let issuer = format!("http://{address}");
        let config = format!(
            "public_url = \"{issuer}\"\nlisten = \"{address}\"\ndatabase = \"sqlite:tegata.db\"\n\n\
             [outbound]\nallow_private_networks = true\n",
        );
        fs::write(folder.path().join("tegata.toml"), config).expect("tegata.toml");
        fs::write(folder.path().join("directory.toml"), DIRECTORY).expect("directory.toml");

        let apply = tegata(folder.path())
            .args(["apply", "directory.toml", "--config", "tegata.toml"])
            .output()
            .expect("tegata apply");
        assert!(apply.status.success(), "tegata apply: {apply:?}");

        let log = File::create(folder.path().join("log")).expect("a log");
        let process = tegata(folder.path())
            .args(["serve", "--config", "tegata.toml"])
            .stdout(log.try_clone().expect("the log twice"))
            .stderr(log)
            .spawn()
            .expect("tegata serve");
        let mut started = Self { process, folder, issuer };
        started.wait_until_ready().await;
        started
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    async fn wait_until_ready(&mut self) {
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let url = format!("{}/readyz", self.issuer);
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if http.get(&url).send().await.is_ok_and(|response| response.status().is_success()) {
                return;
            }
            let ended = self.process.try_wait().expect("the state of tegata serve");
            assert!(ended.is_none(), "tegata serve ended: {ended:?}\n{}", self.log());
            assert!(Instant::now() < deadline, "tegata serve is not ready\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let _ = writeln!(io::stderr(), "--- log of tegata serve\n{}", self.log());
        }
    }
}

/// The binary, told nothing by the environment of the tests.
fn tegata(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tegata"));
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TEGATA_") {
            command.env_remove(name);
        }
    }
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("its number").port()
}
