//! Exports: records in forms that need no software of ours, oldest first. The same records give the same bytes.

mod archive;
mod bundle;
mod page;
mod proof;
mod table;
mod unpack;
mod zip;

use std::io::{self, Write};

use serde::Serialize;

use super::error::sql;
use super::{Filter, Reader, Record, RecordError, Unreadable, carried_name};
use crate::RESEARCH_ONLY;

pub use bundle::{Bundle, Part};
pub use proof::Proof;
pub use unpack::{Unpacked, verify_archive};
pub use zip::fill;

/// Why an export was not finished.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Records(#[from] RecordError),
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
}

/// What an export holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exported {
    /// The numbers of its records, and whether each one's picture is in it too.
    pub records: Vec<(u64, bool)>,
    /// What should be in it and is not, and why.
    pub missing: Vec<Missing>,
}

/// A record, or its picture, that an export goes without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    pub sequence: u64,
    pub image_sha256: String,
    pub cause: String,
    /// It left the device before, and then made room: nothing is lost.
    #[serde(skip)]
    pub pruned: bool,
}

impl Exported {
    /// What cannot be had from anywhere else.
    pub fn lost(&self) -> impl Iterator<Item = &Missing> {
        self.missing.iter().filter(|missing| !missing.pruned)
    }

    fn note_unreadable(&mut self, unreadable: Vec<Unreadable>) {
        let missing = |bad: Unreadable| {
            let image_sha256 = String::new();
            Missing { sequence: bad.sequence, image_sha256, cause: bad.cause, pruned: false }
        };
        self.missing.extend(unreadable.into_iter().map(missing));
    }
}

/// Writes the records that a filter lets through.
pub type Export = fn(&Reader, &Filter, &mut dyn Write) -> Result<Exported, ExportError>;

/// Every format: its name, the extension of its files, and what writes it. The default first.
pub const FORMATS: &[(&str, &str, Export)] = &[
    ("zip", "zip", zip::write),
    ("csv", "csv", |reader, filter, out| table::write(reader, filter, out)),
    ("excel", "csv", |reader, filter, out| table::write_excel(reader, filter, out)),
    ("jsonl", "jsonl", |reader, filter, out| write_lines(reader, filter, out)),
    ("isic", "csv", |reader, filter, out| table::write_isic(reader, filter, out)),
];

/// Writes an export as the records are now, whatever is saved meanwhile.
pub fn export(
    reader: &Reader,
    filter: &Filter,
    format: Export,
    out: &mut dyn Write,
) -> Result<Exported, ExportError> {
    let snapshot = reader.connection.unchecked_transaction().map_err(sql("read", &reader.database))?;
    let exported = format(reader, filter, out)?;
    drop(snapshot);
    out.flush()?;
    Ok(exported)
}

/// Gives every record that a filter lets through to `visit`, and says which ones they were.
fn each(
    reader: &Reader,
    filter: &Filter,
    mut visit: impl FnMut(&Record) -> Result<(), ExportError>,
) -> Result<Exported, ExportError> {
    let mut exported = Exported::default();
    let unreadable = reader.each(filter, |record| -> Result<(), ExportError> {
        exported.records.push((record.sequence, false));
        visit(&record)
    })?;
    exported.note_unreadable(unreadable);
    Ok(exported)
}

/// The name of a record's picture in an export.
fn image_name(record: &Record) -> String {
    carried_name(record.sequence, record.image_encoding)
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    record: &'a Record,
    /// The picture's name in the export.
    image: String,
    notice: &'static str,
}

/// One JSON object a line: the whole record.
fn write_lines(
    reader: &Reader,
    filter: &Filter,
    out: &mut (impl Write + ?Sized),
) -> Result<Exported, ExportError> {
    each(reader, filter, |record| {
        let line = Line { record, image: image_name(record), notice: RESEARCH_ONLY };
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        Ok(out.write_all(b"\n")?)
    })
}
