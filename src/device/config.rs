//! `[device]` of the configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the device as a whole behaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceConfig {
    /// After how long without a press the screen goes dark and the case is forgotten, in seconds: 10 to 86400, or 0 for
    /// never.
    #[schemars(range(min = 0, max = 86_400))]
    pub sleep_after_s: u32,
    /// What the very long press and an empty battery run after everything is written, such as ["systemctl", "poweroff"].
    /// Empty: the service of the package switches the computer off, and any other program just ends.
    pub power_off: Vec<String>,
}

impl Default for DeviceConfig {
    fn default() -> Self {
        Self { sleep_after_s: 300, power_off: vec![] }
    }
}

impl DeviceConfig {
    /// That the values are in range.
    pub fn check(&self) -> Result<(), String> {
        if self.sleep_after_s == 0 || (10..=86_400).contains(&self.sleep_after_s) {
            Ok(())
        } else {
            Err("device.sleep_after_s is from 10 to 86400 seconds, or 0 for never".into())
        }
    }
}
