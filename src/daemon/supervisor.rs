//! What systemd is told: that the device is ready, that it still turns, that it stops. Without
//! systemd nothing is told and nothing is missed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// How long a worker may be at one thing before it counts as stuck: many times the longest that any takes.
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// Since when a worker has been at what it does now, if it is at anything. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct AtIt(Arc<Mutex<Option<Instant>>>);

impl AtIt {
    pub fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    pub fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// For how long.
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).map(|since| since.elapsed())
    }
}

/// The way to systemd.
pub struct Supervisor {
    /// How often its watchdog wants to be fed, if it watches.
    pace: Option<Duration>,
    fed_at: Option<Instant>,
}

impl Supervisor {
    /// Asks the environment whether systemd watches.
    pub fn new() -> Self {
        // Twice as often as it must be, as systemd's manual asks.
        Self::watched_every(sd_notify::watchdog_enabled().map(|within| within / 2))
    }

    fn watched_every(pace: Option<Duration>) -> Self {
        Self { pace, fed_at: None }
    }

    /// The device shows what it does and takes presses.
    pub fn ready(&self) {
        tell(NotifyState::Ready);
    }

    /// What is being done is finished; nothing new is begun.
    pub fn stopping(&self) {
        tell(NotifyState::Stopping);
    }

    /// Called by every turn of the main loop: feeds the watchdog when it is due, unless a worker is stuck.
    /// `at_it` says for how long each worker has been at what it does now.
    pub fn turned(&mut self, at_it: &[(&str, Option<Duration>)]) {
        if self.is_due(Instant::now(), at_it) {
            tell(NotifyState::Watchdog);
        }
    }

    fn is_due(&mut self, now: Instant, at_it: &[(&str, Option<Duration>)]) -> bool {
        let Some(pace) = self.pace else { return false };
        if self.fed_at.is_some_and(|fed_at| now.saturating_duration_since(fed_at) < pace) {
            return false;
        }
        self.fed_at = Some(now);
        for (worker, at_it) in at_it {
            if let Some(time) = at_it.filter(|time| *time > STUCK_AFTER) {
                tracing::error!("the {worker} has been stuck for {} s", time.as_secs());
                return false;
            }
        }
        true
    }
}

/// Fails only where systemd has gone: then nobody is there to be told.
fn tell(state: NotifyState) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!("systemd was not told: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Duration = Duration::from_secs(10);

    #[test]
    fn the_watchdog_is_fed_at_its_pace_while_the_loop_turns() {
        let mut supervisor = Supervisor::watched_every(Some(PACE));
        let start = Instant::now();
        assert!(supervisor.is_due(start, &[]));
        assert!(!supervisor.is_due(start + PACE / 2, &[]));
        assert!(supervisor.is_due(start + PACE, &[]));
    }

    #[test]
    fn a_worker_that_is_stuck_starves_the_watchdog_until_it_moves_again() {
        let mut supervisor = Supervisor::watched_every(Some(PACE));
        let start = Instant::now();
        assert!(supervisor.is_due(start, &[("analyst", Some(STUCK_AFTER)), ("painter", None)]));
        let stuck = [("analyst", None), ("painter", Some(STUCK_AFTER + PACE))];
        assert!(!supervisor.is_due(start + PACE, &stuck));
        assert!(supervisor.is_due(start + PACE * 2, &[("analyst", None), ("painter", None)]));
    }

    #[test]
    fn nothing_is_fed_where_nobody_watches() {
        assert!(!Supervisor::watched_every(None).is_due(Instant::now(), &[]));
    }
}
