//! What an export holds, what it goes without, and why it was not finished.

use std::io;

use serde::Serialize;

use crate::records::{Filter, Reader, Record, RecordError, Unreadable, carried_name};

/// Why an export was not finished.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The records cannot be read.
    #[error(transparent)]
    Records(#[from] RecordError),
    /// What is exported to cannot be written.
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
    /// The record's number.
    pub sequence: u64,
    /// Of the picture, in hexadecimal digits; empty where the whole record is missing.
    pub image_sha256: String,
    /// Why, in words.
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

    pub(super) fn note_unreadable(&mut self, unreadable: Vec<Unreadable>) {
        let missing = |bad: Unreadable| {
            let image_sha256 = String::new();
            Missing { sequence: bad.sequence, image_sha256, cause: bad.cause, pruned: false }
        };
        self.missing.extend(unreadable.into_iter().map(missing));
    }
}

/// Gives every record that a filter lets through to `visit`, and says which ones they were.
pub(super) fn each(
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
pub(super) fn image_name(record: &Record) -> String {
    carried_name(record.sequence, record.image_encoding)
}
