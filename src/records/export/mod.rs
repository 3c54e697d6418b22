//! Exports: records in forms that need no software of ours, oldest first. The same records give the same bytes.

mod archive;
mod bundle;
mod page;
mod table;
mod zip;

use std::io::{self, Write};

use serde::Serialize;

use super::error::sql;
use super::{Filter, Reader, Record, RecordError, carried_name};
use crate::RESEARCH_ONLY;

pub use bundle::{Bundle, Part};
pub use zip::fill;

/// Why an export was not finished.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Records(#[from] RecordError),
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
}

/// Writes the records that a filter lets through.
pub type Export = fn(&Reader, &Filter, &mut dyn Write) -> Result<(), ExportError>;

/// Every format: its name, the extension of its files, and what writes it. The default first.
pub const FORMATS: &[(&str, &str, Export)] = &[
    ("zip", "zip", zip::write),
    ("csv", "csv", |reader, filter, out| table::write(reader, filter, out)),
    ("jsonl", "jsonl", |reader, filter, out| write_lines(reader, filter, out)),
    ("isic", "csv", |reader, filter, out| table::write_isic(reader, filter, out)),
];

/// Writes an export as the records are now, whatever is saved meanwhile.
pub fn export(
    reader: &Reader,
    filter: &Filter,
    format: Export,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let snapshot = reader.connection.unchecked_transaction().map_err(sql("read", &reader.database))?;
    format(reader, filter, out)?;
    drop(snapshot);
    Ok(out.flush()?)
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
fn write_lines(reader: &Reader, filter: &Filter, out: &mut (impl Write + ?Sized)) -> Result<(), ExportError> {
    reader.each(filter, |record| {
        let line = Line { record: &record, image: image_name(&record), notice: RESEARCH_ONLY };
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        Ok(out.write_all(b"\n")?)
    })
}
