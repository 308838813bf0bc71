//! Files: who may read them, how much space there is, how many may be open.

use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::findings::Findings;
use crate::config::{Config, Database, KeySource};

const GROUP: &str = "files";

/// Connections of clients, of the database, and what a process has besides.
const OPEN_FILES: u64 = 2_000 + 100;

/// Less free space than this, in bytes, is soon used up.
const LITTLE: u64 = 1024 * 1024 * 1024;
const TOO_LITTLE: u64 = 64 * 1024 * 1024;

pub(super) fn examine(config: &Config, findings: &mut Findings) {
    if let Database::Sqlite(path) = &config.database {
        for file in [path.clone(), beside(path, "-wal"), beside(path, "-shm")] {
            private(&file, "chmod 600", findings);
        }
        folder_of(path, findings);
        space(path, findings);
    }
    if let KeySource::File(path) = &config.key {
        private(path, "chmod 600", findings);
    }
    open_files(findings);
}

fn beside(path: &Path, end: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn private(path: &Path, fix: &str, findings: &mut Findings) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    let shown = path.display();
    if mode & 0o077 != 0 {
        let what = format!("others may read or change {shown}: its mode is {mode:04o}");
        findings.problem(GROUP, &what, &format!("{fix} {shown}"));
    } else if !is_ours(&metadata) {
        let what = format!("{shown} belongs to user {}, who is not the one here", metadata.uid());
        findings.warning(GROUP, &what, "run doctor and server as the user that owns it");
    } else {
        findings.ok(GROUP, &format!("{shown} is its owner's alone ({mode:04o})"));
    }
}

/// SQLite makes files beside the database, and who may put files there can put in others.
fn folder_of(path: &Path, findings: &mut Findings) {
    let Some(folder) = path.parent() else { return };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(metadata) = fs::metadata(folder) else { return };
    let (mode, shown) = (metadata.permissions().mode() & 0o777, folder.display());
    if mode & 0o022 != 0 {
        let what = format!("others may put files into {shown}: its mode is {mode:04o}");
        findings.warning(GROUP, &what, &format!("chmod 700 {shown}"));
    }
}

fn is_ours(metadata: &Metadata) -> bool {
    // A process is shown as its user's by the system.
    fs::metadata("/proc/self").map_or(true, |us| us.uid() == metadata.uid())
}

fn space(path: &Path, findings: &mut Findings) {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(system) = rustix::fs::statvfs(folder) else { return };
    let free = system.f_bavail.saturating_mul(system.f_frsize);
    let what = format!("{} MiB are free where the database is", free / 1024 / 1024);
    match free {
        0..TOO_LITTLE => findings.problem(GROUP, &what, "make space: no token leaves without it"),
        TOO_LITTLE..LITTLE => findings.warning(GROUP, &what, "make space in time"),
        _ => findings.ok(GROUP, &what),
    }
}

/// As Linux shows it; elsewhere nothing is said.
fn open_files(findings: &mut Findings) {
    let Ok(limits) = fs::read_to_string("/proc/self/limits") else { return };
    let line = limits.lines().find_map(|it| it.strip_prefix("Max open files"));
    let Some(soft) = line.and_then(|it| it.split_whitespace().next()) else { return };
    match soft.parse::<u64>() {
        Ok(most) if most < OPEN_FILES => {
            let what = format!("{most} files may be open, and connections alone can take 2000");
            findings.warning(GROUP, &what, "ulimit -n 65536, or LimitNOFILE=65536 in systemd");
        }
        _ => findings.ok(GROUP, &format!("{soft} files may be open")),
    }
}
