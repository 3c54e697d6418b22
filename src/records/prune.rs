//! Making room: pictures that have left the device may go, the oldest first. Their records stay for ever.

use rusqlite::{OptionalExtension, params};

use super::chain::Kind;
use super::error::sql;
use super::reader::{KEPT, PRUNED};
use super::{Reader, Record, RecordError, Store};

impl Reader {
    /// Up to which number every picture has left the device.
    pub fn pictures_exported(&self) -> Result<u64, RecordError> {
        self.number_noted("pictures_exported")
    }

    /// The oldest record with a number above `after` whose picture may be removed.
    pub fn prunable(&self, after: u64) -> Result<Option<Record>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let query = format!(
            "SELECT * FROM entries WHERE {KEPT} AND sequence > ? AND sequence <= ? AND NOT {PRUNED}
             ORDER BY sequence LIMIT 1"
        );
        let integer = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let values = params![integer(after), integer(self.pictures_exported()?)];
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let found = statement.query_row(values, super::reader::entry).optional().map_err(failed)?;
        found.map(|entry| self.record(&entry)).transpose()
    }
}

impl Store {
    /// Notes that the pictures of all records above `after` and up to `upto` have left the device. Where others before
    /// them have not, nothing is noted: what may be removed is always all up to one number.
    pub fn set_pictures_exported(&mut self, after: u64, upto: u64) -> Result<(), RecordError> {
        let noted = self.pictures_exported()?;
        if after > noted || upto <= noted {
            return Ok(());
        }
        self.note_number("pictures_exported", upto.min(self.newest()?))
    }

    /// Removes pictures that have left the device, the oldest first, while `go_on` says so; gives how many.
    pub fn prune<E: From<RecordError>>(
        &mut self,
        reason: &str,
        mut go_on: impl FnMut(&Reader, &Record) -> Result<bool, E>,
    ) -> Result<u64, E> {
        let (mut pruned, mut after) = (0, 0);
        while let Some(record) = self.prunable(after)? {
            if !go_on(self, &record)? {
                break;
            }
            after = record.sequence;
            self.remove(Kind::Pruning, &record, reason)?;
            pruned += 1;
        }
        Ok(pruned)
    }
}
