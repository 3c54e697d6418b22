//! Rows of the database as entries of the chain.

use rusqlite::{Connection, OptionalExtension, Row};

use super::chain::{Entry, Kind};

/// Rows that a reader shows: records that were not deleted.
pub(super) const KEPT: &str = "kind = 'record' AND body IS NOT NULL";

/// Of those, the ones whose pictures were removed to make room.
pub(super) const PRUNED: &str = "EXISTS (SELECT 1 FROM entries AS pruning
    WHERE pruning.kind = 'pruning' AND pruning.sequence = entries.sequence)";

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
