//! Whether the device is well: its main loop turns, its camera gives pictures, its records can be written, and whatever
//! else is wanted and does not work. Standing by the main loop at every turn and by each part that has a trouble of its own;
//! asked by the screen and by whoever watches over the device from outside.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The main loop turns at least twice a second: one that has not for so long hangs.
const HANGS_AFTER: Duration = Duration::from_secs(10);

/// The parts that can have a trouble, the one that a person misses most first.
const PARTS: [&str; 8] = ["model", "buttons", "panel", "settings", "light", "signal", "http", "serial"];

/// How the device's parts stand. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<Standing>>);

/// What the main loop says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The parts that are wanted and do not work, such as "camera".
    pub broken: Vec<&'static str>,
    /// Frames of the camera that were refused since the start.
    pub frames_refused: u64,
}

#[derive(Debug, Default)]
struct Standing {
    parts: Parts,
    /// What is wrong with which part for as long as it is, in the order of [`PARTS`].
    troubles: Vec<(&'static str, String)>,
    /// None before the first turn.
    turned_at: Option<Instant>,
}

impl Health {
    /// The main loop has turned, and this is how the parts stand.
    pub fn turned(&self, parts: Parts) {
        let mut told = self.lock();
        (told.parts, told.turned_at) = (parts, Some(Instant::now()));
    }

    /// A part has this trouble from now on, in a few words; none any more.
    pub fn trouble(&self, part: &'static str, what: Option<String>) {
        let mut told = self.lock();
        let known = told.troubles.iter().position(|(other, _)| *other == part);
        match (known, what) {
            (Some(at), Some(what)) => told.troubles[at].1 = what,
            (Some(at), None) => drop(told.troubles.remove(at)),
            (None, Some(what)) => told.troubles.push((part, what)),
            (None, None) => {}
        }
        told.troubles.sort_by_key(|(part, _)| PARTS.iter().position(|known| known == part));
    }

    /// What is wrong with the parts, in words for the screen: the first, and how many more there are.
    pub fn words(&self) -> Option<String> {
        let told = self.lock();
        let (_, first) = told.troubles.first()?;
        let more = told.troubles.len() - 1;
        Some(if more > 0 { format!("{first} (+{more})") } else { first.clone() })
    }

    /// What is not well; empty where all is.
    pub fn broken(&self) -> Vec<&'static str> {
        let told = self.lock();
        let hangs = told.turned_at.is_some_and(|at| at.elapsed() > HANGS_AFTER);
        let troubled = told.troubles.iter().map(|(part, _)| *part);
        hangs
            .then_some("main loop")
            .into_iter()
            .chain(told.parts.broken.iter().copied())
            .chain(troubled)
            .collect()
    }

    /// Frames of the camera that were refused since the start.
    pub fn frames_refused(&self) -> u64 {
        self.lock().parts.frames_refused
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        // Every change is whole before the next line.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        *health.lock() = Standing { parts, turned_at: Some(long_ago), ..Standing::default() };
        assert_eq!(health.broken(), ["main loop", "camera"]);
    }

    #[test]
    fn a_part_s_trouble_stands_until_it_is_over_and_the_first_is_told_with_how_many_more() {
        let health = Health::default();
        assert_eq!(health.words(), None);
        health.trouble("http", Some("port 8080 is taken".into()));
        health.trouble("buttons", Some("no such chip".into()));
        health.trouble("http", Some("port 8081 is taken".into()));
        health.turned(Parts::default());
        assert_eq!(health.words().as_deref(), Some("no such chip (+1)"));
        assert_eq!(health.broken(), ["buttons", "http"]);
        health.trouble("buttons", None);
        health.trouble("light", None);
        assert_eq!(health.words().as_deref(), Some("port 8081 is taken"));
    }
}
