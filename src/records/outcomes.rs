//! Outcomes among the entries: each is one of its own, the newest of a record holds, and all of them go with their
//! record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use super::chain::Kind;
use super::error::sql;
use super::rows::{KEPT, entry};
use super::store::lossless_json;
use super::{Reader, RecordError, Store};
use crate::outcome::Outcome;

/// The body of an outcome's entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noted {
    /// Of this JSON: a later program that writes what this one would misread counts it up.
    pub format: u32,
    /// The record that it is of.
    pub sequence: u64,
    /// When it was noted, by the device's clock.
    pub noted_at: Timestamp,
    /// What was noted.
    pub outcome: Outcome,
}

/// The newest format of an outcome's JSON that this program knows, and writes.
const FORMAT: u32 = 1;

/// The newest entry of each record alone.
const IN_FORCE: &str =
    "kind = 'outcome' AND body IS NOT NULL AND position = (SELECT max(position) FROM entries AS later
    WHERE later.kind = 'outcome' AND later.body IS NOT NULL AND later.sequence = entries.sequence)";

impl Noted {
    /// What an entry's body says; none where it is of a later format.
    pub(super) fn parse(body: &str) -> Result<Option<Self>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Body {
            format: u32,
        }
        match serde_json::from_str::<Body>(body)?.format {
            format if format > FORMAT => Ok(None),
            _ => serde_json::from_str(body).map(Some),
        }
    }
}

impl Reader {
    /// All that was noted of a record, the newest first, which holds. What a later program wrote is passed over.
    pub fn outcomes(&self, sequence: u64) -> Result<Vec<Noted>, RecordError> {
        let query = "SELECT * FROM entries WHERE kind = 'outcome' AND body IS NOT NULL AND sequence = ?
                     ORDER BY position DESC";
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        self.noted_of(query, [sequence])
    }

    /// What holds of a record, if anything was noted.
    pub fn outcome(&self, sequence: u64) -> Result<Option<Noted>, RecordError> {
        Ok(self.outcomes(sequence)?.into_iter().next())
    }

    /// What holds, by the records' numbers.
    pub fn outcomes_in_force(&self) -> Result<BTreeMap<u64, Noted>, RecordError> {
        let all = self.noted_of(&format!("SELECT * FROM entries WHERE {IN_FORCE}"), [])?;
        Ok(all.into_iter().map(|noted| (noted.sequence, noted)).collect())
    }

    /// Everything that was ever noted, the oldest first.
    pub fn all_outcomes(&self) -> Result<Vec<Noted>, RecordError> {
        let query = "SELECT * FROM entries WHERE kind = 'outcome' AND body IS NOT NULL ORDER BY position";
        self.noted_of(query, [])
    }

    fn noted_of(&self, query: &str, values: impl rusqlite::Params) -> Result<Vec<Noted>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let mut statement = self.connection.prepare_cached(query).map_err(failed)?;
        let mut rows = statement.query(values).map_err(failed)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let entry = entry(row).map_err(failed)?;
            let noted = Noted::parse(entry.body.as_deref().unwrap_or_default()).map_err(|cause| {
                let (path, position) = (self.database.clone(), entry.position);
                RecordError::Entry { path, position, cause: cause.to_string() }
            })?;
            all.extend(noted);
        }
        Ok(all)
    }

    /// Whether there is a record of that number that was not deleted.
    pub fn has(&self, sequence: u64) -> Result<bool, RecordError> {
        let query = format!("SELECT 1 FROM entries WHERE {KEPT} AND sequence = ?");
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        let found = self.connection.query_row(&query, [sequence], |_| Ok(())).optional();
        found.map(|found| found.is_some()).map_err(sql("read", &self.database))
    }
}

impl Store {
    /// Notes what became of a record's lesion, as a new entry; what was noted before stays in the chain. The outcome is
    /// one that [`Outcome::checked`] gave.
    pub fn note_outcome(&mut self, sequence: u64, outcome: &Outcome) -> Result<Noted, RecordError> {
        let _held = self.hold()?;
        // Under the lock: nobody deletes it meanwhile.
        if !self.has(sequence)? {
            return Err(RecordError::NoRecord { path: self.database.clone(), sequence });
        }
        let noted = Noted { format: FORMAT, sequence, noted_at: Timestamp::now(), outcome: outcome.clone() };
        self.append(|_| Ok((Kind::Outcome, sequence, lossless_json(&noted)?)))?;
        Ok(noted)
    }
}
