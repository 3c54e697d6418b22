//! Records' pictures, and readings made of them anew. Whatever lies in a picture's place, the others go on.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;

use super::error::io;
use super::{Reader, Record, RecordError};
use crate::case::Case;
use crate::digest::sha256_hex;
use crate::picture::{self, Encoded};
use crate::quality::{Reason, outline};
use crate::reading::{Capture, Earlier, Reading};
use crate::verdict::Judgement;

impl Reader {
    /// Where a record's picture lies.
    pub fn image_path(&self, record: &Record) -> PathBuf {
        self.images.path(&record.image_name())
    }

    /// The bytes of a record's picture, after checking their kind, size and hash.
    pub fn image(&self, record: &Record) -> Result<Encoded, RecordError> {
        let path = self.image_path(record);
        let sequence = record.sequence;
        let mut bytes = Vec::new();
        let file = self.open_image(record)?;
        // It may grow while it is read.
        file.take(record.image_size + 1).read_to_end(&mut bytes).map_err(io("read", &path))?;
        let found = sha256_hex(&bytes);
        if found != record.image_sha256 {
            return Err(RecordError::ImageAltered { path, sequence, found });
        }
        Ok(Encoded { encoding: record.image_encoding, bytes: bytes.into() })
    }

    /// Opens a record's picture, if it is a file of the right size: a pipe would never end, and a file of gigabytes
    /// would fill the memory.
    fn open_image(&self, record: &Record) -> Result<File, RecordError> {
        let (path, sequence) = (self.image_path(record), record.sequence);
        let about = fs::metadata(&path).or_else(|cause| Err(self.no_image(record, cause)?))?;
        let (size, expected) = (about.len(), record.image_size);
        if !about.is_file() {
            let cause = "it is a folder, a device or a pipe instead of a file".into();
            return Err(RecordError::ImageUnreadable { path, sequence, cause });
        }
        if size != expected {
            return Err(RecordError::ImageResized { path, sequence, size, expected });
        }
        File::open(&path).or_else(|cause| Err(self.no_image(record, cause)?))
    }

    /// Some bytes of a record's picture as they lie on the disk, without a check: at most `length` from `offset`.
    pub fn image_part(&self, record: &Record, offset: u64, length: usize) -> Result<Vec<u8>, RecordError> {
        let path = self.image_path(record);
        let mut file = self.open_image(record)?;
        let mut bytes = Vec::new();
        let read =
            file.seek(SeekFrom::Start(offset)).and_then(|_| file.take(length as u64).read_to_end(&mut bytes));
        read.map_err(io("read", &path))?;
        Ok(bytes)
    }

    /// Why a picture could not be opened.
    fn no_image(&self, record: &Record, cause: std::io::Error) -> Result<RecordError, RecordError> {
        let (path, sequence) = (self.image_path(record), record.sequence);
        Ok(match cause.kind() {
            ErrorKind::NotFound if self.is_pruned(sequence)? => RecordError::ImagePruned { path, sequence },
            ErrorKind::NotFound => RecordError::ImageMissing { path, sequence },
            _ => io("read", &path)(cause),
        })
    }

    /// The reading of a record, its picture decoded again from the stored bytes.
    pub fn reading(&self, record: &Record) -> Result<Reading, RecordError> {
        let encoded = self.image(record)?;
        let unreadable = |cause: String| RecordError::ImageUnreadable {
            path: self.image_path(record),
            sequence: record.sequence,
            cause,
        };
        let view = picture::decode_view(&encoded.bytes, |_, _| record.field_of_view);
        let pixels = view.map_err(|cause| unreadable(cause.to_string()))?.pixels;
        Ok(reading_of(record, pixels, encoded))
    }

    /// The reading of a record as a person looks back on it: where its picture has left the device, without a pixel.
    pub fn past_reading(&self, record: &Record) -> Result<Reading, RecordError> {
        match self.reading(record) {
            Err(RecordError::ImagePruned { .. }) => Ok(self.without_picture(record)),
            reading => reading,
        }
    }

    /// The newest reading of a case's lesion before a record's number, with its outline, where there is one.
    pub fn earlier_reading(&self, case: &Case, before: u64) -> Result<Option<Earlier>, RecordError> {
        let Some(record) = self.earlier(case, before)? else { return Ok(None) };
        // What is wrong with the earlier picture keeps nobody from the next one.
        let reading = self.past_reading(&record).unwrap_or_else(|error| {
            tracing::warn!("{error}");
            self.without_picture(&record)
        });
        let stands_out = !reading.capture.has_left() && !record.quality.reasons.contains(&Reason::NoLesion);
        let outline = if stands_out { outline(&reading.capture.pixels).map(Arc::new) } else { None };
        Ok(Some(Earlier { reading, sequence: record.sequence, outline }))
    }

    /// What was read, without the picture that it was read of.
    pub fn without_picture(&self, record: &Record) -> Reading {
        let encoded = Encoded { encoding: record.image_encoding, bytes: Arc::new([]) };
        reading_of(record, RgbImage::default(), encoded)
    }
}

fn reading_of(record: &Record, pixels: RgbImage, encoded: Encoded) -> Reading {
    let capture = Capture {
        pixels,
        encoded,
        field_of_view: record.field_of_view,
        captured_at: record.captured_at,
        clock_set: record.clock_set,
        light: record.light,
        case: record.case(),
        earlier: None,
    };
    Reading {
        capture: Arc::new(capture),
        quality: record.quality.clone(),
        assessment: record.assessment.clone(),
        overridden: record.overridden,
        judgement: Judgement::recorded(record.verdict, &record.quality, &record.assessment),
    }
}
