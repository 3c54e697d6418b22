//! Power cuts: every change that a device makes on its disk is recorded, and then the disk is put together as it may be
//! after a cut behind each of them: with what was made durable, and with any part of what was not.
//!
//! The disk is a model, harsher than ext4: what was written and not synced is there or not, sector by sector; names
//! that a folder was not synced for are there or not, in the order that they were made in each folder. After each cut
//! the store must open, verify, and have all that was said to be saved. `DERMASCOPE_CRASH=all` tries many more disks
//! behind each change than `make test` does.

mod disk;
mod recording;

use crate::shared::skipped;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use dermascope::digest::sha256_hex;
use dermascope::records::{Reader, RecordError, RecordsConfig, Store};
use tempfile::TempDir;

use crate::records::reading;
use disk::{Disk, Luck};
use recording::{Recording, Step};

const FOLDER: &str = "DERMASCOPE_POWERCUT_FOLDER";
const CALLS: &str = "openat,write,pwrite64,fsync,fdatasync,rename,unlink,ftruncate,mkdir";

/// Lives through what a device does with records. Only ever run by the test below.
#[test]
#[ignore = "is run under strace by the other"]
fn the_child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let config = RecordsConfig { folder: folder.into(), ..RecordsConfig::default() };
    let mut store = Store::open(&config).expect("opens");
    for seed in [1, 2, 3] {
        save(&mut store, seed);
    }
    store.delete(2, "asked for").expect("deletes");
    println!("CHILD deleted 2");
    store.give_out("test", &[(1, true), (3, true)]).expect("notes");
    drop(store);
    let mut store = Store::open(&config).expect("opens again");
    // The same picture as a record that stays, and as one that is gone.
    for seed in [1, 2, 4] {
        save(&mut store, seed);
    }
    let mut left = 2;
    let pruned = store.prune("no room", |_, _| -> Result<bool, RecordError> {
        left -= 1;
        Ok(left >= 0)
    });
    assert_eq!(pruned.expect("prunes"), 2);
    println!("CHILD pruned 1 3");
    save(&mut store, 3);
}

fn save(store: &mut Store, seed: u8) {
    let reading = reading(seed);
    let sequence = store.save(&reading).expect("saves");
    println!("CHILD saved {sequence} {}", sha256_hex(&reading.capture.encoded.bytes));
}

/// What had been said when the power went.
#[derive(Default)]
struct Said {
    /// By number: the picture's hash.
    saved: BTreeMap<u64, String>,
    deleted: BTreeSet<u64>,
}

impl Said {
    fn by(steps: &[Step]) -> Self {
        let mut said = Self::default();
        for step in steps {
            let Step::Said(words) = step else { continue };
            let words: Vec<_> = words.split(' ').collect();
            let number = |word: &str| word.parse::<u64>().expect("a number");
            match words[..] {
                ["saved", sequence, sha256] => {
                    said.saved.insert(number(sequence), sha256.into());
                }
                ["deleted", sequence] => {
                    said.deleted.insert(number(sequence));
                }
                ["pruned", "1", "3"] => {}
                _ => panic!("{words:?}"),
            }
        }
        said
    }
}

/// Starts a device on the disk that is left, and looks whether all is well.
fn check(root: &Path, said: &Said, place: &str) {
    let config = RecordsConfig { folder: root.to_path_buf(), ..RecordsConfig::default() };
    let mut store = Store::open(&config).unwrap_or_else(|error| panic!("{place}: {error}"));
    for (sequence, sha256) in &said.saved {
        let record = store.get(*sequence).expect("reads");
        if said.deleted.contains(sequence) {
            assert!(record.is_none(), "{place}: {sequence} is back");
            continue;
        }
        // A deletion or pruning that was under way may have happened.
        let Some(record) = record else {
            assert_eq!(*sequence, 2, "{place}: {sequence} is lost");
            continue;
        };
        assert_eq!(record.image_sha256, *sha256, "{place}");
        match store.image(&record) {
            // Where it was pruned, a later record may have the same picture.
            Ok(_) => {}
            Err(RecordError::ImagePruned { .. }) => {
                // It may have happened before it was said.
                assert!([1, 3].contains(sequence), "{place}: the picture of {sequence} is lost");
            }
            Err(error) => panic!("{place}: {error}"),
        }
    }
    let left = std::fs::read_dir(root.join("incoming")).expect("is there").count();
    assert_eq!(left, 0, "{place}: something is left under way");
    let report = Reader::open(&config).and_then(|reader| reader.verify());
    let report = report.unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(report.is_sound(), "{place}: {:?}", report.problems);
    let pictures = std::fs::read_dir(root.join("images")).expect("is there").count() as u64;
    assert_eq!(report.images, pictures, "{place}: a picture of nobody");
    let next = store.save(&reading(99)).unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(said.saved.keys().all(|sequence| *sequence < next), "{place}: a number was given twice");
}

fn record() -> Vec<Step> {
    let folder = TempDir::new().expect("a temporary folder");
    let (root, log) = (folder.path().join("records"), folder.path().join("log"));
    let status = Command::new("strace")
        .args(["-f", "-qq", "-y", "-xx", "-s", "10000000", "-e", &format!("trace={CALLS}"), "-o"])
        .arg(&log)
        .arg(std::env::current_exe().expect("a test knows its program"))
        .args(["--exact", "powercut::the_child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, &root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .output()
        .expect("strace runs");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    Recording::of(&root, &std::fs::read_to_string(log).expect("strace wrote its log")).steps
}

#[test]
fn whatever_a_power_cut_leaves_of_the_disk_all_that_was_saved_is_there() {
    let there = Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    if !there {
        return skipped("strace", "power cuts: needs strace (apt install strace)");
    }
    let steps = record();
    assert_eq!(Said::by(&steps).saved.len(), 7, "the recording is whole");
    let all = std::env::var("DERMASCOPE_CRASH").is_ok_and(|which| which == "all");
    let tries = if all { 60 } else { 2 };
    let scratch = if Path::new("/dev/shm").is_dir() { "/dev/shm" } else { "/tmp" };
    let mut disks = 0;
    for end in 0..=steps.len() {
        // A word changes nothing on the disk.
        if end > 0 && end < steps.len() && matches!(steps[end - 1], Step::Said(_)) {
            continue;
        }
        let said = Said::by(&steps[..end]);
        let lucks = [Luck::None, Luck::All].into_iter();
        for luck in lucks.chain((0..tries).map(|seed| Luck::Some(seed + 1_000 * end as u64))) {
            let folder = tempfile::tempdir_in(scratch).expect("a temporary folder");
            let root = folder.path().join("records");
            Disk::after(&steps[..end], luck).put(&root);
            let before = end.checked_sub(1).map(|last| &steps[last]);
            let place =
                format!("after step {end} of {}, {luck:?}, {:.120}", steps.len(), format!("{before:?}"));
            check(&root, &said, &place);
            disks += 1;
        }
    }
    println!("{disks} disks after a cut behind each of {} steps", steps.len());
}
