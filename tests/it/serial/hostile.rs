//! A hostile device against `pull`: whatever it says, and for however long, the pull ends in time with an error or what
//! is whole, and nothing that is not proved by a hash is kept.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dermascope::digest::sha256_hex;
use dermascope::pull::{Patience, Report, pull};
use dermascope::records::chain::{self, Entry, Kind};
use dermascope::serial::{message, open, wire};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::wire::terminal;

const DEVICE: &str = "00112233aabbccdd";
/// Nothing here measures speed: without an end a pull would run for ever.
const LIMIT: Duration = Duration::from_secs(60);
/// What a pull may leave on the laptop's disk, in bytes.
const MOST_KEPT: u64 = 1 << 20;

/// Answers a call: a result, an error, raw bytes, or nothing.
enum Reply {
    Result(Value),
    Error(i64, String),
    Raw(Vec<u8>),
    /// Bytes for ever, one piece after each pause.
    Endless(Vec<u8>, Duration),
    Nothing,
}

use Reply::{Endless, Error, Nothing, Raw, Result as Answer};

type Device = fn(&str, &Value) -> Reply;

fn hello(position: u64) -> Value {
    json!({"product": "dermascope", "protocol": 1, "device": DEVICE, "clock_set": true,
           "head": {"position": position, "chain_sha256": "00"}})
}

fn body(sequence: u64, size: u64, picture: &[u8]) -> String {
    json!({"sequence": sequence, "device": DEVICE, "image_sha256": sha256_hex(picture), "image_size": size,
           "image_encoding": "jpeg"})
    .to_string()
}

fn first(body: String) -> Entry {
    Entry::following(&chain::start(DEVICE), 1, Kind::Record, 1, body)
}

/// A device with one honest entry, whose other answers are as `reply` has them.
fn with(method: &str, entry: Entry, reply: impl FnOnce() -> Reply) -> Reply {
    match method {
        "hello" => Answer(hello(1)),
        "chain.read" => Answer(json!({"entries": [entry]})),
        "ping" => Answer(json!({})),
        "records.unproved" => Error(message::NO_METHOD, "unknown".into()),
        _ => reply(),
    }
}

const PICTURE: &[u8] = b"a small picture";

fn part(params: &Value, bytes: &[u8]) -> Reply {
    // The line with the bytes follows the line that announces it.
    let result =
        json!({"offset": params["offset"], "length": bytes.len(), "crc32": wire::crc32(bytes), "as": "line"});
    Answer(json!({"__line": bytes, "result": result}))
}

/// How each one lies, and whether a pull may end well (with what is whole).
const DEVICES: &[(&str, Device)] = &[
    ("says nothing", |_, _| Nothing),
    ("noise for ever", |_, _| Endless(b"\xff\x00~~".repeat(100), Duration::ZERO)),
    ("a line that never ends", |_, _| Endless(vec![b'x'; 4096], Duration::ZERO)),
    ("one byte at a time for ever", |_, _| Endless(b"x".to_vec(), Duration::from_millis(20))),
    ("line ends for ever", |_, _| Endless(b"\n".to_vec(), Duration::from_millis(1))),
    ("answers to other calls for ever", |_, _| {
        Endless(message_line(1, &json!({})), Duration::from_millis(5))
    }),
    ("another product", |_, _| {
        Answer(
            json!({"product": "\u{1b}[2Jtoaster", "protocol": 1, "device": DEVICE, "clock_set": true, "head": {"position": 0}}),
        )
    }),
    ("another protocol", |_, _| {
        Answer(
            json!({"product": "dermascope", "protocol": 99, "device": DEVICE, "clock_set": true, "head": {"position": 0}}),
        )
    }),
    ("a name that is a path", |_, _| {
        Answer(
            json!({"product": "dermascope", "protocol": 1, "device": "../../../../etc/x", "clock_set": true, "head": {"position": 1}}),
        )
    }),
    ("a name with escapes", |_, _| {
        Answer(
            json!({"product": "dermascope", "protocol": 1, "device": "\u{1b}]0;x\u{7}aaaaaaaaaa", "clock_set": true, "head": {"position": 1}}),
        )
    }),
    ("no name", |_, _| {
        Answer(
            json!({"product": "dermascope", "protocol": 1, "device": null, "clock_set": true, "head": {"position": 1}}),
        )
    }),
    ("a hello that is a list", |_, _| Answer(json!([1, 2, 3]))),
    ("a hello nested deep", |_, _| Raw(format!("{}\n", "[".repeat(5000)).into_bytes())),
    (
        "more entries than there can be",
        |method, _| if method == "hello" { Answer(hello(u64::MAX)) } else { Nothing },
    ),
    ("entries that it does not have", |method, _| match method {
        "hello" => Answer(hello(1000)),
        _ => Answer(json!({"entries": []})),
    }),
    ("an entry that does not follow", |method, _| {
        with(method, Entry::following("elsewhere", 1, Kind::Record, 1, "{}".into()), || Nothing)
    }),
    ("an entry at another place", |method, _| {
        with(method, Entry { position: 7, ..first("{}".into()) }, || Nothing)
    }),
    ("a body that is not the one", |method, _| {
        with(method, Entry { body: Some("{\"x\":1}".into()), ..first("{}".into()) }, || Nothing)
    }),
    ("a body that is no JSON", |method, _| with(method, first("\u{1b}[31mnot JSON".into()), || Nothing)),
    ("a body of another device", |method, _| {
        with(method, first(json!({"sequence": 1, "device": "ffffffffffffffff", "image_sha256": "", "image_size": 1, "image_encoding": "png"}).to_string()), || Nothing)
    }),
    ("a body of another record", |method, _| with(method, first(body(2, 15, PICTURE)), || Nothing)),
    ("an encoding that is a path", |method, _| {
        with(method, first(json!({"sequence": 1, "device": DEVICE, "image_sha256": "", "image_size": 1, "image_encoding": "/../../x"}).to_string()), || Nothing)
    }),
    ("a picture of ten terabytes", |method, params| {
        with(method, first(body(1, 10 << 40, PICTURE)), || part(params, &[0; 4096]))
    }),
    ("an empty picture", |method, params| with(method, first(body(1, 0, b"")), || part(params, b""))),
    ("a picture that ends too soon", |method, params| {
        with(method, first(body(1, 5000, PICTURE)), || {
            let all = params["offset"] == 0;
            part(params, if all { PICTURE } else { b"" })
        })
    }),
    ("a picture with another hash", |method, params| {
        with(method, first(body(1, 15, b"another picture")), || part(params, PICTURE))
    }),
    ("more of a picture than was asked for", |method, params| {
        with(method, first(body(1, 15, PICTURE)), || part(params, &[7; 40_000]))
    }),
    ("a part with a wrong checksum", |method, params| {
        with(method, first(body(1, 15, PICTURE)), || {
            Answer(
                json!({"__line": PICTURE, "result": {"offset": params["offset"], "length": 15, "crc32": "00000000", "as": "line"}}),
            )
        })
    }),
    ("a part from another place", |method, _| {
        with(method, first(body(1, 15, PICTURE)), || part(&json!({"offset": 3}), PICTURE))
    }),
    ("a part that is announced and does not come", |method, params| {
        with(method, first(body(1, 15, PICTURE)), || {
            Answer(json!({"offset": params["offset"], "length": 15, "crc32": "00", "as": "line"}))
        })
    }),
    ("an error with escapes and a megabyte of words", |method, _| {
        with(method, first(body(1, 15, PICTURE)), || {
            Error(message::DAMAGED, "\u{1b}[2J\u{202e}".repeat(40_000))
        })
    }),
    ("an error of no known kind", |method, _| {
        with(method, first(body(1, 15, PICTURE)), || Error(-1, "\r\nno".into()))
    }),
    ("numbers to prove for ever", |method, params| match method {
        "records.unproved" => Answer(json!({"sequences": [1], "nonce": "00"})),
        "records.pulled" => Error(message::PARAMS, "no".into()),
        _ => with(method, first(body(1, 15, PICTURE)), || part(params, PICTURE)),
    }),
    ("numbers to prove that count up for ever", |method, params| match method {
        "records.unproved" => {
            Answer(json!({"sequences": [params["after"].as_u64().unwrap_or(0) + 1], "nonce": "00"}))
        }
        _ => with(method, first(body(1, 15, PICTURE)), || part(params, PICTURE)),
    }),
];

fn message_line(id: u64, result: &Value) -> Vec<u8> {
    let answer = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string().into_bytes();
    [message::seal(answer), b"\n".to_vec()].concat()
}

/// The bytes that answer a call.
fn bytes_of(id: &Value, reply: &Reply) -> Vec<u8> {
    let seal = |answer: Value| [message::seal(answer.to_string().into_bytes()), b"\n".to_vec()].concat();
    match reply {
        Answer(result) if result.get("__line").is_some() => {
            let bytes: Vec<u8> = serde_json::from_value(result["__line"].clone()).expect("bytes");
            let announced = seal(json!({"jsonrpc": "2.0", "id": id, "result": result["result"]}));
            let mut line = announced;
            wire::write_line(&bytes, &mut line);
            line
        }
        Answer(result) => seal(json!({"jsonrpc": "2.0", "id": id, "result": result})),
        Error(code, words) => {
            seal(json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": words}}))
        }
        Raw(bytes) => bytes.clone(),
        Endless(..) | Nothing => Vec::new(),
    }
}

/// Plays a device on the other side of a terminal until it is told to stop.
fn play(mut master: std::fs::File, device: Device, stop: &AtomicBool) {
    let (mut line, mut endless) = (Vec::new(), None);
    let mut block = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        let read = master.read(&mut block).unwrap_or(0);
        for byte in &block[..read] {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            let call =
                message::unseal(&line).and_then(|(text, _)| serde_json::from_slice::<Value>(text).ok());
            line.clear();
            let Some(call) = call else { continue };
            let reply = device(call["method"].as_str().unwrap_or_default(), &call["params"]);
            send(&mut master, &bytes_of(&call["id"], &reply), stop);
            if let Endless(bytes, pause) = reply {
                endless = Some((bytes, pause));
            }
        }
        match &endless {
            Some((bytes, pause)) => {
                send(&mut master, bytes, stop);
                std::thread::sleep(*pause);
            }
            None if read == 0 => std::thread::sleep(Duration::from_millis(1)),
            None => {}
        }
    }
}

fn send(master: &mut std::fs::File, mut bytes: &[u8], stop: &AtomicBool) {
    while !bytes.is_empty() && !stop.load(Ordering::Relaxed) {
        match master.write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_micros(200))
            }
            Err(_) => return,
        }
    }
}

fn size_of(folder: &std::path::Path) -> u64 {
    let Ok(files) = std::fs::read_dir(folder) else { return 0 };
    let size = |file: std::fs::DirEntry| {
        if file.path().is_dir() {
            size_of(&file.path())
        } else {
            file.metadata().map_or(0, |about| about.len())
        }
    };
    files.flatten().map(size).sum()
}

#[test]
fn a_hostile_device_ends_no_pull_badly() {
    assert!(DEVICES.len() >= 30);
    for (name, device) in DEVICES {
        let (terminal, folder) = (terminal(), TempDir::new().expect("a temporary folder"));
        let stop = Arc::new(AtomicBool::new(false));
        let player = {
            let (master, stop) = (terminal.master.try_clone().expect("clones"), stop.clone());
            std::thread::spawn(move || play(master, *device, &stop))
        };
        let start = Instant::now();
        let patience =
            Patience { silence: Duration::from_millis(50), tries: 3, call: Duration::from_secs(2) };
        let port = open(&terminal.path, 115_200).expect("opens");
        let mut report = Report::default();
        let pulled = pull(port, &folder.path().join("pulled"), patience, &mut report, &mut |_, _, _| {});
        stop.store(true, Ordering::Relaxed);
        player.join().expect("the device does not panic");
        assert!(start.elapsed() < LIMIT, "{name}: {:?}", start.elapsed());
        let told: String = report.missing.iter().map(|(_, cause)| cause.clone()).collect::<String>()
            + &pulled.as_ref().err().map_or(String::new(), ToString::to_string);
        assert!(!told.chars().any(char::is_control), "{name}: {told:?}");
        assert!(!told.is_empty() || name.starts_with("numbers"), "{name}: nothing is said");
        assert!(size_of(folder.path()) < MOST_KEPT, "{name}: {} bytes are kept", size_of(folder.path()));
        let outside = std::fs::read_dir(folder.path()).expect("lists").count();
        assert!(outside <= 1, "{name}: something lies outside");
        if folder.path().join("pulled").exists() {
            let checked = dermascope::pull::verify(&folder.path().join("pulled")).expect("looks");
            let altered =
                checked.iter().flat_map(|folder| &folder.problems).any(|words| words.contains("altered"));
            assert!(!altered, "{name}: {checked:?}");
        }
    }
}
