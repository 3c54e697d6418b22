//! Findings: what the device itself found to be wrong with its records. Each becomes an entry of the chain, so that it
//! stays known, and stands on the screen until a person has seen it. The device reads and saves on.

use std::fmt;

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::anchor::{Anchor, Head};
use super::chain;
use super::rows::{entry, head, newest};

/// The body of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Of this JSON: 1.
    pub format: u32,
    /// What is wrong.
    pub what: What,
    /// When the device noticed, by its own clock.
    pub found_at: jiff::Timestamp,
    /// Where the chain had been, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Place>,
    /// Where it was instead.
    pub found: Place,
    /// The highest number known to have been given to a record: the next record has a higher one.
    pub sequence: u64,
    /// Numbers that were given and whose records are not in the database any more.
    pub records_lost: u64,
    /// What of the layout is strange.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

/// A position of a chain and its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The device whose chain it is, by its id.
    pub device: String,
    /// Of an entry; 0 before the first.
    pub position: u64,
    /// The chain's hash there, in hexadecimal digits.
    pub chain_sha256: String,
}

/// The format of findings that this program writes.
const FORMAT: u32 = 1;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The end of the chain is gone: cut off, or an older copy of the database was put in its place.
    Shortened,
    /// The chain says something else where the anchor lies, or does not go on from there.
    Rewritten,
    /// No entry is left.
    Emptied,
    /// There is no database beside an anchor or pictures.
    DatabaseGone,
    /// It is another device's database.
    Replaced,
    /// There is no anchor where one was.
    AnchorGone,
    /// The anchor is not one, or not signed as it says.
    AnchorAltered,
    /// The device's key is not the one that signed before.
    KeyChanged,
    /// Something in the database decides what is read or written that does not belong there, or is missing.
    SchemaAltered,
    /// Of a later program.
    #[serde(other)]
    Other,
}

impl What {
    /// In a few words, for the screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Shortened => "records were cut off",
            Self::Rewritten => "records were rewritten",
            Self::Emptied => "records were emptied",
            Self::DatabaseGone => "the records' database was gone",
            Self::Replaced => "another device's records",
            Self::AnchorGone => "the records' anchor was gone",
            Self::AnchorAltered => "the records' anchor was altered",
            Self::KeyChanged => "the device's key was changed",
            Self::SchemaAltered => "the database's layout was altered",
            Self::Other => "something that a newer version knows",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let Place { position, .. } = &self.found;
        write!(formatter, "{}: the chain was at entry {position}", self.what.words())?;
        if let Some(expected) = &self.expected {
            write!(formatter, " and had been at {} {}", expected.position, expected.chain_sha256)?;
        }
        if self.records_lost > 0 {
            write!(formatter, "; {} records are lost", self.records_lost)?;
        }
        for detail in &self.details {
            write!(formatter, "; {detail}")?;
        }
        write!(formatter, " (found {})", self.found_at)
    }
}

/// What is known of a chain before it is looked at.
pub(super) struct KnownChain<'a> {
    pub anchor: &'a Anchor,
    pub device: &'a str,
    /// The database says that there was an anchor.
    pub anchored: bool,
    /// There are pictures.
    pub pictures: bool,
    /// The public half of the device's key, where it can be read.
    pub public_key: Option<String>,
}

impl KnownChain<'_> {
    /// What differs between the anchor and the chain; nothing where the chain goes on from the anchor.
    pub fn compare(&self, connection: &Connection) -> rusqlite::Result<Option<What>> {
        let (position, _) = head(connection, chain::start(self.device))?;
        let anchor = match self.anchor {
            Anchor::There(anchor) => anchor,
            Anchor::Altered => return Ok(Some(What::AnchorAltered)),
            Anchor::Gone if self.anchored => return Ok(Some(What::AnchorGone)),
            Anchor::Gone if position == 0 && self.pictures => return Ok(Some(What::DatabaseGone)),
            Anchor::Gone => return Ok(None),
        };
        if anchor.device != self.device {
            return Ok(Some(if position == 0 { What::DatabaseGone } else { What::Replaced }));
        }
        if position < anchor.position {
            return Ok(Some(if position == 0 { What::Emptied } else { What::Shortened }));
        }
        if !goes_on(connection, anchor)? {
            return Ok(Some(What::Rewritten));
        }
        let other_key = |key: &str| !anchor.public_key.is_empty() && anchor.public_key != key;
        Ok(self.public_key.as_deref().is_some_and(other_key).then_some(What::KeyChanged))
    }

    /// What differs, unless the chain says it already.
    pub fn untold(&self, connection: &Connection) -> rusqlite::Result<Option<Finding>> {
        match self.compare(connection)? {
            Some(what) => self.untold_of(what, Vec::new(), connection),
            None => Ok(None),
        }
    }

    /// That this was found, unless the chain says it already.
    pub fn untold_of(
        &self,
        what: What,
        details: Vec<String>,
        connection: &Connection,
    ) -> rusqlite::Result<Option<Finding>> {
        let finding = Finding::of(what, details, self.anchor, self.device, connection)?;
        Ok((!finding.is_told(connection)?).then_some(finding))
    }
}

/// Whether the anchor's entry is there, and each one behind it follows from the one before.
fn goes_on(connection: &Connection, anchor: &Head) -> rusqlite::Result<bool> {
    let mut previous = if anchor.position == 0 {
        Some(chain::start(&anchor.device))
    } else {
        let query = "SELECT chain_sha256 FROM entries WHERE position = ?";
        connection.query_row(query, [anchor.position as i64], |row| row.get(0)).optional()?
    };
    if previous.as_ref() != Some(&anchor.chain_sha256) {
        return Ok(false);
    }
    let query = "SELECT * FROM entries WHERE position > ? ORDER BY position";
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query([anchor.position as i64])?;
    while let Some(row) = rows.next()? {
        let next = entry(row)?;
        if previous.is_none_or(|previous| !next.follows(&previous)) {
            return Ok(false);
        }
        previous = Some(next.chain_sha256);
    }
    Ok(true)
}

impl Finding {
    /// What there is to say of a chain with its anchor.
    fn of(
        what: What,
        details: Vec<String>,
        anchor: &Anchor,
        device: &str,
        connection: &Connection,
    ) -> rusqlite::Result<Self> {
        let (position, chain_sha256) = head(connection, chain::start(device))?;
        let there = newest(connection)?;
        let (expected, given) = match anchor {
            Anchor::There(head) => {
                let Head { device, position, chain_sha256, sequence, .. } = head.clone();
                (Some(Place { device, position, chain_sha256 }), sequence)
            }
            _ => (None, 0),
        };
        let found = Place { device: device.into(), position, chain_sha256 };
        let sequence = there.max(given);
        let records_lost = sequence - there;
        let found_at = jiff::Timestamp::now();
        Ok(Self { format: FORMAT, what, found_at, expected, found, sequence, records_lost, details })
    }

    /// Whether the chain says the same already: of a layout that stays as it is the newest finding of it, of all else
    /// the newest entry.
    fn is_told(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let query = match self.what {
            What::SchemaAltered => {
                "SELECT body FROM entries WHERE kind = 'finding' AND body ->> '$.what' = 'schema_altered'
                 ORDER BY sequence DESC, position DESC LIMIT 1"
            }
            _ => {
                "SELECT body FROM entries WHERE kind = 'finding'
                 AND position = (SELECT max(position) FROM entries)"
            }
        };
        let body: Option<Option<String>> = connection.query_row(query, [], |row| row.get(0)).optional()?;
        let told = body.flatten().and_then(|body| serde_json::from_str::<Self>(&body).ok());
        Ok(told.is_some_and(|told| told.what == self.what && told.details == self.details))
    }
}
