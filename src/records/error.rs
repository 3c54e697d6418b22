//! What can go wrong with records, by who has to act: each message names the path and the cure.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why records cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The disk is full: what was to be saved is not.
    #[error(
        "{path}: no space left on the disk; free some there: the picture was not saved, and older records are untouched"
    )]
    Full {
        /// What was to be written.
        path: PathBuf,
    },
    /// The disk, or its folder, cannot be written to.
    #[error(
        "{path}: cannot be written to; mount its disk writable, or give this user the right to write there"
    )]
    ReadOnly {
        /// What was to be written.
        path: PathBuf,
    },
    /// The disk failed at something else.
    #[error("{path}: cannot {action}: {cause}; check the disk or card (`dmesg` says more)")]
    Disk {
        /// What was tried, such as "read".
        action: &'static str,
        /// The file or folder that it was tried on.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The database failed at something else.
    #[error("{path}: cannot {action}: {cause}; check the disk or card (`dmesg` says more)")]
    Database {
        /// What was tried, such as "read".
        action: &'static str,
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        cause: rusqlite::Error,
    },
    /// Another process holds the records for longer than this one waits.
    #[error("{path}: another process is writing to the records and does not finish; try again, or stop it")]
    Busy {
        /// The database, or what guards it.
        path: PathBuf,
    },
    /// There are no records to read.
    #[error(
        "{path}: there are no records here; check records.folder in the configuration (the first run of the \
         device makes it)"
    )]
    Missing {
        /// Where they should be.
        path: PathBuf,
    },
    /// The database is no sound one any more.
    #[error(
        "{path}: the database is damaged: {cause}; nothing was changed: copy the whole folder to a safe place, \
         then rescue the rows with `sqlite3 {path} .recover` (the pictures in images/ stay readable), and move \
         the folder away to start a new one"
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        cause: String,
    },
    /// It is another program's database.
    #[error("{path}: this database is not dermascope's; set records.folder to a folder of its own")]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// A newer program laid the database out so that this one cannot read it.
    #[error(
        "{path}: the records are of a newer version (layout {found}; this program knows up to {known}); install \
         the newer dermascope again"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The layout that it has.
        found: i64,
        /// The newest layout that this program reads.
        known: i64,
    },
    /// A newer program laid the database out so that this one may read it, but not write to it.
    #[error(
        "{path}: the records are of a newer version (layout {found}; this program knows up to {known}) that only a \
         newer dermascope may write to; `dermascope records` still reads them here: install the newer dermascope again \
         to save"
    )]
    NewerToWrite {
        /// The database.
        path: PathBuf,
        /// The layout that it has.
        found: i64,
        /// The newest layout that this program writes.
        known: i64,
    },
    /// What was written last lies in a log that is not there.
    #[error(
        "{path}: the database was copied without its log {path}-wal, or the other way round: what the log held is \
         not here; copy the whole folder, while no device writes to it"
    )]
    LogMissing {
        /// The database.
        path: PathBuf,
    },
    /// The database's log is there, and its index can be neither read nor made.
    #[error(
        "{path}: the newest records are in its log {path}-wal, whose index {path}-shm cannot be made or read here; copy \
         the folder to where this user may write, and read it there"
    )]
    LogUnreadable {
        /// The database.
        path: PathBuf,
    },
    /// A record's picture is not there.
    #[error(
        "{path}: the picture of record {sequence} is missing; `dermascope records verify` lists all that is wrong"
    )]
    ImageMissing {
        /// Where it should be.
        path: PathBuf,
        /// The record's number.
        sequence: u64,
    },
    /// A record's picture was removed to make room, after it had left the device: nothing is lost.
    #[error("{path}: the picture of record {sequence} was removed to make room, after it had been exported")]
    ImagePruned {
        /// Where it was.
        path: PathBuf,
        /// The record's number.
        sequence: u64,
    },
    /// A record's picture has other bytes than were saved.
    #[error(
        "{path}: the picture of record {sequence} was altered: its sha256 is {found}; `dermascope records verify` \
         lists all that is wrong"
    )]
    ImageAltered {
        /// The picture.
        path: PathBuf,
        /// The record's number.
        sequence: u64,
        /// The SHA-256 that it has, in hexadecimal digits.
        found: String,
    },
    /// A record's picture has another length than was saved.
    #[error(
        "{path}: the picture of record {sequence} was altered: it has {size} bytes instead of {expected}; `dermascope \
         records verify` lists all that is wrong"
    )]
    ImageResized {
        /// The picture.
        path: PathBuf,
        /// The record's number.
        sequence: u64,
        /// How long it is, in bytes.
        size: u64,
        /// How long it was, in bytes.
        expected: u64,
    },
    /// A record's picture has the bytes that were saved, and they cannot be decoded.
    #[error("{path}: the picture of record {sequence} cannot be shown: {cause}")]
    ImageUnreadable {
        /// The picture.
        path: PathBuf,
        /// The record's number.
        sequence: u64,
        /// What the decoder said.
        cause: String,
    },
    /// An entry does not say what its kind says.
    #[error(
        "{path}: entry {position} is not a record as this version writes it: {cause}; run `dermascope records verify`"
    )]
    Entry {
        /// The database.
        path: PathBuf,
        /// The entry's place in the chain.
        position: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// A record is in a format of a newer program.
    #[error(
        "{path}: entry {position} is of a newer version (format {format}; this program knows up to {known}); install \
         the newer dermascope again to see it"
    )]
    EntryNewer {
        /// The database.
        path: PathBuf,
        /// The place of its entry in the chain.
        position: u64,
        /// The format that it has.
        format: u32,
        /// The newest format that this program reads.
        known: u32,
    },
    /// A record is deleted, but its data may not be erased from the disk yet.
    #[error(
        "{path}: it is deleted, but somebody reads the records, so that its data may still be in the file {path}-wal; \
         end what reads (an export, `sqlite3`): a device that runs then erases it by itself, and so does `dermascope \
         records prune --free 0`"
    )]
    NotErased {
        /// The database.
        path: PathBuf,
    },
    /// A wipe was begun and is not finished.
    #[error(
        "{path}: the records are being wiped, or that was begun and cut off; the device finishes it at its start, and \
         `dermascope records wipe` does too"
    )]
    Wiping {
        /// The folder of the records.
        path: PathBuf,
    },
    /// There is no record of that number, or not any more.
    #[error("{path}: there is no record {sequence}")]
    NoRecord {
        /// The database or its folder.
        path: PathBuf,
        /// The number that was asked for.
        sequence: u64,
    },
    /// A reading would not read back as it is: it is refused before anything is written.
    #[error(
        "the reading cannot be kept without loss: {cause}; this is a fault of the program: please report it"
    )]
    Unrepresentable {
        /// What about it cannot be kept.
        cause: String,
    },
}

impl RecordError {
    /// Whether it is one picture that is not there or not whole: everything else can go on.
    pub fn is_of_a_picture(&self) -> bool {
        match self {
            Self::ImagePruned { .. }
            | Self::ImageMissing { .. }
            | Self::ImageAltered { .. }
            | Self::ImageResized { .. }
            | Self::ImageUnreadable { .. } => true,
            // Reading one file fails where another may be read.
            Self::Disk { action, .. } => *action == READ,
            _ => false,
        }
    }

    /// In a few words, for the screen.
    pub fn brief(&self) -> String {
        let words = match self {
            Self::Full { .. } => "disk full",
            Self::ReadOnly { .. } => "disk read-only",
            Self::Disk { .. } | Self::Database { .. } => "disk error",
            Self::Busy { .. } | Self::NotErased { .. } => "disk busy",
            Self::Missing { .. } | Self::NoRecord { .. } => "no record",
            Self::Corrupt { .. } | Self::Entry { .. } => "records damaged",
            Self::EntryNewer { .. } => "newer record",
            Self::Foreign { .. } | Self::Newer { .. } | Self::NewerToWrite { .. } => "wrong records",
            Self::LogMissing { .. } | Self::LogUnreadable { .. } => "records incomplete",
            Self::Wiping { .. } => "being wiped",
            Self::ImagePruned { .. } => "picture pruned",
            Self::ImageMissing { .. }
            | Self::ImageAltered { .. }
            | Self::ImageResized { .. }
            | Self::ImageUnreadable { .. } => "picture damaged",
            Self::Unrepresentable { .. } => "not a number",
        };
        words.into()
    }
}

/// What fails where a picture lies on a bad sector.
pub(super) const READ: &str = "read";

/// For `map_err` after a file operation.
pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> RecordError {
    let path = path.to_path_buf();
    move |cause| match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => RecordError::Full { path },
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => RecordError::ReadOnly { path },
        _ => RecordError::Disk { action, path, cause },
    }
}

/// For `map_err` after a database operation.
pub(super) fn sql(action: &'static str, path: &Path) -> impl FnOnce(rusqlite::Error) -> RecordError {
    let path = path.to_path_buf();
    move |cause| match cause.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => RecordError::Full { path },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => RecordError::ReadOnly { path },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => RecordError::Busy { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            RecordError::Corrupt { path, cause: cause.to_string() }
        }
        _ => RecordError::Database { action, path, cause },
    }
}
