//! The binary with a database of its own: started, killed, told to stop, started again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tegata::store::Store;
use tegata::telemetry::Stopwatch;
use tempfile::TempDir;

const DIRECTORY: &str = include_str!("../support/directory.toml");

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with a configuration, and the process that serves it, if one does.
pub(crate) struct Server {
    process: Option<Child>,
    folder: Arc<TempDir>,
    config: String,
    database: String,
    issuer: String,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Applies the directory to a new database, and serves it.
    pub(crate) async fn start() -> Self {
        let (folder, address) = (Arc::new(tempfile::tempdir().unwrap()), free_address());
        let database = format!("sqlite:{}", folder.path().join("tegata.db").display());
        let mut server = Self::of(folder, address, format!("http://{address}"), database);
        server.apply();
        server.serve().await;
        server
    }

    /// One that is still to be started, in a folder that others may have theirs in, too.
    pub(crate) fn of(
        folder: Arc<TempDir>,
        address: SocketAddr,
        issuer: String,
        database: String,
    ) -> Self {
        let text = format!(
            "public_url = \"{issuer}\"\nlisten = \"{address}\"\ndatabase = \"{database}\"\n\
             key_file = \"tegata.key\"\ndrain_seconds = {}\n\n\
             [outbound]\nallow_private_networks = true\n",
            if database.starts_with("sqlite:") { 0 } else { 2 },
        );
        let config = format!("{}.toml", address.port());
        fs::write(folder.path().join(&config), text).unwrap();
        fs::write(folder.path().join("directory.toml"), DIRECTORY).unwrap();
        Self { process: None, folder, config, database, issuer, address }
    }

    pub(crate) fn apply(&self) {
        let applied = self.tegata(&["apply", "directory.toml"]).output().unwrap();
        assert!(applied.status.success(), "{applied:?}");
    }

    /// A new folder with the configuration and the key of this one, and `backup` restored.
    pub(crate) fn restored(&self, backup: &std::path::Path) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        fs::copy(self.folder.path().join("tegata.key"), folder.path().join("tegata.key")).unwrap();
        let database = format!("sqlite:{}", folder.path().join("tegata.db").display());
        let server = Self::of(folder, self.address, self.issuer.clone(), database);
        let restored = server.tegata(&["restore", backup.to_str().unwrap()]).status().unwrap();
        assert!(restored.success(), "{}", server.log());
        server
    }

    /// Starts the process, on the same port as before, and waits until it can serve.
    pub(crate) async fn serve(&mut self) {
        self.begin();
        self.ready().await;
    }

    /// Starts the process.
    pub(crate) fn begin(&mut self) {
        assert!(self.process.is_none(), "it is running");
        self.process = Some(self.tegata(&["serve"]).spawn().unwrap());
    }

    /// Waits until it can serve.
    pub(crate) async fn ready(&mut self) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let (url, stopwatch) = (format!("http://{}/readyz", self.address), Stopwatch::start());
        while !http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            let ended = self.process.as_mut().unwrap().try_wait().unwrap();
            assert_eq!(ended, None, "tegata serve ended");
            assert!(stopwatch.elapsed() < PATIENCE, "tegata serve is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A command on this configuration; what it says goes to the log.
    #[expect(clippy::disallowed_methods, reason = "it must not hear what the tests are told")]
    pub(crate) fn tegata(&self, arguments: &[&str]) -> Command {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log"));
        let log = log.unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tegata"));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        command.args(arguments).args(["--config", &self.config]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TEGATA_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// `kill -9`: no handler runs, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// SIGTERM, by which supervisors ask a process to end.
    pub(crate) fn terminate(&self) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// How it ended, if it does within `patience`.
    pub(crate) async fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let stopwatch = Stopwatch::start();
        while stopwatch.elapsed() < patience {
            if let Some(status) = self.process.as_mut().unwrap().try_wait().unwrap() {
                self.process = None;
                return Some(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    pub(crate) fn issuer(&self) -> String {
        self.issuer.clone()
    }

    pub(crate) fn chat(&self) -> String {
        format!("{}/services/chat", self.issuer)
    }

    /// The database, beside whoever serves it.
    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.database).await.unwrap()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            let _ = writeln!(io::stderr(), "--- log of tegata\n{}", self.log());
        }
    }
}

pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}
