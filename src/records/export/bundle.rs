//! Where the files of an export with pictures go: into an archive, onto a drive.

use std::io::Write;

use super::exported::ExportError;

/// What writes one file of a bundle.
pub type Part<'a> = &'a dyn Fn(&mut dyn Write) -> Result<(), ExportError>;

/// Takes the files of an export one after the other.
pub trait Bundle {
    /// Adds a file. A name has one folder at most, with `/` between.
    fn add(&mut self, name: &str, part: Part) -> Result<(), ExportError>;
}
