//! Power: what the kernel knows of a battery, where one is fitted, and when to warn and to switch off.

mod config;
mod off;

use std::path::Path;

pub use config::BatteryConfig;
pub use off::off;
use serde::Serialize;

/// How full the battery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Charge {
    /// 0 to 100.
    pub percent: u8,
    /// The cable feeds it.
    pub charging: bool,
}

/// What a battery means for the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Battery {
    /// How full it is, and whether it is being filled.
    #[serde(flatten)]
    pub charge: Charge,
    /// Below `battery.warn_below`, and not charging.
    pub low: bool,
}

/// Watches one reading after the other.
#[derive(Debug)]
pub struct Watch {
    config: BatteryConfig,
    /// Readings in a row that were too low to go on.
    empty: u32,
}

/// One wrong answer of a fuel gauge must not switch the device off.
const EMPTY_READINGS: u32 = 2;

impl Watch {
    /// Warns and switches off at the configuration's charges; no reading was too low yet.
    pub fn new(config: &BatteryConfig) -> Self {
        Self { config: config.clone(), empty: 0 }
    }

    /// What a charge means.
    pub fn judge(&self, charge: Charge) -> Battery {
        Battery { charge, low: !charge.charging && charge.percent < self.config.warn_below }
    }

    /// Takes a reading in; whether the battery is too empty to go on.
    pub fn is_empty(&mut self, charge: Option<Charge>) -> bool {
        let empty =
            charge.is_some_and(|charge| !charge.charging && charge.percent < self.config.switch_off_below);
        self.empty = if empty { self.empty + 1 } else { 0 };
        self.empty >= EMPTY_READINGS
    }
}

/// The charge of the first battery that feeds the device, in a folder such as `/sys/class/power_supply`; `None`
/// where there is none. A battery of something else, such as a wireless mouse, does not count.
pub fn charge(supplies: &Path) -> Option<Charge> {
    let mut folders: Vec<_> =
        std::fs::read_dir(supplies).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders.iter().find_map(|folder| {
        let read =
            |file: &str| std::fs::read_to_string(folder.join(file)).map(|text| text.trim().to_string());
        if read("type").ok()? != "Battery" || read("scope").is_ok_and(|scope| scope == "Device") {
            return None;
        }
        let number = |file: &str| read(file).ok()?.parse::<f64>().ok();
        let share = |now: &str, full: &str| Some(100.0 * number(now)? / number(full)?);
        let percent = number("capacity")
            .or_else(|| share("energy_now", "energy_full"))
            .or_else(|| share("charge_now", "charge_full"))
            .filter(|percent| percent.is_finite())?;
        let status = read("status").unwrap_or_default();
        Some(Charge {
            percent: percent.clamp(0.0, 100.0) as u8,
            charging: ["Charging", "Full", "Not charging"].contains(&status.as_str()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supplies(all: &[(&str, &[(&str, &str)])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, files) in all {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            for (file, text) in *files {
                std::fs::write(folder.path().join(name).join(file), format!("{text}\n")).unwrap();
            }
        }
        folder
    }

    #[test]
    fn the_battery_that_feeds_the_device_is_found_among_the_supplies() {
        let folder = supplies(&[
            ("ac", &[("type", "Mains"), ("online", "1")]),
            ("mouse", &[("type", "Battery"), ("scope", "Device"), ("capacity", "3")]),
            ("pisugar", &[("type", "Battery"), ("capacity", "57"), ("status", "Discharging")]),
        ]);
        assert_eq!(charge(folder.path()), Some(Charge { percent: 57, charging: false }));
    }

    #[test]
    fn a_gauge_that_tells_energy_alone_is_understood() {
        let files =
            [("type", "Battery"), ("energy_now", "500"), ("energy_full", "2000"), ("status", "Charging")];
        let folder = supplies(&[("bat", &files)]);
        assert_eq!(charge(folder.path()), Some(Charge { percent: 25, charging: true }));
    }

    #[test]
    fn without_a_battery_or_with_one_that_says_nothing_sensible_there_is_no_charge() {
        assert_eq!(charge(Path::new("/no/such/folder")), None);
        assert_eq!(charge(supplies(&[]).path()), None);
        for capacity in ["", "full", "nan"] {
            let folder = supplies(&[("bat", &[("type", "Battery"), ("capacity", capacity)])]);
            assert_eq!(charge(folder.path()), None, "{capacity}");
        }
        let folder = supplies(&[("bat", &[("type", "Battery"), ("charge_now", "0"), ("charge_full", "0")])]);
        assert_eq!(charge(folder.path()), None);
    }

    #[test]
    fn it_is_low_and_empty_only_while_it_is_not_charging() {
        let mut watch =
            Watch::new(&BatteryConfig { warn_below: 20, switch_off_below: 5, ..BatteryConfig::default() });
        let charge = |percent, charging| Charge { percent, charging };
        assert!(!watch.judge(charge(20, false)).low);
        assert!(watch.judge(charge(19, false)).low);
        assert!(!watch.judge(charge(2, true)).low);
        for _ in 0..3 {
            assert!(!watch.is_empty(Some(charge(2, true))));
        }
    }

    #[test]
    fn one_reading_that_says_empty_is_not_enough() {
        let mut watch = Watch::new(&BatteryConfig::default());
        let empty = Some(Charge { percent: 0, charging: false });
        assert!(!watch.is_empty(empty));
        assert!(!watch.is_empty(None));
        assert!(!watch.is_empty(empty));
        assert!(watch.is_empty(empty));
    }
}
