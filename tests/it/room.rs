//! Making room: pictures that have left the device go, records never.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use dermascope::records::{RecordError, RecordsConfig, Store};
use tempfile::TempDir;

use crate::records::reading;

fn store_of(readings: u8) -> (TempDir, RecordsConfig, Store) {
    let folder = TempDir::new().expect("a temporary folder");
    let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
    let mut store = Store::open(&config).expect("opens");
    for seed in 1..=readings {
        store.save(&reading(seed)).expect("saves");
    }
    (folder, config, store)
}

fn prune_all(store: &mut Store) -> u64 {
    store.prune("test", |_, _| -> Result<bool, RecordError> { Ok(true) }).expect("prunes")
}

fn pruned(store: &Store) -> Vec<u64> {
    (1..=store.newest().expect("reads"))
        .filter(|sequence| store.is_pruned(*sequence).expect("reads"))
        .collect()
}

#[test]
fn only_pictures_that_have_left_the_device_are_removed_and_their_records_stay() {
    let (_folder, _config, mut store) = store_of(4);
    assert_eq!(prune_all(&mut store), 0, "nothing has left yet");
    store.set_pictures_exported(0, 2).expect("notes");
    assert_eq!(prune_all(&mut store), 2);
    assert_eq!(prune_all(&mut store), 0, "once is enough");
    assert_eq!((pruned(&store), store.count().expect("counts")), (vec![1, 2], 4));
    let record = store.get(1).expect("reads").expect("stays");
    let error = store.image(&record).expect_err("is gone");
    assert!(matches!(error, RecordError::ImagePruned { sequence: 1, .. }), "{error}");
    let report = store.verify().expect("verifies");
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!((report.records, report.images), (4, 2));
    store.delete(1, "test").expect("a record without its picture can be deleted");
    assert!(store.verify().expect("verifies").is_sound());
}

#[test]
fn pictures_behind_one_that_has_not_left_do_not_count() {
    let (_folder, _config, mut store) = store_of(4);
    store.set_pictures_exported(2, 4).expect("is taken");
    assert_eq!(store.pictures_exported().expect("reads"), 0);
    store.set_pictures_exported(0, 3).expect("notes");
    store.set_pictures_exported(0, 1).expect("is taken");
    store.set_pictures_exported(3, 99).expect("notes");
    assert_eq!(store.pictures_exported().expect("reads"), 4, "not beyond the newest");
}

#[test]
fn a_picture_that_another_record_still_needs_stays() {
    let (_folder, config, mut store) = store_of(1);
    store.save(&reading(1)).expect("the same picture saves again");
    store.set_pictures_exported(0, 1).expect("notes");
    assert_eq!(prune_all(&mut store), 1);
    assert!(store.image(&store.get(2).expect("reads").expect("is there")).is_ok());
    store.set_pictures_exported(1, 2).expect("notes");
    assert_eq!(prune_all(&mut store), 1);
    assert_eq!(std::fs::read_dir(config.folder.join("images")).expect("is there").count(), 0);
    store.save(&reading(1)).expect("it can come back");
    assert!(store.verify().expect("verifies").is_sound());
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dermascope"));
    command
        .args(["records", "--folder", "records"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("runs")
}

#[test]
fn an_archive_lets_pictures_go_and_a_table_does_not() {
    let (folder, _config, store) = store_of(3);
    let records = |arguments: &[&str]| run(folder.path(), arguments);
    assert!(records(&["export", "--new", "table.csv"]).status.success());
    assert!(records(&["prune", "--all"]).status.success());
    assert!(pruned(&store).is_empty());
    assert!(!records(&["prune", "--free", "99999999"]).status.success(), "it says that it could not");
    assert!(records(&["export", "--new", "all.zip"]).status.success());
    assert!(folder.path().join("all.zip").exists(), "its pictures are new to an archive");
    assert!(records(&["prune", "--free", "0"]).status.success());
    assert!(pruned(&store).is_empty(), "there was room enough");
    let done = records(&["prune", "--all"]);
    assert!(String::from_utf8_lossy(&done.stdout).starts_with("3 pictures are removed"), "{done:?}");
    assert_eq!(pruned(&store), [1, 2, 3]);
    assert!(!records(&["prune"]).status.success(), "how much has to be said");
    assert!(records(&["export", "again.zip"]).status.success(), "records without pictures can be exported");
}
