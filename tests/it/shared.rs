//! Where the labelled pictures are, for the tests on real input. They are not part of the repository.

use std::path::{Path, PathBuf};

use dermascope::links::remote::{self, Remote, Told};

/// The folder `shared` beside the repository, or where DERMASCOPE_SHARED says. Says loudly that a test was
/// skipped where there is none.
pub fn shared(test: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("DERMASCOPE_SHARED").map_or_else(beside, PathBuf::from);
    let found = folder.join("data/ham10000/labels.csv").is_file();
    if !found {
        eprintln!("skipped: {test}: no pictures in {} (set DERMASCOPE_SHARED)", folder.display());
    }
    found.then_some(folder)
}

/// A device that takes every case it is told, and does nothing else.
pub fn remote() -> Remote {
    let (remote, base) = remote::pair();
    std::thread::spawn(move || {
        for wish in base.wishes() {
            base.tell(Told { case: wish.case.clone(), ..Told::default() });
            wish.done();
        }
    });
    remote
}

/// The model that ships.
pub fn manifest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/lesion.toml")
}
