//! Records: what is saved is there, whole, and every alteration is found.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dermascope::case::{Case, Lesion};
use dermascope::classifier::{Assessment, Attention, ClassProbability, Malignant, ModelId, Timings};
use dermascope::digest::sha256_hex;
use dermascope::picture;
use dermascope::picture::Region;
use dermascope::quality::Quality;
use dermascope::reading::{Capture, Reading};
use dermascope::records::export::{FORMATS, export};
use dermascope::records::{
    Dermoscopy, Filter, Immersion, Polarisation, Problem, Reader, Record, RecordError, RecordsConfig, Scope,
    Store,
};
use dermascope::verdict::judge;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

/// A reading of a small picture, another one for another seed.
pub fn reading(seed: u8) -> Reading {
    let picture = image::RgbImage::from_fn(24, 16, |x, y| image::Rgb([seed, x as u8 * 9, y as u8 * 7]));
    let encoded = picture::encode_png(&picture).expect("a small picture encodes");
    let field_of_view = Region::centre_square(24, 16, 1.0);
    let Region { x, y, width, height } = field_of_view;
    let pixels = image::imageops::crop_imm(&picture, x, y, width, height).to_image();
    let captured_at = jiff::Timestamp::from_second(1_760_000_000 + i64::from(seed) * 60).expect("in range");
    let (light, case, earlier) = (None, Case::default(), None);
    let capture =
        Capture { pixels, encoded, field_of_view, captured_at, clock_set: true, light, case, earlier };
    let quality = measured_quality(&capture);
    let assessment = assessment(seed);
    let judgement = judge(&quality, &assessment, false);
    Reading { capture: Arc::new(capture), quality, assessment, overridden: false, judgement }
}

/// The same of a case.
pub fn reading_of_case(seed: u8, case_id: &str, body_site: Option<&str>) -> Reading {
    let mut reading = reading(seed);
    let case =
        Case { case_id: Some(case_id.into()), body_site: body_site.map(String::from), ..Case::default() };
    reading.capture = Arc::new(Capture { case, ..(*reading.capture).clone() });
    reading
}

fn measured_quality(capture: &Capture) -> Quality {
    let mut quality = dermascope::quality::measure(&capture.pixels, &Default::default());
    quality.reasons.clear();
    quality
}

fn assessment(seed: u8) -> Assessment {
    let malignant = f32::from(seed) / 255.0;
    let class = |class: &str, name: &str, malignant, probability| ClassProbability {
        class: class.into(),
        name: name.into(),
        short: name.into(),
        malignant,
        probability,
    };
    Assessment {
        probabilities: vec![
            class("nv", "Melanocytic nevus", false, 1.0 - malignant),
            class("mel", "Melanoma", true, malignant),
        ],
        malignant: Malignant {
            probability: malignant,
            operating_point: "screening".into(),
            threshold: 0.3,
            ..Malignant::default()
        },
        doubts: Vec::new(),
        strangeness: 1.5,
        attention: Attention { size: 2, values: vec![0.0, 0.1, 0.25, 1.0] },
        model: ModelId { name: "test".into(), sha256: sha256_hex(b"network"), ..ModelId::default() },
        timings: Timings { preprocess_ms: 1.25, inference_ms: 20.0 / 3.0 },
    }
}

fn config(folder: &TempDir) -> RecordsConfig {
    RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() }
}

fn store_of(readings: u8) -> (TempDir, RecordsConfig, Store) {
    let folder = TempDir::new().expect("a temporary folder");
    let config = config(&folder);
    let mut store = Store::open(&config).expect("a new store opens");
    for seed in 1..=readings {
        assert_eq!(store.save(&reading(seed)).expect("saves"), u64::from(seed));
    }
    (folder, config, store)
}

fn database(config: &RecordsConfig) -> PathBuf {
    config.folder.join("records.sqlite")
}

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> =
        files.map(|file| file.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn problems(config: &RecordsConfig) -> Vec<Problem> {
    Reader::open(config).expect("opens").verify().expect("verifies").problems
}

#[test]
fn a_saved_reading_reads_back_as_it_was() {
    let (_folder, config, store) = store_of(3);
    let record = store.get(2).expect("reads").expect("is there");
    let kept = store.reading(&record).expect("has its picture");
    let given = reading(2);
    assert_eq!(kept.capture.pixels, given.capture.pixels);
    assert_eq!(kept.capture.encoded, given.capture.encoded);
    assert_eq!(kept.capture.captured_at, given.capture.captured_at);
    assert_eq!(kept.assessment, given.assessment);
    assert_eq!(kept.quality, given.quality);
    let file =
        fs::read(config.folder.join("images").join(record.image_name())).expect("the picture is there");
    assert_eq!(file, given.capture.encoded.bytes.to_vec());
    assert_eq!(sha256_hex(&file), record.image_sha256);
    assert!(names(&config.folder.join("incoming")).is_empty(), "nothing is left under way");
}

#[test]
fn records_are_numbered_without_gaps_over_openings_and_deletions() {
    let (_folder, config, mut store) = store_of(2);
    store.delete(2, "test").expect("deletes");
    drop(store);
    let mut store = Store::open(&config).expect("opens again");
    assert_eq!(store.save(&reading(9)).expect("saves"), 3, "a deleted number is never given again");
    assert_eq!(store.count().expect("counts"), 2);
    assert_eq!(store.recent(0).expect("reads").expect("is there").sequence, 3);
    assert_eq!(store.recent(1).expect("reads").expect("is there").sequence, 1);
    assert_eq!(store.recent(2).expect("reads"), None);
    assert!(problems(&config).is_empty());
}

#[test]
fn a_record_keeps_the_case_the_configuration_and_the_dermoscopy() {
    let folder = TempDir::new().expect("a temporary folder");
    let dermoscopy = Dermoscopy {
        polarisation: Some(Polarisation::Cross),
        contact: Some(true),
        immersion: Some(Immersion::UltrasoundGel),
        magnification: Some(10.0),
    };
    let config = RecordsConfig { dermoscopy: dermoscopy.clone(), ..config(&folder) };
    let mut store = Store::open(&config).expect("opens");
    store.set_config("c0".into());
    store.save(&reading_of_case(1, "A-17", Some("left forearm"))).expect("saves");
    let record = store.get(1).expect("reads").expect("is there");
    assert_eq!(record.dermoscopy, dermoscopy);
    assert_eq!(record.case_id.as_deref(), Some("A-17"));
    assert_eq!(record.body_site.as_deref(), Some("left forearm"));
    assert_eq!(record.config_sha256.as_deref(), Some("c0"));
    assert_eq!(record.device, store.device());
    assert_eq!(record.device.len(), 16);
}

/// A reading of what a person says in a line.
pub fn reading_said(seed: u8, line: &str) -> Reading {
    let mut reading = reading(seed);
    let case = Case::said(line).expect("a case");
    reading.capture = Arc::new(Capture { case, ..(*reading.capture).clone() });
    reading
}

#[test]
fn a_record_keeps_its_lesion_with_a_listed_site_and_is_found_by_it() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut store = Store::open(&config(&folder)).expect("opens");
    for line in ["A-17 L1 left forearm", "A-17 L2 nose", "A-18 L1", "A-17 L1 left forearm", "A-17"] {
        store.save(&reading_said(1, line)).expect("saves");
    }
    let lesion = Lesion::new(1);
    let filter = Filter { case_id: Some("A-17".into()), lesion, ..Filter::default() };
    let page = store.list(&filter, 9).expect("lists");
    assert_eq!(page.records.iter().map(|record| record.sequence).collect::<Vec<_>>(), [4, 1]);
    let first = &page.records[1];
    assert_eq!(first.case().words(), "A-17 L1, left forearm");
    let uid = |sequence| store.get(sequence).expect("reads").expect("is there").lesion_uid;
    assert_eq!(uid(1), uid(4), "the same lesion again");
    assert!(uid(1).is_some() && uid(1) != uid(2) && uid(1) != uid(3) && uid(5).is_none());
}

#[test]
fn devices_with_one_issuer_of_case_numbers_mean_the_same_lesion_and_others_do_not() {
    let uid = |issuer: &str| {
        let folder = TempDir::new().expect("a temporary folder");
        let config = RecordsConfig { issuer: issuer.into(), ..config(&folder) };
        let mut store = Store::open(&config).expect("opens");
        store.save(&reading_said(1, "A-17 L1")).expect("saves");
        store.get(1).expect("reads").expect("is there").lesion_uid.expect("has one")
    };
    assert_eq!(uid("clinic"), uid("clinic"));
    assert_ne!(uid("clinic"), uid("another"));
    assert_ne!(uid(""), uid(""), "each device's own");
}

#[test]
fn a_record_from_before_there_were_lists_keeps_the_operators_words() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut store = Store::open(&config(&folder)).expect("opens");
    store.save(&reading_of_case(1, "A-17", Some("left forearm"))).expect("saves");
    let mut body = serde_json::to_value(store.get(1).expect("reads")).expect("JSON");
    body["format"] = 1.into();
    body["dermoscopy"] = serde_json::json!({"polarisation": "cross", "immersion": "KY jelly"});
    let record: Record = serde_json::from_value(body.clone()).expect("reads");
    assert_eq!(record.dermoscopy.immersion, Some(Immersion::Other("KY jelly".into())));
    assert_eq!(serde_json::to_value(&record).expect("JSON"), body, "nothing is changed or lost");
    let wrong = Dermoscopy { immersion: Some(Immersion::Other("KY jelly".into())), ..Dermoscopy::default() };
    let refused = RecordsConfig { dermoscopy: wrong, ..config(&folder) }.check().expect_err("is refused");
    assert!(
        refused.contains("records.dermoscopy.immersion") && refused.contains("ultrasound_gel"),
        "{refused}"
    );
}

#[test]
fn lists_page_backwards_and_filter() {
    let (_folder, _config, store) = store_of(10);
    let newest = store.list(&Filter::default(), 4).expect("lists");
    let sequences = |page: &dermascope::records::RecordPage| -> Vec<u64> {
        page.records.iter().map(|record| record.sequence).collect()
    };
    assert_eq!((sequences(&newest), newest.more), (vec![10, 9, 8, 7], true));
    let before = |before| Filter { before: Some(before), ..Filter::default() };
    let rest = store.list(&before(4), 4).expect("lists");
    assert_eq!((sequences(&rest), rest.more), (vec![3, 2, 1], false));
    let time = |seed| reading(seed).capture.captured_at;
    let between = Filter { since: Some(time(3)), until: Some(time(6)), ..Filter::default() };
    assert_eq!(sequences(&store.list(&between, 100).expect("lists")), vec![5, 4, 3]);
    let nobody = Filter { case_id: Some("nobody' OR 1=1 --".into()), ..Filter::default() };
    assert!(store.list(&nobody, 100).expect("lists").records.is_empty());
}

#[test]
fn a_deletion_leaves_a_tombstone_and_nothing_of_the_person() {
    let (_folder, config, mut store) = store_of(2);
    store.save(&reading_of_case(3, "Meier-4711", None)).expect("saves");
    let name = store.get(3).expect("reads").expect("is there").image_name();
    store.delete(3, "asked for").expect("deletes");
    assert_eq!(store.get(3).expect("reads"), None);
    assert!(!config.folder.join("images").join(name).exists());
    assert!(matches!(store.delete(3, "again"), Err(RecordError::NoRecord { sequence: 3, .. })));
    let report = store.verify().expect("verifies");
    assert_eq!((report.records, report.deleted, report.images), (2, 1, 2));
    assert!(report.is_sound(), "{:?}", report.problems);
    for name in names(&config.folder).iter().filter(|name| name.starts_with("records.sqlite")) {
        let bytes = fs::read(config.folder.join(name)).expect("readable");
        assert!(!bytes.windows(10).any(|bytes| bytes == b"Meier-4711"), "{name} still holds the case id");
    }
}

#[test]
fn a_picture_of_two_records_stays_until_both_are_deleted() {
    let (_folder, config, mut store) = store_of(1);
    store.save(&reading(1)).expect("the same picture saves again");
    store.delete(1, "test").expect("deletes");
    let record = store.get(2).expect("reads").expect("is there");
    assert!(store.image(&record).is_ok());
    store.delete(2, "test").expect("deletes");
    assert!(names(&config.folder.join("images")).is_empty());
    assert!(problems(&config).is_empty());
}

#[test]
fn a_reading_with_a_number_that_json_cannot_hold_is_refused_and_leaves_nothing() {
    let (_folder, config, mut store) = store_of(1);
    let mut bad = reading(2);
    bad.assessment.strangeness = f32::NAN;
    assert!(matches!(store.save(&bad), Err(RecordError::Unrepresentable { .. })));
    assert_eq!(names(&config.folder.join("images")).len(), 1);
    assert_eq!(store.save(&reading(2)).expect("the store works on"), 2);
    assert!(problems(&config).is_empty());
}

#[test]
fn opening_sweeps_what_a_crash_left_and_only_that() {
    let (_folder, config, store) = store_of(2);
    let kept = store.get(1).expect("reads").expect("is there").image_name();
    drop(store);
    let (incoming, images) = (config.folder.join("incoming"), config.folder.join("images"));
    let stranger = format!("{}.png", sha256_hex(b"stranger"));
    let half = format!("{}.png", sha256_hex(b"half"));
    let orphan = format!("{}.png", sha256_hex(b"orphan"));
    for path in [
        incoming.join(format!("{half}.mark")),
        incoming.join(format!("{half}.part")),
        incoming.join(format!("{orphan}.mark")),
        images.join(&orphan),
        incoming.join(format!("{kept}.mark")),
        images.join(&stranger),
    ] {
        fs::write(path, b"half a pict").expect("writes");
    }
    let store = Store::open(&config).expect("opens");
    assert!(names(&incoming).is_empty());
    assert!(images.join(&kept).exists(), "a picture with a record stays");
    assert!(!images.join(&orphan).exists(), "a picture that was under way goes");
    assert!(images.join(&stranger).exists(), "a picture that nobody marked is not ours to remove");
    assert_eq!(store.count().expect("counts"), 2);
    let path = images.join(&stranger).display().to_string();
    assert_eq!(problems(&config), [Problem::ImageUnclaimed { path }]);
}

#[test]
fn verify_names_a_missing_and_an_altered_picture() {
    let (_folder, config, store) = store_of(3);
    let path = |sequence| {
        let record = store.get(sequence).expect("reads").expect("is there");
        config.folder.join("images").join(record.image_name())
    };
    let (missing, altered) = (path(1), path(3));
    fs::remove_file(&missing).expect("removes");
    let mut bytes = fs::read(&altered).expect("reads");
    bytes[40] ^= 1;
    fs::write(&altered, &bytes).expect("writes");
    let found = problems(&config);
    let text = |path: &PathBuf| path.display().to_string();
    assert_eq!(
        found,
        [
            Problem::ImageMissing { sequence: 1, path: text(&missing) },
            Problem::ImageAltered { sequence: 3, path: text(&altered), found: sha256_hex(&bytes) },
        ]
    );
    let record = store.get(3).expect("reads").expect("is there");
    let error = store.reading(&record).expect_err("an altered picture is not shown").to_string();
    assert!(error.contains("altered") && error.contains(&text(&altered)), "{error}");
}

#[test]
fn a_newest_record_that_is_cut_off_is_missed() {
    let (_folder, config, store) = store_of(3);
    drop(store);
    let connection = Connection::open(database(&config)).expect("opens");
    connection.execute("DELETE FROM entries WHERE position = 3", []).expect("deletes");
    assert!(problems(&config).iter().any(|problem| matches!(problem, Problem::EndMissing { .. })));
}

#[test]
fn a_body_that_is_emptied_without_a_tombstone_is_found() {
    let (_folder, config, store) = store_of(3);
    drop(store);
    let connection = Connection::open(database(&config)).expect("opens");
    connection.execute("UPDATE entries SET body = NULL WHERE position = 2", []).expect("updates");
    assert!(problems(&config).contains(&Problem::BodyMissing { position: 2, sequence: 2 }));
}

#[test]
fn a_damaged_database_is_a_clear_error_and_stays_as_it_is() {
    let (_folder, config, store) = store_of(2);
    drop(store);
    let mut bytes = fs::read(database(&config)).expect("reads");
    bytes[..64].fill(0x5a);
    fs::write(database(&config), &bytes).expect("writes");
    for error in [Store::open(&config).err(), Reader::open(&config).err()] {
        let error = error.expect("is refused").to_string();
        assert!(error.contains("records.sqlite") && error.contains("damaged"), "{error}");
        assert!(error.contains("nothing was changed"), "{error}");
    }
    assert_eq!(fs::read(database(&config)).expect("is still there"), bytes);
    assert_eq!(names(&config.folder.join("images")).len(), 2);
}

#[test]
fn a_newer_or_a_foreign_database_is_refused() {
    let (_folder, config, store) = store_of(1);
    drop(store);
    let connection = Connection::open(database(&config)).expect("opens");
    let own = "UPDATE meta SET value = '99' WHERE key LIKE 'least_%'; PRAGMA user_version = 99";
    connection.execute_batch(own).expect("updates");
    let error = Store::open(&config).err().expect("is refused");
    assert!(matches!(error, RecordError::Newer { found: 99, .. }), "{error}");
    connection.pragma_update(None, "application_id", 1).expect("updates");
    let error = Store::open(&config).err().expect("is refused");
    assert!(matches!(error, RecordError::Foreign { .. }), "{error}");
}

/// A copy of records that the release 0.1 made: four records, of which the third is deleted, the first pruned, and the
/// first two were given out.
fn records_of_the_last_release() -> (TempDir, RecordsConfig) {
    let folder = TempDir::new().expect("a temporary folder");
    let config = config(&folder);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records-0.1");
    fs::create_dir_all(config.folder.join("images")).expect("makes");
    for file in ["records.sqlite".into(), "images".into()].iter().flat_map(|name: &PathBuf| {
        let path = source.join(name);
        if path.is_dir() {
            names(&path).into_iter().map(|file| name.join(file)).collect()
        } else {
            vec![name.clone()]
        }
    }) {
        fs::copy(source.join(&file), config.folder.join(&file)).expect("copies");
    }
    (folder, config)
}

#[test]
fn records_of_the_last_release_are_read_as_they_are_and_brought_up_to_date_by_a_writer() {
    let (_folder, config) = records_of_the_last_release();
    let reader = Reader::open(&config).expect("opens");
    assert_eq!((reader.count().expect("counts"), reader.exported().expect("reads")), (3, 3));
    let of_class = Filter { class: Some("nv".into()), ..Filter::default() };
    assert_eq!(reader.list(&of_class, 9).expect("lists").records.len(), 2);
    assert!(reader.verify().expect("verifies").is_sound());
    drop(reader);
    let mut store = Store::open(&config).expect("opens");
    assert_eq!(store.exported().expect("reads"), 3, "what had left has left");
    assert_eq!(store.prunable(0).expect("reads"), None, "the only picture that had left is pruned");
    assert_eq!(store.save(&reading(5)).expect("saves"), 5);
    let connection = Connection::open(database(&config)).expect("opens");
    let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    assert_eq!(version.expect("reads"), 5);
    assert!(problems(&config).is_empty(), "{:?}", problems(&config));
}

/// As a later program may have made it: a newer layout with a table more, an entry of a kind that is not known here, and
/// a record of a newer format.
fn records_from_the_future(least_reader: i64, least_writer: i64) -> (TempDir, RecordsConfig) {
    use dermascope::records::chain::{Entry, Kind};
    let (folder, config, store) = store_of(2);
    let (position, head) = store.head().expect("reads");
    drop(store);
    let connection = Connection::open(database(&config)).expect("opens");
    let strange =
        Entry::following(&head, position + 1, Kind::Other("loan".into()), 2, r#"{"to":"x"}"#.into());
    let newer = r#"{"format":7,"sequence":3,"hologram":true}"#;
    let newer = Entry::following(&strange.chain_sha256, position + 2, Kind::Record, 3, newer.into());
    for entry in [&strange, &newer] {
        let values = rusqlite::params![
            entry.position as i64,
            entry.kind.word(),
            entry.sequence as i64,
            entry.body,
            entry.body_sha256,
            entry.chain_sha256
        ];
        let insert = "INSERT INTO entries (position, kind, sequence, body, body_sha256, chain_sha256)
                      VALUES (?, ?, ?, ?, ?, ?)";
        connection.execute(insert, values).expect("inserts");
    }
    let newest = format!("{} {}", newer.position, newer.chain_sha256);
    let script = format!(
        "CREATE TABLE holograms (sequence INTEGER) STRICT;
         UPDATE meta SET value = '{newest}' WHERE key = 'newest';
         UPDATE meta SET value = '{least_reader}' WHERE key = 'least_reader';
         UPDATE meta SET value = '{least_writer}' WHERE key = 'least_writer';
         PRAGMA user_version = 9"
    );
    connection.execute_batch(&script).expect("alters");
    (folder, config)
}

#[test]
fn an_older_program_reads_what_it_can_of_a_newer_one_and_says_what_it_cannot() {
    let (_folder, config) = records_from_the_future(4, 9);
    let reader = Reader::open(&config).expect("opens to read");
    let page = reader.list(&Filter::default(), 10).expect("lists");
    assert_eq!(page.records.iter().map(|record| record.sequence).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(page.unreadable.len(), 1);
    assert!(page.unreadable[0].cause.contains("format 7"), "{:?}", page.unreadable);
    assert!(matches!(reader.recent(0), Err(RecordError::EntryNewer { format: 7, .. })));
    assert_eq!(reader.recent(1).expect("reads").expect("is there").sequence, 2);
    let report = reader.verify().expect("verifies");
    assert_eq!((report.unknown, report.problems.as_slice()), (2, &[][..]));
    let error = Store::open(&config).err().expect("writing is not allowed");
    assert!(matches!(error, RecordError::NewerToWrite { found: 9, .. }), "{error}");
    assert!(error.to_string().contains("still reads"), "{error}");
}

#[test]
fn an_older_program_writes_where_the_newer_one_allows_it_and_gives_no_number_again() {
    let (_folder, config) = records_from_the_future(4, 4);
    let mut store = Store::open(&config).expect("opens to write");
    assert_eq!(store.save(&reading(9)).expect("saves"), 4);
    let connection = Connection::open(database(&config)).expect("opens");
    let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    assert_eq!(version.expect("reads"), 9, "the newer layout stays");
    assert_eq!(problems(&config), []);
}

#[test]
fn a_newer_database_that_only_its_own_program_can_read_says_so() {
    let (_folder, config) = records_from_the_future(9, 9);
    let error = Reader::open(&config).err().expect("is refused");
    assert!(matches!(error, RecordError::Newer { found: 9, .. }), "{error}");
}

#[test]
fn reading_records_that_are_not_there_says_so() {
    let folder = TempDir::new().expect("a temporary folder");
    let error = Reader::open(&config(&folder)).err().expect("there is nothing");
    assert!(matches!(error, RecordError::Missing { .. }), "{error}");
    assert!(!config(&folder).folder.exists(), "reading makes nothing");
}

#[test]
fn a_first_start_that_was_cut_off_is_no_records_to_a_reader_and_no_trouble_to_a_writer() {
    let folder = TempDir::new().expect("a temporary folder");
    let config = config(&folder);
    fs::create_dir_all(&config.folder).expect("makes the folder");
    fs::write(database(&config), b"").expect("writes");
    let error = Reader::open(&config).err().expect("there is nothing");
    assert!(matches!(error, RecordError::Missing { .. }), "{error}");
    assert_eq!(Store::open(&config).expect("opens").count().expect("counts"), 0);
}

#[test]
fn a_failed_save_names_the_path_and_leaves_the_store_usable() {
    let (_folder, config, mut store) = store_of(1);
    let images = config.folder.join("images");
    let aside = config.folder.join("aside");
    fs::rename(&images, &aside).expect("renames");
    let error = store.save(&reading(2)).expect_err("there is no folder to save to").to_string();
    assert!(error.contains("images"), "{error}");
    fs::rename(&aside, &images).expect("renames");
    assert_eq!(store.save(&reading(2)).expect("saves"), 2);
    drop(store);
    Store::open(&config).expect("opens");
    assert!(names(&config.folder.join("incoming")).is_empty());
    assert!(problems(&config).is_empty());
}

#[test]
fn readers_and_other_writers_see_what_is_saved() {
    let (_folder, config, mut store) = store_of(1);
    let reader = Reader::open(&config).expect("opens beside the store");
    let mut other = Store::open(&config).expect("a second store opens");
    assert_eq!(other.save(&reading(2)).expect("saves"), 2);
    assert_eq!(store.save(&reading(3)).expect("saves"), 3);
    assert_eq!(reader.count().expect("counts"), 3);
    assert!(reader.verify().expect("verifies").is_sound());
}

#[test]
fn saves_of_two_threads_all_arrive() {
    let (_folder, config, store) = store_of(0);
    drop(store);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let config = &config;
            scope.spawn(move || {
                let mut store = Store::open(config).expect("opens");
                for seed in 0..10 {
                    // Pictures that both threads save at once are the hard case.
                    store.save(&reading(seed / (1 + thread))).expect("saves");
                }
            });
        }
    });
    let report = Reader::open(&config).expect("opens").verify().expect("verifies");
    assert_eq!((report.records, report.images), (20, 10));
    assert!(report.is_sound(), "{:?}", report.problems);
}

/// Appends copies of the newest record, without the care that a real save takes, until there are `count`.
fn multiply(config: &RecordsConfig, count: u64) {
    use dermascope::records::chain::{Entry, Kind};
    let reader = Reader::open(config).expect("opens");
    let mut record = reader.recent(0).expect("reads").expect("there is one");
    let mut connection = Connection::open(database(config)).expect("opens");
    let newest: String = connection
        .query_row("SELECT chain_sha256 FROM entries ORDER BY position DESC LIMIT 1", [], |row| row.get(0))
        .expect("there is one");
    let transaction = connection.transaction().expect("begins");
    let mut previous = newest;
    for sequence in record.sequence + 1..=count {
        record.sequence = sequence;
        let body = serde_json::to_string(&record).expect("JSON");
        let entry = Entry::following(&previous, sequence, Kind::Record, sequence, body);
        let insert = "INSERT INTO entries (position, kind, sequence, body, body_sha256, chain_sha256)
                      VALUES (?1, 'record', ?1, ?2, ?3, ?4)";
        let values = rusqlite::params![sequence as i64, entry.body, entry.body_sha256, entry.chain_sha256];
        transaction.execute(insert, values).expect("inserts");
        previous = entry.chain_sha256;
    }
    let newest = format!("{count} {previous}");
    transaction.execute("UPDATE meta SET value = ? WHERE key = 'newest'", [newest]).expect("updates");
    transaction.commit().expect("commits");
}

/// Memory of the process in MiB: in use ("VmRSS:"), or at most so far ("VmHWM:").
fn memory(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}

#[test]
#[ignore = "measures: run it alone, with --nocapture"]
fn figures_with_a_hundred_thousand_records() {
    use std::time::Instant;
    let (_folder, config, mut store) = store_of(1);
    let mut saves: Vec<_> = (0..100)
        .map(|_| {
            let start = Instant::now();
            store.save(&reading(2)).expect("saves");
            start.elapsed()
        })
        .collect();
    saves.sort();
    println!("save with fsync: median {:?}, 95th of 100 {:?}", saves[50], saves[94]);
    drop(store);
    multiply(&config, 100_000);
    let start = Instant::now();
    let mut store = Store::open(&config).expect("opens");
    println!("open to write with 100,000 records: {:?}", start.elapsed());
    let of_class = Filter { class: Some("x".into()), ..Filter::default() };
    let later: jiff::Timestamp = "2027-01-01T00:00:00Z".parse().expect("a time");
    let before = memory("VmRSS:");
    for (name, filter) in [
        ("newest 50", Filter::default()),
        ("50 in the middle", Filter { before: Some(50_000), ..Filter::default() }),
        ("none of a class", of_class),
        ("50 of a class", Filter { class: Some("nv".into()), ..Filter::default() }),
        ("none of a case", Filter { case_id: Some("x".into()), ..Filter::default() }),
        ("none since", Filter { since: Some(later), ..Filter::default() }),
        ("50 that have not left", Filter { not_left: Some(Scope::Picture), ..Filter::default() }),
    ] {
        let start = Instant::now();
        let page = store.list(&filter, 50).expect("lists");
        println!("{name}: {} in {:?}", page.records.len(), start.elapsed());
    }
    let start = Instant::now();
    println!("count {} in {:?}", store.count().expect("counts"), start.elapsed());
    println!("memory {before} MiB before listing, {} MiB after", memory("VmRSS:"));
    let start = Instant::now();
    println!("{:?} in {:?}", store.standing().expect("counts"), start.elapsed());
    let start = Instant::now();
    println!(
        "{} of age, none elsewhere, in {:?}",
        store.count_overdue(1, later).expect("counts"),
        start.elapsed()
    );
    for (name, _, format) in FORMATS {
        let mut out = Clocked { start: Instant::now(), first: None, bytes: 0 };
        export(&store, &Filter::default(), *format, &mut out).expect("exports");
        let Clocked { start, first, bytes } = out;
        println!("{name}: first byte in {first:?}, {} MiB in {:?}", bytes >> 20, start.elapsed());
    }
    println!("{} MiB, at most {} MiB", memory("VmRSS:"), memory("VmHWM:"));
    let start = Instant::now();
    assert!(store.verify().expect("verifies").is_sound());
    println!("verify in {:?}; {} MiB, at most {} MiB", start.elapsed(), memory("VmRSS:"), memory("VmHWM:"));
    let every: Vec<_> = (1..=100_000).map(|sequence| (sequence, true)).collect();
    let start = Instant::now();
    store.give_out("test", &every).expect("notes");
    println!("give out 100,000 in {:?}", start.elapsed());
    let start = Instant::now();
    println!("{} expire in {:?}", store.expire(1, later, 20).expect("expires"), start.elapsed());
    drop(store);
    let start = Instant::now();
    dermascope::records::wipe(&config, "a test").expect("wipes");
    println!("wipe in {:?}; at most {} MiB", start.elapsed(), memory("VmHWM:"));
}

/// Notes when the first byte came, and counts all of them.
struct Clocked {
    start: std::time::Instant,
    first: Option<std::time::Duration>,
    bytes: u64,
}

impl std::io::Write for Clocked {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.first.get_or_insert_with(|| self.start.elapsed());
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever single cell of whatever row is altered, by whatever byte, is found.
    #[test]
    fn any_altered_cell_is_found(row in 1_i64..=5, column in 0_usize..6, at in any::<usize>(), flip in 1_u8..=255) {
        let (_folder, config, mut store) = store_of(4);
        store.delete(2, "test").expect("deletes");
        drop(store);
        let column = ["position", "kind", "sequence", "body", "body_sha256", "chain_sha256"][column];
        if alter(&database(&config), row, column, at, flip) {
            let found = Reader::open(&config).and_then(|reader| reader.verify());
            prop_assert!(!found.is_ok_and(|report| report.is_sound()), "{column} of entry {row} altered unseen");
        }
    }

    /// Rows that are taken out, or whose contents are exchanged, are missed.
    #[test]
    fn any_missing_or_exchanged_row_is_found(first in 1_i64..=5, second in 1_i64..=5) {
        let (_folder, config, store) = store_of(5);
        drop(store);
        let connection = Connection::open(database(&config)).expect("opens");
        let change = if first == second {
            format!("DELETE FROM entries WHERE position = {first}")
        } else {
            format!(
                "UPDATE entries SET position = -1 WHERE position = {first};
                 UPDATE entries SET position = {first} WHERE position = {second};
                 UPDATE entries SET position = {second} WHERE position = -1;"
            )
        };
        connection.execute_batch(&change).expect("alters");
        drop(connection);
        prop_assert!(!problems(&config).is_empty());
    }
}

/// Flips bits of one byte of a cell; false where that cannot be (an empty cell, a clash of keys, a body that is
/// no JSON any more).
fn alter(database: &Path, row: i64, column: &str, at: usize, flip: u8) -> bool {
    let connection = Connection::open(database).expect("opens");
    let select = format!("SELECT CAST({column} AS BLOB) FROM entries WHERE position = ?");
    let cell: Option<Vec<u8>> =
        connection.query_row(&select, [row], |row| row.get(0)).expect("the row is there");
    let Some(mut bytes) = cell.filter(|bytes| !bytes.is_empty()) else { return false };
    let at = at % bytes.len();
    bytes[at] ^= flip;
    let kind = if ["position", "sequence"].contains(&column) { "INTEGER" } else { "TEXT" };
    let before: Vec<u8> = connection.query_row(&select, [row], |row| row.get(0)).expect("the row is there");
    let update = format!("UPDATE entries SET {column} = CAST(? AS {kind}) WHERE position = ?");
    if connection.execute(&update, rusqlite::params![bytes, row]).is_err() {
        return false;
    }
    let after: Option<Vec<u8>> = connection.query_row(&select, [row], |row| row.get(0)).unwrap_or_default();
    after.as_ref() != Some(&before)
}
