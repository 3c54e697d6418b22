//! What became of the lesions: noted, never overwritten, erased with their record, counted, and due again.

use std::fs;
use std::process::Output;

use assert_cmd::Command;
use dermascope::outcome::{Confirmation, Diagnosis, Outcome};
use dermascope::records::export::verify_archive;
use dermascope::records::{Filter, Problem, Reader, RecordError, RecordsConfig, Store};
use jiff::civil::date;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::exports::exported;
use crate::records::{reading, reading_said};

struct Bench {
    folder: TempDir,
    config: RecordsConfig,
}

impl Bench {
    fn new(lines: &[&str]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
        let mut store = Store::open(&config).expect("opens");
        for (line, seed) in lines.iter().zip(1..) {
            store.save(&reading_said(seed, line)).expect("saves");
        }
        Self { folder, config }
    }

    fn store(&self) -> Store {
        Store::open(&self.config).expect("opens")
    }

    fn problems(&self) -> Vec<Problem> {
        Reader::open(&self.config).and_then(|reader| reader.verify()).expect("verifies").problems
    }

    fn export(&self, format: &str, filter: &Filter) -> Vec<u8> {
        exported(&self.config, format, filter)
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dermascope"));
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        command.arg("records").args(arguments).arg("--folder").arg(&self.config.folder);
        command.output().expect("runs")
    }

    fn table(&self, text: &str) -> String {
        let path = self.folder.path().join("table.csv");
        fs::write(&path, text).expect("writes");
        path.to_str().expect("plain").into()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn confirmed(diagnosis: &str) -> Outcome {
    let outcome = Outcome {
        diagnosis: Diagnosis::parse(diagnosis),
        confirmed_by: Confirmation::parse("histopathology"),
        ..Outcome::default()
    };
    outcome.checked().expect("an outcome")
}

#[test]
fn a_later_outcome_holds_and_the_earlier_one_stays_in_the_chain() {
    let bench = Bench::new(&["A L1", "A L2"]);
    let mut store = bench.store();
    let guess = Outcome { note: Some("clinically a naevus".into()), ..Outcome::default() };
    store.note_outcome(1, &guess).expect("notes");
    store.note_outcome(1, &confirmed("melanoma")).expect("notes");
    let all = store.outcomes(1).expect("reads");
    assert_eq!([&all[0].outcome, &all[1].outcome], [&confirmed("melanoma"), &guess]);
    assert_eq!(store.outcomes_in_force().expect("reads")[&1].outcome, confirmed("melanoma"));
    assert!(store.outcomes(2).expect("reads").is_empty());
    assert_eq!(store.save(&reading(9)).expect("saves"), 3, "an outcome takes no record's number");
    assert_eq!(store.count().expect("counts"), 3);
    assert!(bench.problems().is_empty(), "{:?}", bench.problems());
    assert!(matches!(store.note_outcome(9, &guess), Err(RecordError::NoRecord { .. })));
}

#[test]
fn what_somebody_shall_look_at_is_found_until_it_is_taken_back() {
    let bench = Bench::new(&["A L1", "A L2", "A L3"]);
    let mut store = bench.store();
    let flagged = Outcome { review: true, ..Outcome::default() };
    store.note_outcome(1, &flagged).expect("notes");
    store.note_outcome(3, &flagged).expect("notes");
    store.note_outcome(3, &confirmed("nevus")).expect("notes");
    let found = |review| {
        let filter = Filter { review: Some(review), ..Filter::default() };
        let page = store.list(&filter, 9).expect("lists");
        page.records.iter().map(|record| record.sequence).collect::<Vec<_>>()
    };
    assert_eq!((found(true), found(false)), (vec![1], vec![3, 2]));
    let listed = text(&bench.command(&["list", "--review", "true"]).stdout);
    assert!(listed.contains("A L1") && !listed.contains("A L2"), "{listed}");
}

#[test]
fn a_deleted_records_outcomes_are_gone_from_the_disk_and_the_chain_is_whole() {
    let bench = Bench::new(&["A L1", "A L2"]);
    let mut store = bench.store();
    let secret = "excised by Dr Unmistakable";
    for sequence in [1, 2] {
        let outcome = Outcome { note: Some(format!("{secret} {sequence}")), ..confirmed("bcc") };
        store.note_outcome(sequence, &outcome).expect("notes");
    }
    store.delete(1, "asked for").expect("deletes");
    assert!(store.outcomes(1).expect("reads").is_empty());
    assert_eq!(store.outcomes(2).expect("reads").len(), 1);
    assert!(matches!(store.note_outcome(1, &confirmed("bcc")), Err(RecordError::NoRecord { .. })));
    assert!(bench.problems().is_empty(), "{:?}", bench.problems());
    for file in fs::read_dir(&bench.config.folder).expect("lists") {
        let path = file.expect("readable").path();
        let bytes = if path.is_file() { fs::read(&path).expect("reads") } else { Vec::new() };
        assert!(!text(&bytes).contains(&format!("{secret} 1")), "{}", path.display());
    }
}

#[test]
fn an_outcome_that_was_altered_or_taken_away_is_found() {
    for (change, found) in [
        ("UPDATE entries SET body = replace(body, 'melanoma', 'nevus') WHERE kind = 'outcome'", "altered"),
        ("UPDATE entries SET body = NULL WHERE kind = 'outcome'", "missing"),
        ("DELETE FROM entries WHERE kind = 'outcome'", "cut off"),
    ] {
        let bench = Bench::new(&["A L1"]);
        bench.store().note_outcome(1, &confirmed("melanoma")).expect("notes");
        let database = bench.config.folder.join("records.sqlite");
        Connection::open(database).expect("opens").execute_batch(change).expect("alters");
        let problems = bench.problems();
        let is_told = problems.iter().any(|problem| match found {
            "altered" => matches!(problem, Problem::BodyAltered { position: 2, sequence: 1 }),
            "missing" => matches!(problem, Problem::BodyMissing { position: 2, sequence: 1 }),
            _ => matches!(problem, Problem::Anchor { .. }),
        });
        assert!(is_told, "{found}: {problems:?}");
    }
}

#[test]
fn exports_say_what_became_of_their_records_and_of_no_others() {
    let bench = Bench::new(&["A L1", "B L1"]);
    let mut store = bench.store();
    store.note_outcome(1, &Outcome { note: Some("=1+1".into()), ..confirmed("melanoma") }).expect("notes");
    store.note_outcome(2, &Outcome { note: Some("of another".into()), ..confirmed("nevus") }).expect("notes");
    drop(store);
    let only_first = Filter { case_id: Some("A".into()), ..Filter::default() };
    let table = bench.export("csv", &only_first);
    let mut table = csv::Reader::from_reader(&table[..]);
    let headers = table.headers().expect("a header").clone();
    let row = table.records().next().expect("a row").expect("reads");
    let cell = |name: &str| &row[headers.iter().position(|known| known == name).expect(name)];
    assert_eq!((cell("outcome.diagnosis"), cell("outcome.malignant")), ("melanoma", "true"));
    assert_eq!(cell("outcome.note"), "'=1+1", "no spreadsheet takes it for a formula");
    let line = text(&bench.export("jsonl", &only_first));
    let line: serde_json::Value = serde_json::from_str(&line).expect("one line");
    assert_eq!(line["outcome"]["confirmed_by"], "histopathology");
    let path = bench.folder.path().join("records.zip");
    fs::write(&path, bench.export("zip", &only_first)).expect("writes");
    let verified = verify_archive(&path).expect("reads");
    assert!(verified.problems.is_empty(), "{:?}", verified.problems);
    let whole = text(&fs::read(&path).expect("reads"));
    assert!(whole.contains("outcome: melanoma (histopathology)") && !whole.contains("of another"));
}

#[test]
fn a_table_of_outcomes_is_noted_once_whatever_spreadsheet_wrote_it() {
    let bench = Bench::new(&["A L1", "A L2", "B L1"]);
    let device = bench.store().device().to_string();
    let table = bench.table(&format!(
        "\u{feff}Sequence;device;diagnosis;confirmed_by;on;by;note;review\r\n\
         1;{device};MEL;Histopathology;2026-05-01;Dr A;Breslow 0,4 mm;\r\n\
         2;;naevus;single image expert consensus;;;;yes\r\n\r\n"
    ));
    let dry = bench.command(&["outcomes", "--dry-run", &table]);
    assert!(dry.status.success() && text(&dry.stdout).contains("2 outcomes would be noted"), "{dry:?}");
    assert!(bench.store().outcomes_in_force().expect("reads").is_empty());
    let done = bench.command(&["outcomes", &table]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(text(&done.stdout), "2 outcomes noted, 0 hold already\n");
    let first = bench.store().outcome(1).expect("reads").expect("is noted").outcome;
    assert_eq!((first.malignant, first.on), (Some(true), Some(date(2026, 5, 1))));
    assert_eq!(first.note.as_deref(), Some("Breslow 0,4 mm"));
    let again = bench.command(&["outcomes", &table]);
    assert_eq!(text(&again.stdout), "0 outcomes noted, 2 hold already\n");
    let listed = text(&bench.command(&["outcomes"]).stdout);
    assert!(listed.contains("     2  nevus (single image expert consensus), for review"), "{listed}");
    assert!(bench.problems().is_empty());
}

#[test]
fn nothing_of_a_table_is_noted_where_a_row_is_wrong_and_each_wrong_row_is_named() {
    let bench = Bench::new(&["A L1", "A L2"]);
    let table = bench.table(
        "sequence,device,diagnosis,confirmed_by,on\n1,,melanoma,histopathology,2026-05-01\n7,,nevus,,\n\
         2,,melanom,,\n2,,nevus,,01.05.2026\nx,,nevus,,\n2,0123456789abcdef,nevus,,\n",
    );
    let refused = bench.command(&["outcomes", &table]);
    let words = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{words}");
    for wrong in [
        "line 3: there is no record 7",
        "line 4: `melanom`",
        "line 5:",
        "line 6: `x`",
        "line 7: it is of device",
    ] {
        assert!(words.contains(wrong), "{wrong}: {words}");
    }
    assert!(bench.store().outcomes_in_force().expect("reads").is_empty(), "the first row neither");
    for (text_of, named) in [
        ("number,diagnosis\n1,nevus\n", "no column is called `number`"),
        ("diagnosis\nnevus\n", "no column `sequence`"),
        ("sequence\n1\n", "no column says an outcome"),
    ] {
        let refused = bench.command(&["outcomes", &bench.table(text_of)]);
        assert!(text(&refused.stderr).contains(named), "{named}: {}", text(&refused.stderr));
    }
}

#[test]
fn performance_counts_the_words_that_were_shown_and_the_unverified_beside() {
    let bench = Bench::new(&["A L1 nose", "A L2", "A L3", "A L3", "A L4"]);
    let mut store = bench.store();
    let words: Vec<_> =
        (1..=5).map(|sequence| store.get(sequence).expect("reads").expect("is there").verdict).collect();
    store.note_outcome(1, &confirmed("melanoma")).expect("notes");
    store.note_outcome(2, &confirmed("nevus")).expect("notes");
    store.note_outcome(4, &confirmed("AIMP")).expect("notes");
    drop(store);
    let printed = bench.command(&["performance", "--json"]);
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    let found: serde_json::Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    assert_eq!((&found["all"]["malignant"], &found["all"]["benign"]), (&1.into(), &1.into()));
    assert_eq!(found["all"]["of_malignant"][words[0].code()]["count"], 1);
    assert_eq!(found["all"]["of_benign"][words[1].code()]["count"], 1);
    // The second picture of L3 says neither; its first one counts no second time.
    let beside = ["unclear", "unverified", "repeated"].map(|name| found[name].as_u64().expect("a number"));
    assert_eq!(beside.iter().sum::<u64>(), 3, "{found}");
    assert_eq!(found["by_site"]["head/neck"]["malignant"], 1);
    let words = text(&bench.command(&["performance"]).stdout);
    assert!(words.contains("too few to say: 1 malignant, 30 needed"), "{words}");
    assert!(words.contains("Not a diagnosis"), "{words}");
}

#[test]
fn a_lesion_is_due_some_months_after_its_newest_record_unless_an_outcome_says_otherwise() {
    let bench = Bench::new(&["A L1 nose", "A L1 nose", "A L2", "B L1", "C", "C L1"]);
    let mut store = bench.store();
    let taken = dermascope::records::day(store.get(2).expect("reads").expect("is there").captured_at);
    assert_eq!(taken, date(2025, 10, 9));
    // Cut out: no more to look at.
    store.note_outcome(3, &confirmed("melanoma")).expect("notes");
    let sooner = Outcome { look_again: Some(date(2025, 11, 1)), ..Outcome::default() };
    store.note_outcome(4, &sooner).expect("notes");
    let due = store.due(3).expect("lists");
    let listed: Vec<_> = due.iter().map(|due| (due.case_id.as_str(), due.sequence, due.due)).collect();
    let in_january = Some(date(2026, 1, 9));
    assert_eq!(listed, [("B", 4, sooner.look_again), ("A", 2, in_january), ("C", 6, in_january)]);
    assert_eq!(due[1].place.as_deref(), Some("nose"));
    assert!(due[0].is_due(date(2025, 11, 1)) && !due[1].is_due(date(2026, 1, 8)));
    assert_eq!(store.due(0).expect("lists").len(), 1, "without a rule only what somebody said");
    // Pictured again after it was cut out: it is back.
    let mut again = reading_said(7, "A L2");
    let capture = std::sync::Arc::make_mut(&mut again.capture);
    capture.captured_at = jiff::Timestamp::now();
    store.save(&again).expect("saves");
    assert_eq!(store.due(3).expect("lists").len(), 4);
    drop(store);
    let printed = text(&bench.command(&["due", "--by", "2025-12-01"]).stdout);
    assert!(printed.starts_with("2025-11-01  B L1  (record 4, 2025-10-09)\n1 lesions."), "{printed}");
    let table = text(&bench.command(&["due", "--all", "--csv"]).stdout);
    assert_eq!(table.lines().count(), 5, "{table}");
}

#[test]
fn where_the_clock_was_not_set_nobody_knows_when_a_lesion_is_due_and_it_is_listed_first() {
    let bench = Bench::new(&["A L1"]);
    let mut store = bench.store();
    let mut unset = reading_said(2, "B L1");
    std::sync::Arc::make_mut(&mut unset.capture).clock_set = false;
    store.save(&unset).expect("saves");
    let due = store.due(3).expect("lists");
    assert_eq!((due[0].case_id.as_str(), due[0].due), ("B", None));
    assert!(due[0].is_due(date(1990, 1, 1)));
}

#[test]
fn the_earlier_record_of_a_lesion_is_its_newest_before_and_never_another_ones() {
    let bench = Bench::new(&["A L1", "B L1", "A L1", "A L2", "A", "A L1"]);
    let store = bench.store();
    let earlier = |line: &str, before: u64| {
        let case = dermascope::case::Case::said(line).expect("a case");
        store.earlier(&case, before).expect("reads").map(|record| record.sequence)
    };
    assert_eq!(earlier("A L1", u64::MAX), Some(6));
    assert_eq!(earlier("A L1", 6), Some(3));
    assert_eq!(earlier("A L1", 1), None);
    assert_eq!((earlier("A", u64::MAX), earlier("C L1", u64::MAX)), (None, None));
}
