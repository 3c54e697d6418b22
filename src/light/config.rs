//! `[light]` of the configuration.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which rings of LEDs there are. One without a line or a channel is not fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LightConfig {
    /// The GPIO chip of the lines: as in `[panel]`.
    pub chip: String,
    /// Brightness of a ring on a PWM channel, in percent: 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    pub brightness: u8,
    /// The ring that is lit after the start, where both are fitted.
    pub first: Ring,
    /// The ring behind a polarising filter.
    pub polarised: RingConfig,
    /// The ring without a filter.
    pub unpolarised: RingConfig,
}

/// How one ring is driven.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RingConfig {
    /// Line (BCM number) of a ring that is only switched, on while the line is high.
    pub line: Option<u32>,
    /// A PWM channel of the kernel that dims the ring, such as `/sys/class/pwm/pwmchip0/pwm0`; goes before `line`.
    pub pwm: Option<PathBuf>,
}

/// How a ring's light is polarised, against a filter before the lens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    /// Behind a polarising filter.
    Polarised,
    /// Without a filter.
    Unpolarised,
}

impl Ring {
    /// Every ring that there can be.
    pub const BOTH: [Self; 2] = [Self::Polarised, Self::Unpolarised];

    /// As a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Polarised => "polarised",
            Self::Unpolarised => "unpolarised",
        }
    }
}

impl Default for LightConfig {
    fn default() -> Self {
        Self {
            chip: "auto".into(),
            brightness: 100,
            first: Ring::Polarised,
            polarised: RingConfig::default(),
            unpolarised: RingConfig::default(),
        }
    }
}

impl RingConfig {
    fn is_fitted(&self) -> bool {
        self.line.is_some() || self.pwm.is_some()
    }
}

impl LightConfig {
    /// That the values are in range.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=100).contains(&self.brightness) {
            return Err(format!("light.brightness is {}, but must be from 1 to 100", self.brightness));
        }
        let [one, other] = Ring::BOTH.map(|ring| self.of(ring));
        if one.is_fitted() && one == other {
            return Err("light.polarised and light.unpolarised are on the same line or channel".into());
        }
        Ok(())
    }

    /// How a ring is driven.
    pub fn of(&self, ring: Ring) -> &RingConfig {
        match ring {
            Ring::Polarised => &self.polarised,
            Ring::Unpolarised => &self.unpolarised,
        }
    }

    /// The rings that are fitted, the one that is lit after the start before the other.
    pub fn fitted(&self) -> Vec<Ring> {
        let mut rings: Vec<_> = Ring::BOTH.into_iter().filter(|ring| self.of(*ring).is_fitted()).collect();
        rings.sort_by_key(|ring| *ring != self.first);
        rings
    }

    /// How bright a ring is when it is lit, in percent: one on a plain pin is always full.
    pub fn percent(&self, ring: Ring) -> u8 {
        if self.of(ring).pwm.is_some() { self.brightness } else { 100 }
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

    #[test]
    fn two_rings_on_one_line_are_refused() {
        let line = RingConfig { line: Some(12), pwm: None };
        let both = LightConfig { polarised: line.clone(), unpolarised: line, ..LightConfig::default() };
        assert!(both.check().unwrap_err().contains("same line"));
    }

    #[test]
    fn the_first_of_the_rings_that_are_fitted_is_the_one_that_is_asked_for() {
        let on = |line| RingConfig { line: Some(line), pwm: None };
        let one = LightConfig { unpolarised: on(13), ..LightConfig::default() };
        assert_eq!(one.fitted(), [Ring::Unpolarised]);
        let both = LightConfig { polarised: on(12), first: Ring::Unpolarised, ..one };
        assert_eq!(both.fitted(), [Ring::Unpolarised, Ring::Polarised]);
    }
}
