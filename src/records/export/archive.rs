//! A ZIP archive of files that are stored as they are: pictures are compressed already, and what is stored plainly
//! can be rescued from a damaged archive. It is written in one go, to where nothing can be mended later, and of any
//! size (APPNOTE 6.3, sections 4.3.9 and 4.3.14: sizes behind the files, and ZIP64).

use std::io::{self, Write};

use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::bundle::{Bundle, Part};
use super::exported::ExportError;

/// An archive being written.
pub struct Archive<W: Write>(ZipWriter<StreamWriter<W>>);

impl<W: Write> Archive<W> {
    pub fn new(out: W) -> Self {
        Self(ZipWriter::new_stream(out))
    }

    /// Writes the list of files.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish().map_err(io::Error::from)?.into_inner().flush()
    }
}

impl<W: Write> Bundle for Archive<W> {
    fn add(&mut self, name: &str, part: Part) -> Result<(), ExportError> {
        // The earliest time there is: the same files give the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            .large_file(true);
        self.0.start_file(name, options).map_err(io::Error::from)?;
        part(&mut self.0)
    }
}
