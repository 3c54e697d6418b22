//! How much room the disk of the records has.

use std::path::Path;

use serde::Serialize;

use super::RecordError;
use super::error::io;

/// Room on a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Space {
    /// What this program may still write.
    pub free: u64,
    /// All that the disk holds, free or not.
    pub total: u64,
}

impl Space {
    /// Of the disk that holds a folder.
    pub fn of(folder: &Path) -> Result<Self, RecordError> {
        let found = nix::sys::statvfs::statvfs(folder)
            .map_err(|cause| io("ask for the free space of", folder)(cause.into()))?;
        let block = found.fragment_size();
        Ok(Self { free: block * found.blocks_available(), total: block * found.blocks() })
    }
}
