//! What leaves the device: the exports, and the commands that list, show, verify and delete.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use dermascope::digest::sha256_hex;
use dermascope::records::export::{FORMATS, export};
use dermascope::records::{Filter, Reader, RecordsConfig, Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::records::{reading, reading_of_case};

struct Bench {
    folder: TempDir,
    config: RecordsConfig,
}

impl Bench {
    /// Four records; the third is deleted, the second has a hostile case id.
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
        let mut store = Store::open(&config).expect("opens");
        for seed in [10, 20, 30, 200] {
            let hostile = || reading_of_case(20, "<b>\"A,1\"\n", None);
            store.save(&if seed == 20 { hostile() } else { reading(seed) }).expect("saves");
        }
        store.delete(3, "test").expect("deletes");
        Self { folder, config }
    }

    fn export(&self, format: &str, filter: &Filter) -> Vec<u8> {
        let reader = Reader::open(&self.config).expect("opens");
        let (_, _, format) = FORMATS.iter().find(|(name, _, _)| *name == format).expect("a known format");
        let mut out = Cursor::new(Vec::new());
        export(&reader, filter, *format, &mut out).expect("exports");
        out.into_inner()
    }

    fn unpacked(&self) -> PathBuf {
        let (archive, folder) = (self.folder.path().join("export.zip"), self.folder.path().join("unpacked"));
        fs::write(&archive, self.export("zip", &Filter::default())).expect("writes");
        let unpacked = std::process::Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .args([&archive, &folder])
            .status()
            .expect("python3 runs");
        assert!(unpacked.success(), "another program unpacks it");
        folder
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::cargo_bin("dermascope").expect("is built");
        command.arg("records").args(arguments).arg("--folder").arg(&self.config.folder);
        command.output().expect("runs")
    }
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_table_has_a_row_for_every_record_that_was_not_deleted() {
    let bench = Bench::new();
    let bytes = bench.export("csv", &Filter::default());
    let mut table = csv::Reader::from_reader(&bytes[..]);
    let header = table.headers().expect("has a header").clone();
    let at =
        |name: &str| header.iter().position(|known| known == name).unwrap_or_else(|| panic!("no {name}"));
    let rows: Vec<_> = table.records().map(|row| row.expect("as many cells as columns")).collect();
    let column = |name: &str| rows.iter().map(|row| &row[at(name)]).collect::<Vec<_>>();
    assert_eq!(column("sequence"), ["1", "2", "4"]);
    assert_eq!(column("verdict"), ["not_suspicious", "not_suspicious", "suspicious"]);
    assert_eq!(column("case_id"), ["", "<b>\"A,1\"\n", ""]);
    assert_eq!(column("probability.mel")[2].parse(), Ok(200.0_f32 / 255.0));
    assert_eq!(column("image")[2], "000004.png");
    assert!(column("notice").iter().all(|notice| *notice == dermascope::RESEARCH_ONLY));
}

#[test]
fn lines_hold_the_whole_records() {
    let bench = Bench::new();
    let bytes = bench.export("jsonl", &Filter { after: Some(1), ..Filter::default() });
    let lines: Vec<Value> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    let record = Reader::open(&bench.config).expect("opens").get(4).expect("reads").expect("is there");
    assert_eq!(
        serde_json::from_value::<dermascope::records::Record>(lines[1].clone()).expect("a record"),
        record
    );
}

#[test]
fn the_challenge_form_has_its_columns_in_order() {
    let bench = Bench::new();
    let text = String::from_utf8(bench.export("isic", &Filter::default())).expect("text");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"));
    let mel = 200.0_f32 / 255.0;
    assert_eq!(lines.next_back(), Some(format!("000004,{mel},{},,,,,", 1.0 - mel).as_str()));
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let bench = Bench::new();
    for (name, _, _) in FORMATS {
        assert_eq!(bench.export(name, &Filter::default()), bench.export(name, &Filter::default()), "{name}");
    }
}

#[test]
fn the_archive_unpacks_and_its_manifest_holds() {
    let bench = Bench::new();
    let folder = bench.unpacked();
    let manifest: Value = serde_json::from_str(&text(&folder.join("manifest.json"))).expect("JSON");
    let files = manifest["files"].as_array().expect("a list");
    assert_eq!(files.len(), 5 + 3);
    for file in files {
        let bytes = fs::read(folder.join(file["name"].as_str().expect("a name"))).expect("is there");
        assert_eq!(sha256_hex(&bytes), file["sha256"], "{file}");
        assert_eq!(bytes.len() as u64, file["size"], "{file}");
    }
    let picture = fs::read(folder.join("images/000004.png")).expect("is there");
    assert_eq!(picture, reading(200).capture.encoded.bytes.to_vec());
    let page = text(&folder.join("index.html"));
    assert!(
        page.contains(dermascope::RESEARCH_ONLY) && text(&folder.join("README.txt")).contains("Research use")
    );
    assert!(page.contains("&lt;b&gt;") && !page.contains("<b>\"A"), "a case id is text");
    assert!(!page.contains("http"), "nothing from elsewhere");
}

#[test]
fn an_archive_goes_without_a_picture_that_is_gone_and_says_so() {
    let bench = Bench::new();
    let reader = Reader::open(&bench.config).expect("opens");
    let record = reader.get(1).expect("reads").expect("is there");
    fs::remove_file(reader.image_path(&record)).expect("removes");
    let folder = bench.unpacked();
    let manifest: Value = serde_json::from_str(&text(&folder.join("manifest.json"))).expect("JSON");
    assert_eq!(manifest["missing"][0]["sequence"], 1);
    assert!(folder.join("images/000002.png").exists());
}

#[test]
fn new_records_are_given_out_once() {
    let bench = Bench::new();
    let file = |name: &str| bench.folder.path().join(name);
    let new = |name: &str| bench.command(&["export", "--new", file(name).to_str().expect("text")]);
    assert!(new("first.jsonl").status.success());
    assert_eq!(text(&file("first.jsonl")).lines().count(), 3);
    let none = new("none.jsonl");
    assert!(none.status.success() && words(&none).contains("nothing new"), "{}", words(&none));
    assert!(!file("none.jsonl").exists());
    Store::open(&bench.config).expect("opens").save(&reading(40)).expect("saves");
    assert!(new("second.jsonl").status.success());
    assert_eq!(text(&file("second.jsonl")).lines().count(), 1);
}

#[test]
fn the_commands_list_show_verify_and_delete() {
    let bench = Bench::new();
    let list = bench.command(&["list", "--json"]);
    let stdout = String::from_utf8_lossy(&list.stdout).into_owned();
    let sequences: Vec<_> = stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).expect("JSON")["sequence"].as_u64().expect("a number")
        })
        .collect();
    assert_eq!(sequences, [4, 2, 1]);
    let table = words(&bench.command(&["list", "--verdict", "suspicious"]));
    assert!(
        table.contains("SUSPICIOUS") && table.contains("78.4 %") && table.contains("Melanoma"),
        "{table}"
    );
    assert!(!table.contains("NOT SUSPICIOUS") && table.contains(dermascope::RESEARCH_ONLY), "{table}");

    let newest: Value = serde_json::from_slice(&bench.command(&["show", "--json"]).stdout).expect("JSON");
    assert_eq!(newest["sequence"], 4);
    assert!(words(&bench.command(&["show", "1"])).contains("Record 1 of device"));
    assert!(!bench.command(&["show", "3"]).status.success(), "it was deleted");

    assert!(bench.command(&["delete", "4", "--reason", "test"]).status.success());
    let sound = bench.command(&["verify", "--json"]);
    assert!(sound.status.success(), "{}", words(&sound));
    let report: Value = serde_json::from_slice(&sound.stdout).expect("JSON");
    assert_eq!((&report["records"], &report["deleted"]), (&2.into(), &2.into()));
}

#[test]
fn a_verification_that_fails_says_what_and_exits_with_one() {
    let bench = Bench::new();
    let reader = Reader::open(&bench.config).expect("opens");
    let path = reader.image_path(&reader.get(2).expect("reads").expect("is there"));
    fs::write(&path, b"something else").expect("writes");
    let output = bench.command(&["verify"]);
    assert_eq!(output.status.code(), Some(1));
    let words = words(&output);
    assert!(words.contains("record 2") && words.contains("altered"), "{words}");
    assert!(words.contains(path.to_str().expect("text")), "{words}");
}
