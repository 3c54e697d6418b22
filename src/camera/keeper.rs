//! The thread that keeps the camera running: it decodes what the reader hands over, keeps the last frames, and notices
//! when good frames fail to come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, after, select};

use super::kept::{CameraState, Demand, Kept, Shared, StreamEvent};
use super::newest::{NewestWins, newest_wins};
use super::reader::{GivenUp, Open, Reader, Report, Taken};
use super::source::CameraError;
use super::{CameraConfig, view};
use crate::picture::Frame;
use crate::quality;

/// The pause before a lost camera is opened anew: doubled each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// A camera that was live for this long has recovered: the next pause is the first again.
const RECOVERED_AFTER: Duration = Duration::from_secs(2);
/// So many readers may be blocked in drivers before it gets rare that one more is tried: each stays until its driver
/// lets it go.
const MANY_BLOCKED: usize = 4;
/// The pause before one more is tried then: doubled with each, up to the longest.
const FIRST_BLOCKED_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_BLOCKED_PAUSE: Duration = Duration::from_secs(3600);

pub(super) struct Keeper {
    pub config: CameraConfig,
    pub open: Arc<Open>,
    pub shared: Arc<Shared>,
    pub events: NewestWins<StreamEvent>,
    /// What is wanted from now on; disconnected when the stream is dropped.
    pub demands: Receiver<Demand>,
    pub demand: Demand,
    /// Readers that are still inside a driver.
    pub blocked: Arc<()>,
}

/// Why the keeper left a camera.
enum Left {
    Stopped,
    /// It is not wanted.
    Rest,
    Lost {
        cause: String,
        live_for: Duration,
    },
}

/// The stream has been dropped.
struct Stopped;

impl Keeper {
    pub fn keep(mut self) {
        // Fails when the stream is dropped, and only then.
        while self.keep_one().is_ok() {}
    }

    /// From one rest to the next.
    fn keep_one(&mut self) -> Result<(), Stopped> {
        let mut pause = FIRST_PAUSE;
        while self.demand != Demand::Rest {
            let (cause, live_for) = match self.watch() {
                Left::Stopped => return Err(Stopped),
                Left::Rest => continue,
                Left::Lost { cause, live_for } => (cause, live_for),
            };
            if live_for >= RECOVERED_AFTER {
                pause = FIRST_PAUSE;
            }
            self.become_lost(cause);
            self.wait(pause)?;
            pause = (pause * 2).min(LONGEST_PAUSE);
            self.wait_for_drivers()?;
        }
        self.shared.lose(&CameraState::Opening);
        self.demand = self.demands.recv().map_err(|_| Stopped)?;
        Ok(())
    }

    /// Waits, unless a rest is wanted.
    fn wait(&mut self, pause: Duration) -> Result<(), Stopped> {
        let over = after(pause);
        while self.demand != Demand::Rest {
            select! {
                recv(self.demands) -> demand => self.demand = demand.map_err(|_| Stopped)?,
                recv(over) -> _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Waits long where many readers are still in their drivers.
    fn wait_for_drivers(&mut self) -> Result<(), Stopped> {
        // The keeper itself holds one.
        let blocked = Arc::strong_count(&self.blocked) - 1;
        let Some(more) = blocked.checked_sub(MANY_BLOCKED) else { return Ok(()) };
        self.become_lost(
            "the camera's driver does not answer; unplug the camera and plug it in again".into(),
        );
        let longer = 2u32.saturating_pow(u32::try_from(more).unwrap_or(u32::MAX));
        let pause = FIRST_BLOCKED_PAUSE.saturating_mul(longer).min(LONGEST_BLOCKED_PAUSE);
        let start = Instant::now();
        while start.elapsed() < pause && self.demand != Demand::Rest {
            // A driver that lets go may have its camera back.
            if Arc::strong_count(&self.blocked) - 1 < blocked {
                break;
            }
            self.wait(LONGEST_PAUSE.min(pause))?;
        }
        Ok(())
    }

    /// Opens the camera on a reader's thread and takes its frames until it is lost or not wanted.
    fn watch(&mut self) -> Left {
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
        let spawned = std::thread::Builder::new().name("camera-reader".into()).spawn(move || reader.read());
        if let Err(error) = spawned {
            let cause = format!("cannot start the camera's thread: {error}");
            return Left::Lost { cause, live_for: Duration::ZERO };
        }
        self.take_frames(&inbox)
    }

    fn take_frames(&mut self, inbox: &Receiver<Report>) -> Left {
        let mut watch = Watch { last_good: Instant::now(), live_since: None, refused: None };
        // The newest that has not been decoded, since nobody wanted it.
        let mut waiting = None;
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
                recv(self.demands) -> demand => match demand {
                    Err(_) => return Left::Stopped,
                    Ok(Demand::Rest) => {
                        self.demand = Demand::Rest;
                        return Left::Rest;
                    }
                    Ok(demand) => {
                        self.demand = demand;
                        if let Some(taken) = waiting.take().filter(|_| demand == Demand::Live) {
                            watch.saw(self.keep_frame(taken));
                        }
                    }
                },
                recv(inbox) -> report => match report {
                    // The first is always looked at: only a picture says that the camera is live.
                    Ok(Report::Shot(taken)) if self.demand == Demand::Live || watch.live_since.is_none() => {
                        watch.saw(self.keep_frame(taken));
                    }
                    Ok(Report::Shot(taken)) => {
                        watch.saw(Ok(()));
                        waiting = Some(taken);
                    }
                    Ok(Report::Refused(error)) => watch.refused = Some(error.to_string()),
                    Ok(Report::Ended(cause)) => return watch.lost(cause),
                    Err(_) => return watch.lost("the camera's thread has ended".into()),
                },
                default(patience - waited) => {}
            }
        }
    }

    fn stalled(&self, waited: Duration, refused: Option<&str>) -> String {
        let kind = self.config.kind;
        let device = self.shared.description().unwrap_or_else(|| kind.name().into());
        match refused {
            Some(cause) => {
                format!("{device}: every frame is refused: {cause}; {}", kind.cure_of_bad_frames())
            }
            None => CameraError::Stalled { device, waited, cure: kind.cure_of_stalls() }.to_string(),
        }
    }

    fn keep_frame(&self, taken: Taken) -> Result<(), String> {
        let Taken { shot, sequence, captured_at } = taken;
        let view = view::live(shot, &self.config).map_err(|error| {
            self.shared.count_refused();
            error.to_string()
        })?;
        let sharpness = quality::sharpness(&view.pixels);
        let view::View { pixels, field_of_view, encoded } = view;
        let frame = Arc::new(Frame { sequence, captured_at, pixels, field_of_view, encoded });
        if self.shared.keep(Kept { frame, sharpness }) {
            self.events.send(StreamEvent::State(CameraState::Live));
        }
        self.events.send(StreamEvent::Frame);
        Ok(())
    }

    fn become_lost(&self, cause: String) {
        let state = CameraState::Lost { cause: cause.clone() };
        if self.shared.lose(&state) {
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
    /// A frame was good, or refused with this cause.
    fn saw(&mut self, frame: Result<(), String>) {
        self.refused = frame.err();
        if self.refused.is_none() {
            self.last_good = Instant::now();
            self.live_since.get_or_insert(self.last_good);
        }
    }

    fn lost(&self, cause: String) -> Left {
        Left::Lost { cause, live_for: self.live_since.map_or(Duration::ZERO, |since| since.elapsed()) }
    }
}
