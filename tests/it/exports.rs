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

/// An export by the name of its format.
pub fn exported(config: &RecordsConfig, format: &str, filter: &Filter) -> Vec<u8> {
    let reader = Reader::open(config).expect("opens");
    let (_, _, format) = FORMATS.iter().find(|(name, _, _)| *name == format).expect("a known format");
    let mut out = Cursor::new(Vec::new());
    export(&reader, filter, *format, &mut out).expect("exports");
    out.into_inner()
}

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
        exported(&self.config, format, filter)
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
    let text = String::from_utf8(bench.export("isic2018", &Filter::default())).expect("text");
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
    assert_eq!(files.len(), 8 + 3);
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

#[test]
fn a_cell_that_begins_like_a_formula_is_text_to_a_spreadsheet() {
    let folder = TempDir::new().expect("a temporary folder");
    let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
    let mut store = Store::open(&config).expect("opens");
    let cases = ["=1+1", "@SUM(A1)", "+49-17", "-2+3", "\t=1", "  =1", "＝1+1", "A-17", "-5", "12"];
    for (seed, case) in cases.iter().enumerate() {
        store.save(&reading_of_case(seed as u8, case, Some("+cmd|' /C calc'!A0"))).expect("saves");
    }
    let bench = Bench { folder, config };
    let bytes = bench.export("csv", &Filter::default());
    let mut table = csv::Reader::from_reader(&bytes[..]);
    let header = table.headers().expect("has a header").clone();
    let at = header.iter().position(|name| name == "case_id").expect("is there");
    let cells: Vec<_> = table.records().map(|row| row.expect("a row")[at].to_string()).collect();
    let expected = ["'=1+1", "'@SUM(A1)", "'+49-17", "'-2+3", "'\t=1", "'  =1", "'＝1+1", "A-17", "-5", "12"];
    assert_eq!(cells, expected);
    let excel = bench.export("excel", &Filter::default());
    assert_eq!((&excel[..3], &excel[3..]), (&[0xef, 0xbb, 0xbf][..], &bytes[..]));
}

#[test]
fn an_export_with_something_missing_says_so_and_counts_only_what_arrived() {
    let bench = Bench::new();
    let reader = Reader::open(&bench.config).expect("opens");
    let path = |sequence| reader.image_path(&reader.get(sequence).expect("reads").expect("is there"));
    let bytes = fs::read(path(1)).expect("reads");
    fs::write(path(1), &bytes[..bytes.len() / 2]).expect("cuts it short");
    let file = |name: &str| bench.folder.path().join(name).display().to_string();
    let output = bench.command(&["export", "--new", &file("first.zip")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("record 1"), "{}", words(&output));
    let left = |scope| reader.not_given_out(scope, 0, 9).expect("reads");
    assert_eq!(
        (left(dermascope::records::Scope::Picture), left(dermascope::records::Scope::Data)),
        (vec![1], vec![])
    );
    assert!(bench.command(&["prune", "--all"]).status.success());
    assert!(path(1).exists() && !path(2).exists(), "what did not arrive stays");
    fs::write(path(1), bytes).expect("puts it back");
    let output = bench.command(&["export", "--new", &file("second.zip")]);
    assert!(output.status.success(), "{}", words(&output));
    assert!(bench.command(&["export", "--new", &file("third.zip")]).status.success());
    assert!(!Path::new(&file("third.zip")).exists(), "nothing is left to give out");
}

#[test]
fn what_is_no_file_is_written_through_and_never_counts_as_given_out() {
    let bench = Bench::new();
    let folder = bench.folder.path();
    let target = folder.join("target.csv");
    fs::write(&target, "old").expect("writes");
    std::os::unix::fs::symlink("target.csv", folder.join("link.csv")).expect("links");
    let export = |path: &str| bench.command(&["export", "--new", "--format", "csv", path]);
    let link = folder.join("link.csv").display().to_string();
    assert!(export(&link).status.success());
    assert!(folder.join("link.csv").is_symlink() && text(&target).starts_with("device,"));
    let output = export("-");
    assert!(output.status.success() && output.stdout.starts_with(b"device,"), "{}", words(&output));
    assert!(export("/dev/null").status.success());
    let about = fs::metadata("/dev/null").expect("is there");
    assert!(!about.is_file(), "it is still the device");
    let pipe = folder.join("pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("runs").success());
    let through = std::thread::scope(|scope| {
        let reader = scope.spawn(|| fs::read(&pipe));
        assert!(export(pipe.to_str().expect("text")).status.success());
        reader.join().expect("reads").expect("reads")
    });
    assert!(through.starts_with(b"device,"));
    let reader = Reader::open(&bench.config).expect("opens");
    let left = reader.not_given_out(dermascope::records::Scope::Data, 0, 9).expect("reads");
    assert_eq!(left, [1, 2, 4], "none of it can be known to have arrived");
}

#[test]
fn an_export_verifies_on_its_own_and_every_alteration_is_found() {
    let bench = Bench::new();
    let archive = bench.folder.path().join("export.zip");
    fs::write(&archive, bench.export("zip", &Filter::default())).expect("writes");
    let verify = |path: &Path| {
        let mut command = Command::cargo_bin("dermascope").expect("is built");
        command.args(["records", "verify"]).arg(path).output().expect("runs")
    };
    let output = verify(&archive);
    assert!(output.status.success(), "{}", words(&output));
    let key = Reader::open(&bench.config).expect("opens").signed_head().expect("reads").expect("is there");
    assert!(words(&output).contains(&key.public_key) && words(&output).contains("3 records, 3 pictures"));
    let alterations = [
        ("a result", "records.jsonl", "not_suspicious", "suspicious"),
        ("the chain", "chain.jsonl", "\"kind\":\"record\"", "\"kind\":\"pruning\""),
        ("a body", "chain.jsonl", "not_suspicious", "suspicious"),
        ("the signed head", "proof.json", "\"position\": 5", "\"position\": 4"),
        ("the key", "proof.json", &key.public_key[..8], "00000000"),
        ("the page", "index.html", "SUSPICIOUS", "HARMLESS"),
        ("the manifest", "manifest.json", "\"size\"", "\"sise\""),
    ];
    for (what, name, from, to) in alterations {
        let altered = bench.folder.path().join("altered.zip");
        alter(&archive, &altered, name, from, to);
        let output = verify(&altered);
        assert_eq!(output.status.code(), Some(1), "{what}: {}", words(&output));
    }
}

/// Makes an archive anew with a word exchanged in one of its files, and the manifest made right for it.
fn alter(archive: &Path, altered: &Path, name: &str, from: &str, to: &str) {
    let script = "
import hashlib, json, sys, zipfile
source, target, name, old, new = sys.argv[1:]
files = {item.filename: zipfile.ZipFile(source).read(item) for item in zipfile.ZipFile(source).infolist()}
assert old.encode() in files[name], name
files[name] = files[name].replace(old.encode(), new.encode(), 1)
if name != 'manifest.json':
    manifest = json.loads(files['manifest.json'])
    for item in manifest['files']:
        if item['name'] == name and name != 'index.html':
            item['sha256'], item['size'] = hashlib.sha256(files[name]).hexdigest(), len(files[name])
    files['manifest.json'] = json.dumps(manifest).encode()
with zipfile.ZipFile(target, 'w') as out:
    for item, data in files.items():
        out.writestr(item, data)
";
    let status = std::process::Command::new("python3")
        .args(["-c", script])
        .args([archive, altered])
        .args([name, from, to])
        .status()
        .expect("python3 runs");
    assert!(status.success(), "{name}");
}

#[test]
fn one_bad_record_does_not_keep_the_others_from_lists_and_exports() {
    let bench = Bench::new();
    let connection = rusqlite::Connection::open(bench.config.folder.join("records.sqlite")).expect("opens");
    let script =
        "UPDATE entries SET body = json_remove(body, '$.quality') WHERE sequence = 2 AND kind = 'record'";
    connection.execute_batch(script).expect("alters");
    drop(connection);
    let list = bench.command(&["list"]);
    assert!(list.status.success() && words(&list).contains("2 of 3 records"), "{}", words(&list));
    assert!(words(&list).contains("record 2 is passed over"), "{}", words(&list));
    let file = bench.folder.path().join("rest.zip");
    let output = bench.command(&["export", file.to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("record 2 is not whole"), "{}", words(&output));
    let reader = Reader::open(&bench.config).expect("opens");
    assert!(reader.recent(1).is_err(), "it has its place in the history, and is told there");
    assert_eq!(reader.recent(2).expect("reads").expect("is there").sequence, 1, "which goes on behind it");
}

#[test]
fn the_documented_python_verifies_an_export_and_refuses_an_altered_one() {
    let there = std::process::Command::new("python3").args(["-c", "import cryptography"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI needs python3-cryptography");
        return eprintln!("skipped: the documented Python: needs python3-cryptography");
    }
    let page = text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/records.md"));
    let script =
        page.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).expect("is there");
    let bench = Bench::new();
    let archive = bench.folder.path().join("export.zip");
    fs::write(&archive, bench.export("zip", &Filter::default())).expect("writes");
    let verify = |path: &Path| {
        std::process::Command::new("python3").args(["-c", script]).arg(path).output().expect("python3 runs")
    };
    let output = verify(&archive);
    let key = Reader::open(&bench.config).expect("opens").signed_head().expect("reads").expect("is there");
    assert!(output.status.success() && words(&output).contains(&key.public_key), "{}", words(&output));
    let altered = bench.folder.path().join("altered.zip");
    for (name, from, to) in [
        ("chain.jsonl", "not_suspicious", "suspicious"),
        ("proof.json", "\"position\": 5", "\"position\": 4"),
        ("images/000001.png", "IHDR", "IHDX"),
    ] {
        alter(&archive, &altered, name, from, to);
        assert!(!verify(&altered).status.success(), "{name}");
    }
}

#[test]
fn a_wipe_asks_for_the_devices_id_and_erases_nothing_without_it() {
    let bench = Bench::new();
    let device = Reader::open(&bench.config).expect("opens").device().to_string();
    for confirm in ["", "wipe", "yes", "0123456789abcdef"] {
        let refused = bench.command(&["wipe", "--confirm", confirm]);
        assert_eq!(refused.status.code(), Some(1), "{confirm}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing is erased"));
    }
    // Nobody there to type it.
    let refused = bench.command(&["wipe"]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(Reader::open(&bench.config).expect("opens").count().expect("counts"), 3);
    let wiped = bench.command(&["wipe", "--confirm", &device]);
    let said = String::from_utf8_lossy(&wiped.stdout);
    assert!(wiped.status.success() && said.contains("3 records, of which 3 are only here"), "{said}");
    assert_eq!(Reader::open(&bench.config).expect("opens").count().expect("counts"), 0);
    let verified = bench.command(&["verify"]);
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success() && said.contains("after all before was wiped"), "{said}");
}

#[test]
fn departures_tell_what_left_by_which_way_and_what_has_not() {
    let bench = Bench::new();
    let mut store = Store::open(&bench.config).expect("opens");
    store.give_out("pull", &[(1, true)]).expect("notes");
    store.give_out("export csv", &[(1, false), (2, false)]).expect("notes");
    drop(store);
    let all = String::from_utf8(bench.command(&["departures"]).stdout).expect("text");
    let line =
        |number: &str| all.lines().find(|line| line.trim_start().starts_with(number)).expect("is listed");
    assert!(line("4 ").contains("NOT YET"), "{all}");
    assert!(line("2 ").contains("export csv") && line("2 ").contains("without its picture"), "{all}");
    assert!(line("1 ").contains("pull"), "{all}");
    assert!(all.contains("1 records have not left the device, 2 not with their pictures"), "{all}");
    let lines =
        String::from_utf8(bench.command(&["departures", "--not-left", "--json"]).stdout).expect("text");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let numbers: Vec<_> = lines.iter().map(|line| line["sequence"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, [4, 2], "newest first");
    assert_eq!(lines[0]["departures"], serde_json::json!([]));
    assert_eq!(
        (&lines[1]["departures"][0]["way"], &lines[1]["departures"][0]["picture"]),
        (&"export csv".into(), &false.into())
    );
}
