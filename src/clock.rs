//! The wall clock, and whether it can be trusted: most Raspberry Pis have no battery-backed clock of their own.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// Made by systemd-timesyncd once the network has told the time.
const SYNCHRONISED: &str = "run/systemd/timesync/synchronized";
/// What a battery-backed clock says, in seconds since 1970.
const HARDWARE_CLOCK: &str = "sys/class/rtc/rtc0/since_epoch";
/// The start of 2026, before this firmware was written, in seconds since 1970: a hardware clock that says less has
/// lost its battery, or never had one, as on a Raspberry Pi 5 as it is sold.
const BEFORE_ANY_PICTURE: i64 = 1_767_225_600;

/// Where the clock's state is read.
#[derive(Clone, Debug)]
pub struct Clock {
    /// `/` but in tests.
    root: PathBuf,
}

/// Who set the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    Network,
    HardwareClock,
    /// Nobody: what it says is not to be trusted.
    Nobody,
}

impl Default for Clock {
    fn default() -> Self {
        Self::at(Path::new("/"))
    }
}

impl Clock {
    pub fn at(root: &Path) -> Self {
        Self { root: root.into() }
    }

    /// The time now, and whether something that knows it has set the clock since the start.
    pub fn now(&self) -> (Timestamp, bool) {
        (Timestamp::now(), self.set_by() != SetBy::Nobody)
    }

    pub fn set_by(&self) -> SetBy {
        let hardware = std::fs::read_to_string(self.root.join(HARDWARE_CLOCK));
        let seconds = hardware.ok().and_then(|text| text.trim().parse::<i64>().ok());
        if self.root.join(SYNCHRONISED).exists() {
            SetBy::Network
        } else if seconds.is_some_and(|seconds| seconds > BEFORE_ANY_PICTURE) {
            SetBy::HardwareClock
        } else {
            SetBy::Nobody
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_by(files: &[(&str, &str)]) -> SetBy {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Clock::at(root.path()).set_by()
    }

    #[test]
    fn a_clock_is_set_by_the_network_or_by_a_hardware_clock_that_knows_the_time() {
        assert_eq!(set_by(&[]), SetBy::Nobody);
        assert_eq!(set_by(&[(SYNCHRONISED, "")]), SetBy::Network);
        assert_eq!(set_by(&[(HARDWARE_CLOCK, "1790000000\n")]), SetBy::HardwareClock);
    }

    #[test]
    fn a_hardware_clock_without_a_battery_is_not_believed() {
        assert_eq!(set_by(&[(HARDWARE_CLOCK, "157\n")]), SetBy::Nobody);
        assert_eq!(set_by(&[(HARDWARE_CLOCK, "soon")]), SetBy::Nobody);
    }
}
