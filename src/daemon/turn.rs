//! The main thread's turns: each takes what happened, steps the state machine, carries out its effects and
//! has the screen painted.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, select};

use super::analyst::Job;
use super::archivist::{Archivist, Deed};
use super::notices::{Inputs, Notice};
use super::painter::{Painter, Painting};
use super::supervisor::Supervisor;
use crate::buttons::{Button, Edge, Gestures};
use crate::camera::{CameraState, Stream, StreamEvent};
use crate::case::Case;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{Base, Told, Wish};
use crate::device::{self, Effect, Event, Live, Part, State};
use crate::light::Light;
use crate::picture;
use crate::picture::{Frame, Region};
use crate::power::{self, Charge};
use crate::quality::{self, QualityConfig};
use crate::reading::Capture;
use crate::screens::{Hint, Status};
use crate::usb;

/// How often a button that is held is looked at, so that the fill on the screen moves smoothly.
const HOLD_PACE: Duration = Duration::from_millis(50);
/// How long a turn waits at most when nothing happens.
const LONGEST_TURN: Duration = Duration::from_millis(500);
/// How often the live picture's quality is judged.
const HINT_PACE: Duration = Duration::from_millis(250);
/// How often a host is looked for on the USB cable.
const USB_PACE: Duration = Duration::from_secs(1);
/// How long the camera may take for its first frame in the self-test.
const CAMERA_PATIENCE: Duration = Duration::from_secs(8);

/// The device as the daemon runs it.
pub struct Device {
    state: State,
    pending: VecDeque<Event>,
    gestures: Gestures,
    quality: QualityConfig,
    sleep_after: Option<Duration>,
    power_off: Vec<String>,
    stream: Stream,
    painter: Painter,
    analyst: Sender<Job>,
    archivist: Archivist,
    light: Light,
    /// When the light last changed, by the stream's clock.
    lit_at: Duration,
    clock: Clock,
    remote: Base,
    /// What the next captures are of.
    case: Case,
    /// What links said, until it holds.
    wishes: Vec<Wish>,
    battery: power::Watch,
    status: Status,
    hint: Hint,
    started: Instant,
    touched_at: Instant,
    hinted_at: Instant,
    /// What the screen says while a host is on the USB cable, and when it was last looked for.
    usb_words: String,
    usb_looked_at: Instant,
    /// The self-test waits for the camera's first frame until then.
    camera_deadline: Option<Instant>,
    /// The press that the capture at hand came from.
    pressed_at: Option<Instant>,
    /// When the analyst was given what it has not answered yet.
    asked_at: Option<Instant>,
    supervisor: Supervisor,
    /// What the painter was given last, and when.
    painted: Option<(Painting, Instant)>,
    shutting_down: bool,
}

impl Device {
    pub fn new(
        config: &Config,
        stream: Stream,
        painter: Painter,
        analyst: Sender<Job>,
        archivist: Archivist,
        remote: Base,
    ) -> Self {
        let now = Instant::now();
        let (state, effects) = device::start();
        let mut device = Self {
            state,
            pending: VecDeque::new(),
            gestures: Gestures::new(&config.buttons),
            quality: config.quality.clone(),
            sleep_after: (config.device.sleep_after_s > 0)
                .then(|| Duration::from_secs(config.device.sleep_after_s.into())),
            power_off: config.device.power_off.clone(),
            stream,
            painter,
            analyst,
            archivist,
            light: Light::new(&config.light),
            lit_at: Duration::ZERO,
            clock: Clock::default(),
            remote,
            case: Case::default(),
            wishes: Vec::new(),
            battery: power::Watch::new(&config.battery),
            status: Status::default(),
            hint: Hint::NoSignal,
            started: now,
            touched_at: now,
            hinted_at: now,
            usb_words: config.usb_words(),
            usb_looked_at: now,
            camera_deadline: None,
            pressed_at: None,
            asked_at: None,
            supervisor: Supervisor::new(),
            painted: None,
            shutting_down: false,
        };
        device.paint();
        effects.into_iter().for_each(|effect| device.carry_out(effect));
        device
    }

    /// Turns until the device is off or asked to stop; an error where it cannot go on.
    pub fn turn_until_off(&mut self, inputs: &Inputs) -> anyhow::Result<()> {
        let stream = self.stream.events().clone();
        self.supervisor.ready();
        while !matches!(self.state, State::Off) {
            select! {
                recv(inputs.stop) -> _ => return Ok(()),
                recv(inputs.edges) -> edge => match edge {
                    Ok((edge, at)) => self.edge(edge, at),
                    Err(_) => rest(),
                },
                recv(inputs.inbox) -> notice => match notice {
                    Ok(notice) => self.notice(notice),
                    // Every worker has ended, which none does by itself: better to be started anew.
                    Err(_) => anyhow::bail!("the workers have stopped"),
                },
                recv(inputs.wishes) -> wish => match wish {
                    Ok(wish) => {
                        // Who pressed before it was said pressed for the case before.
                        inputs.edges.try_iter().for_each(|(edge, at)| self.edge(edge, at));
                        self.wish(wish);
                    }
                    Err(_) => rest(),
                },
                recv(inputs.charges) -> charge => match charge {
                    Ok(charge) => self.charge(charge),
                    Err(_) => rest(),
                },
                recv(stream) -> event => match event {
                    Ok(event) => self.camera(event),
                    Err(_) => rest(),
                },
                default(self.patience()) => {}
            }
            // What came while the last turn took its time comes before what time alone brings about.
            inputs.edges.try_iter().for_each(|(edge, at)| self.edge(edge, at));
            self.tick();
            self.settle();
            self.paint();
            self.tell();
            self.supervisor.turned(&[
                ("analyst", self.asked_at.map(|asked_at| asked_at.elapsed())),
                ("painter", self.painter.at_it()),
            ]);
        }
        Ok(())
    }

    /// Shows the last screen, finishes what is being written and switches off where the person asked for it.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.supervisor.stopping();
        self.state = State::Off;
        self.paint();
        self.archivist.finish();
        self.painter.finish();
        if self.shutting_down { power::off(&self.power_off) } else { Ok(()) }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn patience(&self) -> Duration {
        let now = self.now();
        let due = self.gestures.next_due().map_or(LONGEST_TURN, |due| due.saturating_sub(now));
        let pace = if self.gestures.held(now).is_some() { HOLD_PACE } else { LONGEST_TURN };
        due.min(pace)
    }

    fn edge(&mut self, edge: Edge, at: Instant) {
        self.touched_at = Instant::now();
        let gestures = self.gestures.edge(edge, at.saturating_duration_since(self.started));
        self.pending.extend(gestures.into_iter().map(Event::Gesture));
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Event(event) => {
                if is_of_analyst(&event) {
                    self.asked_at = None;
                }
                self.pending.push_back(event);
            }
            Notice::Records(count) => self.status.records = count,
            Notice::Warning(warning) => self.status.warning = warning,
        }
    }

    fn wish(&mut self, wish: Wish) {
        self.touched_at = Instant::now();
        self.pending.push_back(Event::Case(wish.case.clone()));
        self.wishes.push(wish);
    }

    /// Tells the links how it stands, and those who said something that it holds.
    fn tell(&mut self) {
        let (case, battery, light) = (self.case.clone(), self.status.battery, self.light.lit());
        self.remote.tell(Told { case, battery, light });
        self.wishes.drain(..).for_each(Wish::done);
    }

    fn charge(&mut self, charge: Option<Charge>) {
        self.status.battery = charge.map(|charge| self.battery.judge(charge));
        if self.battery.is_empty(charge) {
            tracing::warn!("the battery is empty: switching off");
            self.pending.push_back(Event::BatteryEmpty);
        }
    }

    fn camera(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::Frame => {
                if self.camera_deadline.take().is_some() {
                    self.pending.push_back(Event::Checked(Part::Camera, Ok(())));
                }
                self.pending.push_back(Event::CameraBack);
            }
            StreamEvent::State(CameraState::Lost { cause }) => {
                self.hint = Hint::NoSignal;
                if self.camera_deadline.take().is_some() {
                    self.pending.push_back(Event::Checked(Part::Camera, Err(cause.clone())));
                }
                self.pending.push_back(Event::CameraLost(cause));
            }
            StreamEvent::State(_) => {}
        }
    }

    /// What comes about by time alone.
    fn tick(&mut self) {
        let gestures = self.gestures.tick(self.now());
        self.pending.extend(gestures.into_iter().map(Event::Gesture));
        if self.camera_deadline.is_some_and(|deadline| Instant::now() > deadline) {
            self.camera_deadline = None;
            let cause = format!("no frame within {} s", CAMERA_PATIENCE.as_secs());
            self.pending.push_back(Event::Checked(Part::Camera, Err(cause)));
        }
        if self.usb_looked_at.elapsed() > USB_PACE {
            self.usb_looked_at = Instant::now();
            let connected = usb::is_connected(Path::new(usb::CONTROLLERS), Path::new(usb::CONFIGFS));
            self.status.usb = connected.then(|| self.usb_words.clone());
        }
        if self.sleep_after.is_some_and(|after| self.touched_at.elapsed() > after) {
            self.touched_at = Instant::now();
            self.pending.push_back(Event::Idle);
        }
    }

    /// Steps through everything that has happened, and what its effects bring about at once.
    fn settle(&mut self) {
        while let Some(event) = self.pending.pop_front() {
            let state = std::mem::replace(&mut self.state, State::Off);
            let (state, effects) = device::step(state, event);
            self.state = state;
            if matches!(self.state, State::Retake { .. }) {
                // What a person does now is not the device's time.
                self.pressed_at = None;
            }
            effects.into_iter().for_each(|effect| self.carry_out(effect));
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Check(Part::Model) => self.ask(Job::Load),
            Effect::Check(Part::Storage | Part::Records) => self.archive(Deed::Open),
            Effect::Check(Part::Camera) => self.camera_deadline = Some(Instant::now() + CAMERA_PATIENCE),
            Effect::Capture => {
                self.pressed_at = Some(Instant::now());
                let event =
                    self.capture().map_or(Event::NoFrame, |capture| Event::Captured(Arc::new(capture)));
                self.pending.push_back(event);
            }
            Effect::Analyse(capture) => self.ask(Job::Analyse(capture)),
            Effect::AnalyseAnyway(capture) => {
                self.pressed_at = Some(Instant::now());
                self.ask(Job::AnalyseAnyway(capture));
            }
            Effect::Save(reading) => self.archive(Deed::Save(reading)),
            Effect::Recall(age) => self.archive(Deed::Recall(age)),
            Effect::Seen => self.archive(Deed::Seen),
            Effect::SwitchRing => self.light.switch(),
            Effect::Case(case) => self.case = case,
            Effect::AskCamera => {
                if let CameraState::Lost { cause } = self.stream.state() {
                    self.pending.push_back(Event::CameraLost(cause));
                }
            }
            Effect::ShutDown => self.shutting_down = true,
        }
    }

    fn ask(&mut self, job: Job) {
        self.asked_at = Some(Instant::now());
        if self.analyst.send(job).is_err() {
            self.pending.push_back(Event::ReadFailed("the analyst has stopped".into()));
        }
    }

    fn archive(&mut self, deed: Deed) {
        if let Err(unsent) = self.archivist.deeds.send(deed) {
            tracing::error!("the archivist has stopped; not done: {:?}", unsent.into_inner());
        }
    }

    /// The sharpest of the last frames, as a capture.
    fn capture(&self) -> Option<Capture> {
        let frame = self.stream.sharpest(self.lit_at)?;
        let (captured_at, clock_set) = self.clock.now();
        // A frame from before the light changed was lit by another, or by none.
        let light = self.light.lit().filter(|_| frame.captured_at >= self.lit_at);
        let (encoded, field_of_view) = match &frame.encoded {
            Some(encoded) => (encoded.clone(), frame.field_of_view),
            None => (picture::encode_png(&frame.pixels).ok()?, whole(&frame)),
        };
        let full = frame.full().inspect_err(|error| tracing::error!("the frame cannot be taken: {error}"));
        let (pixels, case) = (full.ok()?, self.case.clone());
        Some(Capture { pixels, encoded, field_of_view, captured_at, clock_set, light, case })
    }

    fn paint(&mut self) {
        self.shine();
        self.stream.want(device::demand(&self.state));
        let frame = self.stream.newest();
        self.judge(frame.as_deref());
        let towards = self.gestures.towards_long(self.now());
        let held = towards.filter(|(button, _)| *button == Button::Main).map_or(0.0, |(_, share)| share);
        let live = Live { frame, hint: self.hint, held };
        let screen = device::screen(&self.state, &live);
        let (case, ring) = (self.case.clone(), self.light.choice());
        let status = Status { case, ring, ..self.status.clone() };
        let painting = Painting { screen, status, pressed_at: self.pressed_at };
        // A screen that stands still costs nothing; a live picture is renewed, or it counts as stale.
        let renewed = self.painted.as_ref().is_some_and(|(last, at)| {
            last.is_same(&painting) && !(painting.is_live() && at.elapsed() >= LONGEST_TURN)
        });
        if !renewed {
            self.painter.paint(painting.clone());
            self.painted = Some((painting, Instant::now()));
        }
    }

    /// Lights the ring while a picture may be taken.
    fn shine(&mut self) {
        let before = self.light.lit();
        self.light.set(device::is_lit(&self.state));
        if self.light.lit() != before {
            self.lit_at = self.stream.now();
        }
    }

    /// Judges the live picture now and then, for the viewfinder's hint.
    fn judge(&mut self, frame: Option<&Frame>) {
        let Some(frame) = frame else {
            let is_lost = matches!(self.stream.state(), CameraState::Lost { .. });
            self.hint = if is_lost { Hint::NoSignal } else { Hint::Starting };
            return;
        };
        let due =
            matches!(self.hint, Hint::NoSignal | Hint::Starting) || self.hinted_at.elapsed() >= HINT_PACE;
        if due && matches!(self.state, State::Viewfinder) {
            self.hinted_at = Instant::now();
            let quality = quality::measure(&frame.pixels, &self.quality);
            self.hint = quality.reasons.first().map_or(Hint::Ready, |reason| Hint::Improve(*reason));
        }
    }
}

/// Whether it answers a job of the analyst's, who takes one after the other.
fn is_of_analyst(event: &Event) -> bool {
    matches!(
        event,
        Event::Checked(Part::Model, _) | Event::Refused(..) | Event::Read(_) | Event::ReadFailed(_)
    )
}

/// A channel that has closed is readable at once, always: do not turn as fast as the CPU allows.
fn rest() {
    std::thread::sleep(HOLD_PACE);
}

fn whole(frame: &Frame) -> Region {
    Region { x: 0, y: 0, width: frame.pixels.width(), height: frame.pixels.height() }
}
