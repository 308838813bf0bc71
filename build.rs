//! What the linker is told.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The program may lie anywhere in memory, for which 60,000 addresses in it are put right when it
    // starts. In short form (DT_RELR) their list takes some kilobytes and not 1.4 megabytes, which
    // would stay in memory. An older glibc does not start such a program.
    if is_native() && glibc().is_some_and(|it| it >= (2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

#[expect(clippy::disallowed_methods, reason = "Cargo tells its build scripts so")]
fn is_native() -> bool {
    env::var("HOST") == env::var("TARGET")
}

/// The version that this machine has, if it has any.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
