//! The database's layout, and how an older one is brought up to date.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::RecordError;
use super::error::{io, sql};

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
    // From here on a database says who can read and who can write it, records are given out one by one, and there are
    // entries that say what was found. What earlier programs noted as one number for all is taken over.
    "
    INSERT INTO meta VALUES ('least_reader', '4'), ('least_writer', '4');

    CREATE TABLE given_out (
        sequence INTEGER NOT NULL,
        way      TEXT NOT NULL,
        picture  INTEGER NOT NULL,
        at       TEXT NOT NULL,
        PRIMARY KEY (sequence, way)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO given_out
        SELECT sequence, 'earlier',
               sequence <= ifnull((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'pictures_exported'), 0),
               strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
        FROM entries WHERE kind = 'record' AND body IS NOT NULL
         AND sequence <= max(
             ifnull((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'exported'), 0),
             ifnull((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'pictures_exported'), 0));
    DELETE FROM meta WHERE key IN ('exported', 'pictures_exported');

    CREATE INDEX deleted_record ON entries (sequence) WHERE kind = 'record' AND body IS NULL;
    CREATE INDEX finding ON entries (sequence) WHERE kind = 'finding';
    CREATE INDEX record_by_time ON entries (captured, sequence) WHERE kind = 'record' AND body IS NOT NULL;
",
    // Entries say what became of a lesion. An earlier program passes over them, and may read on; it may not write, since it
    // would delete a record and leave its outcomes.
    "
    UPDATE meta SET value = '5' WHERE key = 'least_writer';
    CREATE INDEX outcome_by_sequence ON entries (sequence, position) WHERE kind = 'outcome' AND body IS NOT NULL;
    CREATE INDEX record_by_lesion ON entries (case_id, body ->> '$.lesion', sequence)
        WHERE kind = 'record' AND body IS NOT NULL AND body ->> '$.lesion' IS NOT NULL;
",
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
    harden(&connection).map_err(sql("open", path))?;
    match layout(&connection, path) {
        // A read-only file system has no room for the shared-memory file that WAL needs. Where no log is left
        // over, the database file is all there is, and can be read as it is.
        Err(RecordError::ReadOnly { .. } | RecordError::Database { .. }) if !has_log(path) => {
            let address = format!("file:{}?immutable=1", escaped(path));
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            let connection = Connection::open_with_flags(address, flags).map_err(sql("open", path))?;
            harden(&connection).map_err(sql("open", path))?;
            layout(&connection, path)?;
            Ok(connection)
        }
        Err(RecordError::ReadOnly { .. } | RecordError::Database { .. }) => {
            Err(RecordError::LogUnreadable { path: path.into() })
        }
        Err(error) => Err(error),
        // Made by a first start that was cut off; the next start finishes it.
        Ok(Layout { found: 0, .. }) => Err(RecordError::Missing { path: path.into() }),
        Ok(_) => Ok(connection),
    }
}

/// How long one process waits for another's write.
pub(super) const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// No trigger or view of a stranger decides what is read and written here.
fn harden(connection: &Connection) -> rusqlite::Result<()> {
    use rusqlite::config::DbConfig;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map(|_| ())
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    harden(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten: a case id must not linger in free pages.
    connection.pragma_update(None, "secure_delete", true)
}

/// How a database's layout stands to what this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Its number; 0 of a database that is still empty.
    pub found: i64,
    /// The least that must be known to read and to write it.
    least_reader: i64,
    least_writer: i64,
}

impl Layout {
    /// Whether a later program made it.
    pub fn is_newer(self) -> bool {
        self.found > KNOWN
    }
}

/// The newest layout that this program knows.
pub(super) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// A database's layout, after making sure that it is ours and that this program can read it.
pub(super) fn layout(connection: &Connection, path: &Path) -> Result<Layout, RecordError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let found = number("user_version").map_err(sql("read", path))?;
    let owner = number("application_id").map_err(sql("read", path))?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sql("read", path))?;
    // One that does not say who can read it is for its own program.
    let noted = |key: &str| {
        let query = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?";
        connection.query_row(query, [key], |row| row.get(0)).unwrap_or(found)
    };
    match owner {
        APPLICATION_ID if found > 0 => {
            let layout =
                Layout { found, least_reader: noted("least_reader"), least_writer: noted("least_writer") };
            if layout.is_newer() && layout.least_reader > KNOWN {
                return Err(RecordError::Newer { path: path.into(), found, known: KNOWN });
            }
            Ok(layout)
        }
        0 if found == 0 && tables == 0 => Ok(Layout { found: 0, least_reader: 0, least_writer: 0 }),
        _ => Err(RecordError::Foreign { path: path.into() }),
    }
}

/// Brings an older one up to date; one of a later program stays as it is, and is written to only where that allows it.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), RecordError> {
    let layout = self::layout(connection, path)?;
    if layout.is_newer() && layout.least_writer > KNOWN {
        return Err(RecordError::NewerToWrite { path: path.into(), found: layout.found, known: KNOWN });
    }
    if layout.found >= KNOWN {
        return Ok(());
    }
    let failed = |cause| sql("update", path)(cause);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive).map_err(failed)?;
    let done = self::layout(&transaction, path)?.found;
    for migration in MIGRATIONS.get(done as usize..).unwrap_or_default() {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    transaction.pragma_update(None, "user_version", done.max(KNOWN)).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// What tables, columns, indexes, triggers and views of a database are not as its layout has them, in words: nothing
/// but the chain's own tables may decide what is read and written. A later program's layout cannot be told.
pub(super) fn strange(connection: &Connection, path: &Path) -> Result<Vec<String>, RecordError> {
    let failed = |cause| sql("read the layout of", path)(cause);
    let found = layout(connection, path)?;
    if found.is_newer() {
        return Ok(Vec::new());
    }
    let model = Connection::open_in_memory().map_err(failed)?;
    for migration in MIGRATIONS.get(..found.found as usize).unwrap_or_default() {
        model.execute_batch(migration).map_err(failed)?;
    }
    let (expected, there) = (objects(&model).map_err(failed)?, objects(connection).map_err(failed)?);
    let mut strange = Vec::new();
    for (object, text) in &there {
        match expected.get(object) {
            None => strange.push(format!("{object} does not belong here")),
            Some(known) if known != text => strange.push(format!("{object} was altered")),
            Some(_) => {}
        }
    }
    let lacking = expected.keys().filter(|object| !there.contains_key(*object));
    strange.extend(lacking.map(|object| format!("{object} is missing")));
    Ok(strange)
}

/// Everything in a database's schema by kind and name, and the words that made it.
fn objects(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Option<String>>> {
    let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_schema")?;
    let objects = statement.query_map([], |row| {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((format!("the {kind} {name}"), row.get(2)?))
    })?;
    objects.collect()
}

fn has_log(path: &Path) -> bool {
    std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0)
}

/// The file that SQLite keeps beside a database: "-wal" its log, "-shm" the log's index.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Takes everything out of a database, however damaged it is, without taking the file from under whoever has it open: its
/// first page is written anew, and the rest is cut off (SQLITE_DBCONFIG_RESET_DATABASE, sqlite.org/c3ref). One that is
/// none can be nobody's: its files go.
pub(super) fn reset(path: &Path) -> Result<(), RecordError> {
    use rusqlite::config::DbConfig::SQLITE_DBCONFIG_RESET_DATABASE as RESET;
    if !path.exists() {
        return Ok(());
    }
    let failed = |cause| sql("reset", path)(cause);
    let connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(BUSY).map_err(failed)?;
    // SQLite wants to have looked at it before; where that fails it is damaged.
    let _ = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    connection.set_db_config(RESET, true).map_err(failed)?;
    let emptied = connection.execute_batch("VACUUM");
    connection.set_db_config(RESET, false).map_err(failed)?;
    match emptied.map_err(failed) {
        Err(RecordError::Corrupt { .. } | RecordError::Database { .. }) => {
            drop(connection);
            for ending in ["-wal", "-shm", ""] {
                let path = beside(path, ending);
                if path.exists() {
                    std::fs::remove_file(&path).map_err(io("remove", &path))?;
                }
            }
            Ok(())
        }
        emptied => emptied,
    }
}

/// A path inside a `file:` address.
fn escaped(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Filter, rows::KEPT};

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
