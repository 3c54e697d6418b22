//! Exports for other systems, judged by programs of theirs: dciodvfy, isic-metadata, fhir.resources.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use dermascope::case::{Case, Laterality, Lesion, Site};
use dermascope::light::{Lit, Ring};
use dermascope::outcome::{Confirmation, DIAGNOSES, Diagnosis, Outcome};
use dermascope::picture::{self, Encoded, Encoding};
use dermascope::reading::{Capture, Reading};
use dermascope::records::export::{Exported, FORMATS, export};
use dermascope::records::{Dermoscopy, Filter, Immersion, Polarisation, Reader, RecordsConfig, Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::records::reading;
use crate::shared::{python, skipped};

struct Bench {
    folder: TempDir,
    config: RecordsConfig,
}

impl Bench {
    /// A lesion seen twice, 40 days apart, by the camera's JPEG; a picture of nobody, as PNG; and one in old words.
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let dermoscopy = Dermoscopy {
            polarisation: Some(Polarisation::Unpolarised),
            contact: Some(true),
            immersion: Some(Immersion::MineralOil),
            magnification: Some(10.0),
        };
        let records = folder.path().join("records");
        let config = RecordsConfig { folder: records, dermoscopy, ..RecordsConfig::default() };
        let mut store = Store::open(&config).expect("opens");
        store.save(&of_lesion(30, 0)).expect("saves");
        store.save(&of_lesion(200, 40)).expect("saves");
        store.save(&reading(50)).expect("saves");
        let unset = Capture { clock_set: false, ..(*of_lesion(60, 3).capture).clone() };
        store.save(&Reading { capture: Arc::new(unset), ..reading(60) }).expect("saves");
        Self { folder, config }
    }

    fn export(&self, format: &str) -> (PathBuf, Exported) {
        let reader = Reader::open(&self.config).expect("opens");
        let (_, extension, format) = FORMATS.iter().find(|(name, _, _)| *name == format).expect("known");
        let mut out = Cursor::new(Vec::new());
        let exported = export(&reader, &Filter::default(), *format, &mut out).expect("exports");
        let path = self.folder.path().join(format!("export.{extension}"));
        fs::write(&path, out.into_inner()).expect("writes");
        (path, exported)
    }
}

/// L2 of AB-12 on the left shin, lit by the polarised ring, so many days after the first.
fn of_lesion(seed: u8, days: i64) -> Reading {
    let plain = reading(seed);
    let case = Case {
        case_id: Some("AB-12".into()),
        lesion: Lesion::new(2),
        anatomic_site: Site::parse("lower leg"),
        laterality: Some(Laterality::Left),
        body_site: Some("on the shin".into()),
    };
    let bytes = jpeg(seed).into();
    let captured_at = plain.capture.captured_at + jiff::SignedDuration::from_hours(24 * days);
    let light = Some(Lit { ring: Ring::Polarised, percent: 90 });
    let encoded = Encoded { bytes, encoding: Encoding::Jpeg };
    let capture = Capture { encoded, captured_at, light, case, ..(*plain.capture).clone() };
    Reading { capture: Arc::new(capture), ..plain }
}

fn jpeg(seed: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(24, 16, |x, y| image::Rgb([seed, x as u8 * 9, y as u8 * 7]));
    let mut bytes = Cursor::new(Vec::new());
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    picture.write_with_encoder(encoder).expect("memory takes it");
    bytes.into_inner()
}

fn unpacked(archive: &Path) -> PathBuf {
    let folder = archive.with_extension("unpacked");
    let done = Command::new("python3").args(["-m", "zipfile", "-e"]).args([archive, &folder]).status();
    assert!(done.expect("python3 runs").success());
    folder
}

/// What the judge says of a file, or none where it is not there.
fn judged(kind: &str, path: &Path) -> Option<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systems/check.py");
    let said = Command::new(python()?).arg(script).arg(kind).arg(path).output().expect("runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    Some(serde_json::from_slice(&said.stdout).expect("JSON"))
}

#[test]
fn every_record_goes_to_an_archive_as_a_picture_and_a_reading() {
    let bench = Bench::new();
    let (archive, exported) = bench.export("dicom");
    assert_eq!(exported.records, [(1, true), (2, true), (3, true), (4, true)]);
    let folder = unpacked(&archive);
    let mut names: Vec<_> = fs::read_dir(&folder)
        .expect("unpacked")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names.len(), 8);
    assert_eq!(names[..2], ["000001-reading.dcm", "000001.dcm"]);
    let holds = |name: &str, part: &[u8]| {
        let bytes = fs::read(folder.join(name)).expect("is there");
        bytes.windows(part.len()).any(|window| window == part)
    };
    assert!(holds("000002.dcm", &jpeg(200)), "the JPEG as it is");
    assert!(holds("000002.dcm", b"POLARIZED") && !holds("000002.dcm", b"NON_POLARIZED"), "by the ring");
    assert!(holds("000003.dcm", b"NON_POLARIZED") && holds("000003.dcm", b"MINERAL_OIL"));
    let (pixels, _) = picture::decode(&reading(50).capture.encoded.bytes).expect("a PNG");
    assert!(holds("000003.dcm", pixels.as_raw()), "a PNG's pixels");
    assert!(holds("000001.dcm", b"AB-12 L2") && holds("000001.dcm", b"371304004"));
    assert!(holds("000002-reading.dcm", b"SUSPICIOUS") && holds("000002-reading.dcm", b"Research use only"));
    if Command::new("dciodvfy").arg("--help").output().is_err() {
        return skipped("dicom3tools", "dciodvfy is not there");
    }
    for name in names {
        let said = Command::new("dciodvfy").arg(folder.join(&name)).output().expect("runs");
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(!said.lines().any(|line| line.starts_with("Error")), "{name}: {said}");
    }
}

#[test]
fn an_archive_goes_without_a_picture_that_is_gone_and_it_is_named() {
    let bench = Bench::new();
    let reader = Reader::open(&bench.config).expect("opens");
    let gone = reader.get(2).expect("reads").expect("is there");
    fs::remove_file(reader.image_path(&gone)).expect("removes");
    let (archive, exported) = bench.export("dicom");
    assert_eq!(exported.records[1], (2, false));
    assert_eq!(exported.lost().map(|missing| missing.sequence).collect::<Vec<_>>(), [2]);
    assert!(
        !unpacked(&archive).join("000002-reading.dcm").exists(),
        "no reading of a picture that is not there"
    );
}

#[test]
fn the_isic_archive_takes_the_metadata() {
    let bench = Bench::new();
    let (path, _) = bench.export("isic");
    let Some(rows) = judged("isic", &path) else { return };
    let row = |at: usize, key: &str| rows[at][key].clone();
    assert_eq!(row(0, "lesion_id"), "AB-12 L2");
    assert_eq!((row(0, "acquisition_day"), row(1, "acquisition_day")), (0.into(), 40.into()));
    assert_eq!(row(1, "anatom_site_general"), "lower extremity");
    assert_eq!(
        (row(1, "dermoscopic_type"), row(2, "dermoscopic_type")),
        ("contact polarized".into(), "contact non-polarized".into())
    );
    assert_eq!((row(2, "patient_id"), row(3, "acquisition_day")), (Value::Null, Value::Null));
    assert_eq!(row(2, "filename"), "000003.png");
    assert!(
        rows.as_array().expect("rows").iter().all(|row| row.get("diagnosis_1").is_none()),
        "no diagnosis"
    );
}

#[test]
fn the_isic_archive_knows_every_diagnosis_that_can_be_noted() {
    let bench = Bench::new();
    let mut store = Store::open(&bench.config).expect("opens");
    for row in DIAGNOSES {
        let sequence = store.save(&reading(70)).expect("saves");
        let diagnosis = Diagnosis::parse(row.word);
        let confirmed_by = Confirmation::parse("histopathology");
        let outcome = Outcome { diagnosis, confirmed_by, ..Outcome::default() };
        store.note_outcome(sequence, &outcome.checked().expect("an outcome")).expect("notes it");
    }
    let (path, _) = bench.export("isic");
    let Some(rows) = judged("isic", &path) else { return };
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), 4 + DIAGNOSES.len());
    for (row, diagnosis) in rows[4..].iter().zip(DIAGNOSES) {
        let side = row.get("diagnosis_1").and_then(Value::as_str);
        let agrees = match diagnosis.malignant {
            // The Archive counts actinic keratosis as not decided.
            Some(true) => side == Some("Malignant") || diagnosis.code == "akiec",
            Some(false) => side == Some("Benign"),
            None => side.is_none() || side == Some("Indeterminate"),
        };
        assert!(agrees, "{}: {row}", diagnosis.word);
        assert_eq!(row["diagnosis_confirm_type"], "histopathology");
    }
}

#[test]
fn a_fhir_bundle_holds_an_observation_and_a_report_of_each_record() {
    let bench = Bench::new();
    let (path, _) = bench.export("fhir");
    let Some(resources) = judged("fhir", &path) else { return };
    let of = |kind: &str| -> Vec<Value> {
        let all = resources.as_array().expect("a list").iter();
        all.filter(|resource| resource["resourceType"] == kind).cloned().collect()
    };
    assert_eq!((of("Device").len(), of("Patient").len()), (1, 1));
    assert_eq!(of("Patient")[0]["identifier"][0]["value"], "AB-12");
    let (observations, reports) = (of("Observation"), of("DiagnosticReport"));
    assert_eq!((observations.len(), reports.len()), (4, 4));
    let second = &observations[1];
    assert_eq!((&second["valueString"], &second["status"]), (&"SUSPICIOUS".into(), &"preliminary".into()));
    assert_eq!(second["component"][0]["valueQuantity"]["value"], 78.4314);
    assert_eq!(second["bodySite"]["coding"][0]["code"], "371304004");
    assert_eq!(second["bodySite"]["text"], "lower leg, on the shin");
    assert!(
        second["component"].to_string().contains("\"7771000\"")
            && second["component"].to_string().contains("AB-12 L2")
    );
    assert!(observations[2].get("subject").is_none() && observations[2].get("bodySite").is_none());
    assert!(observations[3].get("effectiveDateTime").is_none(), "the clock was not set");
    assert!(reports.iter().all(|report| report["conclusion"].to_string().contains("Not a diagnosis")));
}

#[test]
fn a_bundle_of_nothing_is_a_bundle() {
    let folder = TempDir::new().expect("a temporary folder");
    let config = RecordsConfig { folder: folder.path().join("records"), ..RecordsConfig::default() };
    Store::open(&config).expect("opens");
    let bench = Bench { folder, config };
    let (path, _) = bench.export("fhir");
    assert_eq!(
        fs::read_to_string(&path).expect("text"),
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\"}\n"
    );
    assert_eq!(judged("fhir", &path).unwrap_or_else(|| Value::Array(Vec::new())), Value::Array(Vec::new()));
}
