//! The thread that waits in the camera, for as long as its driver pleases. It can be given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::CameraConfig;
use super::kept::Shared;
use super::newest::NewestWins;
use super::source::{Camera, CameraError, Shot};
use crate::panics::contain;

/// How long a reader rests after a bad frame, so that a camera that gives only those is not asked as fast as
/// the CPU allows.
const BAD_FRAME_REST: Duration = Duration::from_millis(10);

/// How cameras are opened; the tests put their own in its place.
pub(super) type Open = dyn Fn(&CameraConfig) -> Result<Box<dyn Camera>, CameraError> + Send + Sync;

/// What a reader hands over.
pub(super) enum Report {
    Shot(Taken),
    Refused(CameraError),
    Ended(String),
}

/// A shot with its number, and when it was taken, since the stream's start.
pub(super) struct Taken {
    pub shot: Shot,
    pub sequence: u64,
    pub captured_at: Duration,
}

/// Tells a reader, when dropped, that nobody waits for it any more.
#[derive(Default)]
pub(super) struct GivenUp(pub Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(super) struct Reader {
    pub config: CameraConfig,
    pub open: Arc<Open>,
    pub shared: Arc<Shared>,
    pub reports: NewestWins<Report>,
    pub given_up: Arc<AtomicBool>,
    /// Counts this reader among the blocked until it returns.
    pub _blocked: Arc<()>,
}

impl Reader {
    /// Reads until the camera ends or the reader is given up. A panic in foreign code is an end like any other.
    pub fn read(self) {
        // All that the work changes is dropped with the camera.
        let ended = contain(|| self.read_on()).unwrap_or_else(|panic| {
            Some(format!("{}: the camera's code failed: {panic}", self.config.kind.name()))
        });
        if let Some(cause) = ended {
            self.reports.send(Report::Ended(cause));
        }
    }

    /// Why the camera ended; `None` for a reader that was given up.
    fn read_on(&self) -> Option<String> {
        let mut camera = match (self.open)(&self.config) {
            Ok(camera) => camera,
            Err(error) => return Some(error.to_string()),
        };
        self.shared.describe(camera.describe());
        while !self.given_up.load(Ordering::Relaxed) {
            match camera.next_shot() {
                Ok(shot) => self.reports.send(Report::Shot(Taken {
                    shot,
                    sequence: self.shared.next_sequence(),
                    captured_at: self.shared.started.elapsed().saturating_sub(camera.age()),
                })),
                Err(error @ CameraError::BadFrame { .. }) => {
                    self.shared.count_refused();
                    self.reports.send(Report::Refused(error));
                    std::thread::sleep(BAD_FRAME_REST);
                }
                Err(error) => return Some(error.to_string()),
            }
        }
        None
    }
}
