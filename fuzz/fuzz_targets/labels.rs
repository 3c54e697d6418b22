//! Any table is labels of the model's classes, one truth a picture, or an error that names the file; never a panic.
#![no_main]

use std::collections::HashSet;
use std::path::Path;

use dermascope::evaluation::{Choice, parse_labels};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let classes = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"].map(String::from);
    let choices = [
        Choice::default(),
        Choice { split: Some("test"), stratify: None },
        Choice { split: None, stratify: Some("site") },
    ];
    for choice in choices {
        match parse_labels(bytes, Path::new("labels.csv"), choice, &classes) {
            Ok(labels) => {
                assert!(!labels.rows.is_empty());
                assert!(labels.rows.iter().all(|row| row.truth < classes.len() && !row.image_id.is_empty()));
                let names: HashSet<_> = labels.rows.iter().map(|row| row.image_id.to_lowercase()).collect();
                assert_eq!(names.len(), labels.rows.len(), "a picture is counted once");
            }
            Err(error) => assert!(error.to_string().starts_with("labels.csv")),
        }
    }
});
