//! An export on its way out: made whole in a file without a name, so that nothing of it stays, and read in parts.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::records::export::{Export, ExportError, export};
use crate::records::{Filter, Reader, Space};

/// What an export leaves free on the disk, in bytes: readings go before.
const RESERVE: u64 = 64 << 20;
/// After how many bytes the free space is looked at again.
const PACE: u64 = 1 << 20;

pub struct Outgoing {
    file: File,
    size: u64,
    sha256: String,
}

impl Outgoing {
    /// Makes an export in the folder of the records.
    pub fn make(
        folder: &Path,
        reader: &Reader,
        filter: &Filter,
        format: Export,
    ) -> Result<Self, ExportError> {
        // Under this name the next start sweeps it, should the power fail before the next line.
        let path = folder.join("incoming/export.part");
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        fs::remove_file(&path)?;
        let mut out = BufWriter::new(Thrifty { file, folder, unseen: PACE });
        export(reader, filter, format, &mut out)?;
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?.file;
        let (size, sha256) = measure(&mut file)?;
        Ok(Self { file, size, sha256 })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// At most `length` bytes from `offset`.
    pub fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        (&self.file).take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn measure(file: &mut File) -> io::Result<(u64, String)> {
    file.seek(SeekFrom::Start(0))?;
    let (mut hash, mut size, mut block) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => {
                hash.update(&block[..read]);
                size += read as u64;
            }
        }
    }
    Ok((size, hex(&hash.finalize())))
}

/// A file that stops before it fills the disk.
struct Thrifty<'a> {
    file: File,
    folder: &'a Path,
    /// Written since the free space was looked at.
    unseen: u64,
}

impl Write for Thrifty<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.unseen >= PACE {
            self.unseen = 0;
            let free = Space::of(self.folder).map_err(io::Error::other)?.free;
            if free < RESERVE + PACE {
                let words =
                    "the disk is too full to make an export on it; `dermascope pull` needs no room there";
                return Err(io::Error::new(ErrorKind::StorageFull, words));
            }
        }
        let written = self.file.write(bytes)?;
        self.unseen += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Thrifty<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
