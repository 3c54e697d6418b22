//! Exports with pictures: the tables, a page to open, and a manifest with every file's hash, in a ZIP or on a drive.

use std::cell::Cell;
use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::archive::Archive;
use super::bundle::Bundle;
use super::exported::{ExportError, Exported, Missing, image_name};
use super::proof::Proof;
use super::{lines, page, table};
use crate::RESEARCH_ONLY;
use crate::digest::hex;
use crate::records::{Filter, Reader, RecordError};

/// `manifest.json`: what the archive holds, to check it by.
#[derive(Serialize)]
struct Manifest<'a> {
    notice: &'static str,
    device: String,
    /// Version of the firmware that exported.
    firmware: &'static str,
    records: u64,
    files: Vec<FileEntry>,
    /// Pictures that should be here and are not, and why.
    missing: &'a [Missing],
}

#[derive(Serialize)]
struct FileEntry {
    name: String,
    size: u64,
    sha256: String,
}

/// As a ZIP.
pub fn write(reader: &Reader, filter: &Filter, out: &mut dyn Write) -> Result<Exported, ExportError> {
    let mut archive = Archive::new(out);
    let exported = fill(reader, filter, &mut archive)?;
    archive.finish()?;
    Ok(exported)
}

/// Into any bundle.
pub fn fill(reader: &Reader, filter: &Filter, bundle: &mut dyn Bundle) -> Result<Exported, ExportError> {
    let head = reader.signed_head()?.filter(|head| reader.head().is_ok_and(|(end, _)| head.position <= end));
    let mut contents = Contents { bundle, files: Vec::new() };
    contents.add("README.txt", |out| Ok(out.write_all(readme().as_bytes())?))?;
    contents.add("index.html", |out| page::write(reader, filter, out))?;
    contents.add("records.csv", |out| table::write(reader, filter, out).map(|_| ()))?;
    contents.add("records.jsonl", |out| lines::write(reader, filter, out).map(|_| ()))?;
    contents.add("isic.csv", |out| table::write_isic(reader, filter, out).map(|_| ()))?;
    let exported = write_images(reader, filter, &mut contents)?;
    let numbers = exported.records.iter().map(|(sequence, _)| *sequence).collect();
    let proof = Proof::of(reader, head, &numbers)?;
    contents.add("outcomes.csv", |out| table::write_outcomes(reader, &numbers, out))?;
    contents.add("chain.jsonl", |out| proof.write_chain(reader, &numbers, out))?;
    contents
        .add("proof.json", |out| Ok(serde_json::to_writer_pretty(out, &proof).map_err(io::Error::from)?))?;
    let files = std::mem::take(&mut contents.files);
    let device = reader.device().into();
    let firmware = env!("CARGO_PKG_VERSION");
    let (records, missing) = (exported.records.len() as u64, &exported.missing);
    let manifest = Manifest { notice: RESEARCH_ONLY, device, firmware, records, files, missing };
    contents.add("manifest.json", |out| {
        Ok(serde_json::to_writer_pretty(out, &manifest).map_err(io::Error::from)?)
    })?;
    Ok(exported)
}

/// Writes the pictures. One that is missing or altered does not keep the others: the manifest says so.
fn write_images(reader: &Reader, filter: &Filter, contents: &mut Contents) -> Result<Exported, ExportError> {
    let mut exported = Exported::default();
    let unreadable = reader.each(filter, |record| {
        let image = reader.image(&record);
        exported.records.push((record.sequence, image.is_ok()));
        match image {
            Ok(image) => {
                let name = format!("images/{}", image_name(&record));
                contents.add(&name, |out| Ok(out.write_all(&image.bytes)?))
            }
            Err(error) if error.is_of_a_picture() => {
                let (sequence, image_sha256) = (record.sequence, record.image_sha256);
                let (cause, pruned) = (error.brief(), matches!(error, RecordError::ImagePruned { .. }));
                exported.missing.push(Missing { sequence, image_sha256, cause, pruned });
                Ok(())
            }
            Err(error) => Err(ExportError::from(error)),
        }
    })?;
    exported.note_unreadable(unreadable);
    Ok(exported)
}

/// The bundle, and what has gone into it.
struct Contents<'a> {
    bundle: &'a mut dyn Bundle,
    files: Vec<FileEntry>,
}

impl Contents<'_> {
    fn add(
        &mut self,
        name: &str,
        write: impl Fn(&mut Hashing) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let hashed = Cell::new((0, String::new()));
        self.bundle.add(name, &|out| {
            let mut out = Hashing { out, hash: Sha256::new(), size: 0 };
            write(&mut out)?;
            let sha256 = hex(&out.hash.finalize());
            hashed.set((out.size, sha256));
            Ok(())
        })?;
        let (size, sha256) = hashed.take();
        self.files.push(FileEntry { name: name.into(), size, sha256 });
        Ok(())
    }
}

/// Hashes what passes through.
struct Hashing<'a> {
    out: &'a mut dyn Write,
    hash: Sha256,
    size: u64,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn readme() -> String {
    format!(
        "Records of a dermascope device. {RESEARCH_ONLY}\n\n\
         index.html     the records with their pictures: open it in a browser, after unpacking\n\
         records.csv    one row a record, for spreadsheets and statistics\n\
         records.jsonl  one record a line as JSON, with everything that the device knows\n\
         isic.csv       the probabilities in the form of the ISIC 2018 challenge, task 3\n\
         outcomes.csv   what became of their lesions, as it was noted: the last row of a record holds\n\
         images/        the pictures as the camera gave them, named by the record's number\n\
         chain.jsonl    the entries of the device's hash chain that these records are part of, one a line\n\
         proof.json     how far the chain went, signed by the device's key\n\
         manifest.json  every file's SHA-256\n\n\
         `dermascope records verify FILE.zip` checks all of it on any computer.\n"
    )
}
