//! The wall clock, and whether it can be trusted: a Raspberry Pi has no battery-backed clock of its own.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_settime};

use crate::links::serial::{Clock, check_time};

/// Made by systemd-timesyncd once the network has told the time.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
/// A battery-backed clock, where one is fitted.
const HARDWARE_CLOCK: &str = "/dev/rtc0";

/// Whether a link has set the clock since this program started. After a new start it is not known any more, so that a
/// clock is never trusted wrongly.
static SET: AtomicBool = AtomicBool::new(false);

/// The time now, and whether something that knows it has set the clock since the start.
pub fn now() -> (Timestamp, bool) {
    let kept = [SYNCHRONISED, HARDWARE_CLOCK].iter().any(|path| Path::new(path).exists());
    (Timestamp::now(), kept || SET.load(Ordering::Relaxed))
}

/// The system's clock, for links that set it.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> (Timestamp, bool) {
        now()
    }

    fn set(&self, now: Timestamp) -> Result<(), String> {
        check_time(now)?;
        if Path::new(SYNCHRONISED).exists() {
            return Err("the network keeps the clock; it stays as it is".into());
        }
        let time = TimeSpec::new(now.as_second(), now.subsec_nanosecond().into());
        clock_settime(ClockId::CLOCK_REALTIME, time).map_err(|cause| {
            format!("cannot set the clock: {cause}; the device needs CAP_SYS_TIME for it")
        })?;
        SET.store(true, Ordering::Relaxed);
        Ok(())
    }
}
