//! What the configuration says of the records.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Dermoscopy;

/// `[records]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// 0 keeps them for ever, and 36500 is the most.
    #[schemars(range(max = 36500))]
    pub keep_days: u32,
    /// After how many months a lesion of a case shall be looked at again: 0 for only where an outcome says so.
    #[schemars(range(min = 0, max = 120))]
    pub look_again_months: u32,
    /// Whose case numbers are said before a press (DICOM's Issuer of Patient ID): lesions of the same case number are the
    /// same on all devices that say the same here. Empty for this device's own.
    #[schemars(length(max = 64))]
    pub issuer: String,
    /// How the dermoscope takes its pictures: kept with every record.
    pub dermoscopy: Dermoscopy,
}

/// Ten years.
const LONGEST_WAIT: u32 = 120;
/// As long as DICOM lets it be (value representation LO).
const LONGEST_ISSUER: usize = 64;

impl Default for RecordsConfig {
    fn default() -> Self {
        Self {
            folder: "/var/lib/dermascope".into(),
            warn_free_mib: 500,
            prune_free_mib: 0,
            keep_days: 0,
            look_again_months: 3,
            issuer: String::new(),
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
        if let Some(immersion) = &self.dermoscopy.immersion {
            immersion.check().map_err(|wrong| format!("records.dermoscopy.immersion is {wrong}"))?;
        }
        if self.issuer.chars().count() > LONGEST_ISSUER || self.issuer.chars().any(char::is_control) {
            return Err(format!("records.issuer must be plain text of at most {LONGEST_ISSUER} characters"));
        }
        if self.look_again_months > LONGEST_WAIT {
            let months = self.look_again_months;
            return Err(format!(
                "records.look_again_months is {months}; it must be from 0 to {LONGEST_WAIT}"
            ));
        }
        if self.keep_days > 36_500 {
            let days = self.keep_days;
            return Err(format!(
                "records.keep_days is {days}; it is from 0, which keeps all for ever, to 36500"
            ));
        }
        match self.dermoscopy.magnification {
            Some(times) if !(times.is_finite() && times > 0.0) => {
                Err(format!("records.dermoscopy.magnification is {times}; it must be above 0, such as 10.0"))
            }
            _ => Ok(()),
        }
    }
}
