//! The wall clock, and whether it can be trusted: most Raspberry Pis have no battery-backed clock of their own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_settime};

use crate::links::serial;

/// Made by systemd-timesyncd once the network has told the time.
const SYNCHRONISED: &str = "run/systemd/timesync/synchronized";
/// What a battery-backed clock says, in seconds since 1970.
const HARDWARE_CLOCK: &str = "sys/class/rtc/rtc0/since_epoch";
/// The start of 2026, before this firmware was written, in seconds since 1970: a hardware clock that says less has
/// lost its battery, or never had one, as on a Raspberry Pi 5 as it is sold.
const BEFORE_ANY_PICTURE: i64 = 1_767_225_600;

/// Whether a link has set the clock since this program started. After a new start it is not known any more, so that a
/// clock is never trusted wrongly.
static SET_BY_LINK: AtomicBool = AtomicBool::new(false);

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
    /// Whoever pulled records over the cable.
    Link,
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
        } else if SET_BY_LINK.load(Ordering::Relaxed) {
            SetBy::Link
        } else {
            SetBy::Nobody
        }
    }
}

impl serial::Clock for Clock {
    fn now(&self) -> (Timestamp, bool) {
        Clock::now(self)
    }

    fn set(&self, now: Timestamp) -> Result<(), String> {
        serial::check_time(now)?;
        if self.set_by() == SetBy::Network {
            return Err("the network keeps the clock; it stays as it is".into());
        }
        let time = TimeSpec::new(now.as_second(), now.subsec_nanosecond().into());
        clock_settime(ClockId::CLOCK_REALTIME, time).map_err(|cause| {
            format!("cannot set the clock: {cause}; the device needs CAP_SYS_TIME for it")
        })?;
        SET_BY_LINK.store(true, Ordering::Relaxed);
        Ok(())
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
