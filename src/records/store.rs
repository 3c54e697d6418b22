//! The records on disk: [`Reader`] reads them, [`Store`] also writes.

use std::fs::{self, File};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params, params_from_iter};

use super::chain::{self, Entry, Kind, Removal};
use super::error::{io, sql};
use super::images::{Images, sync_folder};
use super::{Context, Dermoscopy, Filter, Page, Record, RecordError, RecordsConfig, schema};
use crate::classifier::sha256_hex;
use crate::frame::Encoded;
use crate::picture;
use crate::reading::{Capture, Reading};

/// The records, to read. Any number of readers may be open beside one another and beside writers.
pub struct Reader {
    pub(super) connection: Connection,
    pub(super) database: PathBuf,
    pub(super) images: Images,
    pub(super) device: String,
}

/// The records, to read and write. Several processes may have one open: each write takes a lock.
pub struct Store {
    reader: Reader,
    lock: PathBuf,
    dermoscopy: Dermoscopy,
    context: Context,
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// Rows that a reader shows: records that were not deleted.
const KEPT: &str = "kind = 'record' AND body IS NOT NULL";

impl Reader {
    /// Opens records that are there. Needs no right to write, and works on a read-only file system.
    pub fn open(config: &RecordsConfig) -> Result<Self, RecordError> {
        let database = database_path(config);
        Self::over(schema::open_to_read(&database)?, config)
    }

    fn over(connection: Connection, config: &RecordsConfig) -> Result<Self, RecordError> {
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

    /// How many there are, without the deleted ones.
    pub fn count(&self) -> Result<u64, RecordError> {
        let query = format!("SELECT count(*) FROM entries WHERE {KEPT}");
        let count: i64 =
            self.connection.query_row(&query, [], |row| row.get(0)).map_err(sql("count", &self.database))?;
        Ok(count as u64)
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
        let bytes = fs::read(&path).map_err(|cause| match cause.kind() {
            std::io::ErrorKind::NotFound => RecordError::ImageMissing { path: path.clone(), sequence },
            _ => io("read", &path)(cause),
        })?;
        let found = sha256_hex(&bytes);
        if found != record.image_sha256 {
            return Err(RecordError::ImageAltered { path, sequence, found });
        }
        Ok(Encoded { encoding: record.image_encoding, bytes: bytes.into() })
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
        let capture = Capture {
            pixels,
            encoded,
            field_of_view: region,
            captured_at: record.captured_at,
            clock_set: record.clock_set,
        };
        Ok(Reading {
            capture: Arc::new(capture),
            quality: record.quality.clone(),
            assessment: record.assessment.clone(),
            overridden: record.overridden,
        })
    }

    /// Whether any record that was not deleted has this picture.
    fn has_picture(&self, name: &str) -> Result<bool, RecordError> {
        let sha256 = name.split('.').next().unwrap_or(name);
        let query = format!("SELECT 1 FROM entries WHERE {KEPT} AND image_sha256 = ?");
        self.connection
            .query_row(&query, [sha256], |_| Ok(()))
            .optional()
            .map(|found| found.is_some())
            .map_err(sql("read", &self.database))
    }
}

impl Store {
    /// Opens the folder, making what is missing, and clears away what a crash left half done.
    pub fn open(config: &RecordsConfig) -> Result<Self, RecordError> {
        let images = Images::at(&config.folder);
        images.make_folders()?;
        let lock = config.folder.join("lock");
        let held = lock_file(&lock)?;
        let database = database_path(config);
        let connection = schema::open(&database)?;
        sync_folder(&config.folder)?;
        let reader = Reader::over(connection, config)?;
        reader.images.sweep(|name| reader.has_picture(name))?;
        drop(held);
        Ok(Self { reader, lock, dermoscopy: config.dermoscopy.clone(), context: Context::default() })
    }

    /// What to keep with the records from now on, beyond the readings.
    pub fn set_context(&mut self, context: Context) {
        self.context = context;
    }

    /// Saves a reading and returns its record's sequence number. On return it is on disk; on an error nothing
    /// of it is, and the store can be used further.
    pub fn save(&mut self, reading: &Reading) -> Result<u64, RecordError> {
        let _held = lock_file(&self.lock)?;
        let encoded = &reading.capture.encoded;
        let name = super::record::image_name(&sha256_hex(&encoded.bytes), encoded.encoding);
        let images = self.images.clone();
        let written = images.mark(&name).and_then(|()| images.write(&name, &encoded.bytes));
        let saved = written.and_then(|()| self.append_record(reading));
        match &saved {
            Ok(_) => images.settle(&name),
            // Whether a commit that failed for another reason than space reached the disk is not known before
            // the next opening, so the picture keeps its mark till then.
            Err(RecordError::Database { action: COMMIT, .. }) => {}
            Err(_) => self.discard_unless_recorded(&images, &name),
        }
        saved
    }

    fn discard_unless_recorded(&self, images: &Images, name: &str) {
        if self.has_picture(name).is_ok_and(|kept| !kept) {
            images.discard(name);
        }
    }

    fn append_record(&mut self, reading: &Reading) -> Result<u64, RecordError> {
        let (device, dermoscopy, context) =
            (self.device.clone(), self.dermoscopy.clone(), self.context.clone());
        self.append(|newest_sequence| {
            let sequence = newest_sequence + 1;
            let record = Record::new(sequence, &device, reading, &dermoscopy, &context);
            Ok((Kind::Record, sequence, lossless_json(&record)?))
        })
    }

    /// Deletes a record and its picture. What stays is a tombstone that says so.
    pub fn delete(&mut self, sequence: u64, reason: &str) -> Result<(), RecordError> {
        let _held = lock_file(&self.lock)?;
        let Some(record) = self.get(sequence)? else {
            return Err(RecordError::NoRecord { path: self.database.clone(), sequence });
        };
        let images = self.images.clone();
        let name = record.image_name();
        images.mark(&name)?;
        self.append_removal(Kind::Deletion, &record, reason)?;
        images.sweep(|name| self.has_picture(name))?;
        // Also out of the log.
        let truncated = self.reader.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
        truncated.map_err(sql("checkpoint", &self.database))
    }

    fn append_removal(&mut self, kind: Kind, record: &Record, reason: &str) -> Result<u64, RecordError> {
        let removal = Removal {
            sequence: record.sequence,
            removed_at: Timestamp::now(),
            reason: reason.into(),
            image_sha256: record.image_sha256.clone(),
        };
        self.append(|_| Ok((kind, removal.sequence, lossless_json(&removal)?)))
    }

    /// Appends the entry that `make` gives for the newest record's sequence number, in one transaction.
    fn append(
        &mut self,
        make: impl FnOnce(u64) -> Result<(Kind, u64, String), RecordError>,
    ) -> Result<u64, RecordError> {
        let database = self.database.clone();
        let failed = |cause| sql("write to", &database)(cause);
        let start = chain::start(&self.device);
        let transaction = self
            .reader
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let (position, previous) = head(&transaction, start).map_err(failed)?;
        let newest: Option<i64> = transaction
            .query_row("SELECT max(sequence) FROM entries WHERE kind = 'record'", [], |row| row.get(0))
            .map_err(failed)?;
        let (kind, sequence, body) = make(newest.unwrap_or(0) as u64)?;
        let entry = Entry::following(&previous, position + 1, kind, sequence, body);
        insert(&transaction, &entry).map_err(failed)?;
        transaction.commit().map_err(sql(COMMIT, &database))?;
        Ok(sequence)
    }
}

/// What a failed commit was about to do.
const COMMIT: &str = "commit to";

/// The position and hash of the newest entry, or 0 and where the chain begins.
fn head(connection: &Connection, start: String) -> rusqlite::Result<(u64, String)> {
    let query = "SELECT position, chain_sha256 FROM entries ORDER BY position DESC LIMIT 1";
    let newest =
        connection.query_row(query, [], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))).optional()?;
    Ok(newest.unwrap_or((0, start)))
}

/// Writes an entry and notes it as the newest, so that one that is cut off the end is missed.
fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    if entry.kind == Kind::Deletion {
        let empty = "UPDATE entries SET body = NULL WHERE kind = 'record' AND sequence = ?";
        connection.execute(empty, [entry.sequence as i64])?;
    }
    connection.execute(
        "INSERT INTO entries (position, kind, sequence, body, body_sha256, chain_sha256)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            entry.position as i64,
            entry.kind.word(),
            entry.sequence as i64,
            entry.body,
            entry.body_sha256,
            entry.chain_sha256
        ],
    )?;
    let newest = "INSERT OR REPLACE INTO meta VALUES ('newest', ?)";
    connection.execute(newest, [format!("{} {}", entry.position, entry.chain_sha256)]).map(|_| ())
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

/// JSON that reads back as the very same value: what is not finite would not.
fn lossless_json<T>(value: &T) -> Result<String, RecordError>
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq,
{
    let unrepresentable =
        |cause: serde_json::Error| RecordError::Unrepresentable { cause: cause.to_string() };
    let text = serde_json::to_string(value).map_err(unrepresentable)?;
    if serde_json::from_str::<T>(&text).map_err(unrepresentable)? != *value {
        return Err(RecordError::Unrepresentable { cause: "it reads back differently".into() });
    }
    Ok(text)
}

fn database_path(config: &RecordsConfig) -> PathBuf {
    config.folder.join("records.sqlite")
}

/// Waits until no other process writes; held until dropped.
fn lock_file(path: &Path) -> Result<File, RecordError> {
    let file = File::create(path).map_err(io("make", path))?;
    file.lock().map_err(io("lock", path))?;
    Ok(file)
}
