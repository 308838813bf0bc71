//! Posts each form that it reads once, at a constant rate: `scripts/bench` starts it for ID-JAGs,
//! of which none counts twice. (oha picks the lines of its file at random.)
//!
//! `open_loop ADDRESS PATH AUTHORIZATION RATE CONNECTIONS < forms` prints `RESULT`, the answers
//! with 200, the microseconds that all took, p50, p99, p99.9 and the answers without.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on says where")]
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(clippy::disallowed_methods, reason = "it measures the time")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, authorization, rate, connections] = &arguments[..] else {
        // `cargo bench` starts it as well, with arguments of its own.
        return;
    };
    let (rate, connections): (u32, usize) = (rate.parse().unwrap(), connections.parse().unwrap());
    let requests: Vec<String> = std::io::stdin()
        .lines()
        .map(|form| request(path, address, authorization, &form.unwrap()))
        .collect();

    let next = AtomicUsize::new(0);
    let begin = Instant::now();
    let post = || {
        let mut connection = BufReader::new(TcpStream::connect(address).unwrap());
        connection.get_ref().set_nodelay(true).unwrap();
        let (mut times, mut refused) = (vec![], 0);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(request) = requests.get(number) else { return (times, refused) };
            let due = begin + Duration::from_secs(1) / rate * u32::try_from(number).unwrap();
            // A thread sleeps to within 50 µs; tokio to within a millisecond.
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            connection.get_mut().write_all(request.as_bytes()).unwrap();
            match status(&mut connection) {
                // From when it was due, not from when a connection was free to send it.
                200 => times.push(due.elapsed().as_micros()),
                _ => refused += 1,
            }
        }
    };
    let (mut times, mut refused) = (vec![], 0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(post)).collect();
        for thread in threads {
            let (its, not) = thread.join().unwrap();
            times.extend(its);
            refused += not;
        }
    });
    let took = begin.elapsed().as_micros();
    times.sort_unstable();
    let at = |permille: usize| times.get(times.len() * permille / 1000).copied().unwrap_or(0);
    let (p50, p99, p99_9) = (at(500), at(990), at(999));
    println!("RESULT {} {took} {p50} {p99} {p99_9} {refused}", times.len());
}

fn request(path: &str, address: &str, authorization: &str, form: &str) -> String {
    let length = form.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
}

/// Reads an answer to its end.
fn status(connection: &mut BufReader<TcpStream>) -> u16 {
    let (mut line, mut status, mut length) = (String::new(), 0, 0);
    loop {
        line.clear();
        connection.read_line(&mut line).unwrap();
        let text = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = text.strip_prefix("http/1.1 ") {
            status = rest.split(' ').next().unwrap().parse().unwrap();
        } else if let Some(value) = text.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        } else if text.is_empty() {
            let mut body = vec![0; length];
            connection.read_exact(&mut body).unwrap();
            return status;
        }
    }
}
