//! What can go wrong with records, by who has to act: each message names the path and the cure.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why records cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(
        "{path}: no space left on the disk; free some there: the picture was not saved, and older records are untouched"
    )]
    Full { path: PathBuf },
    #[error(
        "{path}: cannot be written to; mount its disk writable, or give this user the right to write there"
    )]
    ReadOnly { path: PathBuf },
    #[error("{path}: cannot {action}: {cause}; check the disk or card (`dmesg` says more)")]
    Disk { action: &'static str, path: PathBuf, cause: std::io::Error },
    #[error("{path}: cannot {action}: {cause}; check the disk or card (`dmesg` says more)")]
    Database { action: &'static str, path: PathBuf, cause: rusqlite::Error },
    #[error("{path}: another process is writing to the records and does not finish; try again, or stop it")]
    Busy { path: PathBuf },
    #[error(
        "{path}: there are no records here; check records.folder in the configuration (the first run of the \
         device makes it)"
    )]
    Missing { path: PathBuf },
    #[error(
        "{path}: the database is damaged: {cause}; nothing was changed: copy the whole folder to a safe place, \
         then rescue the rows with `sqlite3 {path} .recover` (the pictures in images/ stay readable), and move \
         the folder away to start a new one"
    )]
    Corrupt { path: PathBuf, cause: String },
    #[error("{path}: this database is not dermascope's; set records.folder to a folder of its own")]
    Foreign { path: PathBuf },
    #[error(
        "{path}: the records are of a newer version (layout {found}; this program knows up to {known}); install \
         the newer dermascope again"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error(
        "{path}: the records are of a newer version (layout {found}; this program knows up to {known}) that only a \
         newer dermascope may write to; `dermascope records` still reads them here: install the newer dermascope again \
         to save"
    )]
    NewerToWrite { path: PathBuf, found: i64, known: i64 },
    #[error(
        "{path}: the database was copied without its log {path}-wal, or the other way round: what the log held is \
         not here; copy the whole folder, while no device writes to it"
    )]
    LogMissing { path: PathBuf },
    #[error(
        "{path}: the newest records are in its log {path}-wal, whose index {path}-shm cannot be made or read here; copy \
         the folder to where this user may write, and read it there"
    )]
    LogUnreadable { path: PathBuf },
    #[error(
        "{path}: the picture of record {sequence} is missing; `dermascope records verify` lists all that is wrong"
    )]
    ImageMissing { path: PathBuf, sequence: u64 },
    #[error("{path}: the picture of record {sequence} was removed to make room, after it had been exported")]
    ImagePruned { path: PathBuf, sequence: u64 },
    #[error(
        "{path}: the picture of record {sequence} was altered: its sha256 is {found}; `dermascope records verify` \
         lists all that is wrong"
    )]
    ImageAltered { path: PathBuf, sequence: u64, found: String },
    #[error(
        "{path}: the picture of record {sequence} was altered: it has {size} bytes instead of {expected}; `dermascope \
         records verify` lists all that is wrong"
    )]
    ImageResized { path: PathBuf, sequence: u64, size: u64, expected: u64 },
    #[error("{path}: the picture of record {sequence} cannot be shown: {cause}")]
    ImageUnreadable { path: PathBuf, sequence: u64, cause: String },
    #[error(
        "{path}: entry {position} is not a record as this version writes it: {cause}; run `dermascope records verify`"
    )]
    Entry { path: PathBuf, position: u64, cause: String },
    #[error(
        "{path}: entry {position} is of a newer version (format {format}; this program knows up to {known}); install \
         the newer dermascope again to see it"
    )]
    EntryNewer { path: PathBuf, position: u64, format: u32, known: u32 },
    #[error(
        "{path}: it is deleted, but somebody reads the records, so that its data may still be in the file {path}-wal; \
         end what reads (an export, `sqlite3`): a device that runs then erases it by itself, and so does `dermascope \
         records prune --free 0`"
    )]
    NotErased { path: PathBuf },
    #[error(
        "{path}: the records are being wiped, or that was begun and cut off; the device finishes it at its start, and \
         `dermascope records wipe` does too"
    )]
    Wiping { path: PathBuf },
    #[error("{path}: there is no record {sequence}")]
    NoRecord { path: PathBuf, sequence: u64 },
    #[error(
        "the reading cannot be kept without loss: {cause}; this is a fault of the program: please report it"
    )]
    Unrepresentable { cause: String },
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
