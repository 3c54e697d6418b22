//! What the configuration says of the records.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Dermoscopy;

/// `[records]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordsConfig {
    /// Holds `records.sqlite` and `images/`.
    pub folder: PathBuf,
    /// The screen warns while less than this is free on the disk, in MiB: 0 for never.
    pub warn_free_mib: u64,
    /// While less than this is free, pictures that have left the device are removed, the oldest first, in MiB: 0 for
    /// never. Their records stay.
    pub prune_free_mib: u64,
    /// For how many days records are kept: those that are older and have left the device with their pictures are deleted.
    /// 0 keeps them for ever.
    pub keep_days: u32,
    /// How the dermoscope takes its pictures: kept with every record.
    pub dermoscopy: Dermoscopy,
}

impl Default for RecordsConfig {
    fn default() -> Self {
        Self {
            folder: "/var/lib/dermascope".into(),
            warn_free_mib: 500,
            prune_free_mib: 0,
            keep_days: 0,
            dermoscopy: Dermoscopy::default(),
        }
    }
}

impl RecordsConfig {
    /// For how many days records are kept; none where it is for ever.
    pub fn keep_days(&self) -> Option<u32> {
        (self.keep_days > 0).then_some(self.keep_days)
    }

    /// Says which key is wrong, and how.
    pub fn check(&self) -> Result<(), String> {
        if self.folder.as_os_str().is_empty() {
            return Err("records.folder is empty; set it to the folder that keeps the records".into());
        }
        match self.dermoscopy.magnification {
            Some(times) if !(times.is_finite() && times > 0.0) => {
                Err(format!("records.dermoscopy.magnification is {times}; it must be above 0, such as 10.0"))
            }
            _ => Ok(()),
        }
    }
}
