//! A ZIP archive of files that are stored as they are: pictures are compressed already, and what is stored plainly
//! can be rescued from a damaged archive. Up to 65,535 files and 4 GiB, which every unpacker knows (APPNOTE 6.3,
//! sections 4.3.7, 4.3.12 and 4.3.16).
//!
//! A file's header comes before it and says its checksum and size. Each file is written twice, first to nowhere
//! to learn both, so that an archive can be sent while it is made, to where nothing can be mended later.

use std::io::{self, ErrorKind, Write};

/// Version of the format that is needed to unpack, and flags: names are UTF-8.
const VERSION: u16 = 20;
const FLAGS: u16 = 1 << 11;
/// 1980-01-01 00:00, the earliest there is: the same files give the same bytes.
const TIME: u16 = 0;
const DATE: u16 = 1 << 5 | 1;
const LOCAL_HEADER: usize = 30;

/// An archive being written.
pub struct Archive<'a> {
    out: &'a mut dyn Write,
    /// Bytes so far.
    position: u64,
    files: Vec<Stored>,
}

/// A file in the archive.
struct Stored {
    name: String,
    crc: u32,
    size: u32,
    /// Where its header begins.
    offset: u32,
}

impl<'a> Archive<'a> {
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, position: 0, files: Vec::new() }
    }

    /// Adds a file with what `write` writes: both times the same.
    pub fn add<E: From<io::Error>>(
        &mut self,
        name: &str,
        write: impl Fn(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut nowhere = io::sink();
        let mut measured = Data::new(&mut nowhere);
        write(&mut measured)?;
        let (crc, size) = measured.sums();
        let offset = small(self.position)?;
        let stored = Stored { name: name.into(), crc, size: small(size)?, offset };
        self.put(&stored.local_header())?;
        let mut data = Data::new(self.out);
        write(&mut data)?;
        if data.sums() != (crc, size) {
            return Err(io::Error::other(format!("{name} changed while it was written")).into());
        }
        self.position += size;
        self.files.push(stored);
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.position += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Writes the list of files.
    pub fn finish(mut self) -> io::Result<()> {
        let start = small(self.position)?;
        let count = u16::try_from(self.files.len()).map_err(|_| too_large())?;
        for file in std::mem::take(&mut self.files) {
            self.put(&file.central_header())?;
        }
        let length = small(self.position)? - start;
        let mut end = b"PK\x05\x06".to_vec();
        put16(&mut end, &[0, 0, count, count]);
        put32(&mut end, &[length, start]);
        put16(&mut end, &[0]);
        self.put(&end)
    }
}

impl Stored {
    fn local_header(&self) -> Vec<u8> {
        let mut header = b"PK\x03\x04".to_vec();
        put16(&mut header, &[VERSION]);
        self.put_common(&mut header);
        debug_assert_eq!(header.len(), LOCAL_HEADER);
        header.extend(self.name.as_bytes());
        header
    }

    fn central_header(&self) -> Vec<u8> {
        let mut header = b"PK\x01\x02".to_vec();
        put16(&mut header, &[VERSION, VERSION]);
        self.put_common(&mut header);
        // No comment, first disk, no attributes.
        put16(&mut header, &[0, 0, 0]);
        put32(&mut header, &[0, self.offset]);
        header.extend(self.name.as_bytes());
        header
    }

    /// What both headers say: flags, method (stored), time, date, checksum, sizes, lengths of name and extras.
    fn put_common(&self, header: &mut Vec<u8>) {
        put16(header, &[FLAGS, 0, TIME, DATE]);
        put32(header, &[self.crc, self.size, self.size]);
        // Names here are short: numbers and words of our own.
        put16(header, &[self.name.len() as u16, 0]);
    }
}

/// Counts and sums what passes through.
struct Data<'a> {
    out: &'a mut dyn Write,
    crc: crc32fast::Hasher,
    size: u64,
}

impl<'a> Data<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self { out, crc: crc32fast::Hasher::new(), size: 0 }
    }

    /// Checksum and size of what has passed through.
    fn sums(&self) -> (u32, u64) {
        (self.crc.clone().finalize(), self.size)
    }
}

impl Write for Data<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.crc.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn put16(bytes: &mut Vec<u8>, values: &[u16]) {
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn put32(bytes: &mut Vec<u8>, values: &[u32]) {
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn small(size: u64) -> io::Result<u32> {
    u32::try_from(size).map_err(|_| too_large())
}

/// What would not fit, said before anything of it is written.
pub fn check(files: u64, bytes: u64) -> io::Result<()> {
    if files > u64::from(u16::MAX) || bytes > u64::from(u32::MAX) { Err(too_large()) } else { Ok(()) }
}

fn too_large() -> io::Error {
    let words = "a ZIP holds 65,535 files and 4 GiB; export in parts, with --after and --before";
    io::Error::new(ErrorKind::FileTooLarge, words)
}
