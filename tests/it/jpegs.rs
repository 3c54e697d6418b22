//! JPEGs of hundreds of shapes, and broken ones, against libjpeg-turbo as Pillow has it: right pixels or a refusal.

use std::path::Path;
use std::process::Command;

use dermascope::picture;
use serde::Deserialize;

use crate::shared::python;

/// A line of what `tests/pictures/sweep.py` lists.
#[derive(Deserialize)]
struct Made {
    file: String,
    name: String,
    kind: String,
    /// 0 where Pillow refused it.
    width: u32,
    height: u32,
}

/// The most that any value differs from Pillow's; `None` where the picture is refused.
fn difference(folder: &Path, made: &Made) -> Option<u8> {
    let bytes = std::fs::read(folder.join(&made.file).with_extension("jpg")).unwrap();
    let (ours, _) = picture::decode(&bytes).ok()?;
    let theirs = std::fs::read(folder.join(&made.file).with_extension("rgb"));
    let theirs = theirs.unwrap_or_else(|_| panic!("{}: read, and Pillow refuses it", made.name));
    assert_eq!(ours.dimensions(), (made.width, made.height), "{}", made.name);
    ours.as_raw().iter().zip(&theirs).map(|(ours, theirs)| ours.abs_diff(*theirs)).max()
}

#[test]
fn every_shape_of_jpeg_gives_the_pixels_that_pillow_gives_and_broken_ones_never_others() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/sweep.py");
    assert!(Command::new(python).arg(script).arg(folder.path()).status().unwrap().success());
    let list = std::fs::read(folder.path().join("list.json")).unwrap();
    let list: Vec<Made> = serde_json::from_slice(&list).unwrap();
    let (shapes, mutations): (Vec<_>, Vec<_>) = list.iter().partition(|made| made.kind == "shape");
    assert!(shapes.len() >= 400 && mutations.len() >= 1000);
    for made in shapes {
        let most = difference(folder.path(), made);
        assert!(most.is_some_and(|most| most <= 1), "{} {}: {most:?}", made.file, made.name);
    }
    let mut read = 0;
    for made in &mutations {
        if let Some(most) = difference(folder.path(), made) {
            read += 1;
            assert!(most <= 1, "{} {}: {most}", made.file, made.name);
        }
    }
    assert!(read > 0, "some changes are harmless");
}
