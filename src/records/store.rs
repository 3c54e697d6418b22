//! Writing records: [`Store`].

use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::chain::{self, Entry, Kind, Removal};
use super::error::{io, sql};
use super::images::{Images, sync_folder};
use super::reader::{Reader, database_path, head, newest};
use super::record::image_name;
use super::{Dermoscopy, Record, RecordError, RecordsConfig, schema};
use crate::digest::sha256_hex;
use crate::reading::Reading;

/// The records, to read and write. Several processes may have one open: each write takes a lock.
pub struct Store {
    reader: Reader,
    lock: PathBuf,
    dermoscopy: Dermoscopy,
    /// SHA-256 of the configuration in force, where one is.
    config_sha256: Option<String>,
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
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
        Ok(Self { reader, lock, dermoscopy: config.dermoscopy.clone(), config_sha256: None })
    }

    /// The SHA-256 of the configuration in force, to keep with the records from now on.
    pub fn set_config(&mut self, sha256: String) {
        self.config_sha256 = Some(sha256);
    }

    /// Saves a reading and returns its record's sequence number. On return it is on disk; on an error nothing
    /// of it is, and the store can be used further.
    pub fn save(&mut self, reading: &Reading) -> Result<u64, RecordError> {
        let _held = lock_file(&self.lock)?;
        let encoded = &reading.capture.encoded;
        let name = image_name(&sha256_hex(&encoded.bytes), encoded.encoding);
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
        let (device, dermoscopy, config) =
            (self.device.clone(), self.dermoscopy.clone(), self.config_sha256.clone());
        self.append(|newest_sequence| {
            let sequence = newest_sequence + 1;
            let record = Record::new(sequence, &device, reading, &dermoscopy, config.as_deref());
            Ok((Kind::Record, sequence, lossless_json(&record)?))
        })
    }

    /// Notes up to which number the records were given out as new ones. Less than was noted before changes nothing.
    pub fn set_exported(&mut self, sequence: u64) -> Result<(), RecordError> {
        self.note_number("exported", sequence.min(self.newest()?).max(self.exported()?))
    }

    /// Notes a number beside the entries.
    pub(super) fn note_number(&mut self, key: &str, number: u64) -> Result<(), RecordError> {
        let _held = lock_file(&self.lock)?;
        let query = "INSERT OR REPLACE INTO meta VALUES (?, ?)";
        let noted = self.connection.execute(query, params![key, number.to_string()]);
        noted.map(|_| ()).map_err(sql("write to", &self.database))
    }

    /// Deletes a record and its picture. What stays is a tombstone that says so.
    pub fn delete(&mut self, sequence: u64, reason: &str) -> Result<(), RecordError> {
        let Some(record) = self.get(sequence)? else {
            return Err(RecordError::NoRecord { path: self.database.clone(), sequence });
        };
        self.remove(Kind::Deletion, &record, reason)?;
        // Also out of the log.
        let truncated = self.reader.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
        truncated.map_err(sql("checkpoint", &self.database))
    }

    /// Removes a record's picture, and says so in the chain.
    pub(super) fn remove(&mut self, kind: Kind, record: &Record, reason: &str) -> Result<(), RecordError> {
        let _held = lock_file(&self.lock)?;
        let sequence = record.sequence;
        // Another process may have done it meanwhile.
        if self.get(sequence)?.is_none() || (kind == Kind::Pruning && self.is_pruned(sequence)?) {
            return Err(RecordError::NoRecord { path: self.database.clone(), sequence });
        }
        let images = self.images.clone();
        images.mark(&record.image_name())?;
        self.append_removal(kind, record, reason)?;
        images.sweep(|name| self.has_picture(name))
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
        let (kind, sequence, body) = make(newest(&transaction).map_err(failed)?)?;
        let entry = Entry::following(&previous, position + 1, kind, sequence, body);
        insert(&transaction, &entry).map_err(failed)?;
        transaction.commit().map_err(sql(COMMIT, &database))?;
        Ok(sequence)
    }
}

/// What a failed commit was about to do.
const COMMIT: &str = "commit to";

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

/// Waits until no other process writes; held until dropped.
fn lock_file(path: &Path) -> Result<File, RecordError> {
    let file = File::create(path).map_err(io("make", path))?;
    file.lock().map_err(io("lock", path))?;
    Ok(file)
}
