//! What a verification tells: every single thing that is missing or altered.

use std::fmt;

use serde::Serialize;

use super::finding::{Finding, What};

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The device whose records they are, by its id.
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
        /// What SQLite said.
        message: String,
    },
    /// Entries between two that are there.
    EntriesMissing {
        /// The position of the last entry before the gap; 0 where the first ones are missing.
        after: u64,
        /// The position of the first entry behind it.
        before: u64,
    },
    /// Entries that were there at the end.
    EndMissing {
        /// Position and hash of the newest entry as the database noted them; "none" where it noted none.
        expected: String,
        /// Position and hash of the last entry that is there; "none" where there is none.
        found: String,
    },
    /// An entry's hash is not the one that its columns and the entry before give.
    ChainBroken {
        /// The entry's place in the chain.
        position: u64,
        /// The number that the entry says.
        sequence: u64,
    },
    /// A body is not the one that was written.
    BodyAltered {
        /// The entry's place in the chain.
        position: u64,
        /// The number of the record, or that the entry says.
        sequence: u64,
    },
    /// A body is gone without a tombstone.
    BodyMissing {
        /// The entry's place in the chain.
        position: u64,
        /// The record's number.
        sequence: u64,
    },
    /// A record has a tombstone and still its body.
    BodyLeft {
        /// The entry's place in the chain.
        position: u64,
        /// The record's number.
        sequence: u64,
    },
    /// An entry cannot be read or contradicts its own columns.
    EntryUnreadable {
        /// The entry's place in the chain.
        position: u64,
        /// What is wrong with it, in words.
        cause: String,
    },
    /// Something decides what is read or written that does not belong there, or is missing.
    Schema {
        /// What is strange, in words.
        message: String,
    },
    /// What the device itself found at that time.
    Found {
        /// The place in the chain of the entry that tells of it.
        position: u64,
        /// What it said then.
        finding: Finding,
    },
    /// The chain is not where its anchor says.
    Anchor {
        /// How the two differ.
        what: What,
        /// Where the chain is.
        position: u64,
    },
    /// The entry that was asked for is not in the chain.
    NotContained {
        /// The place that was asked for.
        position: u64,
        /// The chain's hash that should have been there, in hexadecimal digits.
        chain_sha256: String,
    },
    /// A record's picture is gone, and was not removed to make room.
    ImageMissing {
        /// The record's number.
        sequence: u64,
        /// Where the picture should be.
        path: String,
    },
    /// A record's picture is another one than was saved.
    ImageAltered {
        /// The record's number.
        sequence: u64,
        /// The picture.
        path: String,
        /// The SHA-256 that it has, in hexadecimal digits.
        found: String,
    },
    /// It is no file, of another size, or its disk does not give it.
    ImageUnreadable {
        /// The record's number.
        sequence: u64,
        /// The picture.
        path: String,
        /// Why it cannot be read, in words.
        cause: String,
    },
    /// The folder of the pictures cannot be listed.
    Images {
        /// What the system said.
        cause: String,
    },
    /// A picture of no record, or of one whose picture was removed.
    ImageUnclaimed {
        /// The file.
        path: String,
    },
}

impl Verification {
    /// Whether nothing is missing or altered.
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
