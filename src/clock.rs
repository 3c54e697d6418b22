//! The wall clock, and whether it can be trusted: a Raspberry Pi has no battery-backed clock of its own.

use std::path::Path;

/// Made by systemd-timesyncd once the network has told the time.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
/// A battery-backed clock, where one is fitted.
const HARDWARE_CLOCK: &str = "/dev/rtc0";

/// The time now, and whether something that knows it has set the clock since the start.
pub fn now() -> (jiff::Timestamp, bool) {
    let set = [SYNCHRONISED, HARDWARE_CLOCK].iter().any(|path| Path::new(path).exists());
    (jiff::Timestamp::now(), set)
}
