//! Exports: records in forms that need no software of ours, oldest first. The same records give the same bytes.

mod archive;
mod bundle;
mod dicom;
mod exported;
mod fhir;
mod isic;
mod lines;
mod page;
mod proof;
mod table;
mod told;
mod unpack;
mod zip;

use std::io::Write;

use super::error::sql;
use super::{Filter, Reader};

pub use bundle::{Bundle, Part};
pub use exported::{ExportError, Exported, Missing};
pub use proof::Proof;
pub use table::write_due;
pub use unpack::{Unpacked, verify_archive, verify_zip};
pub use zip::fill;

/// Writes the records that a filter lets through.
pub type Export = fn(&Reader, &Filter, &mut dyn Write) -> Result<Exported, ExportError>;

/// Every format: its name, the extension of its files, and what writes it. The default first.
pub const FORMATS: &[(&str, &str, Export)] = &[
    ("zip", "zip", zip::write),
    ("csv", "csv", |reader, filter, out| table::write(reader, filter, out)),
    ("excel", "csv", |reader, filter, out| table::write_excel(reader, filter, out)),
    ("jsonl", "jsonl", |reader, filter, out| lines::write(reader, filter, out)),
    ("isic", "csv", isic::write),
    ("isic2018", "csv", |reader, filter, out| table::write_isic(reader, filter, out)),
    ("dicom", "zip", dicom::write),
    ("fhir", "json", fhir::write),
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
