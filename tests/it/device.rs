//! The whole device as a process: the folder camera, the virtual panel and buttons, everything else real.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use dermascope::digest::sha256_hex;
use dermascope::records::{RecordError, RecordsConfig, Store};
use dermascope::synthetic;
use serde_json::Value;
use tempfile::TempDir;

use crate::shared::{manifest, skipped};

/// How long anything may take before a test gives up; nothing here measures speed.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Device {
    process: Child,
    pub address: String,
    pub folder: TempDir,
}

impl Device {
    /// A device over a few synthetic lesions of known seeds, with its records in `records`.
    fn start(prepare: impl FnOnce(&Path)) -> Self {
        Self::start_with(&manifest(), "", prepare)
    }

    /// With another model, or more keys of `[records]`.
    fn start_with(model: &Path, records: &str, prepare: impl FnOnce(&Path)) -> Self {
        Self::spawn(Self::configure(model, records, prepare), Stdio::inherit())
    }

    pub fn configure(model: &Path, records: &str, prepare: impl FnOnce(&Path)) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("pictures")).unwrap();
        for seed in 0..3 {
            let picture = synthetic::lesion(seed, 320);
            picture.save(folder.path().join(format!("pictures/{seed}.png"))).unwrap();
        }
        prepare(folder.path());
        let path = folder.path().display();
        let config = format!(
            "[model]\nmanifest = \"{}\"\n[camera]\nkind = \"folder\"\nfolder = \"{path}/pictures\"\n\
             seconds_per_picture = 0.5\n[panel]\nkind = \"virtual\"\n[buttons]\nkind = \"virtual\"\n\
             [serial]\ndevice = \"off\"\n[records]\nfolder = \"{path}/records\"\n{records}\n[http]\nlisten = \"127.0.0.1:0\"\n",
            model.display()
        );
        fs::write(folder.path().join("device.toml"), config).unwrap();
        folder
    }

    pub fn spawn(folder: TempDir, log: Stdio) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_dermascope"))
            .args(["run", "--config"])
            .arg(folder.path().join("device.toml"))
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_string();
        Self { process, address, folder }
    }

    fn message(&self, request: &str, body: &str) -> String {
        let (address, length) = (&self.address, body.len());
        format!(
            "{request} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    }

    pub fn request(&self, request: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(self.message(request, body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn status(&self) -> Value {
        let answer = self.request("GET /api/v1/status", "");
        serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    }

    pub fn wait_for(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let status = self.status();
            if holds(&status) {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "no {what}: {status}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn wait_for_screen(&self, screens: &[&str]) -> String {
        let is_shown = |status: &Value| screens.contains(&status["screen"].as_str().unwrap());
        self.wait_for(&screens.join(" or "), is_shown)["screen"].as_str().unwrap().into()
    }

    fn edge(&self, pressed: bool) {
        let answer = self.request("POST /api/v1/buttons/main", &format!("{{\"pressed\":{pressed}}}"));
        assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
    }

    /// Says that the button is held, to a device that may end at any time.
    fn hold(&self) {
        let body = "{\"pressed\":true}";
        if let Ok(mut stream) = TcpStream::connect(&self.address) {
            // Its end may come between any two bytes.
            let _ = stream.write_all(self.message("POST /api/v1/buttons/main", body).as_bytes());
            let _ = stream.read_to_string(&mut String::new());
        }
    }

    pub fn press(&self) {
        self.edge(true);
        self.edge(false);
    }

    fn hold_until(&self, screens: &[&str]) {
        self.edge(true);
        self.wait_for_screen(screens);
        self.edge(false);
    }

    /// From the live picture to a result, using the picture anyway where it is refused.
    pub fn read(&self) -> Value {
        self.wait_for_screen(&["viewfinder"]);
        self.press();
        if self.wait_for_screen(&["result", "retake"]) == "retake" {
            self.hold_until(&["result"]);
        }
        self.wait_for("an answer of the store", |status| status["result"]["saved"] != "pending")
    }

    fn records(&self) -> PathBuf {
        self.folder.path().join("records")
    }

    pub fn terminate(mut self) -> (ExitStatus, TempDir) {
        let status = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(status.success());
        let status = self.process.wait().unwrap();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        (status, folder)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Fails only where it has ended already, as it should have in most tests.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn open(folder: &Path) -> Store {
    Store::open(&RecordsConfig { folder: folder.join("records"), ..RecordsConfig::default() }).unwrap()
}

#[test]
fn a_log_that_nobody_takes_does_not_end_the_device() {
    let (reader, log) = std::io::pipe().unwrap();
    drop(reader);
    let device = Device::spawn(Device::configure(&manifest(), "", |_| {}), log.into());
    assert_eq!(device.read()["screen"], "result");
}

#[test]
fn a_press_leads_to_a_record_of_the_very_bytes_that_the_camera_gave() {
    let device = Device::start(|_| {});
    let status = device.read();
    assert_eq!(status["result"]["record"], 1);
    let (exit, folder) = device.terminate();
    assert!(exit.success(), "{exit}");
    let store = open(folder.path());
    let record = store.get(1).unwrap().unwrap();
    let bytes = store.image(&record).unwrap().bytes;
    assert_eq!(sha256_hex(&bytes), record.image_sha256);
    let given = fs::read_dir(folder.path().join("pictures")).unwrap();
    assert!(given.map(|entry| fs::read(entry.unwrap().path()).unwrap()).any(|picture| *picture == *bytes));
    let shown = status["result"]["malignant_probability"].as_f64().unwrap();
    assert!((f64::from(record.assessment.malignant.probability) - shown).abs() < 1e-6);
    assert!(record.config_sha256.is_some());
}

#[test]
fn the_stored_capture_reads_the_same_again() {
    let device = Device::start(|_| {});
    device.read();
    let (_, folder) = device.terminate();
    let store = open(folder.path());
    let record = store.get(1).unwrap().unwrap();
    let reading = store.reading(&record).unwrap();
    let config = dermascope::classifier::ModelConfig { manifest: Some(manifest()), ..Default::default() };
    let again =
        dermascope::classifier::Classifier::load(&config).unwrap().assess(&reading.capture.pixels).unwrap();
    assert_eq!(again.probabilities, record.assessment.probabilities);
}

#[test]
fn a_record_is_of_the_case_that_was_said_before_its_press() {
    let device = Device::start(|_| {});
    device.wait_for_screen(&["viewfinder"]);
    let say = |body: &str| {
        let answer = device.request("PUT /api/v1/case", body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    say(
        "{\"case_id\": \"AB-12\", \"lesion\": \"L2\", \"anatomic_site\": \"forearm\", \"laterality\": \"left\"}",
    );
    device.press();
    // Whether it is read yet or not: the capture is of the case that was said before.
    device.wait_for_screen(&["analysing", "result", "retake"]);
    say("{\"case_id\": \"CD-34\"}");
    if device.wait_for_screen(&["result", "retake"]) == "retake" {
        device.hold_until(&["result"]);
    }
    device.wait_for("a record", |status| status["result"]["record"] == 1);
    device.hold_until(&["viewfinder"]);
    let status = device.wait_for("its words", |status| status["words"].as_str().unwrap().contains("CD-34"));
    assert_eq!(status["case"]["case_id"], "CD-34");
    device.read();
    device.request("DELETE /api/v1/case", "");
    device.hold_until(&["viewfinder"]);
    device.read();
    let (_, folder) = device.terminate();
    let store = open(folder.path());
    let case = |sequence| {
        let record = store.get(sequence).unwrap().unwrap();
        assert_eq!(record.lesion_uid.is_some(), record.lesion.is_some());
        record.case().words()
    };
    assert_eq!([1, 2, 3].map(case), ["AB-12 L2, left forearm", "CD-34", ""]);
}

#[test]
fn past_results_are_shown_and_left_with_the_one_button() {
    let device = Device::start(|_| {});
    device.read();
    device.hold_until(&["viewfinder"]);
    device.hold_until(&["history"]);
    assert_eq!(device.status()["result"]["record"], 1);
    device.press();
    device.wait_for_screen(&["viewfinder"]);
}

#[test]
fn a_past_result_whose_picture_is_missing_is_shown_and_does_not_hide_the_one_before() {
    let device = Device::start(|_| {});
    device.read();
    device.hold_until(&["viewfinder"]);
    let first: Vec<_> = fs::read_dir(device.records().join("images")).unwrap().flatten().collect();
    device.read();
    device.hold_until(&["viewfinder"]);
    let images = fs::read_dir(device.records().join("images")).unwrap().flatten();
    let newer = images.filter(|image| first.iter().all(|known| known.path() != image.path()));
    newer.for_each(|image| fs::remove_file(image.path()).unwrap());
    device.hold_until(&["history"]);
    let status = device.status();
    assert_eq!(status["result"]["record"], 2);
    device.press();
    let status = device.wait_for("the one before", |status| status["result"]["record"] == 1);
    assert_eq!(status["screen"], "history");
}

#[test]
fn a_record_that_is_deleted_elsewhere_leaves_the_screen_and_the_count() {
    let device = Device::start(|_| {});
    assert_eq!(device.read()["result"]["record"], 1);
    open(device.folder.path()).delete(1, "test").unwrap();
    device.wait_for_screen(&["viewfinder"]);
    device.wait_for("the count", |status| status["records"] == 0);
}

#[test]
fn a_past_result_is_shown_after_its_picture_has_left_the_device() {
    let device = Device::start(|_| {});
    let shown = device.read();
    device.hold_until(&["viewfinder"]);
    let mut store = open(device.folder.path());
    store.give_out("test", &[(1, true)]).unwrap();
    assert_eq!(store.prune("test", |_, _| Ok::<_, RecordError>(true)).unwrap(), 1);
    device.hold_until(&["history"]);
    let status = device.status();
    assert_eq!(status["result"]["malignant_probability"], shown["result"]["malignant_probability"]);
    assert!(status["words"].as_str().unwrap().contains("The picture has left the device"), "{status}");
    device.press();
    device.wait_for_screen(&["viewfinder"]);
}

#[test]
fn a_disk_that_takes_nothing_is_told_and_the_reading_stays_until_it_is_saved_after_all() {
    // A file where the folder of the records should be: nothing can be saved, whoever runs the test.
    let device = Device::start(|folder| fs::write(folder.join("records"), b"in the way").unwrap());
    let warned =
        |status: &Value| status["warning"].as_str().is_some_and(|text| text.starts_with("Nothing is saved"));
    device.wait_for("a warning before anybody presses", warned);
    let status = device.read();
    assert!(status["result"]["saved"]["failed"].is_string(), "{status}");
    assert!(status["words"].as_str().unwrap().contains("Not saved"), "{status}");
    fs::remove_file(device.records()).unwrap();
    let status = device.wait_for("saving after all", |status| status["result"]["record"] == 1);
    assert_eq!(status["screen"], "result");
    let (_, folder) = device.terminate();
    assert_eq!(open(folder.path()).count().unwrap(), 1);
}

/// A disk of its own for the records, while it is held.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this user may not mount one.
    fn mount(at: &Path, mib: u32) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={mib}m");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        mount.is_ok_and(|done| done.status.success()).then(|| Self(at.to_path_buf()))
    }

    /// Leaves so many bytes free.
    fn fill_up_to(&self, free: u64) {
        let block = [7; 4096];
        let mut ballast = fs::File::create(self.0.join("ballast")).unwrap();
        while ballast.write_all(&block).is_ok() {}
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length - free.min(length)).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file of it open does not keep the folder.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_warned_of_and_then_still_shows_the_reading_and_says_that_it_was_not_saved() {
    let mut disk = None;
    let device = Device::start(|folder| disk = SmallDisk::mount(&folder.join("records"), 3));
    let Some(disk) = disk else { return skipped("mount", "a full disk: this user may not mount one") };
    let status = device.wait_for("a warning", |status| status["warning"].is_string());
    assert!(status["warning"].as_str().unwrap().contains("MB left"), "{status}");
    disk.fill_up_to(0);
    let status = device.read();
    assert_eq!(status["result"]["saved"]["failed"], "disk full", "{status}");
    assert!(status["result"]["malignant_probability"].is_number(), "{status}");
    assert!(status["words"].as_str().unwrap().contains("Not saved"), "{status}");
    device.wait_for("a warning", |status| status["warning"] == "1 not saved");
    fs::remove_file(disk.0.join("ballast")).unwrap();
    device.wait_for("saving after all", |status| status["result"]["record"] == 1);
    let (_, folder) = device.terminate();
    let report = open(folder.path()).verify().unwrap();
    assert!(report.is_sound() && report.images == 1, "{report:?}");
    drop(disk);
}

#[test]
fn a_filling_disk_loses_only_pictures_that_have_left_it_and_only_where_the_configuration_says_so() {
    let mut disk = None;
    let prepare = |folder: &Path| disk = SmallDisk::mount(&folder.join("records"), 8);
    let device = Device::start_with(&manifest(), "prune_free_mib = 3", prepare);
    let Some(disk) = disk else { return skipped("mount", "a filling disk: this user may not mount one") };
    for record in 1..=3 {
        device.read();
        device.hold_until(&["viewfinder"]);
        device.wait_for("a record", |status| status["records"] == record);
    }
    open(device.folder.path()).give_out("test", &[(1, true), (2, true)]).unwrap();
    disk.fill_up_to(2 << 20);
    device.read();
    let start = Instant::now();
    let store = open(device.folder.path());
    while !store.is_pruned(2).unwrap() {
        assert!(start.elapsed() < PATIENCE, "nothing was removed");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(store.is_pruned(1).unwrap());
    for sequence in 3..=4 {
        assert!(store.image(&store.get(sequence).unwrap().unwrap()).is_ok(), "{sequence} had not left");
    }
    assert_eq!(store.count().unwrap(), 4, "no record goes");
    assert!(store.verify().unwrap().is_sound());
    device.terminate();
    drop((store, disk));
}

#[test]
fn a_camera_folder_that_empties_is_a_fault_and_its_return_is_noticed() {
    let device = Device::start(|_| {});
    device.wait_for_screen(&["viewfinder"]);
    let pictures = device.folder.path().join("pictures");
    let away = device.folder.path().join("away");
    fs::rename(&pictures, &away).unwrap();
    fs::create_dir(&pictures).unwrap();
    device.wait_for_screen(&["fault"]);
    fs::remove_dir(&pictures).unwrap();
    fs::rename(&away, &pictures).unwrap();
    device.wait_for_screen(&["viewfinder"]);
}

#[test]
fn a_model_that_is_missing_is_a_fault_on_the_screen_and_a_press_tries_again() {
    let model = tempfile::tempdir().unwrap();
    let device = Device::start_with(&model.path().join("lesion.toml"), "", |_| {});
    let status = device.wait_for("fault", |status| status["screen"] == "fault");
    assert!(status["words"].as_str().unwrap().contains("lesion.toml"), "{status}");
    for name in ["lesion.toml", "lesion.onnx"] {
        fs::copy(manifest().with_file_name(name), model.path().join(name)).unwrap();
    }
    device.press();
    device.wait_for_screen(&["viewfinder"]);
}

#[test]
fn holding_the_button_very_long_ends_the_device_cleanly() {
    let mut device = Device::start(|_| {});
    device.wait_for_screen(&["viewfinder"]);
    let start = Instant::now();
    let status = loop {
        if let Some(status) = device.process.try_wait().unwrap() {
            break status;
        }
        assert!(start.elapsed() < PATIENCE, "it did not end");
        // As the page does: a hold that is not repeated is taken for a page that was closed.
        device.hold();
        std::thread::sleep(Duration::from_millis(300));
    };
    assert!(status.success(), "{status}");
}

#[test]
fn the_one_button_wipes_the_device_which_goes_on_as_a_new_one() {
    let device = Device::start(|_| {});
    device.read();
    device.hold_until(&["viewfinder"]);
    let before = device.status();
    device.hold_until(&["history"]);
    device.hold_until(&["about"]);
    let words = device.status()["words"].as_str().unwrap().to_string();
    let key = before["public_key"].as_str().unwrap();
    assert!(words.contains(key), "{words}");
    device.hold_until(&["wipe"]);
    // Let go during the countdown: all is kept.
    device.edge(true);
    device.wait_for("a countdown", |status| status["words"].as_str().unwrap().contains("Let go"));
    device.edge(false);
    device.wait_for("the question", |status| status["words"].as_str().unwrap().contains("Press to keep all"));
    assert_eq!(device.status()["records"], 1);
    let start = Instant::now();
    while device.status()["screen"] == "wipe" {
        // Who holds a virtual button says so again and again.
        device.edge(true);
        std::thread::sleep(Duration::from_millis(200));
        assert!(start.elapsed() < PATIENCE, "it is not wiped");
    }
    device.edge(false);
    device.wait_for_screen(&["viewfinder"]);
    let after = device.wait_for("no records", |status| status["records"] == 0);
    assert!(after["public_key"].is_string() && after["public_key"] != before["public_key"]);
    assert_eq!(device.read()["result"]["record"], 1, "numbers begin anew");
    let (exit, folder) = device.terminate();
    assert!(exit.success(), "{exit}");
    let report = open(folder.path()).verify().unwrap();
    assert!(report.is_sound() && report.wiped_at.is_some() && report.records == 1, "{report:?}");
}
