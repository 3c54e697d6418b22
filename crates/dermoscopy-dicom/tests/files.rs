//! The files, as programs of others see them: dicom3tools' dciodvfy, pydicom, and a real Orthanc.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use dermoscopy_dicom::{Code, Instance, Jpeg, Laterality, Pixels, Reading, Taken, Tracking, image, report};

/// A picture that goes up to the right and down, 96 x 64.
fn jpeg() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(96, 64, |x, y| image::Rgb([180, x as u8 * 2, y as u8 * 3]));
    let mut bytes = Cursor::new(Vec::new());
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    picture.write_with_encoder(encoder).expect("memory takes it");
    bytes.into_inner()
}

fn full() -> Instance {
    Instance {
        device: "scope-é7".into(),
        firmware: "0.1.0".into(),
        sequence: 17,
        image_sha256: "ab".repeat(32),
        captured_at: Some(("20260503".into(), "091502.250000".into())),
        case: Some("AB-12 Müller\\x".into()),
        lesion: Some(Tracking {
            id: "AB-12 L3".into(),
            uid: "2.25.115340515811995406911027040521040403732".into(),
        }),
        site: Some(Code { value: "371311000".into(), meaning: "Skin of upper extremity".into() }),
        laterality: Some(Laterality::Left),
        site_words: Some("above the elbow".into()),
        taken: Taken {
            polarised: Some(true),
            contact: Some(true),
            immersion: Some("ULTRASOUND_GEL"),
            immersion_words: None,
            magnification: Some(10.0),
            millimetres_per_pixel: Some(0.0208333),
        },
        reading: Reading {
            word: "SUSPICIOUS".into(),
            malignant: 0.6125,
            threshold: 0.1052,
            classes: vec![
                ("mel".into(), "Melanoma".into(), 0.55),
                ("akiec".into(), "Actinic keratosis / Bowen's disease".into(), 0.05),
            ],
            remarks: vec!["Doubt about the class.".into()],
            model: ("EfficientNet-Lite2 256 int8".into(), "cd".repeat(32)),
        },
        notice: "Research use only. Not a diagnosis.".into(),
    }
}

/// A record of which nothing is known but that it was taken.
fn bare() -> Instance {
    let full = full();
    Instance {
        captured_at: None,
        case: None,
        lesion: None,
        site: None,
        laterality: None,
        site_words: None,
        taken: Taken::default(),
        sequence: 18,
        reading: Reading { remarks: Vec::new(), ..full.reading },
        ..full
    }
}

/// From a hand's breadth, unpolarised, on the middle line.
fn dry() -> Instance {
    let taken = Taken { polarised: Some(false), contact: Some(false), ..Taken::default() };
    Instance { sequence: 19, laterality: Some(Laterality::Midline), taken, ..full() }
}

/// Every kind of file: its name, and what is in it.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let jpeg = jpeg();
    let as_it_is = Pixels::Jpeg(Jpeg::of(&jpeg).expect("a baseline JPEG"));
    let decoded = [90u8; 5 * 3 * 3];
    let decoded = Pixels::Rgb { width: 5, height: 3, bytes: &decoded, of_jpeg: Some(20) };
    vec![
        ("full.dcm", image(&full(), &as_it_is).expect("written")),
        ("full-sr.dcm", report(&full()).expect("written")),
        ("dry.dcm", image(&dry(), &as_it_is).expect("written")),
        ("bare.dcm", image(&bare(), &decoded).expect("written")),
        ("bare-sr.dcm", report(&bare()).expect("written")),
    ]
}

fn written(folder: &Path) -> Vec<PathBuf> {
    let write = |(name, bytes): (&str, Vec<u8>)| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("the folder is new");
        path
    };
    files().into_iter().map(write).collect()
}

/// Says that a test is not run; where CI counts on it that is a failure, unless `DERMASCOPE_MAY_SKIP` names the need.
fn skipped(need: &str) {
    let may = std::env::var("DERMASCOPE_MAY_SKIP").unwrap_or_default();
    let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!is_ci || may.split_whitespace().any(|other| other == need), "{need} is not there");
    eprintln!("skipped: {need} is not there");
}

fn is_there(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    found.is_ok_and(|found| found.status.success())
}

#[test]
fn dciodvfy_finds_no_error() {
    if !is_there("dciodvfy") {
        return skipped("dicom3tools");
    }
    let folder = tempfile::tempdir().expect("a folder");
    for path in written(folder.path()) {
        let said = Command::new("dciodvfy").arg(&path).output().expect("it is there");
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = if name.ends_with("-sr.dcm") { "EnhancedSR" } else { "DermoscopicPhotographyImage" };
        assert!(said.contains(wanted), "{name}: {said}");
        let errors: Vec<_> = said.lines().filter(|line| line.starts_with("Error")).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

/// Python with pydicom: what `make test` set up.
fn python() -> Option<PathBuf> {
    let found = std::env::var_os("DERMASCOPE_PYTHON").map(PathBuf::from);
    let has_pydicom = |python: &PathBuf| {
        Command::new(python).args(["-c", "import pydicom"]).output().is_ok_and(|done| done.status.success())
    };
    let found = found.filter(has_pydicom);
    if found.is_none() {
        skipped("python");
    }
    found
}

#[test]
fn pydicom_reads_back_what_was_written() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path());
    std::fs::write(folder.path().join("picture.jpg"), jpeg()).expect("the folder is new");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_back.py");
    let said = Command::new(python).arg(script).arg(folder.path()).output().expect("it is there");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

/// A real archive, gone when dropped.
struct Orthanc {
    process: std::process::Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Drop for Orthanc {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Orthanc {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = || {
            let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            socket.local_addr().expect("it is bound").port()
        };
        let (port, http) = (free(), free());
        let kept = folder.path().join("kept");
        let configuration = format!(
            r#"{{"StorageDirectory": "{0}", "IndexDirectory": "{0}", "HttpPort": {http}, "DicomPort": {port},
                "DicomAlwaysAllowFind": true, "DicomAlwaysAllowStore": true, "DicomCheckCalledAet": false,
                "RemoteAccessAllowed": false, "Plugins": []}}"#,
            kept.display()
        );
        let path = folder.path().join("orthanc.json");
        std::fs::write(&path, configuration).expect("the folder is new");
        let log = std::fs::File::create(folder.path().join("log")).expect("the folder is new");
        let process = Command::new("Orthanc").arg(&path).stderr(log).spawn().expect("it is there");
        let orthanc = Self { process, folder, port };
        for _ in 0..300 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return orthanc;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(orthanc.folder.path().join("log")).unwrap_or_default();
        panic!("Orthanc did not start: {log}");
    }

    fn ask(&self, program: &str, arguments: &[&str], files: &[&Path]) -> String {
        let port = self.port.to_string();
        let asked = Command::new(program).args(arguments).args(["127.0.0.1", &port]).args(files).output();
        let asked = asked.expect("dcmtk is there");
        let said = [asked.stdout, asked.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(asked.status.success(), "{program}: {said}");
        said
    }
}

#[test]
fn a_real_archive_takes_the_files_and_finds_them_by_a_query() {
    if !is_there("Orthanc") || !is_there("storescu") {
        return skipped("orthanc");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let paths = written(folder.path());
    let orthanc = Orthanc::start();
    orthanc.ask("storescu", &["-R", "-xy"], &[&paths[0]]);
    orthanc.ask("storescu", &["-R", "-xy"], &[&paths[2]]);
    orthanc.ask("storescu", &["-R", "-xe"], &[&paths[1], &paths[3], &paths[4]]);
    // Sent again, it is still one.
    orthanc.ask("storescu", &["-R", "-xy"], &[&paths[0]]);
    let wanted = ["-S", "-k", "QueryRetrieveLevel=IMAGE", "-k", "Modality=DMS", "-k", "PatientID=AB-12*"];
    let found = orthanc.ask("findscu", &[&wanted[..], &["-k", "SOPInstanceUID"]].concat(), &[]);
    let images = found.matches("SOPInstanceUID").count();
    assert_eq!(images, 2, "{found}");
    let reports = ["-S", "-k", "QueryRetrieveLevel=SERIES", "-k", "Modality=SR", "-k", "PatientID=AB-12*"];
    let found = orthanc.ask("findscu", &[&reports[..], &["-k", "SeriesInstanceUID"]].concat(), &[]);
    assert_eq!(found.matches("SeriesInstanceUID").count(), 1, "{found}");
    let nobody = ["-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID=AB-13", "-k", "StudyInstanceUID"];
    assert_eq!(orthanc.ask("findscu", &nobody, &[]).matches("StudyInstanceUID").count(), 0);
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    assert_eq!(files(), files());
}

#[test]
fn pixels_that_are_not_as_many_as_they_should_be_are_refused() {
    for (width, height, count) in [(2, 2, 11), (0, 2, 0), (70_000, 1, 210_000)] {
        let bytes = vec![0; count];
        let error = image(&bare(), &Pixels::Rgb { width, height, bytes: &bytes, of_jpeg: None })
            .expect_err("refused");
        assert!(error.to_string().contains(&format!("{width} x {height}")), "{error}");
    }
}
