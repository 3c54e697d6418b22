//! `[light]` of the configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Lit;

/// Which ring of LEDs there is, if any. Without a line or a channel there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LightConfig {
    /// The ring's light, which the record keeps: `polarised` or `unpolarised`.
    pub ring: Ring,
    /// The GPIO chip of the line: as in `[panel]`.
    pub chip: String,
    /// Line (BCM number) of a ring that is only switched, on while the line is high.
    pub line: Option<u32>,
    /// A PWM channel of the kernel that dims the ring, such as `/sys/class/pwm/pwmchip0/pwm0`; goes before `line`.
    pub pwm: Option<PathBuf>,
    /// Brightness of a ring on a PWM channel, in percent: 1 to 100.
    pub brightness: u8,
}

/// How a ring's light is polarised, against a filter before the lens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    Polarised,
    Unpolarised,
}

impl Default for LightConfig {
    fn default() -> Self {
        Self { ring: Ring::Polarised, chip: "auto".into(), line: None, pwm: None, brightness: 100 }
    }
}

impl LightConfig {
    /// That the values are in range.
    pub fn check(&self) -> Result<(), String> {
        if (1..=100).contains(&self.brightness) {
            Ok(())
        } else {
            Err(format!("light.brightness is {}, but must be from 1 to 100", self.brightness))
        }
    }

    /// Whether there is a ring at all.
    pub fn is_fitted(&self) -> bool {
        self.line.is_some() || self.pwm.is_some()
    }

    /// What the ring is when it is lit.
    pub fn lit(&self) -> Lit {
        let percent = if self.pwm.is_some() { self.brightness } else { 100 };
        Lit { ring: self.ring, percent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_that_would_stay_dark_is_refused() {
        assert_eq!(LightConfig::default().check(), Ok(()));
        let dark = LightConfig { brightness: 0, ..LightConfig::default() };
        assert!(dark.check().unwrap_err().contains("light.brightness is 0"));
    }
}
