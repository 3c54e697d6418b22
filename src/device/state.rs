//! What the device can be doing, what happens to it, and what is to be done.

use std::sync::Arc;

use super::note::Note;
use crate::buttons::Gesture;
use crate::case::Case;
use crate::classifier::Setting;
use crate::reading::{Capture, Reading, Saved};
use crate::screens::{About, Check, Page};

/// What the device is doing.
#[derive(Clone, Debug)]
pub enum State {
    /// Starting: the checks so far, in the order of [`CHECKS`].
    SelfTest {
        /// One for each of [`CHECKS`].
        checks: Vec<Check>,
    },
    /// Showing the live picture, waiting for a press.
    Viewfinder,
    /// Reading a capture.
    Analysing {
        /// What is read.
        capture: Arc<Capture>,
    },
    /// The capture was refused; its reading is kept only if the person uses it anyway.
    Retake {
        /// What was read of it; its judgement says why it was refused.
        reading: Arc<Reading>,
    },
    /// Showing a new result.
    Result {
        /// What was read.
        reading: Arc<Reading>,
        /// Whether it is on disk yet.
        saved: Saved,
        /// Which page of it is shown.
        page: Page,
    },
    /// Showing a past result.
    History {
        /// The record that is shown.
        past: Past,
        /// Which page of it is shown.
        page: Page,
    },
    /// There are no past results yet.
    NoHistory,
    /// Showing which lesions are due to be looked at again, a line each, the earliest first.
    Due {
        /// The day, the case and the lesion.
        lesions: Arc<[String]>,
    },
    /// Saying which device this is.
    About(About),
    /// Asking whether to wipe it. It counts down once the button was let go and is held anew.
    Wipe {
        /// What would go.
        about: About,
        /// Whether the button that is held counts.
        counting: bool,
    },
    /// Being wiped.
    Wiping,
    /// Something is broken.
    Fault(Fault),
    /// Dark, to save power, until a button is pressed.
    Asleep,
    /// Shut down.
    Off,
}

/// A record as the history shows it.
#[derive(Clone, Debug)]
pub struct Past {
    /// What was read, or why it cannot be shown.
    pub shown: Result<PastReading, String>,
    /// The record's number, where that much can be read.
    pub sequence: Option<u64>,
    /// Places before the newest, which is 0.
    pub age: u64,
    /// How many records there are.
    pub total: u64,
}

impl Past {
    /// What was read, where it can be shown.
    pub(super) fn reading(&self) -> Option<&Reading> {
        self.shown.as_ref().ok().map(|past| past.reading.as_ref())
    }
}

/// A past reading, and what has become of its picture.
#[derive(Clone, Debug)]
pub struct PastReading {
    /// What the record says was read, with its picture where that can be shown.
    pub reading: Arc<Reading>,
    /// Why the picture cannot be shown, where it should be there.
    pub picture_fault: Option<String>,
}

/// Something that keeps the device from its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The part that failed.
    pub part: Part,
    /// The technical cause.
    pub cause: String,
    /// What else is wrong: told after a press.
    pub then: Vec<Fault>,
}

impl Fault {
    pub(super) fn new(part: Part, cause: String) -> Self {
        Self { part, cause, then: Vec::new() }
    }
}

/// The parts that are tested at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The configuration.
    Settings,
    /// The network and its manifest.
    Model,
    /// What records are saved to: its disk, folder and database.
    Storage,
    /// The camera.
    Camera,
    /// What is kept: not tested at the start, but looked at with the storage.
    Records,
}

/// The self-test, in the order it is shown.
pub const CHECKS: [Part; 4] = [Part::Settings, Part::Model, Part::Storage, Part::Camera];

impl Part {
    /// Its name on the screen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::Model => "Model",
            Self::Storage => "Storage",
            Self::Camera => "Camera",
            Self::Records => "Records",
        }
    }
}

/// What happens to the device.
#[derive(Clone, Debug)]
pub enum Event {
    /// A part answered its test.
    Checked(Part, Result<(), String>),
    /// A person did something with a button.
    Gesture(Gesture),
    /// The camera gives no frames any more.
    CameraLost(String),
    /// The camera gives frames again.
    CameraBack,
    /// A press found no fresh frame to take.
    NoFrame,
    /// The sharpest of the last frames was taken.
    Captured(Arc<Capture>),
    /// The capture was examined.
    Read(Arc<Reading>),
    /// The network failed on the capture.
    ReadFailed(String),
    /// The store answered for a reading.
    Stored(Arc<Reading>, Saved),
    /// The history answered: the record of that age, if there is one.
    Recalled(u64, Option<Past>),
    /// The store answered which lesions are due to be looked at again, a line each.
    DueListed(Arc<[String]>),
    /// The store cannot show a record.
    RecallFailed(String),
    /// What the device says of itself, or why it cannot.
    Introduced(Result<About, String>),
    /// The device was wiped, or why something is left.
    Wiped(Result<(), String>),
    /// The records are not as they were left, and no person has seen that yet. Said again until one has.
    Found(String),
    /// Somebody says what the next captures are of.
    Case(Case),
    /// Somebody says how they are read.
    Setting(Setting),
    /// The record of that number is no more.
    Deleted(u64),
    /// Nobody has touched the device for a while.
    Idle,
    /// The battery will not last much longer.
    BatteryEmpty,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Test this part; answered by [`Event::Checked`].
    Check(Part),
    /// Take the sharpest of the last frames; answered by [`Event::Captured`] or [`Event::NoFrame`].
    Capture,
    /// Examine a capture; answered by [`Event::Read`] or [`Event::ReadFailed`].
    Analyse(Arc<Capture>),
    /// Make it durable; answered by [`Event::Stored`], more than once where saving is tried again.
    Save(Arc<Reading>),
    /// Load the record of this age; answered by [`Event::Recalled`] or [`Event::RecallFailed`].
    Recall(u64),
    /// List which lesions are due; answered by [`Event::DueListed`] or [`Event::RecallFailed`].
    ListDue,
    /// Say which device this is; answered by [`Event::Introduced`].
    Introduce,
    /// Erase all that is kept; answered by [`Event::Wiped`].
    Wipe,
    /// A person has seen what was found of the records.
    Seen,
    /// Light the other ring, where there is one.
    SwitchRing,
    /// Captures are of this from now on.
    Case(Case),
    /// They are read by this from now on.
    Setting(Setting),
    /// They are decided at the model's next operating point from now on.
    NextPoint,
    /// They are read as the configuration says again.
    RestoreSetting,
    /// Answer a press that changes nothing on the screen.
    Say(Note),
    /// Say it again if the camera is lost: the viewfinder is shown anew.
    AskCamera,
    /// Finish what is being written and stop.
    ShutDown,
}
