//! Records against a process that dies, and a disk that fails, at any call to the kernel that changes something.
//!
//! strace does it to a child that saves readings: it kills it at the Nth such call, or lets that call fail with
//! ENOSPC, EIO or EROFS. After each run everything that was said to be saved must be there and whole, and nothing
//! half-written may be left. `DERMASCOPE_CRASH=all` tries every call; without it every eleventh is tried.

use crate::shared::skipped;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use dermascope::digest::sha256_hex;
use dermascope::records::{Reader, RecordsConfig, Store};
use tempfile::TempDir;

use crate::records::{reading, reading_of_case};

const FOLDER: &str = "DERMASCOPE_CRASH_FOLDER";
const READINGS: u8 = 3;
const CASE: &str = "Quillfeather-0815";
/// Calls that change what is on the disk, or open what will.
const CALLS: &str = "openat,write,pwrite64,fsync,fdatasync,rename,unlink,ftruncate,fallocate,mkdir,flock";

/// Saves readings and says of each that it is saved, trying again after an error. Only ever run by the tests below.
#[test]
#[ignore = "is run under strace by the others"]
fn the_child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let config = RecordsConfig { folder: folder.into(), ..RecordsConfig::default() };
    let mut out = std::io::stdout();
    let mut say = |words: String| {
        // This call is one of those that may fail.
        let _ = writeln!(out, "{words}");
    };
    say("CHILD started".into());
    let mut store = Store::open(&config).or_else(|_| Store::open(&config)).expect("opens at the second try");
    for seed in 1..=READINGS {
        let reading = reading(seed);
        let saved = store.save(&reading).or_else(|error| {
            say(format!("CHILD failed {error}"));
            store.save(&reading)
        });
        let sequence = saved.expect("saves at the second try");
        say(format!("CHILD saved {sequence} {}", sha256_hex(&reading.capture.encoded.bytes)));
    }
    say("CHILD finished".into());
}

/// Wipes what is there. Only ever run by the test below.
#[test]
#[ignore = "is run under strace by another"]
fn the_wiping_child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let config = RecordsConfig { folder: folder.into(), ..RecordsConfig::default() };
    println!("CHILD started");
    dermascope::records::wipe(&config, "a test").expect("wipes");
    println!("CHILD finished");
}

/// What a child said before it ended.
struct Said {
    started: bool,
    finished: bool,
    /// By its exit status.
    ended_well: bool,
    /// By sequence number: the picture's hash.
    saved: BTreeMap<u64, String>,
    all: String,
}

fn run_child(child: &str, folder: &Path, strace: &[&str]) -> Said {
    let program = std::env::current_exe().expect("a test knows its program");
    let output = Command::new("strace")
        .args(["-f", "-qq"])
        .args(strace)
        .arg(program)
        .args(["--exact", child, "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdin(Stdio::null())
        .output()
        .expect("strace runs");
    let all = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = all.lines().filter_map(|line| line.split_once("CHILD ")).map(|(_, words)| words);
    let saved = words.clone().filter_map(|words| words.strip_prefix("saved ")?.split_once(' '));
    Said {
        ended_well: output.status.success(),
        started: words.clone().any(|words| words == "started"),
        finished: words.clone().any(|words| words == "finished"),
        saved: saved.map(|(number, hash)| (number.parse().expect("a number"), hash.into())).collect(),
        all: format!("{all}{}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// Every call that a child makes where nothing happens to it: its name, and which one of that name it is. strace
/// counts each name by itself. `prepare` makes what it finds.
fn list_calls(child: &str, prepare: impl Fn(&Path)) -> Vec<(String, usize)> {
    let folder = TempDir::new().expect("a temporary folder");
    prepare(&folder.path().join("records"));
    let log = folder.path().join("calls");
    let trace = format!("trace={CALLS}");
    let log_name = log.display().to_string();
    let said = run_child(child, &folder.path().join("records"), &["-e", &trace, "-o", &log_name]);
    assert!(said.finished, "{}", said.all);
    let log = std::fs::read_to_string(log).expect("strace wrote its log");
    let mut counts = BTreeMap::new();
    let names = log.lines().filter_map(|line| line.split_once('(')?.0.split_whitespace().last());
    let calls = names.filter(|name| CALLS.split(',').any(|known| known == *name));
    calls
        .map(|name| {
            let count = counts.entry(name.to_string()).or_insert(0);
            *count += 1;
            (name.to_string(), *count)
        })
        .collect()
}

/// Runs children that save, with a fault at one call after another, and checks after each what is there.
fn try_calls(test: &str, fault: &str, check: impl Fn(&Said, &str)) {
    try_calls_of(
        "crash::the_child",
        test,
        fault,
        |_| {},
        |config, said, place| {
            check(said, place);
            check_records(config, said, place);
        },
    );
}

/// Runs children with a fault at one call after another. `prepare` makes what each finds, and `check` looks at what it
/// left.
fn try_calls_of(
    child: &str,
    test: &str,
    fault: &str,
    prepare: impl Fn(&Path),
    check: impl Fn(&RecordsConfig, &Said, &str),
) {
    let there = Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    if !there {
        return skipped("strace", &format!("{test}: needs strace (apt install strace)"));
    }
    let step = if std::env::var("DERMASCOPE_CRASH").is_ok_and(|which| which == "all") { 1 } else { 11 };
    let calls = list_calls(child, &prepare);
    let start = start(step);
    println!(
        "{fault}: every {step}th call from the {start}th on; DERMASCOPE_CRASH_START={start} does the same again"
    );
    let mut runs = 0;
    for (name, number) in calls.iter().skip(start).step_by(step) {
        let folder = TempDir::new().expect("a temporary folder");
        let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
        let inject = format!("inject={name}:{fault}:when={number}");
        let trace = format!("trace={name}");
        prepare(&config.folder);
        let said = run_child(child, &config.folder, &["-e", &trace, "-e", &inject, "-o", "/dev/null"]);
        check(&config, &said, &format!("{fault} at {name} {number}"));
        runs += 1;
    }
    println!("{fault}: {runs} of {} calls tried", calls.len());
}

/// The first call that is tried: another one each time, so that in time each is.
fn start(step: usize) -> usize {
    let told = std::env::var("DERMASCOPE_CRASH_START").ok().and_then(|start| start.parse().ok());
    told.unwrap_or_else(|| {
        let since_1970 = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
        since_1970.subsec_nanos() as usize / 1000 % step
    })
}

fn check_records(config: &RecordsConfig, said: &Said, place: &str) {
    let store = Store::open(config).unwrap_or_else(|error| panic!("{place}: {error}"));
    let under_way = std::fs::read_dir(config.folder.join("incoming")).expect("is there").count();
    assert_eq!(under_way, 0, "{place}: something is left under way");
    for (sequence, sha256) in &said.saved {
        let record =
            store.get(*sequence).expect("reads").unwrap_or_else(|| panic!("{place}: {sequence} is lost"));
        assert_eq!(record.image_sha256, *sha256, "{place}");
    }
    drop(store);
    let report = Reader::open(config).and_then(|reader| reader.verify());
    let report = report.unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(report.is_sound(), "{place}: {:?}", report.problems);
    assert_eq!(report.images, report.records, "{place}: a picture too many or too few");
}

#[test]
fn a_process_killed_at_any_call_loses_nothing_that_was_saved() {
    try_calls("a_process_killed_at_any_call_loses_nothing_that_was_saved", "signal=KILL", |said, place| {
        assert!(!said.finished || said.saved.len() == usize::from(READINGS), "{place}");
    });
}

fn fails_at_any_call(test: &str, error: &str) {
    try_calls(test, &format!("error={error}"), |said, place| {
        // A program that could not even be loaded has nothing to save.
        assert!(said.ended_well || !said.started || said.finished, "{place}: {}", said.all);
    });
}

#[test]
fn a_full_disk_at_any_call_costs_one_try_at_most() {
    fails_at_any_call("a_full_disk_at_any_call_costs_one_try_at_most", "ENOSPC");
}

#[test]
fn an_input_output_error_at_any_call_costs_one_try_at_most() {
    fails_at_any_call("an_input_output_error_at_any_call_costs_one_try_at_most", "EIO");
}

#[test]
fn a_disk_that_turns_read_only_for_any_call_costs_one_try_at_most() {
    fails_at_any_call("a_disk_that_turns_read_only_for_any_call_costs_one_try_at_most", "EROFS");
}

#[test]
fn a_wipe_that_is_killed_at_any_call_has_not_begun_or_is_finished_at_the_next_start() {
    let prepare = |folder: &Path| {
        let config = RecordsConfig { folder: folder.into(), ..RecordsConfig::default() };
        let mut store = Store::open(&config).expect("opens");
        for seed in 1..=READINGS {
            store.save(&reading_of_case(seed, CASE, None)).expect("saves");
        }
    };
    let test = "a_wipe_that_is_killed_at_any_call_has_not_begun_or_is_finished_at_the_next_start";
    try_calls_of("crash::the_wiping_child", test, "signal=KILL", prepare, |config, said, place| {
        let store = Store::open(config).unwrap_or_else(|error| panic!("{place}: {error}"));
        let report = store.verify().unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(report.is_sound(), "{place}: {:?}", report.problems);
        drop(store);
        if report.wiped_at.is_none() {
            assert!(!said.finished && report.records == u64::from(READINGS), "{place}: {report:?}");
            return;
        }
        assert_eq!((report.records, report.position), (0, 1), "{place}");
        for file in crate::wipe::files(&config.folder) {
            let bytes = std::fs::read(&file).expect("reads");
            let left = bytes.windows(CASE.len()).any(|window| window == CASE.as_bytes());
            assert!(!left, "{place}: {} still holds the case", file.display());
        }
    });
}
