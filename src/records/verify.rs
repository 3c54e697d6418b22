//! Verification: walks the chain and every picture, and says exactly what is missing or altered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::chain::{self, Entry, Kind, Removal};
use super::error::{io, sql};
use super::reader::entry;
use super::{Reader, RecordError};

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    pub device: String,
    /// Records with their data.
    pub records: u64,
    /// Records of which a tombstone is left.
    pub deleted: u64,
    /// Pictures that are there and whole.
    pub images: u64,
    /// The newest hash of the chain: noted elsewhere, it proves later that all up to here is as it was.
    pub head: String,
    /// Empty where all is well.
    pub problems: Vec<Problem>,
}

/// One thing that is missing or altered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// SQLite's own check.
    Database {
        message: String,
    },
    /// Entries between two that are there.
    EntriesMissing {
        after: u64,
        before: u64,
    },
    /// Entries that were there at the end.
    EndMissing {
        expected: String,
        found: String,
    },
    /// An entry's hash is not the one that its columns and the entry before give.
    ChainBroken {
        position: u64,
        sequence: u64,
    },
    /// A body is not the one that was written.
    BodyAltered {
        position: u64,
        sequence: u64,
    },
    /// A body is gone without a tombstone.
    BodyMissing {
        position: u64,
        sequence: u64,
    },
    /// A record has a tombstone and still its body.
    BodyLeft {
        position: u64,
        sequence: u64,
    },
    /// An entry cannot be read or contradicts its own columns.
    EntryUnreadable {
        position: u64,
        cause: String,
    },
    ImageMissing {
        sequence: u64,
        path: String,
    },
    ImageAltered {
        sequence: u64,
        path: String,
        found: String,
    },
    /// A picture of no record.
    ImageUnclaimed {
        path: String,
    },
}

impl Verification {
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Database { message } => write!(formatter, "the database: {message}"),
            Self::EntriesMissing { after, before } => {
                write!(formatter, "entries are missing between {after} and {before}")
            }
            Self::EndMissing { expected, found } => {
                write!(formatter, "the newest entry should be {expected}, but the last one there is {found}")
            }
            Self::ChainBroken { position, sequence } => {
                write!(formatter, "record {sequence}: entry {position} or the one before was altered")
            }
            Self::BodyAltered { position, sequence } => {
                write!(formatter, "record {sequence}: its data (entry {position}) was altered")
            }
            Self::BodyMissing { position, sequence } => {
                write!(formatter, "record {sequence}: its data (entry {position}) is gone without a deletion")
            }
            Self::BodyLeft { position, sequence } => {
                write!(
                    formatter,
                    "record {sequence}: deleted, but its data (entry {position}) is still there"
                )
            }
            Self::EntryUnreadable { position, cause } => {
                write!(formatter, "entry {position} cannot be read: {cause}")
            }
            Self::ImageMissing { sequence, path } => {
                write!(formatter, "record {sequence}: its picture {path} is missing")
            }
            Self::ImageAltered { sequence, path, found } => {
                write!(formatter, "record {sequence}: its picture {path} was altered (sha256 {found})")
            }
            Self::ImageUnclaimed { path } => write!(formatter, "the picture {path} belongs to no record"),
        }
    }
}

impl Reader {
    /// Checks everything: SQLite's own structure, the chain, and every picture's hash. Reads all of it, so it
    /// takes as long as the disk does.
    pub fn verify(&self) -> Result<Verification, RecordError> {
        // One transaction: what is saved meanwhile is not half seen.
        let snapshot = self.connection.unchecked_transaction().map_err(sql("read", &self.database))?;
        let mut problems = self.check_database()?;
        let entries = self.entries(&mut problems)?;
        let head = check_chain(&entries, &chain::start(&self.device), &mut problems);
        self.check_end(&entries, &head, &mut problems)?;
        let removed = removals(&entries, &mut problems);
        check_bodies(&entries, &removed, &mut problems);
        let images = self.check_images(&entries, &removed, &mut problems)?;
        drop(snapshot);
        let made = entries.iter().filter(|entry| entry.kind == Kind::Record);
        let (kept, deleted): (Vec<_>, Vec<_>) = made.partition(|entry| entry.body.is_some());
        let (records, deleted) = (kept.len() as u64, deleted.len() as u64);
        Ok(Verification { device: self.device.clone(), records, deleted, images, head, problems })
    }

    fn check_database(&self) -> Result<Vec<Problem>, RecordError> {
        let mut problems = Vec::new();
        let checked = self.connection.pragma_query(None, "integrity_check", |row| {
            let message: String = row.get(0)?;
            problems.extend((message != "ok").then_some(Problem::Database { message }));
            Ok(())
        });
        checked.map_err(sql("check", &self.database))?;
        Ok(problems)
    }

    fn entries(&self, problems: &mut Vec<Problem>) -> Result<Vec<Entry>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let columns = "position, kind, sequence, body, body_sha256, chain_sha256";
        let query = format!("SELECT {columns} FROM entries ORDER BY position");
        let mut statement = self.connection.prepare(&query).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            match entry(row) {
                Ok(entry) => entries.push(entry),
                Err(cause) => {
                    let position = row.get::<_, i64>("position").unwrap_or(0) as u64;
                    problems.push(Problem::EntryUnreadable { position, cause: cause.to_string() });
                }
            }
        }
        Ok(entries)
    }

    /// That the entry noted as the newest is the last one.
    fn check_end(
        &self,
        entries: &[Entry],
        head: &str,
        problems: &mut Vec<Problem>,
    ) -> Result<(), RecordError> {
        use rusqlite::OptionalExtension;
        let noted: Option<String> = self
            .connection
            .query_row("SELECT value FROM meta WHERE key = 'newest'", [], |row| row.get(0))
            .optional()
            .map_err(sql("read", &self.database))?;
        let found = entries.last().map(|entry| format!("{} {head}", entry.position));
        if noted != found {
            let or_none = |end: Option<String>| end.unwrap_or_else(|| "none".into());
            problems.push(Problem::EndMissing { expected: or_none(noted), found: or_none(found) });
        }
        Ok(())
    }

    /// Checks the pictures of all records that should have theirs, and gives how many are whole.
    fn check_images(
        &self,
        entries: &[Entry],
        removed: &BTreeMap<u64, Kind>,
        problems: &mut Vec<Problem>,
    ) -> Result<u64, RecordError> {
        let mut claimed = BTreeSet::new();
        for entry in entries.iter().filter(|entry| entry.kind == Kind::Record && entry.body.is_some()) {
            let Ok(record) = self.record(entry) else { continue };
            let fresh = claimed.insert(record.image_name());
            if !fresh || removed.contains_key(&record.sequence) {
                continue;
            }
            match self.image(&record) {
                Ok(_) => {}
                Err(RecordError::ImageMissing { path, sequence }) => {
                    problems.push(Problem::ImageMissing { sequence, path: path.display().to_string() });
                }
                Err(RecordError::ImageAltered { path, sequence, found }) => {
                    problems.push(Problem::ImageAltered {
                        sequence,
                        path: path.display().to_string(),
                        found,
                    });
                }
                Err(error) => return Err(error),
            }
        }
        self.check_unclaimed(&claimed, problems)
    }

    /// Finds pictures of no record, and gives how many there are of one.
    fn check_unclaimed(
        &self,
        claimed: &BTreeSet<String>,
        problems: &mut Vec<Problem>,
    ) -> Result<u64, RecordError> {
        let folder = self.images.folder();
        let failed = |cause| io("list", folder)(cause);
        let mut found = 0;
        for file in std::fs::read_dir(folder).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if claimed.contains(&name) {
                found += 1;
            } else if !self.images.is_marked(&name) {
                problems.push(Problem::ImageUnclaimed { path: path.display().to_string() });
            }
        }
        Ok(found)
    }
}

/// Walks the chain and gives its newest hash.
fn check_chain(entries: &[Entry], start: &str, problems: &mut Vec<Problem>) -> String {
    let (mut position, mut sequence, mut previous) = (0, 0, start);
    for entry in entries {
        let at = Problem::ChainBroken { position: entry.position, sequence: entry.sequence };
        if entry.position != position + 1 {
            problems.push(Problem::EntriesMissing { after: position, before: entry.position });
        } else if !entry.follows(previous) {
            problems.push(at);
        } else if entry.kind == Kind::Record && entry.sequence != sequence + 1 {
            let cause = format!("it is record {}, after record {sequence}", entry.sequence);
            problems.push(Problem::EntryUnreadable { position: entry.position, cause });
        }
        if entry.kind == Kind::Record {
            sequence = entry.sequence;
        }
        position = entry.position;
        previous = &entry.chain_sha256;
    }
    previous.into()
}

/// What was taken from which record: a deletion outweighs a pruning.
fn removals(entries: &[Entry], problems: &mut Vec<Problem>) -> BTreeMap<u64, Kind> {
    let mut removed = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind != Kind::Record) {
        let body = entry.body.as_deref().unwrap_or_default();
        match serde_json::from_str::<Removal>(body) {
            Ok(removal) if removal.sequence == entry.sequence => {}
            Ok(_) => problems.push(Problem::EntryUnreadable {
                position: entry.position,
                cause: "its body names another record".into(),
            }),
            Err(cause) => {
                problems.push(Problem::EntryUnreadable { position: entry.position, cause: cause.to_string() })
            }
        }
        if entry.kind == Kind::Deletion || !removed.contains_key(&entry.sequence) {
            removed.insert(entry.sequence, entry.kind);
        }
    }
    removed
}

fn check_bodies(entries: &[Entry], removed: &BTreeMap<u64, Kind>, problems: &mut Vec<Problem>) {
    for entry in entries {
        let (position, sequence) = (entry.position, entry.sequence);
        let deleted = removed.get(&sequence) == Some(&Kind::Deletion);
        let record = entry.kind == Kind::Record;
        if !entry.body_holds() {
            problems.push(Problem::BodyAltered { position, sequence });
        } else if record && entry.body.is_none() && !deleted {
            problems.push(Problem::BodyMissing { position, sequence });
        } else if record && entry.body.is_some() && deleted {
            problems.push(Problem::BodyLeft { position, sequence });
        } else if record && let Some(body) = &entry.body {
            problems.extend(contradiction(body, position, sequence));
        }
    }
}

/// A record's body that does not read, or says another number than its column.
fn contradiction(body: &str, position: u64, sequence: u64) -> Option<Problem> {
    let cause = match serde_json::from_str::<super::Record>(body) {
        Ok(record) if record.sequence == sequence => return None,
        Ok(record) => format!("its body says record {}, its column {sequence}", record.sequence),
        Err(cause) => cause.to_string(),
    };
    Some(Problem::EntryUnreadable { position, cause })
}
