//! The stream: keeps a camera running and its newest frames at hand.
//!
//! Two threads. The [reader](super::reader) opens the camera and waits in it. The [keeper](super::keeper) decodes what
//! the reader hands over, and opens the camera anew with growing pauses when it is lost: then nothing is shown as live.
//! What is not wanted is not done: see [`Demand`].

use std::cell::Cell;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::CameraConfig;
use super::keeper::Keeper;
use super::kept::{CameraState, Demand, Shared, StreamEvent};
use super::newest::{NewestWins, newest_wins};
use super::source::{Camera, CameraError};
use crate::picture::Frame;

/// No frame older than this is taken for the sharpest, while there is a younger one.
const SHARPEST_WITHIN: Duration = Duration::from_millis(700);
/// Events that may wait for a slow listener; beyond, the oldest are dropped.
const WAITING_EVENTS: usize = 16;

/// A running camera. Dropping it stops the camera.
pub struct Stream {
    shared: Arc<Shared>,
    events: Receiver<StreamEvent>,
    wanted: Cell<Demand>,
    /// Dropped to stop the keeper.
    demands: Option<NewestWins<Demand>>,
    keeper: Option<JoinHandle<()>>,
}

impl Stream {
    /// Starts the camera that the configuration names. Whether it opens is told by [`Stream::state`].
    pub fn start(config: &CameraConfig) -> Self {
        Self::start_with(config, super::open)
    }

    /// Starts a camera that `open` gives.
    pub fn start_with<F>(config: &CameraConfig, open: F) -> Self
    where
        F: Fn(&CameraConfig) -> Result<Box<dyn Camera>, CameraError> + Send + Sync + 'static,
    {
        let (events, listener) = newest_wins(WAITING_EVENTS);
        let (demands, wanted) = newest_wins(1);
        let shared = Arc::new(Shared::new(config));
        let keeper = Keeper {
            config: config.clone(),
            open: Arc::new(open),
            shared: shared.clone(),
            events,
            demands: wanted,
            demand: Demand::Live,
            blocked: Arc::default(),
        };
        let spawned = std::thread::Builder::new().name("camera".into()).spawn(move || keeper.keep());
        let keeper = spawned
            .inspect_err(|error| {
                let cause = format!("cannot start the camera's thread: {error}");
                shared.lose(&CameraState::Lost { cause });
            })
            .ok();
        Self { shared, events: listener, wanted: Cell::new(Demand::Live), demands: Some(demands), keeper }
    }

    /// Says what is wanted from now on. The same again changes nothing.
    pub fn want(&self, demand: Demand) {
        if self.wanted.replace(demand) != demand {
            self.demands.iter().for_each(|demands| demands.send(demand));
        }
    }

    /// Readable whenever there is a new frame or the state changes.
    pub fn events(&self) -> &Receiver<StreamEvent> {
        &self.events
    }

    /// The newest frame. `None` when the camera is not live: a stale picture is never given as live.
    pub fn newest(&self) -> Option<Arc<Frame>> {
        self.shared.fresh(Duration::MAX).pop().map(|kept| kept.frame)
    }

    /// The sharpest of the last frames (`camera.sharpest_of`, neither older than 0.7 s nor from before `since`); the
    /// newest where a slow camera or computer has none so young, since that is what is shown as live.
    pub fn sharpest(&self, since: Duration) -> Option<Arc<Frame>> {
        let fresh = self.shared.fresh(SHARPEST_WITHIN).into_iter();
        let fresh = fresh.filter(|kept| kept.frame.captured_at >= since);
        let sharpest = fresh.max_by(|a, b| a.sharpness.total_cmp(&b.sharpness));
        sharpest.map(|kept| kept.frame).or_else(|| self.newest())
    }

    /// What the camera is doing now.
    pub fn state(&self) -> CameraState {
        self.shared.state()
    }

    /// The stream's clock: what [`Frame::captured_at`] is measured by.
    pub fn now(&self) -> Duration {
        self.shared.started.elapsed()
    }

    /// What the camera that was opened last calls itself.
    pub fn description(&self) -> Option<String> {
        self.shared.description()
    }

    /// How many frames were refused since the start: torn and damaged ones.
    pub fn refused(&self) -> u64 {
        self.shared.refused()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.demands = None;
        if let Some(keeper) = self.keeper.take() {
            // Fails only where the keeper panicked, which it has told already.
            let _ = keeper.join();
        }
    }
}
