//! The serial link and `pull`: over pseudo-terminals, through cables that are noisy, cut, or not read from.

mod faults;
mod hostile;
mod protocol;
mod terminals;
pub mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dermascope::RESEARCH_ONLY;
use dermascope::clock::SettableClock;
use dermascope::digest::sha256_hex;
use dermascope::picture::{Encoded, Encoding};
use dermascope::pull::{Patience, PeerError, PullError, Report, pull};
use dermascope::reading::{Capture, Reading};
use dermascope::records::{RecordsConfig, Store};
use dermascope::serial::{SerialConfig, SerialLink, open, start};
use jiff::Timestamp;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use crate::records::reading;
use crate::shared::remote;
use wire::{Cable, Terminal, clean, terminal};

/// A clock that only remembers what it was set to.
#[derive(Clone, Default)]
struct FakeClock(Arc<Mutex<Option<Timestamp>>>);

impl SettableClock for FakeClock {
    fn now(&self) -> (Timestamp, bool) {
        let set = *self.0.lock().expect("no test panics with it held");
        (set.unwrap_or(Timestamp::UNIX_EPOCH), set.is_some())
    }

    fn set(&self, now: Timestamp) -> Result<(), String> {
        dermascope::clock::check_time(now)?;
        *self.0.lock().expect("no test panics with it held") = Some(now);
        Ok(())
    }
}

fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A reading whose picture is `size` random bytes: the store keeps what it is given.
fn reading_of(seed: u8, size: usize) -> Reading {
    let mut reading = reading(seed);
    let mut bytes = vec![0; size];
    rand::Rng::fill_bytes(&mut random(u64::from(seed)), &mut bytes);
    let encoded = Encoded { encoding: Encoding::Jpeg, bytes: bytes.into() };
    reading.capture = Arc::new(Capture { encoded, ..(*reading.capture).clone() });
    reading
}

/// Pulls into `dir` from a device with these records, over a pseudo-terminal of its own.
pub fn pull_from(records: &RecordsConfig, dir: &Path) -> Result<Report, PullError> {
    let terminal = terminal();
    let link = Bench::link(&terminal.path, records, &FakeClock::default());
    let cable = Cable::plug(&terminal.master, clean(), clean());
    let port = open(&cable.laptop, 115_200).map_err(PeerError::Cut)?;
    let patience = Patience { silence: Duration::from_millis(300), tries: 20, call: Duration::from_secs(60) };
    let mut report = Report::default();
    let pulled = pull(port, dir, patience, &mut report, &mut |_, _, _| {});
    drop(link);
    pulled.map(|()| report)
}

/// A device with records, its serial link on a pseudo-terminal, and the laptop's folder.
struct Bench {
    config: RecordsConfig,
    folder: TempDir,
    clock: FakeClock,
    terminal: Terminal,
    link: Option<SerialLink>,
}

impl Bench {
    fn new(pictures: &[usize]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
        let mut store = Store::open(&config).expect("opens");
        for (seed, size) in pictures.iter().enumerate() {
            store.save(&reading_of(seed as u8, *size)).expect("saves");
        }
        let terminal = terminal();
        let clock = FakeClock::default();
        let link = Self::link(&terminal.path, &config, &clock);
        Self { config, folder, clock, terminal, link }
    }

    fn link(path: &Path, records: &RecordsConfig, clock: &FakeClock) -> Option<SerialLink> {
        let config = SerialConfig { device: path.display().to_string(), ..SerialConfig::default() };
        start(&config, records, Box::new(clock.clone()), remote()).expect("starts")
    }

    fn store(&self) -> Store {
        Store::open(&self.config).expect("opens")
    }

    fn plug(&self) -> Cable {
        Cable::plug(&self.terminal.master, clean(), clean())
    }

    fn pull(&self, cable: &Cable, report: &mut Report) -> Result<(), PullError> {
        self.pull_with(
            cable,
            report,
            Patience { silence: Duration::from_millis(300), tries: 60, call: Duration::from_secs(60) },
        )
    }

    /// Gives up soon.
    fn pull_impatiently(&self, cable: &Cable, report: &mut Report) -> Result<(), PullError> {
        self.pull_with(
            cable,
            report,
            Patience { silence: Duration::from_millis(100), tries: 2, call: Duration::from_secs(20) },
        )
    }

    fn pull_with(&self, cable: &Cable, report: &mut Report, patience: Patience) -> Result<(), PullError> {
        // What the device still had to say may have been the end of the cable already.
        let port = open(&cable.laptop, 115_200).map_err(PeerError::Cut)?;
        pull(port, &self.folder.path().join("pulled"), patience, report, &mut |_, _, _| {})
    }

    /// What lies in a folder of the laptop, by name.
    fn pulled(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let folder = self.folder.path().join("pulled").join(self.store().device()).join(name);
        let Ok(files) = fs::read_dir(folder) else { return BTreeMap::new() };
        let files = files.map(|file| file.expect("readable"));
        files
            .map(|file| {
                (file.file_name().to_string_lossy().into_owned(), fs::read(file.path()).expect("reads"))
            })
            .collect()
    }

    /// That all that is on the device is here, bit by bit, and nothing else.
    fn check_all_is_here(&self) {
        let (store, mut expected) = (self.store(), BTreeMap::new());
        store
            .each(&Default::default(), |record| {
                let bytes = store.image(&record)?.bytes.to_vec();
                expected.insert(format!("{:06}.jpg", record.sequence), bytes);
                Ok::<_, dermascope::records::RecordError>(())
            })
            .expect("reads");
        assert!(self.pulled("images") == expected, "the pictures are not the device's");
        assert_eq!(self.pulled("records").len(), expected.len());
        self.check_whole();
    }

    /// That what is here is whole.
    fn check_whole(&self) {
        let images = self.pulled("images");
        for (name, body) in self.pulled("records") {
            let record: serde_json::Value = serde_json::from_slice(&body).expect("a whole record");
            let image = images.get(&name.replace(".json", ".jpg"));
            let hash = image.map(|bytes| sha256_hex(bytes));
            assert!(hash.is_none_or(|hash| record["image_sha256"] == hash.as_str()), "{name}");
        }
    }
}

#[test]
fn a_pull_brings_all_and_the_next_one_only_what_is_new() {
    let bench = Bench::new(&[10, 70_000, 300_000, 1]);
    let cable = bench.plug();
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls");
    assert_eq!((report.records, report.images, report.bytes), (4, 4, 370_011));
    assert!(report.clock_set, "a device whose clock is not set is told the time");
    bench.check_all_is_here();
    assert_eq!(bench.store().exported().expect("reads"), 4, "the device knows that they are safe");

    let before = bench.pulled("records");
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls again");
    assert_eq!((report.records, report.images, report.bytes, report.clock_set), (0, 0, 0, false));
    assert_eq!(bench.pulled("records"), before);

    let mut store = bench.store();
    store.save(&reading_of(9, 5_000)).expect("saves");
    store.delete(2, "asked for").expect("deletes");
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls what is new");
    assert_eq!((report.records, report.images, report.bytes), (1, 1, 5_000));
    assert_eq!(report.deleted, [2], "a deletion on the device is told, and the copy stays");
    assert_eq!(bench.pulled("images").len(), 5);
}

#[test]
fn outcomes_are_pulled_and_one_that_is_edited_here_is_noticed_and_mended() {
    let bench = Bench::new(&[10, 20]);
    let (cable, mut report) = (bench.plug(), Report::default());
    let outcome = dermascope::outcome::Outcome { note: Some("excised".into()), ..Default::default() };
    bench.store().note_outcome(1, &outcome).expect("notes");
    bench.pull(&cable, &mut report).expect("pulls");
    assert_eq!(report.unknown, 0);
    let here = bench.pulled("outcomes");
    assert_eq!(here.keys().collect::<Vec<_>>(), ["000003.json"]);
    bench.check_all_is_here();
    let pulled = bench.folder.path().join("pulled");
    let problems = || {
        let checked = dermascope::pull::verify(&pulled).expect("looks");
        checked.into_iter().flat_map(|checked| checked.problems).collect::<Vec<_>>()
    };
    assert!(problems().is_empty(), "{:?}", problems());
    let path = pulled.join(bench.store().device()).join("outcomes/000003.json");
    fs::write(&path, "{}").expect("writes");
    assert_eq!(problems(), ["outcomes/000003.json: altered"]);
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls again");
    assert_eq!((report.repaired, problems().len()), (1, 0));
    bench.store().delete(1, "asked for").expect("deletes");
    bench.pull(&cable, &mut Report::default()).expect("pulls");
    fs::remove_file(path).expect("removes");
    assert!(problems().is_empty(), "what was deleted may be missing: {:?}", problems());
}

#[test]
fn the_command_pulls_and_says_what_it_did() {
    let bench = Bench::new(&[10_000, 20_000]);
    let cable = bench.plug();
    let pull = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dermascope"));
        command.arg("pull").arg(&cable.laptop).arg(bench.folder.path().join("pulled"));
        command.output().expect("runs")
    };
    let done = pull();
    let words = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(words.contains("2 records and 2 pictures") && words.contains(RESEARCH_ONLY), "{words}");
    bench.check_all_is_here();
    assert!(String::from_utf8_lossy(&pull().stdout).contains("nothing new"));
}

#[test]
fn a_terminal_that_is_not_there_is_named() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dermascope"));
    let done = command.args(["pull", "/dev/nowhere", "pulled"]).output().expect("runs");
    let words = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && words.contains("/dev/nowhere"), "{words}");
}

/// How much of what the line carries a pull makes use of: against a plain copy of as many bytes through the same two
/// terminals.
#[test]
#[ignore = "measures: run it alone, with --nocapture"]
fn figures_of_a_pull() {
    use std::time::Instant;
    let pictures = [400_000; 60];
    let whole: usize = pictures.iter().sum();
    for rate in [u64::MAX, 30 << 20, 1 << 20, 92_160] {
        let part = if rate < 1 << 20 { 12 } else { 60 };
        let bench = Bench::new(&pictures[..part]);
        let bytes = whole * part / 60;
        let cable = Cable::paced(&bench.terminal.master, rate);
        let start = Instant::now();
        bench.pull(&cable, &mut Report::default()).expect("pulls");
        let pulled = start.elapsed().as_secs_f64();
        drop((cable, bench));

        let terminal = terminal();
        let cable = Cable::paced(&terminal.master, rate);
        let device = open(&terminal.path, 115_200).expect("opens");
        let laptop = open(&cable.laptop, 115_200).expect("opens");
        let start = Instant::now();
        let writer = std::thread::spawn(move || {
            let (mut sent, block) = (0, vec![b'x'; 4096]);
            while sent < bytes {
                sent += device.write(&block[..block.len().min(bytes - sent)]).unwrap_or(0);
            }
            device
        });
        let (mut read, mut block) = (0, vec![0; 64 * 1024]);
        while read < bytes {
            read += laptop.read(&mut block).unwrap_or(0);
        }
        let copied = start.elapsed().as_secs_f64();
        drop(writer.join());
        let mb = bytes as f64 / 1e6;
        println!(
            "line of {rate} B/s: plain copy {:.2} MB/s, pull {:.2} MB/s of pictures: {:.1} %",
            mb / copied,
            mb / pulled,
            100.0 * copied / pulled
        );
    }
}

#[test]
fn a_picture_that_is_missing_or_altered_on_the_device_is_told_and_does_not_keep_the_others() {
    let bench = Bench::new(&[1_000, 2_000, 3_000]);
    let store = bench.store();
    let path = |sequence| store.image_path(&store.get(sequence).expect("reads").expect("is there"));
    fs::write(path(1), [0; 1_000]).expect("alters");
    let aside = bench.folder.path().join("aside");
    fs::rename(path(2), &aside).expect("removes");
    let cable = bench.plug();
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls the rest");
    let missing: Vec<_> = report.missing.iter().map(|(sequence, _)| *sequence).collect();
    assert_eq!((missing, report.images), (vec![2, 1], 1));
    assert_eq!(bench.store().exported().expect("reads"), 0, "what is not safe is not said to be");
    fs::rename(aside, path(2)).expect("puts back");
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls");
    assert_eq!((report.records, report.images), (0, 1), "it is tried again each time");
}

#[test]
fn records_that_were_rewritten_since_the_last_pull_get_a_folder_of_their_own_and_are_told() {
    let mut bench = Bench::new(&[100, 200, 300]);
    let cable = bench.plug();
    bench.pull(&cable, &mut Report::default()).expect("pulls");
    let before = (bench.pulled("records"), bench.pulled("images"));
    // Rolled back by a whole folder: nothing on the device can tell.
    let device = bench.store().device().to_string();
    fs::remove_dir_all(&bench.config.folder).expect("removes");
    let other = Bench::new(&[100, 250]);
    copy_as(&other.config.folder, &bench.config.folder, &device);
    drop(bench.link.take());
    bench.link = Bench::link(&bench.terminal.path, &bench.config, &bench.clock);
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls what there is");
    let fork = report.fork.expect("it is told");
    assert_eq!((fork.folder.as_str(), fork.upto, fork.from), (device.as_str(), 3, 1));
    assert_eq!(fork.new_folder, Some(format!("{device}-2")));
    assert_eq!((report.records, report.images), (2, 2), "nothing stays behind");
    assert_eq!((bench.pulled("records"), bench.pulled("images")), before, "what was pulled stays as it was");
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls on");
    assert_eq!((report.records, report.fork), (0, None), "it goes on from the new folder");
    let checked = dermascope::pull::verify(&bench.folder.path().join("pulled")).expect("looks");
    assert!(checked.len() == 2 && checked.iter().all(|folder| folder.problems.is_empty()), "{checked:?}");
}

/// A records folder with another device's name in its database, as somebody may make it who copies cards.
fn copy_as(from: &Path, to: &Path, device: &str) {
    fs::create_dir_all(to.join("images")).expect("makes");
    let store =
        Store::open(&RecordsConfig { folder: from.into(), ..RecordsConfig::default() }).expect("opens");
    store
        .each(&Default::default(), |record| {
            fs::copy(store.image_path(&record), to.join("images").join(record.image_name())).expect("copies");
            Ok::<_, dermascope::records::RecordError>(())
        })
        .expect("reads");
    drop(store);
    fs::copy(from.join("records.sqlite"), to.join("records.sqlite")).expect("copies");
    let connection = rusqlite::Connection::open(to.join("records.sqlite")).expect("opens");
    let mut previous = dermascope::records::chain::start(device);
    let rows: Vec<(i64, i64, String)> = {
        let mut rows = connection
            .prepare("SELECT position, sequence, body FROM entries ORDER BY position")
            .expect("prepares");
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .and_then(Iterator::collect)
            .expect("reads")
    };
    for (position, sequence, body) in rows {
        let mut record: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        record["device"] = device.into();
        let entry = dermascope::records::chain::Entry::following(
            &previous,
            position as u64,
            dermascope::records::chain::Kind::Record,
            sequence as u64,
            record.to_string(),
        );
        let update = "UPDATE entries SET body = ?, body_sha256 = ?, chain_sha256 = ? WHERE position = ?";
        let values = rusqlite::params![entry.body, entry.body_sha256, entry.chain_sha256, position];
        connection.execute(update, values).expect("alters");
        previous = entry.chain_sha256;
    }
    let newest = "UPDATE meta SET value = (SELECT position || ' ' || chain_sha256 FROM entries ORDER BY position DESC LIMIT 1)
                  WHERE key = 'newest'";
    connection.execute(newest, []).expect("alters");
    connection.execute("UPDATE meta SET value = ? WHERE key = 'device'", [device]).expect("alters");
    connection.execute("DELETE FROM meta WHERE key = 'anchored'", []).expect("alters");
}

#[test]
fn records_that_were_cut_off_since_the_last_pull_are_told_and_nothing_is_lost_here() {
    let bench = Bench::new(&[100, 200, 300, 400]);
    let cable = bench.plug();
    bench.pull(&cable, &mut Report::default()).expect("pulls");
    let cut = "DELETE FROM entries WHERE position > 2; UPDATE meta SET value = (SELECT position || ' ' || chain_sha256
               FROM entries ORDER BY position DESC LIMIT 1) WHERE key = 'newest'";
    let connection = rusqlite::Connection::open(bench.config.folder.join("records.sqlite")).expect("opens");
    connection.execute_batch(cut).expect("cuts");
    drop(connection);
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls");
    let fork = report.fork.expect("it is told");
    assert_eq!((fork.from, fork.upto, fork.new_folder), (3, 4, None));
    assert_eq!(bench.pulled("records").len(), 4);
    // The device finds it too, says so in its chain, and goes on: that chain is another one.
    bench.store().save(&reading_of(9, 500)).expect("saves");
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls");
    let fork = report.fork.expect("it is told");
    assert_eq!((fork.from, fork.new_folder.is_some()), (3, true));
    assert_eq!(report.records, 3, "1, 2 and the new one, which has number 5");
}

#[test]
fn what_was_edited_or_taken_away_on_the_laptop_is_found_and_fetched_again() {
    let bench = Bench::new(&[1_000, 2_000, 3_000, 4_000]);
    let cable = bench.plug();
    bench.pull(&cable, &mut Report::default()).expect("pulls");
    let folder = bench.folder.path().join("pulled").join(bench.store().device());
    let whole = (bench.pulled("records"), bench.pulled("images"));
    let edit = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).expect("writes");
    edit("records/000001.json", b"{\"sequence\": 1}\n");
    fs::remove_file(folder.join("records/000002.json")).expect("removes");
    edit("images/000003.jpg", &[0; 3_000]);
    edit("images/000004.jpg", b"short");
    let verify = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dermascope"));
        command.args(["pull", "--verify"]).arg(bench.folder.path().join("pulled")).output().expect("runs")
    };
    let found = verify();
    let words = String::from_utf8_lossy(&found.stdout).into_owned();
    assert_eq!(found.status.code(), Some(1));
    for name in [
        "records/000001.json: altered",
        "records/000002.json: missing",
        "images/000003.jpg: altered",
        "images/000004.jpg: altered",
    ] {
        assert!(words.contains(name), "{words}");
    }
    let mut report = Report::default();
    bench.pull(&cable, &mut report).expect("pulls");
    assert_eq!((report.repaired, report.records, report.fork), (4, 0, None));
    assert_eq!((bench.pulled("records"), bench.pulled("images")), whole);
    assert!(verify().status.success());
    // The chain's own file.
    edit("chain.jsonl", b"nothing\n");
    assert_eq!(verify().status.code(), Some(1));
    bench.pull(&cable, &mut Report::default()).expect("pulls");
    assert!(verify().status.success());
}

#[test]
fn a_picture_that_is_cut_short_on_the_device_is_told_and_does_not_keep_the_others() {
    let bench = Bench::new(&[5_000, 60_000, 7_000]);
    let store = bench.store();
    let path = store.image_path(&store.get(2).expect("reads").expect("is there"));
    fs::File::options().write(true).open(path).and_then(|file| file.set_len(1_234)).expect("cuts");
    let mut report = Report::default();
    bench.pull_impatiently(&bench.plug(), &mut report).expect("pulls the others");
    assert_eq!((report.records, report.images, report.proved), (3, 2, 2));
    assert_eq!(report.missing.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), [2]);
    let left = bench.store().not_given_out(dermascope::records::Scope::Picture, 0, 9).expect("reads");
    assert_eq!(left, [2], "only what arrived may make room");
}
