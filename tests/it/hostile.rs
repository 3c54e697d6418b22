//! Half right and all wrong bytes at every door of a whole device, which reads all the while. Short here;
//! `DERMASCOPE_HOSTILE=100000` makes so many connections and lines of it, and prints what it cost.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dermascope::records::{RecordsConfig, Store};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::device::Device;
use crate::serial::wire::{Terminal, terminal};
use crate::shared::manifest;

/// Connections, and lines, where nobody asks for more.
const SHORT: u64 = 400;
/// Connections at once.
const CALLERS: u64 = 8;

/// What requests are made of. No button: who may press one may switch the device off.
const REQUESTS: &[&str] = &[
    "GET ",
    "PUT ",
    "POST ",
    "DELETE ",
    "HEAD ",
    "OPTIONS ",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "/",
    "/api/v1/status",
    "/api/v1/records?since=",
    "/api/v1/records/1/image",
    "/api/v1/classify",
    "/api/v1/case",
    "/api/v1/setting",
    "/api/v1/export.zip",
    "/api/v1/events",
    "/metrics",
    "/healthz",
    "/%2e%2e/%00",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    " HTTP/9\r\n",
    "Host: localhost\r\n",
    "Host: evil.example\r\n",
    "Host: 127.0.0.1\r\n",
    "Origin: null\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: -1\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "Authorization: Bearer 0\r\n",
    "Authorization: Basic %%%\r\n",
    "X-Forwarded-Proto: https\r\n",
    "Content-Type: multipart/form-data; boundary=x\r\n",
    "Content-Type: image/jpeg\r\n",
    "\r\n",
    "\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "--x\r\n",
    "{\"case_id\":\"A\"}",
    "ffffffff\r\n",
    "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0",
    "\u{ff}\u{d8}\u{ff}\u{e0}",
    "\u{89}PNG\r\n\u{1a}\n",
];

/// What lines are made of.
const LINES: &[&str] = &[
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"",
    "hello",
    "status",
    "records.list",
    "image.read",
    "export",
    "case.set",
    "chain.read",
    "records.pulled",
    "\",\"params\":{",
    "\"limit\":5",
    "\"sequence\":1",
    "\"offset\":18446744073709551615",
    "}}",
    "}",
    "help",
    "list",
    "last",
    "case ",
    "point ",
    "prevalence ",
    "\r",
    "\r\n",
    "\n",
    "\u{8}",
    "\u{7f}",
    "\u{1b}[A",
    "AT",
    "ATZ",
    "+++",
    "*",
    "0000",
    "\u{202e}",
    "nan",
];

/// Some of these one after the other, noise between them, and now and then a byte that was turned.
fn bytes(random: &mut ChaCha8Rng, pieces: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.random_range(1..14) {
        if random.random_bool(0.85) {
            bytes.extend_from_slice(pieces[random.random_range(0..pieces.len())].as_bytes());
        } else {
            let mut noise = vec![0; random.random_range(1..200)];
            random.fill_bytes(&mut noise);
            bytes.extend(noise);
        }
    }
    if random.random_bool(0.3) {
        let at = random.random_range(0..bytes.len());
        bytes[at] ^= 1 << random.random_range(0..8);
    }
    bytes
}

/// Connects, says something, and stays or goes, as it comes.
fn call(address: &str, random: &mut ChaCha8Rng) {
    let mut stream = TcpStream::connect(address).expect("the device takes connections");
    stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a socket has a timeout");
    for _ in 0..random.random_range(1..3) {
        // The device may have closed it already.
        if stream.write_all(&bytes(random, REQUESTS)).is_err() {
            return;
        }
        if random.random_bool(0.5) {
            let _ = stream.read(&mut [0; 4096]);
        }
    }
}

fn type_lines(terminal: &Terminal, random: &mut ChaCha8Rng, count: u64) {
    let mut master = &terminal.master;
    for _ in 0..count {
        let line = [bytes(random, LINES), vec![b'\n']].concat();
        let mut rest = &line[..];
        while !rest.is_empty() {
            match master.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
            // Nobody looks at the answers, but somebody takes them.
            while master.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
        }
    }
}

/// A number of `/proc/PID/status`, such as the threads, or the most memory that was ever in use, in KiB.
fn figure(device: &Device, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{}/status", device.id())).expect("the device runs");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("is there");
    line.trim_start_matches(':').split_whitespace().next().expect("a number").parse().expect("a number")
}

#[test]
fn a_device_at_whose_doors_nonsense_is_said_reads_and_saves_all_the_while() {
    let count = std::env::var("DERMASCOPE_HOSTILE").ok().and_then(|text| text.parse().ok()).unwrap_or(SHORT);
    let terminal = terminal();
    let folder = Device::configure(&manifest(), "", |_| {});
    let file = folder.path().join("device.toml");
    let text = fs::read_to_string(&file).expect("reads");
    let serial = format!("device = \"{}\"", terminal.path.display());
    fs::write(&file, text.replace("device = \"off\"", &serial)).expect("writes");
    let device = Device::spawn(folder, std::process::Stdio::null());
    device.read();
    device.hold_until(&["viewfinder"]);
    let (threads, quiet) = (figure(&device, "Threads"), Instant::now());
    device.read();
    let quiet = quiet.elapsed();
    device.hold_until(&["viewfinder"]);
    let (called, address) = (AtomicU64::new(0), device.address.as_str());
    let mut under_fire = Vec::new();
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (called, mut random) = (&called, ChaCha8Rng::seed_from_u64(caller));
            scope.spawn(move || {
                while called.fetch_add(1, Ordering::Relaxed) < count {
                    call(address, &mut random);
                }
            });
        }
        let lines = scope.spawn(|| type_lines(&terminal, &mut ChaCha8Rng::seed_from_u64(99), count));
        while !lines.is_finished() || called.load(Ordering::Relaxed) < count {
            let pressed = Instant::now();
            let status = device.read();
            under_fire.push(pressed.elapsed());
            assert!(status["result"]["record"].is_number(), "{status}");
            device.hold_until(&["viewfinder"]);
        }
    });
    let healthy = device.request("GET /healthz", "");
    assert!(healthy.ends_with("ok\n"), "{healthy}");
    assert!(figure(&device, "Threads") <= threads + 6, "threads for reading records, and no more");
    under_fire.sort();
    let middle = under_fire[under_fire.len() / 2];
    let peak = figure(&device, "VmHWM") >> 10;
    eprintln!(
        "{count} connections and lines; press to saved {quiet:?} before, {middle:?} during; {peak} MiB at most"
    );
    let (exit, folder) = device.terminate();
    assert!(exit.success(), "{exit}");
    let records = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
    let report = Store::open(&records).expect("opens").verify().expect("verifies");
    assert!(report.is_sound() && report.records == 2 + under_fire.len() as u64, "{report:?}");
}
