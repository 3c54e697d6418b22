//! Making room: pictures that have left the device may go, the oldest first. Their records stay for ever.

use super::chain::Kind;
use super::error::sql;
use super::rows::{KEPT, PRUNED, entry};
use super::{Reader, Record, RecordError, Scope, Store};

impl Reader {
    /// The oldest record with a number above `after` whose picture may be removed. One that cannot be read is passed
    /// over.
    pub fn prunable(&self, after: u64) -> Result<Option<Record>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let not_left = self.not_left(Scope::Picture)?;
        let query = format!(
            "SELECT * FROM entries WHERE {KEPT} AND sequence > ? AND NOT ({not_left}) AND NOT {PRUNED}
             ORDER BY sequence"
        );
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut rows = statement.query([after]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            match self.record(&entry(row).map_err(failed)?) {
                Ok(record) => return Ok(Some(record)),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        Ok(None)
    }
}

impl Store {
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
