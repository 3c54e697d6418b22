//! Records: what is kept of every reading, durably.
//!
//! A folder holds `records.sqlite`, `images/` and `incoming/`. The database holds one table, `entries`, which
//! is only ever appended to: a record, a deletion or a pruning each is an entry, and the entries form a hash
//! chain ([`chain`]). Pictures lie in `images/` under the SHA-256 of their bytes ([`images`] says why in one
//! flat folder). A record counts as saved when its picture is durable *and* its entry is committed, in that
//! order, so that no entry ever names a picture that is not there.

mod anchor;
pub mod chain;
mod error;
pub mod export;
mod finding;
mod given_out;
mod images;
pub mod key;
mod list;
mod prune;
mod reader;
mod record;
mod schema;
mod space;
mod store;
mod verify;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use anchor::Head;
pub use error::RecordError;
pub use finding::{Finding, Place, What};
pub use given_out::{Departure, Scope, proof};
pub use list::{Filter, Page};
pub use reader::{Reader, Unreadable};
pub use record::{Dermoscopy, Polarisation, Record, Summary, carried_name};
pub use space::Space;
pub use store::Store;
pub use verify::{Problem, Verification};

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
    /// How the dermoscope takes its pictures: kept with every record.
    pub dermoscopy: Dermoscopy,
}

impl Default for RecordsConfig {
    fn default() -> Self {
        Self {
            folder: "/var/lib/dermascope".into(),
            warn_free_mib: 500,
            prune_free_mib: 0,
            dermoscopy: Dermoscopy::default(),
        }
    }
}

impl RecordsConfig {
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
