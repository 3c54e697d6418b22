//! Verification: walks the chain and every picture, and says exactly what is missing or altered. One entry and one
//! picture are in memory at a time, however many there are.

use std::path::Path;

use rusqlite::OptionalExtension;

use super::anchor::Anchor;
use super::chain::{self, Entry, Kind, Removal, Wipe};
use super::error::sql;
use super::finding::KnownChain;
use super::problem::{Problem, Verification};
use super::rows::{KEPT, PRUNED, entry};
use super::{Noted, Reader, Record, RecordError, schema};

impl Reader {
    /// Checks everything: SQLite's own structure, the layout, the chain against its anchor, and every picture's hash.
    /// Reads all of it, so it takes as long as the disk does. `noted` are entries that the chain must have: their
    /// positions and hashes.
    pub fn verify_noted(&self, noted: &[(u64, String)]) -> Result<Verification, RecordError> {
        // Before the chain: an anchor is never ahead of it.
        let anchor = Anchor::of(&self.folder)?;
        // One transaction: what is saved meanwhile is not half seen.
        let snapshot = self.connection.unchecked_transaction().map_err(sql("read", &self.database))?;
        let mut walk = Walk::new(self);
        walk.check_database()?;
        walk.check_entries()?;
        walk.check_end()?;
        walk.check_anchor(&anchor)?;
        walk.check_noted(noted)?;
        walk.check_unclaimed()?;
        drop(snapshot);
        let Walk {
            records, deleted, images, unknown, wiped_at, position, previous: head, mut problems, ..
        } = walk;
        self.look_again(&mut problems)?;
        let device = self.device.clone();
        Ok(Verification { device, records, deleted, images, unknown, wiped_at, position, head, problems })
    }

    /// As `verify_noted`, with nothing noted.
    pub fn verify(&self) -> Result<Verification, RecordError> {
        self.verify_noted(&[])
    }

    /// Takes back what holds no more: on a device in use a picture may have come or gone since the walk began.
    fn look_again(&self, problems: &mut Vec<Problem>) -> Result<(), RecordError> {
        let mut failed = Ok(());
        problems.retain(|problem| {
            let stands = match problem {
                Problem::ImageUnclaimed { path } => self.is_unclaimed(Path::new(path)),
                Problem::ImageMissing { sequence, .. }
                | Problem::ImageUnreadable { sequence, .. }
                | Problem::ImageAltered { sequence, .. } => self.lacks_picture(*sequence),
                _ => return true,
            };
            stands.unwrap_or_else(|error| {
                failed = Err(error);
                true
            })
        });
        failed
    }

    fn lacks_picture(&self, sequence: u64) -> Result<bool, RecordError> {
        let Some(record) = self.get(sequence)? else { return Ok(false) };
        Ok(!self.is_pruned(sequence)? && self.image(&record).is_err())
    }

    /// Whether a file among the pictures is there and belongs to no record.
    fn is_unclaimed(&self, path: &Path) -> Result<bool, RecordError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The mark goes after the entry is there: it is asked for first.
        let marked = self.images.is_marked(&name);
        let claimant = self.claimant(name.split('.').next().unwrap_or(&name))?;
        let claimed = claimant.and_then(|entry| self.record(&entry).ok());
        Ok(claimed.is_none_or(|record| record.image_name() != name) && !marked && path.exists())
    }

    /// The entry of the first record that should have this picture.
    fn claimant(&self, sha256: &str) -> Result<Option<Entry>, RecordError> {
        let query = format!(
            "SELECT * FROM entries WHERE {KEPT} AND image_sha256 = ? AND NOT {PRUNED} ORDER BY position LIMIT 1"
        );
        let failed = |cause| sql("read", &self.database)(cause);
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        statement.query_row([sha256], entry).optional().map_err(failed)
    }
}

/// A walk over all the entries.
struct Walk<'a> {
    reader: &'a Reader,
    /// Of the entry before: its place, and its hash.
    position: u64,
    previous: String,
    /// Of the newest record so far.
    sequence: u64,
    records: u64,
    deleted: u64,
    images: u64,
    unknown: u64,
    /// When all before was wiped, where the chain begins so.
    wiped_at: Option<jiff::Timestamp>,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    fn new(reader: &'a Reader) -> Self {
        let previous = chain::start(&reader.device);
        Self {
            reader,
            position: 0,
            previous,
            sequence: 0,
            records: 0,
            deleted: 0,
            images: 0,
            unknown: 0,
            wiped_at: None,
            problems: Vec::new(),
        }
    }

    fn check_database(&mut self) -> Result<(), RecordError> {
        let checked = self.reader.connection.pragma_query(None, "integrity_check", |row| {
            let message: String = row.get(0)?;
            self.problems.extend((message != "ok").then_some(Problem::Database { message }));
            Ok(())
        });
        checked.map_err(sql("check", &self.reader.database))?;
        let strange = schema::strange(&self.reader.connection, &self.reader.database)?;
        self.problems.extend(strange.into_iter().map(|message| Problem::Schema { message }));
        Ok(())
    }

    fn check_entries(&mut self) -> Result<(), RecordError> {
        let reader = self.reader;
        let failed = |cause| sql("read", &reader.database)(cause);
        let columns = "position, kind, sequence, body, body_sha256, chain_sha256";
        let query = format!("SELECT {columns} FROM entries ORDER BY position");
        let mut statement = reader.connection.prepare(&query).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            match entry(row) {
                Ok(entry) => self.check(&entry)?,
                Err(cause) => {
                    let position = row.get::<_, i64>("position").unwrap_or(0) as u64;
                    self.problems.push(Problem::EntryUnreadable { position, cause: cause.to_string() });
                }
            }
        }
        Ok(())
    }

    fn check(&mut self, entry: &Entry) -> Result<(), RecordError> {
        self.check_link(entry);
        if !entry.body_holds() {
            let (position, sequence) = (entry.position, entry.sequence);
            self.problems.push(Problem::BodyAltered { position, sequence });
        }
        match entry.kind {
            Kind::Record => return self.check_record(entry),
            Kind::Deletion | Kind::Pruning => self.problems.extend(removal_problem(entry)),
            Kind::Finding => self.check_finding(entry),
            Kind::Wipe => self.check_wipe(entry),
            Kind::Outcome => self.check_outcome(entry)?,
            Kind::Other(_) => self.unknown += 1,
        }
        Ok(())
    }

    /// That it follows the entry before.
    fn check_link(&mut self, entry: &Entry) {
        let (position, sequence) = (entry.position, entry.sequence);
        if position != self.position + 1 {
            self.problems.push(Problem::EntriesMissing { after: self.position, before: position });
        } else if !entry.follows(&self.previous) {
            self.problems.push(Problem::ChainBroken { position, sequence });
        } else if entry.kind == Kind::Record && sequence != self.sequence + 1 {
            let cause = format!("it is record {sequence}, after record {}", self.sequence);
            self.problems.push(Problem::EntryUnreadable { position, cause });
        }
        if matches!(entry.kind, Kind::Record | Kind::Finding) {
            self.sequence = self.sequence.max(sequence);
        }
        self.position = position;
        self.previous.clone_from(&entry.chain_sha256);
    }

    /// A chain may begin with a wipe, and nowhere else is one.
    fn check_wipe(&mut self, entry: &Entry) {
        let position = entry.position;
        match serde_json::from_str::<Wipe>(entry.body.as_deref().unwrap_or_default()) {
            Ok(wipe) if position == 1 => self.wiped_at = Some(wipe.wiped_at),
            Ok(_) => {
                let cause = "a chain that was wiped begins with that".into();
                self.problems.push(Problem::EntryUnreadable { position, cause });
            }
            Err(cause) => {
                self.problems.push(Problem::EntryUnreadable { position, cause: cause.to_string() });
            }
        }
    }

    /// What the device found itself stays known.
    fn check_finding(&mut self, entry: &Entry) {
        let position = entry.position;
        self.problems.push(match serde_json::from_str(entry.body.as_deref().unwrap_or_default()) {
            Ok(finding) => Problem::Found { position, finding },
            Err(cause) => Problem::EntryUnreadable { position, cause: cause.to_string() },
        });
    }

    /// That an outcome's body is there as long as its record's, and says what its columns say.
    fn check_outcome(&mut self, entry: &Entry) -> Result<(), RecordError> {
        let (position, sequence) = (entry.position, entry.sequence);
        let deleted = self.has(Kind::Deletion, sequence)?;
        let Some(body) = &entry.body else {
            self.problems.extend((!deleted).then_some(Problem::BodyMissing { position, sequence }));
            return Ok(());
        };
        if deleted {
            self.problems.push(Problem::BodyLeft { position, sequence });
        }
        let cause = match Noted::parse(body) {
            Ok(Some(noted)) if noted.sequence == sequence => return Ok(()),
            Ok(Some(_)) => "its body names another record".into(),
            Ok(None) => {
                self.unknown += 1;
                return Ok(());
            }
            Err(cause) => cause.to_string(),
        };
        self.problems.push(Problem::EntryUnreadable { position, cause });
        Ok(())
    }

    /// That a record's body is there unless it was deleted, and says what its columns say; then its picture.
    fn check_record(&mut self, entry: &Entry) -> Result<(), RecordError> {
        let (position, sequence) = (entry.position, entry.sequence);
        let deleted = self.has(Kind::Deletion, sequence)?;
        if entry.body.is_none() {
            self.deleted += 1;
            self.problems.extend((!deleted).then_some(Problem::BodyMissing { position, sequence }));
            return Ok(());
        }
        self.records += 1;
        if deleted {
            self.problems.push(Problem::BodyLeft { position, sequence });
            return Ok(());
        }
        let cause = match self.reader.record(entry) {
            Err(RecordError::EntryNewer { .. }) => {
                self.unknown += 1;
                return Ok(());
            }
            Ok(record) if record.sequence == sequence => return self.check_image(&record),
            Ok(record) => format!("its body says record {}, its column {sequence}", record.sequence),
            Err(cause) => cause.to_string(),
        };
        self.problems.push(Problem::EntryUnreadable { position, cause });
        Ok(())
    }

    /// Whether there is an entry of a kind for a record.
    fn has(&self, kind: Kind, sequence: u64) -> Result<bool, RecordError> {
        let query = format!("SELECT 1 FROM entries WHERE kind = '{}' AND sequence = ?", kind.word());
        let failed = |cause| sql("read", &self.reader.database)(cause);
        let mut statement = self.reader.connection.prepare_cached(&query).map_err(failed)?;
        statement.exists([sequence as i64]).map_err(failed)
    }

    /// Checks a record's picture, where it should have one; one of several records is looked at once.
    fn check_image(&mut self, record: &Record) -> Result<(), RecordError> {
        let first = self.reader.claimant(&record.image_sha256)?;
        if first.is_none_or(|first| first.sequence != record.sequence) {
            return Ok(());
        }
        match self.reader.image(record) {
            Ok(_) => self.images += 1,
            Err(RecordError::ImageMissing { path, sequence }) => {
                self.problems.push(Problem::ImageMissing { sequence, path: path.display().to_string() });
            }
            Err(RecordError::ImageAltered { path, sequence, found }) => {
                let path = path.display().to_string();
                self.problems.push(Problem::ImageAltered { sequence, path, found });
            }
            Err(error) if error.is_of_a_picture() => {
                let (sequence, cause) = (record.sequence, error.to_string());
                let path = self.reader.image_path(record).display().to_string();
                self.problems.push(Problem::ImageUnreadable { sequence, path, cause });
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// That the entry noted as the newest is the last one.
    fn check_end(&mut self) -> Result<(), RecordError> {
        let noted: Option<String> = self
            .reader
            .connection
            .query_row("SELECT value FROM meta WHERE key = 'newest'", [], |row| row.get(0))
            .optional()
            .map_err(sql("read", &self.reader.database))?;
        let found = (self.position > 0).then(|| format!("{} {}", self.position, self.previous));
        if noted != found {
            let or_none = |end: Option<String>| end.unwrap_or_else(|| "none".into());
            self.problems.push(Problem::EndMissing { expected: or_none(noted), found: or_none(found) });
        }
        Ok(())
    }

    /// That the chain goes on from its anchor.
    fn check_anchor(&mut self, anchor: &Anchor) -> Result<(), RecordError> {
        let reader = self.reader;
        let anchored = reader.noted("anchored")?.is_some();
        let known = KnownChain {
            anchor,
            device: &reader.device,
            anchored,
            pictures: reader.images.any(),
            public_key: None,
        };
        let differs = known.compare(&reader.connection).map_err(sql("read", &reader.database))?;
        let position = if let Anchor::There(head) = anchor { head.position } else { 0 };
        self.problems.extend(differs.map(|what| Problem::Anchor { what, position }));
        Ok(())
    }

    /// That the chain has entries that were noted elsewhere.
    fn check_noted(&mut self, noted: &[(u64, String)]) -> Result<(), RecordError> {
        for (position, chain_sha256) in noted {
            if !self.reader.contains(*position, chain_sha256)? {
                let (position, chain_sha256) = (*position, chain_sha256.clone());
                self.problems.push(Problem::NotContained { position, chain_sha256 });
            }
        }
        Ok(())
    }

    /// Finds pictures of no record.
    fn check_unclaimed(&mut self) -> Result<(), RecordError> {
        let folder = self.reader.images.folder();
        let files = std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
        let files = match files {
            Ok(files) => files,
            Err(cause) => {
                let cause = format!("cannot list the folder {}: {cause}", folder.display());
                self.problems.push(Problem::Images { cause });
                return Ok(());
            }
        };
        for file in files {
            let path = file.path();
            if self.reader.is_unclaimed(&path)? {
                self.problems.push(Problem::ImageUnclaimed { path: path.display().to_string() });
            }
        }
        Ok(())
    }
}

/// What is wrong with the body of a deletion or pruning.
fn removal_problem(entry: &Entry) -> Option<Problem> {
    let body = entry.body.as_deref().unwrap_or_default();
    let cause = match serde_json::from_str::<Removal>(body) {
        Ok(removal) if removal.sequence == entry.sequence => return None,
        Ok(_) => "its body names another record".into(),
        Err(cause) => cause.to_string(),
    };
    Some(Problem::EntryUnreadable { position: entry.position, cause })
}
