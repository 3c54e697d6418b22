//! Any text is a manifest whose numbers are numbers, or an error; never a panic.
#![no_main]

use dermascope::classifier::Manifest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(manifest) = Manifest::parse(text) {
        assert!(manifest.operating_points.iter().all(|point| (0.0..=1.0).contains(&point.threshold)));
        assert!(manifest.calibration.temperature.is_finite());
    }
});
