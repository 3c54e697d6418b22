//! The drive: an image of a FAT file system that holds the export as a folder, for computers without any software of
//! ours. Made on demand, with the newest pictures that fit.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;

use fatfs::{FileSystem, FormatVolumeOptions, FsOptions, format_volume};

use crate::records::export::{Bundle, ExportError, Part, fill};
use crate::records::{Filter, Reader};

/// What a record takes beside its picture: its rows in the tables and the page, and its entries in folders.
const BESIDE_PICTURE: u64 = 16 * 1024;
/// What the file system and the files that are always there take.
const ALWAYS: u64 = 4 << 20;
/// What making a drive leaves free on the disk: readings go before.
const RESERVE: u64 = 64 << 20;
/// A picture takes whole clusters.
const CLUSTER: u64 = 32 * 1024;

/// What is on a drive that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drive {
    /// Of the image, in bytes.
    pub size: u64,
    /// Records that are on it.
    pub records: u64,
    /// Older records that had no room.
    pub left_out: u64,
}

/// Makes the image at `path`, whole or not at all, of at most `most` bytes.
pub fn make(path: &Path, reader: &Reader, most: u64) -> Result<Drive, ExportError> {
    let (after, records, size) = newest_that_fit(reader, most)?;
    let filter = Filter { after, before: Some(reader.newest()? + 1), ..Filter::default() };
    if reader.space()?.free < size + RESERVE {
        let words = "too little room on the disk for a drive; free some, or set usb.drive_mib to less";
        return Err(io::Error::new(ErrorKind::StorageFull, words).into());
    }
    let part = path.with_extension("part");
    let made = write(&part, reader, &filter, size).and_then(|()| Ok(fs::rename(&part, path)?));
    if made.is_err() {
        // The first error says more than a second one could.
        let _ = fs::remove_file(&part);
    }
    made?;
    Ok(Drive { size, records, left_out: reader.count()?.saturating_sub(records) })
}

/// After which number the records begin that fit, how many they are, and the size of the image for them.
fn newest_that_fit(reader: &Reader, most: u64) -> Result<(Option<u64>, u64, u64), ExportError> {
    let (mut before, mut records, mut size) = (None, 0, ALWAYS);
    loop {
        let page = reader.list(&Filter { before, ..Filter::default() }, 200)?;
        for record in &page.records {
            let taken = record.image_size.div_ceil(CLUSTER) * CLUSTER + BESIDE_PICTURE;
            if size + taken > most {
                return Ok((Some(record.sequence), records, size));
            }
            (size, records) = (size + taken, records + 1);
            before = Some(record.sequence);
        }
        if !page.more {
            return Ok((None, records, size));
        }
    }
}

fn write(path: &Path, reader: &Reader, filter: &Filter, size: u64) -> Result<(), ExportError> {
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
    file.set_len(size)?;
    let label = FormatVolumeOptions::new().volume_label(*b"DERMASCOPE ");
    format_volume(&mut file, label)?;
    file.seek(SeekFrom::Start(0))?;
    let volume = FileSystem::new(file.try_clone()?, FsOptions::new())?;
    fill(reader, filter, &mut Volume(&volume))?;
    volume.unmount()?;
    Ok(file.sync_all()?)
}

/// A folder on the volume.
struct Volume<'a>(&'a FileSystem<File>);

impl Bundle for Volume<'_> {
    fn add(&mut self, name: &str, part: Part) -> Result<(), ExportError> {
        let root = self.0.root_dir();
        if let Some((folder, _)) = name.split_once('/') {
            // It is there from the second file on.
            root.create_dir(folder)?;
        }
        let mut out = BufWriter::with_capacity(64 * 1024, root.create_file(name)?);
        part(&mut out)?;
        Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?.flush()?)
    }
}
