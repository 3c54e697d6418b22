//! Wiping: all that the device has kept goes, and it is as before its first start, but for one entry: its new chain begins
//! with one that says that it was wiped ([`chain::Wipe`]), and nothing of what was.
//!
//! The device's id and its key go too. Whoever holds the device from then on can sign nothing in the name of what it was
//! before, and nothing tells that the two are one. Exports of before are still proved by the key that was noted then.
//!
//! `wiping.json` says from the first to the last step that a wipe was begun. One that was cut off is finished by the next
//! opening, before anything is saved. The database is emptied in its place, not removed: whoever has it open goes on with
//! the new one ([`Store::hold`]).

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::{Kind, WIPE_FORMAT, Wipe};
use super::erase::{DRIVE, erase_file, remove};
use super::error::io;
use super::images::{Images, sync_folder};
use super::reader::database_path;
use super::store::{lock_file, lossless_json};
use super::{RecordError, RecordsConfig, Store, anchor, key, schema};

/// Says that a wipe was begun and is not finished.
const BEGUN: &str = "wiping.json";

/// What is left of a wipe that was begun.
#[derive(Serialize, Deserialize)]
struct Begun {
    wiped_at: Timestamp,
    by: String,
}

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
    begin(&config.folder, by)?;
    drop(held);
    // Opening finishes what was begun.
    let mut store = Store::open(config)?;
    store.erase_now()?;
    let left = strangers(&config.folder)?;
    Ok(Wiped { device: store.device().into(), left })
}

/// Whether these are a device's records, damaged or not. A folder of somebody's own is left alone.
fn is_ours(config: &RecordsConfig) -> Result<bool, RecordError> {
    let names = [anchor::NAME, key::NAME, BEGUN];
    let has_traces = names.iter().any(|name| config.folder.join(name).exists());
    match schema::open_to_read(&database_path(config)) {
        Ok(_) | Err(RecordError::Newer { .. }) => Ok(true),
        Err(error @ RecordError::Foreign { .. }) => Err(error),
        // Damaged, or gone: what lies beside it says whose it is.
        Err(_) => Ok(has_traces),
    }
}

fn begin(folder: &Path, by: &str) -> Result<(), RecordError> {
    let path = folder.join(BEGUN);
    let mut file = File::create(&path).map_err(io("make", &path))?;
    let begun = serde_json::to_vec(&Begun { wiped_at: Timestamp::now(), by: by.into() });
    // On a full disk an empty one has to do: that it is there says enough.
    let _ = begun.map(|begun| file.write_all(&begun).and_then(|()| file.sync_all()));
    sync_folder(folder)
}

/// Whether a wipe was begun and is not finished: nothing here is to be read any more.
pub(super) fn is_begun(folder: &Path) -> bool {
    folder.join(BEGUN).exists()
}

/// Takes all away that was there before, where a wipe was begun: what it was, for the new chain. The lock is held.
pub(super) fn clear(config: &RecordsConfig) -> Result<Option<Wipe>, RecordError> {
    let folder = &config.folder;
    if !is_begun(folder) {
        return Ok(None);
    }
    let text = fs::read(folder.join(BEGUN)).unwrap_or_default();
    let begun = serde_json::from_slice(&text)
        .unwrap_or_else(|_| Begun { wiped_at: Timestamp::now(), by: "unknown".into() });
    tracing::warn!("wiping all records, as {} asked", begun.by);
    erase_file(&folder.join(DRIVE))?;
    Images::at(folder).clear()?;
    let drive_under_way = "drive.part";
    for name in [drive_under_way].iter().chain(anchor::NAMES).chain(key::NAMES) {
        remove(&folder.join(name))?;
    }
    sync_folder(folder)?;
    schema::reset(&database_path(config))?;
    Ok(Some(Wipe { format: WIPE_FORMAT, wiped_at: begun.wiped_at, by: begun.by }))
}

impl Store {
    /// Begins the new chain of a device that was wiped, and says that the wipe is done.
    pub(super) fn begin_anew(&mut self, wipe: &Wipe) -> Result<(), RecordError> {
        self.owe_erasing()?;
        self.append(|_| Ok((Kind::Wipe, 0, lossless_json(wipe)?)))?;
        let path = self.folder.join(BEGUN);
        fs::remove_file(&path).map_err(io("remove", &path))?;
        sync_folder(&self.folder)
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
