//! What tests of several subjects share: where the labelled pictures are, which are not part of the repository, and twins.

use std::path::{Path, PathBuf};

use dermascope::control::{self, Change, DeviceState, Remote};
use dermascope::feed::ScreenFeed;
use dermascope::http;
use dermascope::panel::VirtualScreen;
use dermascope::records::RecordsConfig;
use embedded_graphics::geometry::Size;

/// The folder `shared` beside the repository, or where DERMASCOPE_SHARED says. Says loudly that a test was
/// skipped where there is none.
pub fn shared(test: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("DERMASCOPE_SHARED").map_or_else(beside, PathBuf::from);
    let found = folder.join("data/ham10000/labels.csv").is_file();
    if !found {
        skipped("pictures", &format!("{test}: no pictures in {} (set DERMASCOPE_SHARED)", folder.display()));
    }
    found.then_some(folder)
}

/// Says that a test is not run, for want of what. Where CI counts on it that is a failure, unless `DERMASCOPE_MAY_SKIP`
/// names the need.
pub fn skipped(need: &str, why: &str) {
    let may = std::env::var("DERMASCOPE_MAY_SKIP").unwrap_or_default();
    let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let is_asked_for = may.split_whitespace().any(|other| other == need);
    assert!(!is_ci || is_asked_for, "not asked to be skipped (DERMASCOPE_MAY_SKIP lacks {need}): {why}");
    eprintln!("skipped: {why}");
}

/// The Python of the training code, which has Pillow: what `make test` set up.
pub fn python() -> Option<PathBuf> {
    let found = std::env::var_os("DERMASCOPE_PYTHON").map(PathBuf::from);
    if found.is_none() {
        skipped("python", "no Python with the training code's needs: run by `make test`");
    }
    found
}

/// A device that takes every case it is told and every setting that its two operating points allow, and does nothing
/// else.
pub fn remote() -> Remote {
    let (remote, base) = control::pair();
    std::thread::spawn(move || {
        let operating_points = vec!["screening".to_string(), "balanced".into()];
        let mut told = DeviceState { operating_points, ..DeviceState::default() };
        for change in base.changes() {
            match change.change.clone() {
                Change::Case(case) => told.case = case,
                Change::Setting(setting) if told.operating_points.contains(&setting.operating_point) => {
                    told.setting = setting;
                }
                Change::Setting(_) => {
                    change.refuse("no such operating point".into());
                    continue;
                }
            }
            base.tell(told.clone());
            change.done();
        }
    });
    remote
}

/// What the HTTP link serves where a test asks only who is let in, and where: no records, and a black screen.
pub fn nothing_to_show() -> http::Device {
    http::Device {
        records: RecordsConfig { folder: "/dev/null/records".into(), ..RecordsConfig::default() },
        model: Default::default(),
        quality: Default::default(),
        feed: ScreenFeed::new(VirtualScreen::new(Size::new(6, 4))),
        presses: None,
        remote: remote(),
    }
}

/// The model that ships.
pub fn manifest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/lesion.toml")
}
