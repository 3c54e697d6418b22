//! Making room: pictures that have left the device go, records never.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use dermascope::records::{RecordError, RecordsConfig, Scope, Store};
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
    store.give_out("test", &[(1, true), (2, true), (3, false), (77, true)]).expect("notes");
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
fn a_record_that_has_not_left_keeps_its_picture_whatever_left_before_and_after() {
    let (_folder, _config, mut store) = store_of(5);
    store.give_out("pull", &[(1, true), (3, true), (5, true)]).expect("notes");
    store.give_out("export csv", &[(1, false), (2, false)]).expect("notes");
    assert_eq!(store.not_given_out(Scope::Picture, 0, 9).expect("reads"), [2, 4]);
    assert_eq!(store.not_given_out(Scope::Data, 0, 9).expect("reads"), [4]);
    assert_eq!(store.exported().expect("reads"), 3, "up to there all have left in some form");
    let ways: Vec<_> =
        store.departures(1).expect("reads").into_iter().map(|left| (left.way, left.picture)).collect();
    assert_eq!(ways, [("export csv".to_string(), false), ("pull".to_string(), true)]);
    assert_eq!(prune_all(&mut store), 3);
    assert_eq!(pruned(&store), [1, 3, 5]);
    store.delete(1, "test").expect("deletes");
    assert_eq!(store.departures(1).expect("reads"), [], "of what is deleted nothing is left");
}

#[test]
fn one_bad_item_does_not_keep_the_others_from_making_room() {
    let (_folder, config, mut store) = store_of(4);
    store.give_out("test", &[(1, true), (2, true), (3, true), (4, true)]).expect("notes");
    let path = |sequence| store.image_path(&store.get(sequence).expect("reads").expect("is there"));
    let (folder, missing) = (path(2), path(3));
    std::fs::remove_file(&folder).and_then(|()| std::fs::create_dir(&folder)).expect("makes a folder");
    std::fs::remove_file(missing).expect("removes");
    assert_eq!(prune_all(&mut store), 4);
    assert!(Store::open(&config).is_ok(), "it can be opened again");
}

#[test]
fn a_picture_that_another_record_still_needs_stays() {
    let (_folder, config, mut store) = store_of(1);
    store.save(&reading(1)).expect("the same picture saves again");
    store.give_out("test", &[(1, true)]).expect("notes");
    assert_eq!(prune_all(&mut store), 1);
    assert!(store.image(&store.get(2).expect("reads").expect("is there")).is_ok());
    store.give_out("test", &[(2, true)]).expect("notes");
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
