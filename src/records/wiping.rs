//! A wipe under way: `wiping.json` says from the first to the last step that one was begun. What was cut off is finished
//! by the next opening, before anything is saved ([`super::wipe`]).

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::{WIPE_FORMAT, Wipe};
use super::error::io;
use super::files::{DRIVE, erase_file, remove};
use super::images::{Images, sync_folder};
use super::{RecordError, anchor, key, schema};

/// Says that a wipe was begun and is not finished.
pub(super) const BEGUN: &str = "wiping.json";

/// What is left of a wipe that was begun.
#[derive(Serialize, Deserialize)]
struct Begun {
    wiped_at: Timestamp,
    by: String,
}

/// Says durably that a wipe was begun.
pub(super) fn begin(folder: &Path, by: &str) -> Result<(), RecordError> {
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
pub(super) fn clear(folder: &Path, database: &Path) -> Result<Option<Wipe>, RecordError> {
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
    schema::reset(database)?;
    Ok(Some(Wipe { format: WIPE_FORMAT, wiped_at: begun.wiped_at, by: begun.by }))
}

/// Says that a wipe is done.
pub(super) fn end(folder: &Path) -> Result<(), RecordError> {
    let path = folder.join(BEGUN);
    fs::remove_file(&path).map_err(io("remove", &path))?;
    sync_folder(folder)
}
