//! What nobody may exceed: how many connections, how long, how large.

use std::time::Duration;

/// The largest head of a request, in bytes: the page's are under 1 KiB.
pub(super) const MAX_HEAD: usize = 16 << 10;
/// The largest body of a request, in bytes, where no photograph is asked for.
pub(super) const MAX_BODY: usize = 4 << 10;
/// The largest photograph, in bytes, as through every other door.
pub(super) const MAX_PHOTO: usize = crate::picture::MAX_FILE as usize;
/// What a form may put around its photograph, in bytes.
pub(super) const MAX_FORM: usize = 16 << 10;
/// Photographs at once: one that comes in or is read, and one whose sender waits for it.
pub(super) const MAX_PHOTOS: usize = 2;
/// Questions to the records at once: a rare class among many takes seconds to find, and a page of pictures asks for twenty.
pub(super) const MAX_QUESTIONS: usize = 3;
/// Exports at once: each keeps a snapshot of the records and reads every picture.
pub(super) const MAX_EXPORTS: usize = 1;

/// The limits that depend on who is there. The default is for one device and the few who look at it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once from the device itself and its cable; more wait until one ends.
    pub connections: usize,
    /// Connections at once of those who are neither on the device nor on its cable, besides; more are turned away.
    pub strangers: usize,
    /// Of all, how many may watch the screen.
    pub watchers: usize,
    /// How long a connection may take to send the head of a request, and be idle before it.
    pub head: Duration,
    /// How long a request may take, from its head to the head of its answer.
    pub request: Duration,
    /// How long an answer may stand still because nobody reads it.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            strangers: 32,
            watchers: 16,
            head: Duration::from_secs(10),
            request: Duration::from_secs(30),
            stall: Duration::from_secs(20),
        }
    }
}
