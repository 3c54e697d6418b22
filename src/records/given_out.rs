//! What has left the device, record by record: by which way, with its picture or without, and when. Noted only for what
//! is known to have arrived: a file that was synced, or bytes that the receiver proved to have ([`proof`]).
//!
//! The table says what may be removed to make room. It is no part of the chain: it says nothing of what was read.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};

use super::error::sql;
use super::rows::KEPT;
use super::{Filter, Reader, Record, RecordError, RecordPage, Scope, Store, Unreadable};
use crate::digest::sha256_hex;

/// One giving out of a record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Departure {
    /// "pull", "export zip", ...; "earlier" where a program before this one had noted it.
    pub way: String,
    /// Whether its picture went too.
    pub picture: bool,
    /// When it was noted, in UTC to the second, such as "2026-03-01T12:00:00Z".
    pub at: String,
}

/// A record, and by which ways it has left; by none where it has not.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Departed {
    /// Its number.
    pub sequence: u64,
    /// When it was captured, by the device's clock.
    pub captured_at: Timestamp,
    /// The oldest first.
    pub departures: Vec<Departure>,
}

/// Some records with their departures, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departures {
    /// Each with its departures.
    pub records: Vec<Departed>,
    /// What to ask as `before` for the next page; none on the last.
    pub next_before: Option<u64>,
    /// Records of this page that cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// How many records there are, and how many have not left the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Standing {
    /// All that are kept.
    pub records: u64,
    /// By no way at all.
    pub not_left: u64,
    /// Not with their pictures.
    pub pictures_not_left: u64,
}

/// What proves that somebody has a record and its picture: the SHA-256 of the lines `nonce`, the record's body and the
/// picture's bytes, hashed each. The nonce is fresh, so that nobody can have had the answer from elsewhere.
pub fn proof(nonce: &str, body: &str, picture: Option<&[u8]>) -> String {
    let picture =
        picture.map_or_else(|| "none".into(), |bytes| sha256_hex(&[nonce.as_bytes(), bytes].concat()));
    let body = sha256_hex(format!("{nonce}{body}").as_bytes());
    sha256_hex(format!("dermascope proof 1\n{nonce}\n{body}\n{picture}\n").as_bytes())
}

impl Reader {
    /// Up to which number every record that is kept has left the device.
    pub fn exported(&self) -> Result<u64, RecordError> {
        let first = self.not_given_out(Scope::Data, 0, 1)?;
        Ok(match first.first() {
            Some(first) => first - 1,
            None => self.newest()?,
        })
    }

    /// The numbers above `after` of records that have not left the device, lowest first, at most `limit`.
    pub fn not_given_out(&self, scope: Scope, after: u64, limit: usize) -> Result<Vec<u64>, RecordError> {
        let failed = |cause| sql("read", &self.database)(cause);
        let not_left = self.not_left(scope)?;
        let query = format!(
            "SELECT sequence FROM entries WHERE {KEPT} AND sequence > ? AND {not_left} ORDER BY sequence LIMIT ?"
        );
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let values = [after, limit as u64].map(|value| Value::Integer(value.try_into().unwrap_or(i64::MAX)));
        let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, i64>(0));
        let numbers: Result<Vec<i64>, _> = rows.map_err(failed)?.collect();
        Ok(numbers.map_err(failed)?.into_iter().map(|number| number as u64).collect())
    }

    /// How many records have not left the device.
    pub fn count_not_left(&self, scope: Scope) -> Result<u64, RecordError> {
        let query = format!("SELECT count(*) FROM entries WHERE {KEPT} AND {}", self.not_left(scope)?);
        let count = self.connection.query_row(&query, [], |row| row.get::<_, i64>(0));
        Ok(count.map_err(sql("count", &self.database))? as u64)
    }

    /// How many there are, and how many have not left.
    pub fn standing(&self) -> Result<Standing, RecordError> {
        let (not_left, pictures) = (self.count_not_left(Scope::Data)?, self.count_not_left(Scope::Picture)?);
        Ok(Standing { records: self.count()?, not_left, pictures_not_left: pictures })
    }

    /// The newest records that a filter lets through, at most `limit`, by which ways they have left.
    pub fn list_departures(&self, filter: &Filter, limit: usize) -> Result<Departures, RecordError> {
        let RecordPage { records, next_before, unreadable, .. } = self.list(filter, limit)?;
        let departed = |record: Record| {
            let (sequence, captured_at) = (record.sequence, record.captured_at);
            Ok(Departed { sequence, captured_at, departures: self.departures(sequence)? })
        };
        let records = records.into_iter().map(departed).collect::<Result<_, RecordError>>()?;
        Ok(Departures { records, next_before, unreadable })
    }

    /// By which ways a record has left.
    pub fn departures(&self, sequence: u64) -> Result<Vec<Departure>, RecordError> {
        if !self.notes_departures() {
            return Ok(Vec::new());
        }
        let failed = |cause| sql("read", &self.database)(cause);
        let query = "SELECT way, picture, at FROM given_out WHERE sequence = ? ORDER BY at, way";
        let mut statement = self.connection.prepare_cached(query).map_err(failed)?;
        let departures = statement.query_map([sequence as i64], |row| {
            Ok(Departure { way: row.get(0)?, picture: row.get(1)?, at: row.get(2)? })
        });
        departures.map_err(failed)?.collect::<Result<_, _>>().map_err(failed)
    }

    /// The JSON of a record, byte for byte as the chain covers it; none where there is no such record.
    pub fn body(&self, sequence: u64) -> Result<Option<String>, RecordError> {
        use rusqlite::OptionalExtension;
        let query = format!("SELECT body FROM entries WHERE {KEPT} AND sequence = ?");
        let body = self.connection.query_row(&query, [sequence as i64], |row| row.get(0)).optional();
        body.map_err(sql("read", &self.database))
    }

    /// What [`proof`] must be of a record with its picture, or without where it is gone; none where there is no record,
    /// or its picture is damaged.
    pub fn expected_proof(&self, sequence: u64, nonce: &str) -> Result<Option<(String, bool)>, RecordError> {
        let (Some(body), Some(record)) = (self.body(sequence)?, self.get(sequence)?) else { return Ok(None) };
        if self.is_pruned(sequence)? {
            return Ok(Some((proof(nonce, &body, None), false)));
        }
        Ok(self.image(&record).ok().map(|image| (proof(nonce, &body, Some(&image.bytes)), true)))
    }
}

impl Store {
    /// Notes that records left by a way, each with its picture or without.
    pub fn give_out(&mut self, way: &str, records: &[(u64, bool)]) -> Result<(), RecordError> {
        let _held = self.hold()?;
        let failed = |cause| sql("write to", &self.database)(cause);
        let transaction = self.connection.unchecked_transaction().map_err(failed)?;
        // With a picture once is with a picture for ever.
        let query = "INSERT INTO given_out SELECT sequence, ?2, ?3, ?4 FROM entries
                     WHERE kind = 'record' AND body IS NOT NULL AND sequence = ?1
                     ON CONFLICT DO UPDATE SET picture = max(picture, excluded.picture), at = excluded.at";
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        for (sequence, picture) in records {
            transaction.execute(query, params![*sequence as i64, way, picture, now]).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }
}
