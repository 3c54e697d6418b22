//! Wiping: all that the device has kept goes, and it is as before its first start, but for one entry: its new chain begins
//! with one that says that it was wiped ([`Wipe`]), and nothing of what was.
//!
//! The device's id and its key go too. Whoever holds the device from then on can sign nothing in the name of what it was
//! before, and nothing tells that the two are one. Exports of before are still proved by the key that was noted then.
//!
//! One that was cut off is finished by the next opening, before anything is saved ([`super::wiping`]). The database is
//! emptied in its place, not removed: whoever has it open goes on with the new one ([`Store::hold`]).

use std::fs;
use std::path::{Path, PathBuf};

use super::chain::{Kind, Wipe};
use super::error::io;
use super::reader::database_path;
use super::store::{lock_file, lossless_json};
use super::{RecordError, RecordsConfig, Store, anchor, key, schema, wiping};

/// What a wipe left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wiped {
    /// The device's new id.
    pub device: String,
    /// What else lies in the folder: not the device's, so it was left there.
    pub left: Vec<PathBuf>,
}

/// Wipes the records of a folder; `by` says what was asked to. On return nothing of them is left in the folder, which was
/// looked at; on an error it says what may be, and the next opening goes on with it.
pub fn wipe(config: &RecordsConfig, by: &str) -> Result<Wiped, RecordError> {
    let database = database_path(config);
    if !is_ours(config)? {
        return Err(RecordError::Missing { path: database });
    }
    let held = lock_file(&config.folder.join("lock"))?;
    wiping::begin(&config.folder, by)?;
    drop(held);
    // Opening finishes what was begun.
    let mut store = Store::open(config)?;
    store.erase_now()?;
    let left = strangers(&config.folder)?;
    Ok(Wiped { device: store.device().into(), left })
}

/// Whether these are a device's records, damaged or not. A folder of somebody's own is left alone.
fn is_ours(config: &RecordsConfig) -> Result<bool, RecordError> {
    let names = [anchor::NAME, key::NAME, wiping::BEGUN];
    let has_traces = names.iter().any(|name| config.folder.join(name).exists());
    match schema::open_to_read(&database_path(config)) {
        Ok(_) | Err(RecordError::Newer { .. }) => Ok(true),
        Err(error @ RecordError::Foreign { .. }) => Err(error),
        // Damaged, or gone: what lies beside it says whose it is.
        Err(_) => Ok(has_traces),
    }
}

impl Store {
    /// Begins the new chain of a device that was wiped, and says that the wipe is done.
    pub(super) fn begin_anew(&mut self, wipe: &Wipe) -> Result<(), RecordError> {
        self.owe_erasing()?;
        self.append(|_| Ok((Kind::Wipe, 0, lossless_json(wipe)?)))?;
        wiping::end(&self.folder)
    }
}

/// What lies in the folder that is not of a fresh device.
fn strangers(folder: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let fresh = ["records.sqlite", "records.sqlite-wal", "records.sqlite-shm", "lock", "images", "incoming"];
    let is_fresh = |name: &str| fresh.contains(&name) || name == anchor::NAME || name == key::NAME;
    let mut left = Vec::new();
    for folder in [folder.to_path_buf(), folder.join("images"), folder.join("incoming")] {
        let failed = |cause| io("list", &folder)(cause);
        for file in fs::read_dir(&folder).map_err(failed)? {
            let file = file.map_err(failed)?;
            if !is_fresh(&file.file_name().to_string_lossy()) {
                left.push(file.path());
            }
        }
    }
    left.sort();
    Ok(left)
}
