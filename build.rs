//! What the linker is told.

#[expect(clippy::disallowed_methods, reason = "Cargo tells its build scripts so")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The program may lie anywhere in memory, for which 60,000 addresses in it are put right when it
    // starts. In short form (DT_RELR; glibc 2.36, musl 1.2.4) their list takes some kilobytes and not
    // 1.4 megabytes, which stay in memory.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|it| it == "linux") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
