//! Whether the device is well: its main loop turns, its camera gives pictures, its records can be written. Told by the
//! main loop at every turn; asked by whoever watches over the device from outside.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The main loop turns at least twice a second: one that has not for so long hangs.
const HANGS_AFTER: Duration = Duration::from_secs(10);

/// How the device's parts stand. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Told>>);

/// What the main loop says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The parts that are wanted and do not work, such as "camera".
    pub broken: Vec<&'static str>,
    /// Frames of the camera that were refused since the start.
    pub frames_refused: u64,
}

#[derive(Debug, Default)]
struct Told {
    parts: Parts,
    /// None before the first turn.
    turned_at: Option<Instant>,
}

impl Health {
    /// The main loop has turned, and this is how the parts stand.
    pub fn turned(&self, parts: Parts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Told { parts, turned_at: Some(Instant::now()) };
    }

    /// What is not well; empty where all is.
    pub fn broken(&self) -> Vec<&'static str> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hangs = told.turned_at.is_some_and(|at| at.elapsed() > HANGS_AFTER);
        hangs.then_some("main loop").into_iter().chain(told.parts.broken.iter().copied()).collect()
    }

    /// Frames of the camera that were refused since the start.
    pub fn frames_refused(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).parts.frames_refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_main_loop_that_does_not_turn_is_not_well() {
        let health = Health::default();
        let parts = Parts { broken: vec!["camera"], frames_refused: 3 };
        health.turned(parts.clone());
        assert_eq!((health.broken(), health.frames_refused()), (vec!["camera"], 3));
        let Some(long_ago) = Instant::now().checked_sub(HANGS_AFTER + Duration::from_secs(1)) else { return };
        *health.0.lock().unwrap() = Told { parts, turned_at: Some(long_ago) };
        assert_eq!(health.broken(), ["main loop", "camera"]);
    }
}
