//! Erasing at large. Keeping for a time: only what is elsewhere goes. Wiping: nothing is left but a fresh device, however it was cut off, whoever looks on, and whatever was damaged.

use std::fs;
use std::path::{Path, PathBuf};

use dermascope::records::{Filter, Problem, Reader, RecordError, RecordsConfig, Store, wipe};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::records::{reading, reading_of_case};

const CASE: &str = "Quillfeather-4711";

/// Three records of which one is deleted, and everything that may lie beside them.
fn device() -> (TempDir, RecordsConfig) {
    let folder = TempDir::new().expect("a temporary folder");
    let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
    let mut store = Store::open(&config).expect("opens");
    for seed in 1..=3 {
        store.save(&reading_of_case(seed, CASE, None)).expect("saves");
    }
    store.delete(2, CASE).expect("deletes");
    store.give_out("test", &[(1, true)]).expect("notes");
    for name in ["drive.img", "drive.part", "anchor.json.part", "device.key.part", "incoming/export.part"] {
        fs::write(config.folder.join(name), CASE).expect("writes");
    }
    fs::create_dir(config.folder.join("anchor.json.aside")).expect("makes");
    fs::create_dir(config.folder.join("images/folder")).expect("makes");
    (folder, config)
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder).expect("lists") {
        let path = file.expect("is readable").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// What tells of the records that were there: the case, the device's id, its public key.
fn traces(config: &RecordsConfig) -> Vec<String> {
    let reader = Reader::open(config).expect("opens");
    let mut traces = vec![CASE.into(), reader.device().into()];
    traces.extend(reader.signed_head().expect("reads").map(|head| head.public_key));
    traces.extend(
        reader.list(&Filter::default(), 9).expect("lists").records.into_iter().map(|it| it.image_sha256),
    );
    traces
}

fn assert_fresh(config: &RecordsConfig, traces: &[String], context: &str) {
    for file in files(&config.folder) {
        let bytes = fs::read(&file).expect("reads");
        for trace in traces {
            let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
            assert!(!found, "{context}: {} still holds {trace}", file.display());
        }
    }
    let names: Vec<_> = files(&config.folder)
        .iter()
        .map(|file| file.strip_prefix(&config.folder).expect("below").display().to_string())
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    assert_eq!(names, ["anchor.json", "device.key", "lock", "records.sqlite"], "{context}");
    let reader = Reader::open(config).expect("opens");
    assert_eq!((reader.count().expect("counts"), reader.newest().expect("reads")), (0, 0), "{context}");
    let report = reader.verify().expect("verifies");
    assert!(report.is_sound() && report.wiped_at.is_some() && report.position == 1, "{context}: {report:?}");
    let entry = reader.entries(0, 9, 9999).expect("reads").remove(0);
    let body: serde_json::Value = serde_json::from_str(&entry.body.expect("has one")).expect("JSON");
    let keys: Vec<_> = body.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!((entry.kind.word(), keys), ("wipe", vec!["by", "format", "wiped_at"]), "{context}");
}

#[test]
fn a_wipe_leaves_nothing_but_a_fresh_device() {
    let (_folder, config) = device();
    let traces = traces(&config);
    let wiped = wipe(&config, "a test").expect("wipes");
    assert_eq!(wiped.left, Vec::<PathBuf>::new());
    assert!(!traces.contains(&wiped.device));
    assert_fresh(&config, &traces, "once");
    let mut store = Store::open(&config).expect("opens");
    assert_eq!(store.unseen().expect("reads"), None, "a wipe is no tampering");
    assert_eq!(store.save(&reading(9)).expect("saves"), 1);
    assert!(store.verify().expect("verifies").is_sound());
}

#[test]
fn what_is_not_the_devices_stays_and_is_named() {
    let (_folder, config) = device();
    fs::write(config.folder.join("notes.txt"), "mine").expect("writes");
    let wiped = wipe(&config, "a test").expect("wipes");
    assert_eq!(wiped.left, [config.folder.join("notes.txt")]);
}

#[test]
fn a_device_that_runs_goes_on_as_the_new_one() {
    let (_folder, config) = device();
    let mut running = Store::open(&config).expect("opens");
    let looking = Reader::open(&config).expect("opens");
    let traces = traces(&config);
    let wiped = wipe(&config, "a test").expect("wipes");
    assert!(!looking.is_current().expect("reads"), "who reads notices");
    assert_fresh(&config, &traces, "under a running device");
    assert_eq!(running.save(&reading(9)).expect("saves"), 1);
    assert_eq!(running.device(), wiped.device);
    drop(running);
    let reopened = Store::open(&config).expect("opens");
    assert_eq!(reopened.unseen().expect("reads"), None);
    assert!(reopened.verify().expect("verifies").is_sound());
    let head = reopened.signed_head().expect("reads").expect("is signed");
    assert!(head.holds() && !traces.contains(&head.public_key), "by the new key");
}

#[test]
fn a_wipe_that_was_cut_off_anywhere_is_finished_by_the_next_opening() {
    let begun = r#"{"wiped_at":"2026-11-20T10:00:00Z","by":"a test"}"#;
    type Cut = fn(&RecordsConfig);
    let cuts: &[(&str, Cut)] = &[
        ("at once", |_| {}),
        ("after some pictures", |config| {
            let image = files(&config.folder.join("images")).remove(0);
            fs::remove_file(image).expect("removes");
        }),
        ("after the pictures and the anchor", |config| {
            fs::remove_dir_all(config.folder.join("images")).expect("removes");
            fs::remove_file(config.folder.join("anchor.json")).expect("removes");
        }),
        ("after the key", |config| fs::remove_file(config.folder.join("device.key")).expect("removes")),
        ("with the database emptied", |config| {
            for name in ["records.sqlite", "records.sqlite-wal", "records.sqlite-shm"] {
                let _ = fs::remove_file(config.folder.join(name));
            }
            fs::write(config.folder.join("records.sqlite"), b"").expect("writes");
        }),
    ];
    for (name, cut) in cuts {
        let (_folder, config) = device();
        let traces = traces(&config);
        fs::write(config.folder.join("wiping.json"), begun).expect("writes");
        cut(&config);
        let read = Reader::open(&config).map(|_| ()).expect_err("nobody reads what is being wiped");
        assert!(matches!(read, RecordError::Wiping { .. }), "{name}: {read}");
        drop(Store::open(&config).unwrap_or_else(|error| panic!("{name}: {error}")));
        assert_fresh(&config, &traces, name);
    }
    // A mark that the power left empty says as much.
    let (_folder, config) = device();
    let traces = traces(&config);
    fs::write(config.folder.join("wiping.json"), b"").expect("writes");
    drop(Store::open(&config).expect("opens"));
    assert_fresh(&config, &traces, "an empty mark");
}

#[test]
fn a_store_that_is_open_saves_nothing_into_what_is_being_wiped() {
    let (_folder, config) = device();
    let mut running = Store::open(&config).expect("opens");
    fs::write(config.folder.join("wiping.json"), b"").expect("writes");
    let refused = running.save(&reading(9)).expect_err("refused");
    assert!(matches!(refused, RecordError::Wiping { .. }), "{refused}");
}

#[test]
fn a_reader_who_holds_the_log_is_told_of_and_it_is_erased_once_they_end() {
    let (_folder, config) = device();
    let traces = traces(&config);
    let connection = Connection::open(config.folder.join("records.sqlite")).expect("opens");
    let transaction = connection.unchecked_transaction().expect("begins");
    let count: i64 =
        transaction.query_row("SELECT count(*) FROM entries", [], |row| row.get(0)).expect("reads");
    assert!(count > 0);
    let told = wipe(&config, "a test").expect_err("somebody reads");
    assert!(matches!(told, RecordError::NotErased { .. }), "{told}");
    let mut running = Store::open(&config).expect("the device goes on");
    assert_eq!(running.save(&reading(9)).expect("saves"), 1);
    assert!(running.erase_owed().is_err(), "still");
    drop(transaction);
    drop(connection);
    running.erase_owed().expect("erases");
    for file in files(&config.folder) {
        let bytes = fs::read(&file).expect("reads");
        for trace in &traces {
            let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
            assert!(!found, "{} still holds {trace}", file.display());
        }
    }
    assert!(running.verify().expect("verifies").is_sound());
}

#[test]
fn a_damaged_database_is_wiped_too_and_a_strangers_never() {
    let (_folder, config) = device();
    let traces = traces(&config);
    let database = config.folder.join("records.sqlite");
    let mut bytes = fs::read(&database).expect("reads");
    bytes[..200].fill(0x5a);
    fs::write(&database, bytes).expect("writes");
    wipe(&config, "a test").expect("wipes");
    assert_fresh(&config, &traces, "a damaged header");

    let (_folder, config) = device();
    let database = config.folder.join("records.sqlite");
    let mut bytes = fs::read(&database).expect("reads");
    let length = bytes.len();
    bytes[4096..length - 4096].fill(0xff);
    fs::write(&database, bytes).expect("writes");
    wipe(&config, "a test").expect("wipes");
    assert_fresh(&config, &traces[..1], "damaged pages");

    let folder = TempDir::new().expect("a temporary folder");
    let config = RecordsConfig { folder: folder.path().into(), ..RecordsConfig::default() };
    assert!(matches!(wipe(&config, "a test"), Err(RecordError::Missing { .. })));
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new(), "nothing was made");
    let stranger = Connection::open(folder.path().join("records.sqlite")).expect("opens");
    stranger.execute_batch("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)").expect("writes");
    assert!(matches!(wipe(&config, "a test"), Err(RecordError::Foreign { .. })));
    let kept: i64 = stranger.query_row("SELECT x FROM mine", [], |row| row.get(0)).expect("reads");
    assert_eq!(kept, 1);
}

#[test]
fn a_wipe_stands_only_where_a_chain_begins() {
    let (_folder, config) = device();
    wipe(&config, "a test").expect("wipes");
    let mut store = Store::open(&config).expect("opens");
    store.save(&reading(1)).expect("saves");
    let connection = Connection::open(config.folder.join("records.sqlite")).expect("opens");
    connection.execute("UPDATE entries SET kind = 'wipe' WHERE position = 2", []).expect("alters");
    let problems = store.verify().expect("verifies").problems;
    assert!(
        problems.iter().any(|it| matches!(it, Problem::EntryUnreadable { position: 2, .. })),
        "{problems:?}"
    );
}

/// The day of a record by its seed, and so many days after the day of the first.
fn day(days: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_760_000_000 + 86_400 * days).expect("in range")
}

fn case_of(seed: u8) -> String {
    format!("{CASE}-{seed}-")
}

fn reading_on(seed: u8, days: i64, clock_set: bool) -> dermascope::reading::Reading {
    let mut reading = reading_of_case(seed, &case_of(seed), None);
    let capture = (*reading.capture).clone();
    let capture = dermascope::reading::Capture { captured_at: day(days), clock_set, ..capture };
    reading.capture = std::sync::Arc::new(capture);
    reading
}

/// The numbers of the records that are there, the newest first.
fn kept(store: &Store) -> Vec<u64> {
    let page = store.list(&Filter::default(), 9).expect("lists");
    page.records.iter().map(|record| record.sequence).collect()
}

#[test]
fn what_was_kept_for_its_days_is_deleted_where_it_is_elsewhere_with_its_picture() {
    let folder = TempDir::new().expect("a temporary folder");
    let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
    let mut store = Store::open(&config).expect("opens");
    for (seed, days) in [(1, 0), (2, 0), (3, 0), (4, 20)] {
        store.save(&reading_on(seed, days, true)).expect("saves");
    }
    // The clock was not set: what it says counts for nothing.
    store.save(&reading_on(5, -10_000, false)).expect("saves");
    store.give_out("pull", &[(1, true), (4, true), (5, true)]).expect("notes");
    store.give_out("export csv", &[(2, false)]).expect("notes");
    assert_eq!(store.expire(30, day(30), 9).expect("expires"), 0, "not a second before");
    let later = day(31);
    assert_eq!(store.count_overdue(30, later).expect("counts"), 2, "2 and 3 are only here");
    assert_eq!(store.expire(30, later, 9).expect("expires"), 1);
    assert_eq!(kept(&store), [5, 4, 3, 2]);
    let report = store.verify().expect("verifies");
    assert!(report.is_sound() && report.deleted == 1, "{report:?}");
    let told = store.entries(5, 9, 9999).expect("reads").remove(0).body.expect("has one");
    assert!(told.contains("kept for 30 days") && !told.contains(CASE), "{told}");
    // One that left long ago by the clock of now goes, whatever its own clock said.
    let far = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 31);
    assert_eq!(store.expire(30, far, 1).expect("expires"), 1, "few at a time");
    assert_eq!(store.expire(30, far, 9).expect("expires"), 1);
    assert_eq!(kept(&store), [3, 2], "what is only here stays, however old it is");
    for seed in [1, 4, 5] {
        let case = case_of(seed);
        for file in files(&config.folder) {
            let bytes = fs::read(&file).expect("reads");
            let found = bytes.windows(case.len()).any(|window| window == case.as_bytes());
            assert!(!found, "{} still holds {case}", file.display());
        }
    }
}

#[test]
fn a_deletion_under_a_reader_is_told_and_done_once_they_end() {
    let (_folder, config) = device();
    let mut store = Store::open(&config).expect("opens");
    let connection = Connection::open(config.folder.join("records.sqlite")).expect("opens");
    let transaction = connection.unchecked_transaction().expect("begins");
    let _: i64 = transaction.query_row("SELECT count(*) FROM entries", [], |row| row.get(0)).expect("reads");
    let told = store.delete(1, "asked for").expect_err("somebody reads");
    assert!(matches!(told, RecordError::NotErased { .. }), "{told}");
    assert_eq!(store.get(1).expect("reads"), None, "deleted all the same");
    let before = std::time::Instant::now();
    assert!(store.erase_owed().is_err() && before.elapsed() < std::time::Duration::from_secs(2), "at once");
    drop(transaction);
    store.erase_owed().expect("erases");
    let log = fs::read(config.folder.join("records.sqlite-wal")).expect("is there");
    assert!(!log.windows(CASE.len()).any(|window| window == CASE.as_bytes()), "its case is still in the log");
}
