//! Many devices' folders as one table: the very questions of the docs, asked by DuckDB and by Spark.

use std::path::Path;
use std::process::Command;

use dermascope::records::{RecordsConfig, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::records::reading_of_case;
use crate::serial::pull_from;
use crate::shared::skipped;

/// Three devices that were pulled: the first has deleted its second record since, and said so at the next pull. One case
/// was seen by two of them.
fn pulled() -> (TempDir, Vec<String>) {
    let folder = TempDir::new().expect("a temporary folder");
    let dir = folder.path().join("pulled");
    let mut devices = Vec::new();
    for (number, cases) in [&["A", "B", "C"][..], &["B", "D"][..], &["E"][..]].into_iter().enumerate() {
        let config = RecordsConfig {
            folder: folder.path().join(format!("records-{number}")),
            ..RecordsConfig::default()
        };
        let mut store = Store::open(&config).expect("opens");
        for (seed, case) in (1..).zip(cases) {
            store.save(&reading_of_case(seed + 40 * number as u8, case, None)).expect("saves");
        }
        pull_from(&config, &dir).expect("pulls");
        if number == 0 {
            store.delete(3, "asked for").expect("deletes");
            let report = pull_from(&config, &dir).expect("pulls");
            assert_eq!(report.deleted, [3]);
        }
        devices.push(store.device().to_string());
    }
    (folder, devices)
}

/// The answers of a program; none where it is not there.
fn ask(program: &str, dir: &Path) -> Option<Vec<Value>> {
    let python = std::env::var("DERMASCOPE_PYTHON").unwrap_or_else(|_| "build/venv/bin/python".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = if program == "spark" { "pyspark" } else { program };
    let knows = Command::new(&python).args(["-c", &format!("import {package}")]).current_dir(root).output();
    if !knows.is_ok_and(|output| output.status.success()) {
        skipped("python", &format!("{package}: not in {python} (`make setup` installs it)"));
        return None;
    }
    if program == "spark"
        && !Command::new("java").arg("-version").output().is_ok_and(|java| java.status.success())
    {
        skipped("java", "spark: there is no Java here (`apt install default-jre-headless`)");
        return None;
    }
    let output = Command::new(&python)
        .args(["tests/fleet.py", program, "docs/many-devices.md"])
        .arg(dir)
        .current_dir(root)
        .output()
        .expect("runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{program}: {said}\n{}", String::from_utf8_lossy(&output.stderr));
    let answers = said.lines().filter_map(|line| line.strip_prefix("ANSWER "));
    Some(answers.map(|answer| serde_json::from_str(answer).expect("JSON")).collect())
}

/// What both must answer, as far as it is known here: records by device, and cases of more than one device.
fn check(program: &str, answers: &[Value], devices: &[String]) {
    assert_eq!(answers.len(), 4, "{program}: {answers:?}");
    let mut counts: Vec<_> = devices.iter().zip([2, 2, 1]).collect();
    counts.sort();
    let found: Vec<_> = answers[0].as_array().expect("rows").iter().map(|row| (&row[0], &row[1])).collect();
    let expected: Vec<_> = counts.iter().map(|(device, count)| (json!(device), json!(count))).collect();
    assert_eq!(
        found,
        expected.iter().map(|(device, count)| (device, count)).collect::<Vec<_>>(),
        "{program}"
    );
    let all: i64 = answers[1].as_array().expect("rows").iter().filter_map(|row| row[1].as_i64()).sum();
    assert_eq!(all, 5, "{program}: the deleted one is not counted");
    assert_eq!(answers[3], json!([["B", 2]]), "{program}");
}

#[test]
fn duckdb_and_spark_answer_the_questions_of_the_docs_alike_and_without_what_was_deleted() {
    let (folder, devices) = pulled();
    let dir = folder.path().join("pulled");
    let answers: Vec<_> =
        ["duckdb", "spark"].into_iter().filter_map(|program| Some((program, ask(program, &dir)?))).collect();
    for (program, answers) in &answers {
        check(program, answers, &devices);
    }
    if let [(_, duckdb), (_, spark)] = &answers[..] {
        assert_eq!(duckdb, spark);
    }
}
