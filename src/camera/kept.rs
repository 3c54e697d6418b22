//! What the camera's threads write and everyone reads: what is wanted, how it stands, and the last frames.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::CameraConfig;
use crate::picture::Frame;

/// What is wanted of the camera: the less, the less it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    /// Every frame, decoded and measured.
    #[default]
    Live,
    /// That it runs, so that the next frame can be live. Its frames are thrown away as they come.
    Ready,
    /// Nothing: it is closed.
    Rest,
}

/// What the camera is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraState {
    /// Being opened, for the first time or after a rest.
    Opening,
    /// Giving frames, the newest of them fresh.
    Live,
    /// Not giving frames, and why; it is being opened again.
    Lost {
        /// What failed, on which device, and what to do.
        cause: String,
    },
}

/// What the stream tells its listener. When events are dropped because nobody listened, the newest stay: a
/// frame means that the camera is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// There is a newer frame: see [`Stream::newest`](super::Stream::newest).
    Frame,
    /// The camera opened, went live or was lost.
    State(CameraState),
}

/// What all of them share.
pub(super) struct Shared {
    pub started: Instant,
    stale_after: Duration,
    sequence: AtomicU64,
    /// Frames that were refused since the start, torn and damaged ones.
    refused: AtomicU64,
    inner: Mutex<Inner>,
}

struct Inner {
    state: CameraState,
    description: Option<String>,
    /// The last frames, oldest first.
    frames: VecDeque<Kept>,
    most: usize,
}

/// A frame and how sharp it is.
#[derive(Clone)]
pub(super) struct Kept {
    pub frame: Arc<Frame>,
    pub sharpness: f32,
}

impl Shared {
    pub fn new(config: &CameraConfig) -> Self {
        let most = config.sharpest_of.max(1);
        let frames = VecDeque::with_capacity(most + 1);
        Self {
            started: Instant::now(),
            stale_after: config.stall_after(),
            sequence: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            inner: Mutex::new(Inner { state: CameraState::Opening, description: None, frames, most }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is left half done under the lock: what a panicking thread left behind is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kept frames that are neither stale nor older than `age`, oldest first.
    pub fn fresh(&self, age: Duration) -> Vec<Kept> {
        let oldest = self.started.elapsed().saturating_sub(age.min(self.stale_after));
        self.lock().frames.iter().filter(|kept| kept.frame.captured_at >= oldest).cloned().collect()
    }

    pub fn state(&self) -> CameraState {
        self.lock().state.clone()
    }

    pub fn description(&self) -> Option<String> {
        self.lock().description.clone()
    }

    pub fn describe(&self, description: String) {
        self.lock().description = Some(description);
    }

    /// The number of the next frame.
    pub fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    pub fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Keeps a frame: the camera is live. Whether it was not before.
    pub fn keep(&self, kept: Kept) -> bool {
        let mut inner = self.lock();
        inner.frames.push_back(kept);
        if inner.frames.len() > inner.most {
            inner.frames.pop_front();
        }
        std::mem::replace(&mut inner.state, CameraState::Live) != CameraState::Live
    }

    /// There is nothing to see any more. Whether that is news.
    pub fn lose(&self, state: &CameraState) -> bool {
        let mut inner = self.lock();
        inner.frames.clear();
        std::mem::replace(&mut inner.state, state.clone()) != *state
    }
}
