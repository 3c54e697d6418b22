//! What a verification tells: every single thing that is missing or altered.

use std::fmt;

use serde::Serialize;

use super::finding::{Finding, What};

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
    /// Entries of kinds, and records of formats, that only a later program knows: passed over.
    pub unknown: u64,
    /// When all before was wiped, where the chain begins so.
    pub wiped_at: Option<jiff::Timestamp>,
    /// The position of the newest entry.
    pub position: u64,
    /// The newest hash of the chain: noted elsewhere, it proves later that all up to here is as it was.
    pub head: String,
    /// Empty where all is well.
    pub problems: Vec<Problem>,
}

/// One thing that is missing or altered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// Something decides what is read or written that does not belong there, or is missing.
    Schema {
        message: String,
    },
    /// What the device itself found at that time.
    Found {
        position: u64,
        finding: Finding,
    },
    /// The chain is not where its anchor says.
    Anchor {
        what: What,
        position: u64,
    },
    /// The entry that was asked for is not in the chain.
    NotContained {
        position: u64,
        chain_sha256: String,
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
    /// It is no file, of another size, or its disk does not give it.
    ImageUnreadable {
        sequence: u64,
        path: String,
        cause: String,
    },
    /// The folder of the pictures cannot be listed.
    Images {
        cause: String,
    },
    /// A picture of no record, or of one whose picture was removed.
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
            Self::Schema { message } => write!(formatter, "the layout of the database: {message}"),
            Self::Found { position, finding } => write!(formatter, "entry {position} says: {finding}"),
            Self::Anchor { what, position } => {
                write!(formatter, "{}: the anchor lies at entry {position}", what.words())
            }
            Self::NotContained { position, chain_sha256 } => {
                write!(formatter, "entry {position} is not, or is not any more, {chain_sha256}")
            }
            Self::ImageUnreadable { sequence, path, cause } => {
                write!(
                    formatter,
                    "record {sequence}: its picture {path} was altered or cannot be read: {cause}"
                )
            }
            Self::Images { cause } => write!(formatter, "the pictures: {cause}"),
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
