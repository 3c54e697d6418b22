//! Clients that misbehave: each is cut off, and nobody else notices.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use dermascope::http::Limits;

use crate::http::{Bench, answer, bench, bench_within, connect, get};

fn short() -> Limits {
    let moment = Duration::from_millis(300);
    Limits { connections: 4, strangers: 4, watchers: 2, head: moment, request: moment, stall: moment }
}

/// Sends some bytes and gives what comes back until the connection is closed.
fn dawdle(bench: &Bench, bytes: &str) -> String {
    let mut stream = connect(bench.address());
    stream.write_all(bytes.as_bytes()).expect("writes");
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it never closes"),
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn watch(bench: &Bench) -> TcpStream {
    let address = bench.address();
    let mut stream = connect(address);
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("writes");
    stream
}

#[test]
fn one_who_says_nothing_or_half_a_head_loses_the_connection() {
    let bench = bench_within(short());
    for half in ["", "GET /", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "] {
        dawdle(&bench, half);
    }
    // Also one who has been answered, and stays.
    let said = dawdle(&bench, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("ok\n"), "{said}");
}

#[test]
fn a_body_that_never_ends_is_given_up_with_a_problem() {
    let bench = bench_within(short());
    let host = bench.address();
    for (path, kind) in [
        ("/api/v1/buttons/main", "application/json"),
        ("/api/v1/classify", "image/jpeg"),
        ("/api/v1/classify", "multipart/form-data; boundary=x"),
    ] {
        let said = dawdle(
            &bench,
            &format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: 100\r\n\r\n--x\r\n"
            ),
        );
        assert!(said.starts_with("HTTP/1.1 408") && said.contains("application/problem+json"), "{said}");
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let bench = bench();
    let host = bench.address();
    for (path, kind, length) in [
        ("/api/v1/buttons/main", "application/json", 5_000u64),
        ("/api/v1/classify", "image/jpeg", 17 << 20),
        ("/api/v1/classify", "multipart/form-data; boundary=x", u64::MAX / 2),
    ] {
        let mut stream = connect(host);
        // What is announced never comes.
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("writes");
        let answer = answer(&mut stream);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (413, Some("application/problem+json")),
            "{path}"
        );
    }
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let bench = bench();
    let said = dawdle(
        &bench,
        &format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(40_000)),
    );
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    assert_eq!(get(&bench, "/healthz").status, 200);
}

#[test]
fn who_comes_while_all_seats_are_taken_is_answered_when_one_is_free() {
    let bench = bench_within(short());
    let silent: Vec<_> = (0..20).map(|_| connect(bench.address())).collect();
    assert_eq!(get(&bench, "/healthz").status, 200);
    drop(silent);
}

#[test]
fn those_who_watch_the_screen_leave_seats_for_others() {
    let bench = bench_within(short());
    let mut watching: Vec<_> = (0..2).map(|_| watch(&bench)).collect();
    for stream in &mut watching {
        let mut first = [0; 12];
        stream.read_exact(&mut first).expect("the stream starts");
        assert_eq!(&first, b"HTTP/1.1 200");
    }
    let full = get(&bench, "/api/v1/events");
    assert_eq!((full.status, full.header("content-type")), (503, Some("application/problem+json")));
    assert_eq!(get(&bench, "/api/v1/status").status, 200);
    watching.pop();
    let free = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(20));
        let mut stream = watch(&bench);
        let mut first = [0; 12];
        stream.read_exact(&mut first).expect("is answered");
        first == *b"HTTP/1.1 200"
    });
    assert!(free.take(500).any(|free| free), "one that went away gives its seat back");
}

#[test]
fn one_who_does_not_read_a_large_answer_loses_the_connection() {
    let bench = bench_within(Limits { connections: 1, ..short() });
    bench.fill(24 << 20);
    let address = bench.address();
    let mut slow = connect(address);
    write!(slow, "GET /api/v1/records/4/image HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("writes");
    // The only seat: it must come free.
    assert_eq!(get(&bench, "/healthz").status, 200);
    let mut all = Vec::new();
    let read = slow.read_to_end(&mut all);
    assert!(read.is_err() || all.len() < 24 << 20, "all of it came");
}
