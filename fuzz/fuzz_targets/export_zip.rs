//! An export whose texts are any texts is verified, with what is wrong named, or refused; never a panic. And nothing that
//! was altered passes: what an export of no records says of itself can only be signed by a device's key.
//!
//! The input is manifest.json, proof.json, chain.jsonl and records.jsonl, between zero bytes, which none of them has.
#![no_main]

use std::io::{Cursor, Write};

use dermascope::records::export::verify_zip;
use libfuzzer_sys::fuzz_target;
use zip::CompressionMethod::Stored;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const FILES: [&str; 4] = ["manifest.json", "proof.json", "chain.jsonl", "records.jsonl"];

/// The archive that a device would make of such texts; none where it cannot be written.
fn archive(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in FILES.iter().zip(bytes.split(|byte| *byte == 0)) {
        archive.start_file(*name, SimpleFileOptions::default().compression_method(Stored)).ok()?;
        archive.write_all(text).ok()?;
    }
    Some(archive.finish().ok()?.into_inner())
}

fuzz_target!(|bytes: &[u8]| {
    // The texts behind the archive's checksums, and the archive's own bytes.
    for bytes in [archive(bytes), Some(bytes.to_vec())].into_iter().flatten() {
        if let Ok(found) = verify_zip(Cursor::new(bytes)) {
            assert!(found.public_key.is_empty() || !found.head.is_empty());
            assert!(!found.problems.is_empty() || !found.public_key.is_empty(), "unsigned, and nothing said");
        }
    }
});
