//! `[battery]` of the configuration.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a battery is low, and when it is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BatteryConfig {
    /// Where the kernel shows batteries.
    pub supplies: PathBuf,
    /// Charge below which the screen warns, in percent: 0 (never) to 100.
    #[schemars(range(min = 0, max = 100))]
    pub warn_below: u8,
    /// Charge below which the device switches off before the battery does, in percent: 0 (never) to 50.
    #[schemars(range(min = 0, max = 50))]
    pub switch_off_below: u8,
}

impl Default for BatteryConfig {
    fn default() -> Self {
        Self { supplies: "/sys/class/power_supply".into(), warn_below: 15, switch_off_below: 4 }
    }
}

impl BatteryConfig {
    /// That the values are in range.
    pub fn check(&self) -> Result<(), String> {
        if self.warn_below > 100 {
            return Err(format!("battery.warn_below is {}, but must be from 0 to 100", self.warn_below));
        }
        if self.switch_off_below > 50 {
            return Err(format!(
                "battery.switch_off_below is {}, but must be from 0 to 50",
                self.switch_off_below
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_out_of_range_are_refused_by_their_key() {
        assert_eq!(BatteryConfig::default().check(), Ok(()));
        let refused = |config: BatteryConfig| config.check().unwrap_err();
        assert!(
            refused(BatteryConfig { warn_below: 101, ..Default::default() })
                .contains("battery.warn_below is 101")
        );
        assert!(
            refused(BatteryConfig { switch_off_below: 51, ..Default::default() })
                .contains("battery.switch_off")
        );
    }
}
