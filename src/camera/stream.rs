//! The stream: keeps a camera running and its newest frames at hand.
//!
//! Two threads. The reader opens the camera and waits in it, for as long as the driver pleases; it can be
//! given up. The keeper decodes what the reader hands over, keeps the last frames, and notices when good
//! frames fail to come: then nothing is shown as live, and the camera is opened anew with growing pauses.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};

use super::newest::{NewestWins, newest_wins};
use super::{Camera, CameraConfig, CameraError, Shot};
use crate::picture::Frame;
use crate::quality;

/// The pause before a lost camera is opened anew: doubled each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A camera that was live for this long has recovered: the next pause is the first again.
const RECOVERED_AFTER: Duration = Duration::from_secs(2);
/// How long a reader rests after a bad frame, so that a camera that gives only those is not asked as fast as
/// the CPU allows.
const BAD_FRAME_REST: Duration = Duration::from_millis(10);
/// The most readers that may be blocked in drivers at one time; then no more are started until one returns.
const MOST_BLOCKED: usize = 4;
/// No frame older than this is taken for the sharpest, while there is a younger one.
const SHARPEST_WITHIN: Duration = Duration::from_millis(700);
/// Events that may wait for a slow listener; beyond, the oldest are dropped.
const WAITING_EVENTS: usize = 16;

/// What the camera is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraState {
    Opening,
    Live,
    /// Not giving frames, and why; it is being opened again.
    Lost {
        cause: String,
    },
}

/// What the stream tells its listener. When events are dropped because nobody listened, the newest stay: a
/// frame means that the camera is live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// There is a newer frame: see [`Stream::newest`].
    Frame,
    State(CameraState),
}

/// How cameras are opened; the tests put their own in its place.
type Open = dyn Fn(&CameraConfig) -> Result<Box<dyn Camera>, CameraError> + Send + Sync;

/// A running camera. Dropping it stops the camera.
pub struct Stream {
    shared: Arc<Shared>,
    events: Receiver<StreamEvent>,
    /// Dropped to stop the keeper.
    stop: Option<Sender<()>>,
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
        let (stop, stopped) = bounded(0);
        let shared = Arc::new(Shared::new(config));
        let keeper = Keeper {
            config: config.clone(),
            open: Arc::new(open),
            shared: shared.clone(),
            events,
            stopped,
            blocked: Arc::default(),
        };
        let spawned = std::thread::Builder::new().name("camera".into()).spawn(move || keeper.keep());
        let keeper = spawned
            .inspect_err(|error| {
                shared.lock().state =
                    CameraState::Lost { cause: format!("cannot start the camera's thread: {error}") };
            })
            .ok();
        Self { shared, events: listener, stop: Some(stop), keeper }
    }

    /// Readable whenever there is a new frame or the state changes.
    pub fn events(&self) -> &Receiver<StreamEvent> {
        &self.events
    }

    /// The newest frame. `None` when the camera is not live: a stale picture is never given as live.
    pub fn newest(&self) -> Option<Arc<Frame>> {
        self.shared.fresh(self.shared.stale_after).pop().map(|kept| kept.frame)
    }

    /// The sharpest of the last frames (`camera.sharpest_of`, neither older than 0.7 s nor from before `since`); the
    /// newest where a slow camera or computer has none so young, since that is what is shown as live.
    pub fn sharpest(&self, since: Duration) -> Option<Arc<Frame>> {
        let fresh = self.shared.fresh(self.shared.stale_after.min(SHARPEST_WITHIN));
        let fresh = fresh.into_iter().filter(|kept| kept.frame.captured_at >= since);
        let sharpest = fresh.max_by(|a, b| a.sharpness.total_cmp(&b.sharpness));
        sharpest.map(|kept| kept.frame).or_else(|| self.newest())
    }

    pub fn state(&self) -> CameraState {
        self.shared.lock().state.clone()
    }

    /// The stream's clock: what [`Frame::captured_at`] is measured by.
    pub fn now(&self) -> Duration {
        self.shared.started.elapsed()
    }

    /// What the camera that was opened last calls itself.
    pub fn description(&self) -> Option<String> {
        self.shared.lock().description.clone()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(keeper) = self.keeper.take() {
            // Fails only where the keeper panicked, which it has told already.
            let _ = keeper.join();
        }
    }
}

/// What the keeper writes and everyone reads.
struct Shared {
    started: Instant,
    stale_after: Duration,
    sequence: AtomicU64,
    inner: Mutex<Inner>,
}

struct Inner {
    state: CameraState,
    description: Option<String>,
    /// The last frames, oldest first.
    frames: VecDeque<Kept>,
    most: usize,
}

#[derive(Clone)]
struct Kept {
    frame: Arc<Frame>,
    sharpness: f32,
}

impl Shared {
    fn new(config: &CameraConfig) -> Self {
        let most = config.sharpest_of.max(1);
        let frames = VecDeque::with_capacity(most + 1);
        Self {
            started: Instant::now(),
            stale_after: config.stall_after(),
            sequence: AtomicU64::new(0),
            inner: Mutex::new(Inner { state: CameraState::Opening, description: None, frames, most }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is left half done under the lock: what a panicking thread left behind is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kept frames that are not older than `age`, oldest first.
    fn fresh(&self, age: Duration) -> Vec<Kept> {
        let oldest = self.started.elapsed().saturating_sub(age);
        self.lock().frames.iter().filter(|kept| kept.frame.captured_at >= oldest).cloned().collect()
    }
}

/// What a reader hands over.
enum Report {
    Shot { shot: Shot, sequence: u64, captured_at: Duration },
    Refused(CameraError),
    Ended(CameraError),
}

/// The thread that keeps the camera running.
struct Keeper {
    config: CameraConfig,
    open: Arc<Open>,
    shared: Arc<Shared>,
    events: NewestWins<StreamEvent>,
    /// Disconnected when the stream is dropped.
    stopped: Receiver<()>,
    /// Readers that are still inside a driver.
    blocked: Arc<()>,
}

/// Why the keeper left a camera.
enum Left {
    Stopped,
    Lost { cause: String, live_for: Duration },
}

impl Keeper {
    fn keep(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let (cause, live_for) = match self.watch() {
                Left::Stopped => return,
                Left::Lost { cause, live_for } => (cause, live_for),
            };
            if live_for >= RECOVERED_AFTER {
                pause = FIRST_PAUSE;
            }
            self.become_lost(cause);
            if self.stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Opens the camera on a reader's thread and takes its frames until it is lost.
    fn watch(&self) -> Left {
        let lost = |cause: String| Left::Lost { cause, live_for: Duration::ZERO };
        if Arc::strong_count(&self.blocked) > MOST_BLOCKED {
            return lost(
                "the camera's driver does not answer; unplug the camera and plug it in again".into(),
            );
        }
        let (reports, inbox) = newest_wins(2);
        let given_up = GivenUp::default();
        let reader = Reader {
            config: self.config.clone(),
            open: self.open.clone(),
            shared: self.shared.clone(),
            reports,
            given_up: given_up.0.clone(),
            _blocked: self.blocked.clone(),
        };
        if let Err(error) =
            std::thread::Builder::new().name("camera-reader".into()).spawn(move || reader.read())
        {
            return lost(format!("cannot start the camera's thread: {error}"));
        }
        self.take_frames(&inbox)
    }

    fn take_frames(&self, inbox: &Receiver<Report>) -> Left {
        let mut watch = Watch { last_good: Instant::now(), live_since: None, refused: None };
        loop {
            let patience = match watch.live_since {
                None => self.config.opening_patience(),
                Some(_) => self.config.stall_after(),
            };
            let waited = watch.last_good.elapsed();
            if waited >= patience {
                return watch.lost(self.stalled(waited, watch.refused.as_deref()));
            }
            select! {
                recv(self.stopped) -> _ => return Left::Stopped,
                recv(inbox) -> report => match report {
                    Ok(Report::Shot { shot, sequence, captured_at }) => {
                        match self.keep_frame(shot, sequence, captured_at) {
                            Ok(()) => watch.good(),
                            Err(cause) => watch.refused = Some(cause),
                        }
                    }
                    Ok(Report::Refused(error)) => watch.refused = Some(error.to_string()),
                    Ok(Report::Ended(error)) => return watch.lost(error.to_string()),
                    Err(_) => return watch.lost("the camera's thread has ended".into()),
                },
                default(patience - waited) => {}
            }
        }
    }

    fn stalled(&self, waited: Duration, refused: Option<&str>) -> String {
        let device = self.shared.lock().description.clone().unwrap_or_else(|| self.config.kind.name().into());
        match refused {
            Some(cause) => format!("{device}: every frame is refused: {cause}; check the camera's cable"),
            None => CameraError::Stalled { device, waited }.to_string(),
        }
    }

    fn keep_frame(&self, shot: Shot, sequence: u64, captured_at: Duration) -> Result<(), String> {
        let view = super::decode(shot, &self.config).map_err(|error| error.to_string())?;
        let sharpness = quality::sharpness(&view.pixels);
        let super::View { pixels, field_of_view, encoded } = view;
        let frame = Arc::new(Frame { sequence, captured_at, pixels, field_of_view, encoded });
        let mut inner = self.shared.lock();
        inner.frames.push_back(Kept { frame, sharpness });
        if inner.frames.len() > inner.most {
            inner.frames.pop_front();
        }
        let news = std::mem::replace(&mut inner.state, CameraState::Live) != CameraState::Live;
        drop(inner);
        if news {
            self.events.send(StreamEvent::State(CameraState::Live));
        }
        self.events.send(StreamEvent::Frame);
        Ok(())
    }

    fn become_lost(&self, cause: String) {
        let state = CameraState::Lost { cause: cause.clone() };
        let mut inner = self.shared.lock();
        inner.frames.clear();
        let news = inner.state != state;
        inner.state = state.clone();
        drop(inner);
        if news {
            tracing::warn!("{cause}");
            self.events.send(StreamEvent::State(state));
        }
    }
}

/// What the keeper has seen of one camera since it was opened.
struct Watch {
    last_good: Instant,
    live_since: Option<Instant>,
    /// Why the last frame was refused, if none was good since.
    refused: Option<String>,
}

impl Watch {
    fn good(&mut self) {
        self.last_good = Instant::now();
        self.live_since.get_or_insert(self.last_good);
        self.refused = None;
    }

    fn lost(&self, cause: String) -> Left {
        Left::Lost { cause, live_for: self.live_since.map_or(Duration::ZERO, |since| since.elapsed()) }
    }
}

/// Tells a reader, when dropped, that nobody waits for it any more.
#[derive(Default)]
struct GivenUp(Arc<AtomicBool>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The thread that waits in the camera.
struct Reader {
    config: CameraConfig,
    open: Arc<Open>,
    shared: Arc<Shared>,
    reports: NewestWins<Report>,
    given_up: Arc<AtomicBool>,
    /// Counts this reader among the blocked until it returns.
    _blocked: Arc<()>,
}

impl Reader {
    fn read(self) {
        let mut camera = match (self.open)(&self.config) {
            Ok(camera) => camera,
            Err(error) => return self.reports.send(Report::Ended(error)),
        };
        self.shared.lock().description = Some(camera.describe());
        while !self.given_up.load(Ordering::Relaxed) {
            match camera.next_shot() {
                Ok(shot) => self.reports.send(Report::Shot {
                    shot,
                    sequence: self.shared.sequence.fetch_add(1, Ordering::Relaxed),
                    captured_at: self.shared.started.elapsed(),
                }),
                Err(error @ CameraError::BadFrame { .. }) => {
                    self.reports.send(Report::Refused(error));
                    std::thread::sleep(BAD_FRAME_REST);
                }
                Err(error) => return self.reports.send(Report::Ended(error)),
            }
        }
    }
}
