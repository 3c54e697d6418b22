//! The main thread's turns: each takes what happened, steps the state machine, carries out its effects and
//! has the screen painted.

mod effects;
mod show;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, select};

use super::analyst::Job;
use super::archivist::{Archivist, StoreTask};
use super::notices::{Inputs, Notice};
use super::painter::{Painter, Painting};
use super::settings::Settings;
use super::supervisor::Supervisor;
use crate::buttons::{Edge, Gestures};
use crate::camera::{CameraState, Stream, StreamEvent};
use crate::case::Case;
use crate::clock::Clock;
use crate::config::{ConfigError, Loaded};
use crate::control::{Change, ChangeRequest, DeviceEnd, DeviceState};
use crate::device::{self, Event, Note, Part, State};
use crate::health::Parts;
use crate::light::Light;
use crate::power::{self, Charge};
use crate::quality::QualityConfig;
use crate::reading::{Earlier, Saved};
use crate::screens::{Hint, Status};
use crate::signal::Signal;
use crate::usb;

/// How often a button that is held is looked at, so that the fill on the screen moves smoothly.
const HOLD_PACE: Duration = Duration::from_millis(50);
/// How long a turn waits at most when nothing happens.
const LONGEST_TURN: Duration = Duration::from_millis(500);
/// And while the device is asleep: what happens wakes it at once.
const LONGEST_REST: Duration = Duration::from_secs(2);
/// How often the live picture's quality is judged.
const HINT_PACE: Duration = Duration::from_millis(250);
/// How soon a live picture is signalled to be good again: it may be so now and then not.
const READY_PACE: Duration = Duration::from_secs(3);
/// How long the screen answers a press that changes nothing else.
const NOTE_LASTS: Duration = Duration::from_millis(2500);
/// How often it is looked whether the record that is shown is still there.
const RECORD_PACE: Duration = Duration::from_secs(2);
/// How often a host is looked for on the USB cable.
const USB_PACE: Duration = Duration::from_secs(1);
/// How long the camera may take for its first frame in the self-test.
const CAMERA_PATIENCE: Duration = Duration::from_secs(8);

/// How long the model may take to load, and the store to open, in the self-test.
const MODEL_PATIENCE: Duration = Duration::from_secs(60);
const STORAGE_PATIENCE: Duration = Duration::from_secs(20);
/// How long the archivist may be at one thing: a worn card takes seconds for a write.
const CARD_PATIENCE: Duration = Duration::from_secs(15);
const CARD_HANGS: &str = "the card does not answer";

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
    signal: Signal,
    /// When a live picture was last signalled to be good.
    ready_at: Option<Instant>,
    /// When the light last changed, by the stream's clock.
    lit_at: Duration,
    clock: Clock,
    remote: DeviceEnd,
    /// What the next captures are of.
    case: Case,
    /// The newest reading of its lesion.
    earlier: Option<Arc<Earlier>>,
    /// How the next captures are read.
    settings: Settings,
    /// What the screen says for a moment, and since when.
    note: Option<(Note, Instant)>,
    /// When the store was last asked for the record that is shown.
    looked_for_at: Instant,
    /// What links said, until it holds.
    changes: Vec<ChangeRequest>,
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
    /// What else the self-test waits for, and until when.
    answers_due: Vec<(Part, Instant)>,
    /// What was left out of the configuration, in words.
    left_out: Option<String>,
    /// The last that was asked of the store failed.
    is_storage_broken: bool,
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
        loaded: &Loaded,
        https: Option<String>,
        stream: Stream,
        painter: Painter,
        analyst: Sender<Job>,
        archivist: Archivist,
        remote: DeviceEnd,
    ) -> Self {
        let Loaded { config, problems } = loaded;
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
            signal: Signal::start(&config.signal, remote.health.clone()),
            ready_at: None,
            lit_at: Duration::ZERO,
            clock: Clock::default(),
            remote,
            case: Case::default(),
            earlier: None,
            settings: Settings::new(config.model.setting()),
            note: None,
            looked_for_at: now,
            changes: Vec::new(),
            battery: power::Watch::new(&config.battery),
            status: Status { https, ..Status::default() },
            hint: Hint::NoSignal,
            started: now,
            touched_at: now,
            hinted_at: now,
            usb_words: config.usb_words(),
            usb_looked_at: now,
            camera_deadline: None,
            answers_due: Vec::new(),
            left_out: left_out(problems),
            is_storage_broken: false,
            pressed_at: None,
            asked_at: None,
            supervisor: Supervisor::new(),
            painted: None,
            shutting_down: false,
        };
        device.remote.health.trouble("settings", problems.first().map(ConfigError::brief));
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
                recv(inputs.changes) -> change => match change {
                    Ok(change) => {
                        // Who pressed before it was said pressed for the case before.
                        inputs.edges.try_iter().for_each(|(edge, at)| self.edge(edge, at));
                        self.change(change);
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
        let longest = if matches!(self.state, State::Asleep) { LONGEST_REST } else { LONGEST_TURN };
        let due = self.gestures.next_due().map_or(longest, |due| due.saturating_sub(now));
        let pace = if self.gestures.held(now).is_some() { HOLD_PACE } else { longest };
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
                match &event {
                    Event::Checked(part, outcome) => {
                        self.answers_due.retain(|(due, _)| due != part);
                        if *part == Part::Storage {
                            self.is_storage_broken = outcome.is_err();
                        }
                    }
                    Event::Stored(_, saved) => self.is_storage_broken = matches!(saved, Saved::Failed(_)),
                    _ => {}
                }
                if is_of_analyst(&event) {
                    self.asked_at = None;
                }
                self.pending.push_back(event);
            }
            Notice::Records(count) => self.status.records = count,
            // What was asked for another case comes too late.
            Notice::Earlier(case, earlier) if case == self.case => self.earlier = earlier,
            Notice::Earlier(..) => {}
            Notice::Due(count) => self.status.due = count,
            Notice::Model(known) => self.settings.model = known,
            Notice::Warning(warning) => self.status.warning = warning,
        }
    }

    fn change(&mut self, change: ChangeRequest) {
        self.touched_at = Instant::now();
        let event = match change.change.clone() {
            Change::Case(case) => Event::Case(case),
            Change::Setting(setting) => match self.settings.model.allows(&setting) {
                Ok(()) => Event::Setting(setting),
                Err(why) => return change.refuse(why),
            },
        };
        self.pending.push_back(event);
        self.changes.push(change);
    }

    /// Tells the links how it stands, and those who said something that it holds.
    fn tell(&mut self) {
        let is_lost = matches!(self.stream.state(), CameraState::Lost { .. });
        let is_storage_broken = self.is_storage_broken || self.card_hangs();
        let parts = [("camera", is_lost), ("records", is_storage_broken)];
        let broken = parts.into_iter().filter(|(_, broken)| *broken).map(|(part, _)| part).collect();
        self.remote.health.turned(Parts { broken, frames_refused: self.stream.refused() });
        let (case, battery, light) = (self.case.clone(), self.status.battery, self.light.lit());
        let Settings { now: setting, model, .. } = self.settings.clone();
        let operating_points = model.operating_points;
        let https = self.status.https.clone();
        self.remote.tell(DeviceState { case, battery, light, setting, operating_points, https });
        self.changes.drain(..).for_each(ChangeRequest::done);
    }

    /// Whether the archivist has been at one thing for longer than any card takes that still works. A restart does not
    /// help a card and would lose what waits for it, so the watchdog is fed and the screen says so.
    fn card_hangs(&self) -> bool {
        self.archivist.at_it.elapsed().is_some_and(|time| time > CARD_PATIENCE)
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
        if self.looked_for_at.elapsed() > RECORD_PACE {
            self.looked_for_at = Instant::now();
            if !matches!(self.state, State::Asleep) {
                self.archive(StoreTask::Look(device::shown_record(&self.state)));
            }
        }
        let now = Instant::now();
        let overdue: Vec<_> = self.answers_due.extract_if(.., |(_, due)| now > *due).collect();
        for (part, _) in overdue {
            let cause = if part == Part::Storage { CARD_HANGS } else { "no answer" };
            self.pending.push_back(Event::Checked(part, Err(cause.into())));
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
            let before = self.state.clone();
            let (state, effects) = device::step(std::mem::replace(&mut self.state, State::Off), event);
            self.state = state;
            if let Some(cue) = device::cue(&before, &self.state) {
                self.signal.give(cue);
            }
            if matches!(self.state, State::Retake { .. }) {
                // What a person does now is not the device's time.
                self.pressed_at = None;
            }
            effects.into_iter().for_each(|effect| self.carry_out(effect));
        }
    }
}

/// What was left out of the configuration: the first, and how many more there are.
fn left_out(problems: &[ConfigError]) -> Option<String> {
    let (first, others) = problems.split_first()?;
    Some(match others.len() {
        0 => first.to_string(),
        more => format!("{first} (and {more} more)"),
    })
}

/// Whether it answers a job of the analyst's, who takes one after the other.
fn is_of_analyst(event: &Event) -> bool {
    matches!(event, Event::Checked(Part::Model, _) | Event::Read(_) | Event::ReadFailed(_))
}

/// A channel that has closed is readable at once, always: do not turn as fast as the CPU allows.
fn rest() {
    std::thread::sleep(HOLD_PACE);
}
