//! The database's layout, and how an older one is brought up to date.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::RecordError;
use super::error::sql;

/// "derm": says in the file's header whose database it is.
const APPLICATION_ID: i64 = 0x6465_726d;

/// The code of a record's likeliest class; of equal ones the first in the network's order. An index cannot hold a
/// question over a list, so every place in the list is named: a model has at most 64 classes.
macro_rules! top_class {
    ($($place:literal)*) => {
        concat!(
            "CASE max(-1.0"
            $(, ", ifnull(body ->> '$.assessment.probabilities[", $place, "].probability', -1.0)")*,
            ")"
            $(, " WHEN body ->> '$.assessment.probabilities[", $place, "].probability'",
              " THEN body ->> '$.assessment.probabilities[", $place, "].class'")*,
            " END"
        )
    };
}

/// An index finds only the very text that it was made of: another text needs another index.
macro_rules! top_class_of_all {
    () => {
        top_class!(
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
            32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
        )
    };
}

/// See [`top_class`].
pub(super) const TOP_CLASS: &str = top_class_of_all!();

/// Every layout in its order: `user_version` counts those that are applied. Only ever append.
///
/// The virtual columns are read from the body, which the chain covers, so they cannot say anything else.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT;
    INSERT INTO meta VALUES ('device', lower(hex(randomblob(8))));

    CREATE TABLE entries (
        position     INTEGER PRIMARY KEY,
        kind         TEXT NOT NULL,
        sequence     INTEGER NOT NULL,
        body         TEXT,
        body_sha256  TEXT NOT NULL,
        chain_sha256 TEXT NOT NULL,
        captured     INTEGER AS (unixepoch(body ->> '$.captured_at')) VIRTUAL,
        verdict      TEXT AS (body ->> '$.verdict') VIRTUAL,
        case_id      TEXT AS (body ->> '$.case_id') VIRTUAL,
        image_sha256 TEXT AS (body ->> '$.image_sha256') VIRTUAL
    ) STRICT;
    CREATE UNIQUE INDEX record_by_sequence ON entries (sequence) WHERE kind = 'record';
    CREATE INDEX record_by_image ON entries (image_sha256) WHERE kind = 'record' AND body IS NOT NULL;
    CREATE INDEX kept_record ON entries (sequence) WHERE kind = 'record' AND body IS NOT NULL;
",
    "
    CREATE INDEX deletion_by_sequence ON entries (sequence) WHERE kind = 'deletion';
    CREATE INDEX pruning_by_sequence ON entries (sequence) WHERE kind = 'pruning';
    CREATE INDEX record_by_case ON entries (case_id, sequence)
        WHERE kind = 'record' AND body IS NOT NULL AND case_id IS NOT NULL;
",
    concat!(
        "CREATE INDEX record_by_class ON entries ((",
        top_class_of_all!(),
        "), sequence) WHERE kind = 'record' AND body IS NOT NULL;"
    ),
];

/// Opens the database to write, making or updating it as needed.
pub(super) fn open(path: &Path) -> Result<Connection, RecordError> {
    let mut connection = Connection::open(path).map_err(sql("open", path))?;
    set_up(&connection).map_err(sql("set up", path))?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Opens the database to read. Other processes may be writing to it.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, RecordError> {
    if !path.exists() {
        return Err(RecordError::Missing { path: path.into() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sql("open", path))?;
    connection.busy_timeout(BUSY).map_err(sql("open", path))?;
    match version(&connection, path) {
        // A read-only file system has no room for the shared-memory file that WAL needs. Where no log is left
        // over, the database file is all there is, and can be read as it is.
        Err(RecordError::ReadOnly { .. } | RecordError::Database { .. }) if !has_log(path) => {
            let address = format!("file:{}?immutable=1", escaped(path));
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            let connection = Connection::open_with_flags(address, flags).map_err(sql("open", path))?;
            version(&connection, path)?;
            Ok(connection)
        }
        Err(error) => Err(error),
        // Made by a first start that was cut off; the next start finishes it.
        Ok(0) => Err(RecordError::Missing { path: path.into() }),
        Ok(_) => Ok(connection),
    }
}

/// How long one process waits for another's write.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten: a case id must not linger in free pages.
    connection.pragma_update(None, "secure_delete", true)
}

/// How many migrations a database has, after making sure that it is ours and not newer than this program.
fn version(connection: &Connection, path: &Path) -> Result<i64, RecordError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = number("user_version").map_err(sql("read", path))?;
    let owner = number("application_id").map_err(sql("read", path))?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sql("read", path))?;
    let known = MIGRATIONS.len() as i64;
    match owner {
        APPLICATION_ID if found > known => Err(RecordError::Newer { path: path.into(), found, known }),
        APPLICATION_ID if found > 0 => Ok(found),
        0 if found == 0 && tables == 0 => Ok(0),
        _ => Err(RecordError::Foreign { path: path.into() }),
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), RecordError> {
    if version(connection, path)? == MIGRATIONS.len() as i64 {
        return Ok(());
    }
    let failed = |cause| sql("update", path)(cause);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive).map_err(failed)?;
    let done = version(&transaction, path)?;
    for migration in &MIGRATIONS[done as usize..] {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// A path inside a `file:` address.
fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Filter, reader::KEPT};

    #[test]
    fn a_class_is_looked_up_in_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("records.sqlite")).unwrap();
        let filter = Filter { class: Some("mel".into()), before: Some(9), ..Filter::default() };
        let (condition, _) = filter.condition();
        let query = format!(
            "EXPLAIN QUERY PLAN SELECT * FROM entries WHERE {KEPT}{condition} ORDER BY sequence DESC LIMIT 3"
        );
        let plan: String = connection
            .query_row(&query, [9.into(), rusqlite::types::Value::from("mel".to_string())], |row| {
                row.get("detail")
            })
            .unwrap();
        assert!(plan.contains("record_by_class"), "{plan}");
    }

    #[test]
    fn the_likeliest_class_is_the_first_of_the_largest_wherever_it_stands() {
        let connection = Connection::open_in_memory().unwrap();
        let top = |probabilities: &[f64]| {
            let class = |(place, probability): (usize, &f64)| serde_json::json!({"class": format!("c{place}"), "probability": probability});
            let list: Vec<_> = probabilities.iter().enumerate().map(class).collect();
            let body = serde_json::json!({"assessment": {"probabilities": list}}).to_string();
            let query = format!("SELECT {TOP_CLASS} FROM (SELECT ? AS body)");
            connection.query_row(&query, [body], |row| row.get::<_, Option<String>>(0)).unwrap()
        };
        assert_eq!(top(&[0.1, 0.7, 0.2]).as_deref(), Some("c1"));
        assert_eq!(top(&[0.0, 0.5, 0.5]).as_deref(), Some("c1"), "of equal ones the first");
        assert_eq!(top(&[]), None);
        for place in 0..64 {
            let mut probabilities = [0.01; 64];
            probabilities[place] = 0.02;
            assert_eq!(top(&probabilities), Some(format!("c{place}")));
        }
    }
}
