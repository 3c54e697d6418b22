//! Reading records: any number of readers beside one another and beside writers.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::chain::{Entry, Kind};
use super::error::{io, sql};
use super::images::Images;
use super::{Filter, Page, Record, RecordError, RecordsConfig, Space, chain, schema};
use crate::case::Case;
use crate::digest::sha256_hex;
use crate::picture;
use crate::picture::Encoded;
use crate::reading::{Capture, Reading};
use crate::verdict::Judgement;

/// The records, to read. Any number of readers may be open beside one another and beside writers.
pub struct Reader {
    pub(super) connection: Connection,
    pub(super) database: PathBuf,
    pub(super) images: Images,
    pub(super) device: String,
}

/// Rows that a reader shows: records that were not deleted.
pub(super) const KEPT: &str = "kind = 'record' AND body IS NOT NULL";

/// Of those, the ones whose pictures were removed to make room.
pub(super) const PRUNED: &str = "EXISTS (SELECT 1 FROM entries AS pruning
    WHERE pruning.kind = 'pruning' AND pruning.sequence = entries.sequence)";

impl Reader {
    /// Opens records that are there. Needs no right to write, and works on a read-only file system.
    pub fn open(config: &RecordsConfig) -> Result<Self, RecordError> {
        let database = database_path(config);
        Self::over(schema::open_to_read(&database)?, config)
    }

    pub(super) fn over(connection: Connection, config: &RecordsConfig) -> Result<Self, RecordError> {
        let database = database_path(config);
        let device = connection
            .query_row("SELECT value FROM meta WHERE key = 'device'", [], |row| row.get(0))
            .map_err(sql("read the device's id from", &database))?;
        Ok(Self { connection, database, images: Images::at(&config.folder), device })
    }

    /// The device's id: 16 hexadecimal digits drawn when the database was made.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The room on the disk that keeps them.
    pub fn space(&self) -> Result<Space, RecordError> {
        Space::of(self.images.folder())
    }

    /// The position and hash of the newest entry of the chain; 0 and where the chain begins before the first.
    pub fn head(&self) -> Result<(u64, String), RecordError> {
        head(&self.connection, chain::start(&self.device)).map_err(sql("read", &self.database))
    }

    /// The entries of the chain that follow a position, in order: at least one where there is one, and then no more
    /// than `bytes` of bodies and `count` in number.
    pub fn entries(&self, after: u64, count: usize, bytes: usize) -> Result<Vec<Entry>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let query = "SELECT * FROM entries WHERE position > ? ORDER BY position LIMIT ?";
        let mut statement = self.connection.prepare_cached(query).map_err(failed)?;
        let integer = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let mut rows = statement.query([integer(after), integer(count as u64)]).map_err(failed)?;
        let (mut entries, mut size) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(failed)? {
            let next = entry(row).map_err(failed)?;
            size += next.body.as_ref().map_or(0, String::len);
            if size > bytes && !entries.is_empty() {
                break;
            }
            entries.push(next);
        }
        Ok(entries)
    }

    /// How many there are, without the deleted ones.
    pub fn count(&self) -> Result<u64, RecordError> {
        // Numbers have no gaps, and there are few deletions: to count the records themselves takes long.
        let query = "SELECT count(*) FROM entries WHERE kind = 'deletion'";
        let deleted: i64 =
            self.connection.query_row(query, [], |row| row.get(0)).map_err(sql("count", &self.database))?;
        Ok(self.newest()?.saturating_sub(deleted as u64))
    }

    /// A number that changes whenever anyone else has written, of this reader alone: what was read before it
    /// changed still holds.
    pub fn version(&self) -> Result<i64, RecordError> {
        let version = self.connection.pragma_query_value(None, "data_version", |row| row.get(0));
        version.map_err(sql("read", &self.database))
    }

    /// The highest number ever given to a record; 0 before the first.
    pub fn newest(&self) -> Result<u64, RecordError> {
        newest(&self.connection).map_err(sql("read", &self.database))
    }

    /// The highest number given to a record up to a position of the chain.
    pub fn newest_at(&self, position: u64) -> Result<u64, RecordError> {
        let query = "SELECT max(sequence) FROM entries WHERE kind = 'record' AND position <= ?";
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        let newest: Option<i64> = self
            .connection
            .query_row(query, [position], |row| row.get(0))
            .map_err(sql("read", &self.database))?;
        Ok(newest.unwrap_or(0) as u64)
    }

    /// Up to which number the records were given out as new ones.
    pub fn exported(&self) -> Result<u64, RecordError> {
        self.number_noted("exported")
    }

    /// A number noted beside the entries; 0 before it was.
    pub(super) fn number_noted(&self, key: &str) -> Result<u64, RecordError> {
        let query = "SELECT value FROM meta WHERE key = ?";
        let noted: Option<String> = self
            .connection
            .query_row(query, [key], |row| row.get(0))
            .optional()
            .map_err(sql("read", &self.database))?;
        Ok(noted.and_then(|noted| noted.parse().ok()).unwrap_or(0))
    }

    /// The record `age` places before the newest (0 is the newest).
    pub fn recent(&self, age: u64) -> Result<Option<Record>, RecordError> {
        let query = format!("SELECT * FROM entries WHERE {KEPT} ORDER BY sequence DESC LIMIT 1 OFFSET ?");
        let age = i64::try_from(age).unwrap_or(i64::MAX);
        self.records(&query, vec![Value::Integer(age)]).map(|found| found.into_iter().next())
    }

    /// One record by its number; none where there never was one, or it was deleted.
    pub fn get(&self, sequence: u64) -> Result<Option<Record>, RecordError> {
        let query = format!("SELECT * FROM entries WHERE {KEPT} AND sequence = ?");
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        self.records(&query, vec![Value::Integer(sequence)]).map(|found| found.into_iter().next())
    }

    /// The newest records that a filter lets through, at most `limit`.
    pub fn list(&self, filter: &Filter, limit: usize) -> Result<Page, RecordError> {
        let (condition, mut values) = filter.condition();
        let query = format!("SELECT * FROM entries WHERE {KEPT}{condition} ORDER BY sequence DESC LIMIT ?");
        values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)));
        let mut records = self.records(&query, values)?;
        let more = records.len() > limit;
        records.truncate(limit);
        Ok(Page { records, more })
    }

    /// Gives every record that a filter lets through to `visit`, oldest first, one at a time.
    pub fn each<E: From<RecordError>>(
        &self,
        filter: &Filter,
        mut visit: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |cause| sql("read", &self.database)(cause);
        let (condition, values) = filter.condition();
        let query = format!("SELECT * FROM entries WHERE {KEPT}{condition} ORDER BY sequence");
        let mut statement = self.connection.prepare(&query).map_err(failed)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            visit(self.record(&entry(row).map_err(failed)?)?)?;
        }
        Ok(())
    }

    fn records(&self, query: &str, values: Vec<Value>) -> Result<Vec<Record>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let mut statement = self.connection.prepare_cached(query).map_err(failed)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
        let mut records = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            records.push(self.record(&entry(row).map_err(failed)?)?);
        }
        Ok(records)
    }

    pub(super) fn record(&self, entry: &Entry) -> Result<Record, RecordError> {
        let body = entry.body.as_deref().unwrap_or_default();
        serde_json::from_str(body).map_err(|cause| RecordError::Entry {
            path: self.database.clone(),
            position: entry.position,
            cause: cause.to_string(),
        })
    }

    /// Where a record's picture lies.
    pub fn image_path(&self, record: &Record) -> PathBuf {
        self.images.path(&record.image_name())
    }

    /// The bytes of a record's picture, after checking their hash.
    pub fn image(&self, record: &Record) -> Result<Encoded, RecordError> {
        let path = self.image_path(record);
        let sequence = record.sequence;
        let bytes = fs::read(&path).or_else(|cause| Err(self.no_image(record, cause)?))?;
        let found = sha256_hex(&bytes);
        if found != record.image_sha256 {
            return Err(RecordError::ImageAltered { path, sequence, found });
        }
        Ok(Encoded { encoding: record.image_encoding, bytes: bytes.into() })
    }

    /// Some bytes of a record's picture as they lie on the disk, without a check: at most `length` from `offset`.
    pub fn image_part(&self, record: &Record, offset: u64, length: usize) -> Result<Vec<u8>, RecordError> {
        let path = self.image_path(record);
        let mut file = File::open(&path).or_else(|cause| Err(self.no_image(record, cause)?))?;
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

    /// Whether a record's picture was removed to make room.
    pub fn is_pruned(&self, sequence: u64) -> Result<bool, RecordError> {
        let query = "SELECT 1 FROM entries WHERE kind = 'pruning' AND sequence = ?";
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        let found = self.connection.query_row(query, [sequence], |_| Ok(())).optional();
        found.map(|found| found.is_some()).map_err(sql("read", &self.database))
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

    /// What was read, without the picture that it was read of.
    pub fn without_picture(&self, record: &Record) -> Reading {
        let encoded = Encoded { encoding: record.image_encoding, bytes: Arc::new([]) };
        reading_of(record, RgbImage::default(), encoded)
    }

    /// Whether any record, neither deleted nor pruned, has this picture.
    pub(super) fn has_picture(&self, name: &str) -> Result<bool, RecordError> {
        let sha256 = name.split('.').next().unwrap_or(name);
        let query = format!("SELECT 1 FROM entries WHERE {KEPT} AND image_sha256 = ? AND NOT {PRUNED}");
        self.connection
            .query_row(&query, [sha256], |_| Ok(()))
            .optional()
            .map(|found| found.is_some())
            .map_err(sql("read", &self.database))
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
        case: Case { case_id: record.case_id.clone(), body_site: record.body_site.clone() },
    };
    Reading {
        capture: Arc::new(capture),
        quality: record.quality.clone(),
        assessment: record.assessment.clone(),
        overridden: record.overridden,
        judgement: Judgement::recorded(record.verdict, &record.quality, &record.assessment),
    }
}

/// The position and hash of the newest entry, or 0 and where the chain begins.
pub(super) fn head(connection: &Connection, start: String) -> rusqlite::Result<(u64, String)> {
    let query = "SELECT position, chain_sha256 FROM entries ORDER BY position DESC LIMIT 1";
    let newest =
        connection.query_row(query, [], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))).optional()?;
    Ok(newest.unwrap_or((0, start)))
}

pub(super) fn newest(connection: &Connection) -> rusqlite::Result<u64> {
    let query = "SELECT max(sequence) FROM entries WHERE kind = 'record'";
    let newest: Option<i64> = connection.query_row(query, [], |row| row.get(0))?;
    Ok(newest.unwrap_or(0) as u64)
}

/// A row of `SELECT * FROM entries`.
pub(super) fn entry(row: &Row) -> rusqlite::Result<Entry> {
    let word: String = row.get("kind")?;
    let unknown = || rusqlite::Error::InvalidColumnType(1, word.clone(), rusqlite::types::Type::Text);
    Ok(Entry {
        position: row.get::<_, i64>("position")? as u64,
        kind: Kind::of_word(&word).ok_or_else(unknown)?,
        sequence: row.get::<_, i64>("sequence")? as u64,
        body: row.get("body")?,
        body_sha256: row.get("body_sha256")?,
        chain_sha256: row.get("chain_sha256")?,
    })
}

pub(super) fn database_path(config: &RecordsConfig) -> PathBuf {
    config.folder.join("records.sqlite")
}
