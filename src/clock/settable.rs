//! A clock that a link sets; its twin in tests is one that only remembers.

use jiff::Timestamp;

/// A clock that a link may set.
pub trait SettableClock: Send {
    /// The time now, and whether something that knows it has set the clock since the start.
    fn now(&self) -> (Timestamp, bool);

    /// Sets it, or says why not.
    fn set(&self, now: Timestamp) -> Result<(), String>;
}

/// No sensible clock is set to before this program was written, or to after 2100.
const EARLIEST: i64 = 1_760_000_000;
const LATEST: i64 = 4_102_444_800;

/// That a time can be the time now.
pub fn check_time(now: Timestamp) -> Result<(), String> {
    if (EARLIEST..LATEST).contains(&now.as_second()) {
        Ok(())
    } else {
        Err(format!("{now} cannot be now; the clock stays as it is"))
    }
}
