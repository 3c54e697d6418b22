//! Reading records: any number of readers beside one another and beside writers.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use image::RgbImage;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;

use super::anchor::{self, Anchor, Head};
use super::chain::{Entry, Kind};
use super::error::{io, sql};
use super::finding::Finding;
use super::images::Images;
use super::{Filter, Page, Record, RecordError, RecordsConfig, Space, chain, record, schema};
use crate::case::Case;
use crate::digest::sha256_hex;
use crate::picture;
use crate::picture::Encoded;
use crate::reading::{Capture, Reading};

/// The records, to read. Any number of readers may be open beside one another and beside writers.
pub struct Reader {
    pub(super) connection: Connection,
    pub(super) database: PathBuf,
    pub(super) images: Images,
    pub(super) device: String,
    /// The folder of all of it.
    pub(super) folder: PathBuf,
    /// Of the database.
    pub(super) layout: i64,
}

/// A record that is passed over, since it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    pub sequence: u64,
    pub cause: String,
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
        let connection = schema::open_to_read(&database).map_err(|error| match error {
            // Something was here: the rest of the database is in a log that is not.
            RecordError::Missing { path }
                if path.exists()
                    && (Images::at(&config.folder).any() || config.folder.join(anchor::NAME).exists()) =>
            {
                RecordError::LogMissing { path }
            }
            error => error,
        })?;
        Self::over(connection, config)
    }

    pub(super) fn over(connection: Connection, config: &RecordsConfig) -> Result<Self, RecordError> {
        let database = database_path(config);
        let layout = schema::layout(&connection, &database)?.found;
        let device = connection
            .query_row("SELECT value FROM meta WHERE key = 'device'", [], |row| row.get(0))
            .map_err(sql("read the device's id from", &database))?;
        let folder = config.folder.clone();
        Ok(Self { connection, database, images: Images::at(&folder), device, folder, layout })
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

    /// How far the chain went, as the device signed it; none where that is not there.
    pub fn signed_head(&self) -> Result<Option<Head>, RecordError> {
        Ok(match Anchor::of(&self.folder)? {
            Anchor::There(head) => Some(head),
            Anchor::Gone | Anchor::Altered => None,
        })
    }

    /// What the device found of its records that no person has seen yet, the newest of it.
    pub fn unseen(&self) -> Result<Option<Finding>, RecordError> {
        let seen: u64 = self.noted("seen")?.and_then(|seen| seen.parse().ok()).unwrap_or(0);
        let query = "SELECT body FROM entries WHERE kind = 'finding' AND position > ?
                     ORDER BY sequence DESC, position DESC LIMIT 1";
        let body: Option<String> = self
            .connection
            .query_row(query, [seen as i64], |row| row.get(0))
            .optional()
            .map_err(sql("read", &self.database))?;
        Ok(body.and_then(|body| serde_json::from_str(&body).ok()))
    }

    /// Whether the chain has, or had at its last anchor, this very entry.
    pub fn contains(&self, position: u64, chain_sha256: &str) -> Result<bool, RecordError> {
        let query = "SELECT 1 FROM entries WHERE position = ? AND chain_sha256 = ?";
        let found = self.connection.query_row(query, params![position as i64, chain_sha256], |_| Ok(()));
        Ok(found.optional().map_err(sql("read", &self.database))?.is_some())
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

    /// How many there are, without the deleted ones and those that the device found to be lost.
    pub fn count(&self) -> Result<u64, RecordError> {
        // Numbers have no gaps but where a finding says so, and there are few deletions: to count the records
        // themselves takes long. An older layout has no index of what is deleted.
        let deleted = match self.layout {
            ..4 => "kind = 'deletion'",
            _ => "kind = 'record' AND body IS NULL",
        };
        let query = &format!(
            "SELECT (SELECT count(*) FROM entries WHERE {deleted}) + (SELECT \
             ifnull(sum(CAST(body ->> '$.records_lost' AS INTEGER)), 0) FROM entries WHERE kind = 'finding')"
        );
        let gone: i64 =
            self.connection.query_row(query, [], |row| row.get(0)).map_err(sql("count", &self.database))?;
        Ok(self.newest()?.saturating_sub(gone as u64))
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

    /// The position of the entry that made a record; 0 where there is none.
    pub(super) fn position_of(&self, sequence: u64) -> Result<u64, RecordError> {
        let query = "SELECT position FROM entries WHERE kind = 'record' AND sequence = ?";
        let found =
            self.connection.query_row(query, [sequence as i64], |row| row.get::<_, i64>(0)).optional();
        Ok(found.map_err(sql("read", &self.database))?.unwrap_or(0) as u64)
    }

    /// What is noted beside the entries.
    pub(super) fn noted(&self, key: &str) -> Result<Option<String>, RecordError> {
        let query = "SELECT value FROM meta WHERE key = ?";
        let noted = self.connection.query_row(query, [key], |row| row.get(0)).optional();
        noted.map_err(sql("read", &self.database))
    }

    /// The record `age` places before the newest (0 is the newest), or the next older one that can be read.
    pub fn recent(&self, age: u64) -> Result<Option<Record>, RecordError> {
        Ok(self.recent_from(age)?.map(|(_, record)| record))
    }

    /// As `recent`, with the record's own age.
    pub fn recent_from(&self, age: u64) -> Result<Option<(u64, Record)>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let query = format!("SELECT * FROM entries WHERE {KEPT} ORDER BY sequence DESC LIMIT -1 OFFSET ?");
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let mut rows = statement.query([i64::try_from(age).unwrap_or(i64::MAX)]).map_err(failed)?;
        let mut at = age;
        while let Some(row) = rows.next().map_err(failed)? {
            match entry(row).map_err(failed).and_then(|entry| self.record(&entry)) {
                Ok(record) => return Ok(Some((at, record))),
                Err(error) => tracing::warn!("{error}"),
            }
            at += 1;
        }
        Ok(None)
    }

    /// One record by its number; none where there never was one, or it was deleted.
    pub fn get(&self, sequence: u64) -> Result<Option<Record>, RecordError> {
        let query = format!("SELECT * FROM entries WHERE {KEPT} AND sequence = ?");
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        let failed = |cause| sql("read", &self.database)(cause);
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let found = statement.query_row([sequence], entry).optional().map_err(failed)?;
        found.map(|entry| self.record(&entry)).transpose()
    }

    /// The newest records that a filter lets through, at most `limit`. What cannot be read is passed over and named.
    pub fn list(&self, filter: &Filter, limit: usize) -> Result<Page, RecordError> {
        let (mut records, mut unreadable, mut more) = (Vec::new(), Vec::new(), false);
        self.walk(filter, "DESC", |found| {
            more = records.len() + unreadable.len() == limit;
            if more {
                return Ok(false);
            }
            match found {
                Ok(record) => records.push(record),
                Err(bad) => unreadable.push(bad),
            }
            Ok::<_, RecordError>(true)
        })?;
        let last = records.iter().map(|record: &Record| record.sequence);
        let last = last.chain(unreadable.iter().map(|bad| bad.sequence)).min();
        Ok(Page { next_before: last.filter(|_| more), records, unreadable, more })
    }

    /// Gives every record that a filter lets through to `visit`, oldest first, one at a time. What cannot be read is
    /// passed over and given at the end.
    pub fn each<E: From<RecordError>>(
        &self,
        filter: &Filter,
        mut visit: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<Vec<Unreadable>, E> {
        let mut unreadable = Vec::new();
        self.walk(filter, "ASC", |found| {
            match found {
                Ok(record) => visit(record)?,
                Err(bad) => unreadable.push(bad),
            }
            Ok::<_, E>(true)
        })?;
        Ok(unreadable)
    }

    /// Goes over the records that a filter lets through, in an order, until `visit` says that it is enough.
    fn walk<E: From<RecordError>>(
        &self,
        filter: &Filter,
        order: &str,
        mut visit: impl FnMut(Result<Record, Unreadable>) -> Result<bool, E>,
    ) -> Result<(), E> {
        let failed = |cause| sql("read", &self.database)(cause);
        let (mut condition, values) = filter.condition();
        if let Some(scope) = filter.not_left {
            condition = condition + " AND " + &scope.not_left(self)?;
        }
        let query = format!("SELECT * FROM entries WHERE {KEPT}{condition} ORDER BY sequence {order}");
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let sequence = row.get::<_, i64>("sequence").map_err(failed)? as u64;
            let read = entry(row).map_err(failed).and_then(|entry| self.record(&entry));
            if !visit(read.map_err(|error| Unreadable { sequence, cause: error.to_string() }))? {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn record(&self, entry: &Entry) -> Result<Record, RecordError> {
        let (path, position) = (self.database.clone(), entry.position);
        let body = entry.body.as_deref().unwrap_or_default();
        match record::format(body) {
            format if format > record::FORMAT => {
                Err(RecordError::EntryNewer { path, position, format, known: record::FORMAT })
            }
            _ => serde_json::from_str(body).map_err(|cause| RecordError::Entry {
                path,
                position,
                cause: cause.to_string(),
            }),
        }
    }

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
        let (picture, _) = picture::decode(&encoded.bytes).map_err(|cause| unreadable(cause.to_string()))?;
        let region = record.field_of_view;
        let inside =
            |start: u32, length: u32, whole: u32| start.checked_add(length).is_some_and(|end| end <= whole);
        if !inside(region.x, region.width, picture.width())
            || !inside(region.y, region.height, picture.height())
        {
            return Err(unreadable("its field of view reaches over its edge".into()));
        }
        let pixels =
            image::imageops::crop_imm(&picture, region.x, region.y, region.width, region.height).to_image();
        Ok(reading_of(record, pixels, encoded))
    }

    /// The reading of a record as a person looks back on it: where its picture has left the device, or is
    /// damaged, without a pixel.
    pub fn past_reading(&self, record: &Record) -> Result<Reading, RecordError> {
        match self.reading(record) {
            Err(error) if error.is_of_a_picture() => {
                if !matches!(error, RecordError::ImagePruned { .. }) {
                    tracing::warn!("{error}");
                }
                let encoded = Encoded { encoding: record.image_encoding, bytes: Arc::new([]) };
                Ok(reading_of(record, RgbImage::default(), encoded))
            }
            reading => reading,
        }
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
    }
}

/// The position and hash of the newest entry, or 0 and where the chain begins.
pub(super) fn head(connection: &Connection, start: String) -> rusqlite::Result<(u64, String)> {
    let query = "SELECT position, chain_sha256 FROM entries ORDER BY position DESC LIMIT 1";
    let newest =
        connection.query_row(query, [], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))).optional()?;
    Ok(newest.unwrap_or((0, start)))
}

/// The highest number that is known to have been given to a record.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<u64> {
    let query = "SELECT max(ifnull((SELECT max(sequence) FROM entries WHERE kind = 'record'), 0),
                            ifnull((SELECT max(sequence) FROM entries WHERE kind = 'finding'), 0))";
    let newest: i64 = connection.query_row(query, [], |row| row.get(0))?;
    Ok(newest as u64)
}

/// A row of `SELECT * FROM entries`.
pub(super) fn entry(row: &Row) -> rusqlite::Result<Entry> {
    Ok(Entry {
        position: row.get::<_, i64>("position")? as u64,
        kind: Kind::from(row.get::<_, String>("kind")?),
        sequence: row.get::<_, i64>("sequence")? as u64,
        body: row.get("body")?,
        body_sha256: row.get("body_sha256")?,
        chain_sha256: row.get("chain_sha256")?,
    })
}

pub(super) fn database_path(config: &RecordsConfig) -> PathBuf {
    config.folder.join("records.sqlite")
}
