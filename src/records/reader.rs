//! Reading records: any number of readers beside one another and beside writers.

use std::path::PathBuf;

use rusqlite::{Connection, InterruptHandle, OptionalExtension, params, params_from_iter};

use super::anchor::{self, Anchor, Head};
use super::chain::Entry;
use super::error::sql;
use super::finding::Finding;
use super::images::Images;
use super::list::{Filter, RecordPage, Scope, Unreadable};
use super::rows::{KEPT, PRUNED, entry, head, newest};
use super::{Record, RecordError, RecordsConfig, Space, chain, record, schema, wiping};

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

/// Ends the query that a reader is at; it fails then.
pub struct Interrupter(InterruptHandle);

impl Interrupter {
    /// Where no query is under way, nothing ends.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }
}

impl Reader {
    /// Opens records that are there. Needs no right to write, and works on a read-only file system.
    pub fn open(config: &RecordsConfig) -> Result<Self, RecordError> {
        let database = database_path(config);
        if wiping::is_begun(&config.folder) {
            return Err(RecordError::Wiping { path: config.folder.clone() });
        }
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

    /// Whether these are still the records that were opened. Somebody may have wiped them since: whoever kept anything of
    /// them then lets it go, and opens them anew.
    pub fn is_current(&self) -> Result<bool, RecordError> {
        Ok(self.current_device()? == self.device)
    }

    /// The id that the database has now.
    pub fn current_device(&self) -> Result<String, RecordError> {
        Ok(self.noted("device")?.unwrap_or_default())
    }

    /// How many records were deleted.
    pub fn deleted(&self) -> Result<u64, RecordError> {
        let query = "SELECT count(*) FROM entries WHERE kind = 'record' AND body IS NULL";
        let count = self.connection.query_row(query, [], |row| row.get::<_, i64>(0));
        Ok(count.map_err(sql("count", &self.database))? as u64)
    }

    /// Ends the query that this reader is at, from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.connection.get_interrupt_handle())
    }

    /// A query that ends only where it is interrupted.
    #[cfg(test)]
    pub fn read_for_ever(&self) -> Result<i64, RecordError> {
        let query =
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x % 7 + 1 FROM n) SELECT max(x) FROM n";
        self.connection.query_row(query, [], |row| row.get(0)).map_err(sql("read", &self.database))
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

    /// The record `age` places before the newest (0 is the newest).
    pub fn recent(&self, age: u64) -> Result<Option<Record>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let query = format!("SELECT * FROM entries WHERE {KEPT} ORDER BY sequence DESC LIMIT 1 OFFSET ?");
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let age = i64::try_from(age).unwrap_or(i64::MAX);
        let found = statement.query_row([age], entry).optional().map_err(failed)?;
        found.map(|entry| self.record(&entry)).transpose()
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
    pub fn list(&self, filter: &Filter, limit: usize) -> Result<RecordPage, RecordError> {
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
        Ok(RecordPage { next_before: last.filter(|_| more), records, unreadable, more })
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
            condition = condition + " AND " + &self.not_left(scope)?;
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

    /// That a row of `entries` has not left the device, as a condition.
    pub(super) fn not_left(&self, scope: Scope) -> Result<String, RecordError> {
        if !self.notes_departures() {
            let key = if scope == Scope::Data { "exported" } else { "pictures_exported" };
            let noted: u64 = self.noted(key)?.and_then(|noted| noted.parse().ok()).unwrap_or(0);
            return Ok(format!("sequence > {noted}"));
        }
        let picture = if scope == Scope::Data { "" } else { " AND given_out.picture = 1" };
        Ok(format!(
            "NOT EXISTS (SELECT 1 FROM given_out WHERE given_out.sequence = entries.sequence{picture})"
        ))
    }

    /// Whether the database's layout has it record by record what has left.
    pub(super) fn notes_departures(&self) -> bool {
        self.layout >= 4
    }

    /// Whether a record's picture was removed to make room.
    pub fn is_pruned(&self, sequence: u64) -> Result<bool, RecordError> {
        let query = "SELECT 1 FROM entries WHERE kind = 'pruning' AND sequence = ?";
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        let found = self.connection.query_row(query, [sequence], |_| Ok(())).optional();
        found.map(|found| found.is_some()).map_err(sql("read", &self.database))
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

pub(super) fn database_path(config: &RecordsConfig) -> PathBuf {
    config.folder.join("records.sqlite")
}
