//! The export over HTTP: the bytes of the command, while others ask other things.

use std::io::Write;
use std::time::Duration;

use assert_cmd::Command;
use dermascope::http::Limits;

use crate::http::{bench, bench_within, connect, get};

#[test]
fn the_export_has_the_same_bytes_as_the_command() {
    let bench = bench();
    for (query, arguments) in [
        ("", &[][..]),
        ("?after=1", &["--after", "1"]),
        (
            "?since=2025-10-09T09:06:40Z&until=2025-10-09T10:06:40Z",
            &["--since", "2025-10-09T09:06:40Z", "--until", "2025-10-09T10:06:40Z"],
        ),
        ("?verdict=suspicious", &["--verdict", "suspicious"]),
        ("?class=mel&usable=true", &["--class", "mel", "--usable", "true"]),
        ("?after=99", &["--after", "99"]),
    ] {
        let answer = get(&bench, &format!("/api/v1/export.zip{query}"));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/zip")), "{query}");
        let file = bench.records.folder.join("export.zip");
        let mut command = Command::cargo_bin("dermascope").expect("is built");
        command.args(["records", "export"]).arg(&file).args(arguments);
        command.arg("--folder").arg(&bench.records.folder).assert().success();
        assert!(answer.body == std::fs::read(&file).expect("is written"), "{query}: other bytes");
    }
}

#[test]
fn an_export_has_no_limit_to_ask_for() {
    let answer = get(&bench(), "/api/v1/export.zip?limit=2");
    assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/problem+json")));
}

#[test]
fn without_records_the_export_says_so_as_a_problem() {
    let bench = bench();
    std::fs::remove_file(bench.records.folder.join("records.sqlite")).expect("was there");
    let answer = get(&bench, "/api/v1/export.zip");
    assert_eq!((answer.status, answer.header("content-type")), (503, Some("application/problem+json")));
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn a_second_export_at_once_is_told_to_wait_and_an_abandoned_one_ends() {
    let limits = Limits { stall: Duration::from_millis(500), ..Limits::default() };
    let bench = bench_within(limits);
    bench.fill(24 << 20);
    let address = bench.address();
    // Asks, and never reads: more than the sockets hold is waiting.
    let mut slow = connect(address);
    let request = format!("GET /api/v1/export.zip HTTP/1.1\r\nHost: {address}\r\n\r\n");
    slow.write_all(request.as_bytes()).expect("writes");
    let busy = std::iter::repeat_with(|| get(&bench, "/api/v1/export.zip?after=4"));
    let busy = busy.take(200).find(|answer| answer.status == 503).expect("one is told to wait");
    assert!(busy.header("retry-after").is_some());
    // Others are answered meanwhile, and the one who does not read loses its connection.
    assert_eq!(get(&bench, "/api/v1/records").status, 200);
    let free = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(50));
        get(&bench, "/api/v1/export.zip?after=4").status
    });
    assert!(free.take(600).any(|status| status == 200), "the seat is free again");
}
