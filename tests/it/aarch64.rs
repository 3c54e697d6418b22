//! The same program on the Raspberry Pi's processors, under qemu: it must read as it does here, to the bit.
//! DERMASCOPE_AARCH64 names the cross-built program; `make cross-test` sets it.

use std::path::{Path, PathBuf};
use std::process::Command;

use dermascope::synthetic;
use serde_json::Value;

use crate::shared::{manifest, shared, skipped};

/// Those of the Raspberry Pi 3 and Zero 2 W, of the 4, and of the 5.
const PROCESSORS: [&str; 3] = ["cortex-a53", "cortex-a72", "cortex-a76"];
/// How many real pictures are read besides the drawn ones.
const REAL: usize = 6;

/// What each picture was read as: everything but how long it took and where the picture lies.
fn readings(mut program: Command, pictures: &[PathBuf]) -> Vec<Value> {
    let output =
        program.args(["classify", "--json", "--model"]).arg(manifest()).args(pictures).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut readings: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for reading in &mut readings {
        reading.as_object_mut().unwrap().remove("timings_ms").unwrap();
    }
    readings
}

/// Drawn lesions as PNG and JPEG, and real pictures where there are some.
fn pictures(folder: &Path) -> Vec<PathBuf> {
    let mut pictures = Vec::new();
    for (seed, name) in ["0.png", "1.jpg", "2.jpg"].into_iter().enumerate() {
        let path = folder.join(name);
        synthetic::lesion(seed as u64, 300).save(&path).unwrap();
        pictures.push(path);
    }
    if let Some(shared) = shared("real pictures on aarch64") {
        let images = std::fs::read_dir(shared.join("data/ham10000/images")).unwrap();
        let mut real: Vec<_> = images.map(|image| image.unwrap().path()).collect();
        real.sort();
        pictures.extend(real.into_iter().step_by(97).take(REAL));
    }
    pictures
}

#[test]
fn every_raspberry_pi_reads_as_this_computer_does_to_the_bit() {
    let Some(program) = std::env::var_os("DERMASCOPE_AARCH64") else {
        return skipped("aarch64", "no program for aarch64 (make cross-test)");
    };
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures(folder.path());
    let here = readings(Command::new(env!("CARGO_BIN_EXE_dermascope")), &pictures);
    assert_eq!(here.len(), pictures.len());
    for processor in PROCESSORS {
        let mut qemu = Command::new("qemu-aarch64-static");
        qemu.args(["-cpu", processor, "-L", "/usr/aarch64-linux-gnu"]).arg(&program);
        let there = readings(qemu, &pictures);
        for (here, there) in here.iter().zip(&there) {
            assert_eq!(here, there, "{processor}");
        }
        eprintln!("{processor}: {} pictures are read the same", there.len());
    }
}
