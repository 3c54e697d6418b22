//! Erasing: what is deleted leaves the database, its log, the pictures and the copy for the drive on the USB cable, and
//! it is looked at afterwards whether it has.

use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::chain::Kind;
use super::error::{io, sql};
use super::files::{DRIVE, erase_file};
use super::schema::{BUSY, beside};
use super::{RecordError, Store};

/// How long deleting waits for readers to let go of the log.
const PATIENCE: Duration = Duration::from_secs(3);

/// Noted beside the entries while the log may hold what was deleted.
const UNERASED: &str = "unerased";

impl Store {
    /// Deletes a record and its picture. What stays is a tombstone that says so.
    pub fn delete(&mut self, sequence: u64, reason: &str) -> Result<(), RecordError> {
        let Some(record) = self.get(sequence)? else {
            return Err(RecordError::NoRecord { path: self.database.clone(), sequence });
        };
        self.owe_erasing()?;
        self.remove(Kind::Deletion, &record, reason)?;
        self.erase_drive()?;
        self.erase(PATIENCE)
    }

    /// The drive on the USB cable is a copy: it is made anew without what was deleted.
    pub(super) fn erase_drive(&self) -> Result<(), RecordError> {
        erase_file(&self.folder.join(DRIVE))
    }

    /// Notes that the log is still to be emptied, so that it is tried until it is.
    pub(super) fn owe_erasing(&mut self) -> Result<(), RecordError> {
        self.note(UNERASED, "yes")
    }

    /// Empties the log where something that was deleted may still be in it, without waiting for readers.
    pub fn erase_owed(&mut self) -> Result<(), RecordError> {
        match self.noted(UNERASED)? {
            Some(_) => self.erase(Duration::ZERO),
            None => Ok(()),
        }
    }

    /// As [`Self::erase_owed`], with patience for readers.
    pub(super) fn erase_now(&mut self) -> Result<(), RecordError> {
        self.erase(PATIENCE)
    }

    /// Has nothing of what was deleted stay in the database's log. While somebody reads it cannot be emptied: it is tried
    /// for a while, and again later.
    fn erase(&mut self, patience: Duration) -> Result<(), RecordError> {
        let start = Instant::now();
        while !self.empty_log()? {
            if start.elapsed() >= patience {
                return Err(RecordError::NotErased { path: self.database.clone() });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let erased = self.connection.execute("DELETE FROM meta WHERE key = ?", [UNERASED]);
        erased.map(|_| ()).map_err(sql("write to", &self.database))
    }

    /// Whether all of the log is in the database, and nothing in the log.
    fn empty_log(&self) -> Result<bool, RecordError> {
        let failed = |cause| sql("checkpoint", &self.database)(cause);
        // SQLite's own patience would hold up the next reading.
        self.connection.busy_timeout(Duration::ZERO).map_err(failed)?;
        let query = "PRAGMA wal_checkpoint(TRUNCATE)";
        let emptied = self.connection.query_row(query, [], |row| row.get::<_, i64>(0));
        self.connection.busy_timeout(BUSY).map_err(failed)?;
        let busy = match emptied {
            // Somebody else is emptying it.
            Err(rusqlite::Error::SqliteFailure(cause, _)) if is_busy(cause.code) => return Ok(false),
            answer => answer.map_err(failed)?,
        };
        let log = beside(&self.database, "-wal");
        let length = match fs::metadata(&log) {
            Ok(log) => log.len(),
            Err(cause) if cause.kind() == ErrorKind::NotFound => 0,
            Err(cause) => return Err(io("look at", &log)(cause)),
        };
        Ok(busy == 0 && length == 0)
    }
}

fn is_busy(code: rusqlite::ErrorCode) -> bool {
    matches!(code, rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
}
