//! A ZIP archive of files that are stored as they are: pictures are compressed already, and what is stored plainly
//! can be rescued from a damaged archive. Up to 65,535 files and 4 GiB, which every unpacker knows (APPNOTE 6.3,
//! sections 4.3.7, 4.3.12 and 4.3.16).

use std::io::{self, ErrorKind, SeekFrom, Write};

use super::Sink;

/// Version of the format that is needed to unpack, and flags: names are UTF-8.
const VERSION: u16 = 20;
const FLAGS: u16 = 1 << 11;
/// 1980-01-01 00:00, the earliest there is: the same files give the same bytes.
const TIME: u16 = 0;
const DATE: u16 = 1 << 5 | 1;
const LOCAL_HEADER: usize = 30;

/// An archive being written.
pub struct Archive<'a> {
    out: &'a mut dyn Sink,
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
    pub fn new(out: &'a mut dyn Sink) -> Self {
        Self { out, files: Vec::new() }
    }

    /// Adds a file with what `write` writes.
    pub fn add<E: From<io::Error>>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let offset = small(self.out.stream_position()?)?;
        let mut stored = Stored { name: name.into(), crc: 0, size: 0, offset };
        self.out.write_all(&stored.local_header())?;
        let mut data = Data { out: &mut *self.out, crc: crc32fast::Hasher::new(), size: 0 };
        write(&mut data)?;
        let (crc, size) = (data.crc.finalize(), data.size);
        (stored.crc, stored.size) = (crc, small(size)?);
        self.out.seek(SeekFrom::Start(offset.into()))?;
        self.out.write_all(&stored.local_header())?;
        self.out.seek(SeekFrom::End(0))?;
        self.files.push(stored);
        Ok(())
    }

    /// Writes the list of files.
    pub fn finish(self) -> io::Result<()> {
        let start = small(self.out.stream_position()?)?;
        let count = u16::try_from(self.files.len()).map_err(|_| too_large())?;
        for file in &self.files {
            self.out.write_all(&file.central_header())?;
        }
        let length = small(self.out.stream_position()?)? - start;
        let mut end = b"PK\x05\x06".to_vec();
        put16(&mut end, &[0, 0, count, count]);
        put32(&mut end, &[length, start]);
        put16(&mut end, &[0]);
        self.out.write_all(&end)
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
    out: &'a mut dyn Sink,
    crc: crc32fast::Hasher,
    size: u64,
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

fn too_large() -> io::Error {
    let words = "a ZIP holds 65,535 files and 4 GiB; export in parts, with --after and --before";
    io::Error::new(ErrorKind::FileTooLarge, words)
}
