//! What is printed: labels and targets, shown as a printer would print them and read again.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use labels::{Label, scan};
use serde_json::Value;
use tempfile::TempDir;

use crate::shared::python;

fn dermascope(arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("dermascope").expect("is built");
    command.args(arguments).output().expect("runs")
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A part of the first page, in millimetres, as a picture.
fn shown(pdf: &Path, dots: u32, part: [f32; 4]) -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systems/render.py");
    let picture = pdf.with_extension("png");
    let part = part.map(|side| side.to_string());
    let mut command = Command::new(python()?);
    command.arg(script).arg(pdf).arg(&picture).arg(dots.to_string()).args(part);
    let said = command.output().expect("runs");
    assert!(said.status.success(), "{}", words(&said));
    Some(picture)
}

#[test]
fn a_sheet_of_labels_is_read_label_by_label_as_it_is_printed() {
    let folder = TempDir::new().expect("a temporary folder");
    let pdf = folder.path().join("labels.pdf");
    let path = pdf.to_str().expect("text");
    let said = dermascope(&["labels", "case", "Müller 7", "--lesions", "4", "--pdf", path]);
    assert!(said.status.success(), "{}", words(&said));
    // A label is 63.5 x 33.9 mm; three are beside each other on A4.
    let (left, top) = ((210.0 - 3.0 * 63.5) / 2.0, (297.0 - 8.0 * 33.9) / 2.0);
    for (place, lesion) in [None, Some(1), Some(2), Some(3), Some(4)].into_iter().enumerate() {
        let (x, y) = (left + 63.5 * (place % 3) as f32, top + 33.9 * (place / 3) as f32);
        let Some(picture) = shown(&pdf, 200, [x, y, x + 63.5, y + 33.9]) else { return };
        let seen = image::open(picture).expect("a picture").into_luma8();
        let (width, height) = seen.dimensions();
        let found = scan(width as usize, height as usize, seen.as_raw());
        assert_eq!(found, Some(Ok(Label { case_id: "Müller 7".into(), lesion })), "label {place}");
    }
}

#[test]
fn a_wrist_band_names_the_case_and_labels_can_be_had_as_text() {
    let folder = TempDir::new().expect("a temporary folder");
    let pdf = folder.path().join("band.pdf");
    let said = dermascope(&["labels", "case", "AB-12", "--wrist-band", "--pdf", pdf.to_str().expect("text")]);
    assert!(said.status.success(), "{}", words(&said));
    if let Some(picture) = shown(&pdf, 300, [90.0, 0.0, 120.0, 25.4]) {
        let seen = image::open(picture).expect("a picture").into_luma8();
        let (width, height) = seen.dimensions();
        let found = scan(width as usize, height as usize, seen.as_raw());
        assert_eq!(found, Some(Ok(Label { case_id: "AB-12".into(), lesion: None })));
    }
    let text = dermascope(&["labels", "case", " AB-12 ", "--lesions", "2", "--text"]);
    assert_eq!(words(&text), "dermascope:1:AB-12\ndermascope:1:AB-12:L1\ndermascope:1:AB-12:L2\n");
    for refused in [&["labels", "case", " ", "--text"][..], &["labels", "case", "A\u{202e}B", "--text"]] {
        let said = dermascope(refused);
        assert!(!said.status.success() && words(&said).contains("error: "), "{}", words(&said));
    }
    let nowhere = dermascope(&["labels", "case", "AB-12", "--pdf", "/nowhere/at/all.pdf"]);
    assert!(words(&nowhere).contains("/nowhere/at/all.pdf"), "{}", words(&nowhere));
}

#[test]
fn a_target_is_checked_as_it_is_printed() {
    let folder = TempDir::new().expect("a temporary folder");
    for (size, disc, across) in [("large", 18.0f32, 24.0f32), ("small", 9.0, 12.0)] {
        let pdf = folder.path().join(format!("{size}.pdf"));
        let said = dermascope(&["target", "--size", size, "--pdf", pdf.to_str().expect("text")]);
        assert!(said.status.success(), "{}", words(&said));
        let half = across / 2.0;
        let part = [40.0 - half, 40.0 - half, 40.0 + half, 40.0 + half];
        let Some(picture) = shown(&pdf, (900.0 / across * 25.4) as u32, part) else { return };
        let picture = picture.to_str().expect("text");
        let said = dermascope(&["target", "check", picture, "--set-up", picture, "--json"]);
        let told: Value = serde_json::from_slice(&said.stdout).unwrap_or_else(|_| panic!("{}", words(&said)));
        let found = told["millimetres_across"].as_f64().expect("a number") as f32;
        assert!((found / across - 1.0).abs() < 0.01, "{disc} mm: {told}");
        // Paper on a screen is as white as can be; all else is as it was at set-up.
        let failing =
            told["checks"].as_array().expect("a list").iter().filter(|check| check["holds"] == false);
        assert_eq!(failing.map(|check| check["what"].clone()).collect::<Vec<_>>(), ["clipping"], "{told}");
        assert_eq!(said.status.code(), Some(1));
    }
}

#[test]
fn a_picture_without_a_target_is_told_with_its_name() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("lesion.png");
    dermascope::synthetic::lesion(3, 300).save(&path).expect("writes");
    let said = dermascope(&["target", "check", path.to_str().expect("text")]);
    assert_eq!(said.status.code(), Some(1));
    assert!(words(&said).contains("lesion.png: no target is seen"), "{}", words(&said));
}
