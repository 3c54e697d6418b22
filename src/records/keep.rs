//! Keeping for a time: records whose days are over are deleted, as by hand, where they have left the device with their
//! pictures. What is only here stays for as long as it is, whatever the configuration says, and is counted.

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::chain::Kind;
use super::error::sql;
use super::rows::KEPT;
use super::{Reader, RecordError, Scope, Store};

/// That a record's days are over: since it was captured and, where the clock was not set then, since it last left.
const OVER: &str =
    "captured < ?1 AND (body ->> '$.clock_set' = 1 OR ifnull((SELECT max(unixepoch(at)) FROM given_out
    WHERE given_out.sequence = entries.sequence), ?1) < ?1)";

/// The second before which a record's time is over.
fn limit(days: u32, now: Timestamp) -> i64 {
    let kept = SignedDuration::from_hours(24 * i64::from(days));
    now.checked_sub(kept).unwrap_or(Timestamp::MIN).as_second()
}

impl Reader {
    /// How many records were kept for so many days and have not left the device with their pictures.
    pub fn count_overdue(&self, days: u32, now: Timestamp) -> Result<u64, RecordError> {
        let failed = |cause| sql("count", &self.database)(cause);
        let not_left = self.not_left(Scope::Picture)?;
        let query = format!(
            "SELECT count(*) FROM entries WHERE {KEPT} AND captured < ? AND body ->> '$.clock_set' = 1 AND {not_left}"
        );
        let count = self.connection.query_row(&query, [limit(days, now)], |row| row.get::<_, i64>(0));
        Ok(count.map_err(failed)? as u64)
    }

    /// The numbers of records whose time is over and that have left, the oldest first, at most `most`.
    fn expired(&self, days: u32, now: Timestamp, most: usize) -> Result<Vec<u64>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let not_left = self.not_left(Scope::Picture)?;
        let query = format!(
            "SELECT sequence FROM entries WHERE {KEPT} AND {OVER} AND NOT ({not_left}) ORDER BY sequence LIMIT ?2"
        );
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let numbers = statement.query_map(params![limit(days, now), most], |row| row.get::<_, i64>(0));
        let numbers: Result<Vec<i64>, _> = numbers.map_err(failed)?.collect();
        Ok(numbers.map_err(failed)?.into_iter().map(|number| number as u64).collect())
    }
}

impl Store {
    /// Deletes records that were kept for so many days and have left the device with their pictures, the oldest first, at
    /// most so many; gives how many. Whoever reads meanwhile is not waited for: what they hold is erased later
    /// ([`Self::erase_owed`]).
    pub fn expire(&mut self, days: u32, now: Timestamp, most: usize) -> Result<u64, RecordError> {
        let expired = self.expired(days, now, most)?;
        if expired.is_empty() {
            return Ok(0);
        }
        self.owe_erasing()?;
        let mut deleted = 0;
        for sequence in expired {
            // One that cannot be read stays, and stops no other.
            let Ok(Some(record)) = self.get(sequence) else { continue };
            self.remove(Kind::Deletion, &record, &format!("kept for {days} days"))?;
            deleted += 1;
        }
        self.erase_drive()?;
        match self.erase_owed() {
            Err(RecordError::NotErased { .. }) | Ok(()) => Ok(deleted),
            Err(error) => Err(error),
        }
    }
}
