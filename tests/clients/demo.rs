//! The demo, which is an agent, a person and two APIs at once: what it prints is what happened.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

/// From the first request without a token to the call that is answered, and one that is not.
/// Rows 162, 163, 164, 166.
#[test]
fn the_whole_way() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = free.local_addr().expect("its address");
    drop(free);
    let output = Command::new(env!("CARGO_BIN_EXE_tegata"))
        .args(["demo", "--once", "--listen", &address.to_string()])
        .output()
        .expect("tegata demo");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    for (status, line) in [
        (
            "401",
            "www-authenticate  Bearer scope=\"calendar.read\", resource_metadata=\"http://127.0.0.1:",
        ),
        ("200", "resource               http://127.0.0.1:"),
        ("403", "www-authenticate  Bearer error=\"insufficient_scope\", scope=\"calendar.write\""),
    ] {
        let there = told.lines().any(|it| it.contains(status) && it.contains(line));
        assert!(there, "no {status} {line} in {told}");
    }
    let services = format!("authorization_servers  http://{address}/services/calendar");
    assert!(told.contains(&services), "{told}");
    assert!(told.contains("The whole way, and every check was right."), "{told}");
}
