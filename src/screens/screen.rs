//! What there is to draw: the screens and what is on them.

use std::sync::Arc;

use crate::picture::Frame;
use crate::quality::Reason;
use crate::reading::{Capture, Reading, Saved};
use crate::verdict::Why;

/// One picture to draw on the panel.
#[derive(Clone, Debug)]
pub enum Screen {
    /// Start-up: the checks so far.
    SelfTest {
        /// One line each, from the top.
        checks: Vec<Check>,
    },
    /// The live picture with its ring, and what to do now.
    Viewfinder {
        /// The newest frame; none while the camera gives none.
        frame: Option<Arc<Frame>>,
        /// What to do now.
        hint: Hint,
    },
    /// The frozen capture while it is read.
    Analysing {
        /// The picture that is read.
        capture: Arc<Capture>,
    },
    /// A new result.
    Result {
        /// What was read.
        reading: Arc<Reading>,
        /// Whether it is on disk yet.
        saved: Saved,
        /// The page that is shown.
        page: Page,
    },
    /// The capture was refused. `held` is how far the button has been held towards using it anyway, 0 to 1.
    Retake {
        /// The picture that was refused.
        capture: Arc<Capture>,
        /// Why, worst first.
        reasons: Vec<Why>,
        /// From 0 (not held) to 1 (used).
        held: f32,
    },
    /// A past result: `age` places before the newest of `total`.
    History {
        /// What was read then.
        reading: Arc<Reading>,
        /// Why its picture cannot be shown, where it should be there.
        picture_fault: Option<String>,
        /// The record's number.
        sequence: u64,
        /// Places before the newest, which is 0.
        age: u64,
        /// How many records there are.
        total: u64,
        /// The page that is shown.
        page: Page,
    },
    /// A past result that cannot be shown, in its place among the others.
    Unreadable {
        /// Why, in words.
        cause: String,
        /// The record's number, where that much can be read.
        sequence: Option<u64>,
        /// Places before the newest, which is 0.
        age: u64,
        /// How many records there are.
        total: u64,
    },
    /// No past results yet.
    NoHistory,
    /// The lesions that are due to be looked at again, a line each, the earliest first.
    Due {
        /// The day, the case and the lesion.
        lesions: Arc<[String]>,
    },
    /// Something is broken: what, the technical cause, and what to do.
    Fault {
        /// What is broken, in a few words.
        title: String,
        /// The technical cause, such as a driver's message.
        cause: String,
        /// What the person can do about it.
        cure: String,
    },
    /// Which device this is, and its public key as a QR code.
    About {
        /// What it says of itself.
        about: About,
    },
    /// Whether to wipe the device. `countdown` runs while the button is held for it.
    Wipe {
        /// What would go.
        about: About,
        /// While the button is held for it.
        countdown: Option<Countdown>,
    },
    /// The device is being wiped.
    Wiping,
    /// What a panel must show if it is wired and configured right.
    TestCard,
    /// The device is off.
    Goodbye,
}

impl Screen {
    /// Whether it looks the same as another, without looking at a pixel: pictures and readings are the same where they
    /// are one.
    pub fn is_same(&self, other: &Self) -> bool {
        use Screen::*;
        match (self, other) {
            (SelfTest { checks }, SelfTest { checks: others }) => checks == others,
            (Viewfinder { frame, hint }, Viewfinder { frame: other, hint: other_hint }) => {
                let same = match (frame, other) {
                    (Some(frame), Some(other)) => Arc::ptr_eq(frame, other),
                    (None, None) => true,
                    _ => false,
                };
                same && hint == other_hint
            }
            (Analysing { capture }, Analysing { capture: other }) => Arc::ptr_eq(capture, other),
            (
                Result { reading, saved, page },
                Result { reading: other, saved: other_saved, page: other_page },
            ) => Arc::ptr_eq(reading, other) && (saved, page) == (other_saved, other_page),
            (
                Retake { capture, reasons, held },
                Retake { capture: other, reasons: other_reasons, held: other_held },
            ) => Arc::ptr_eq(capture, other) && (reasons, held) == (other_reasons, other_held),
            (
                History { reading, picture_fault, sequence, age, total, page },
                History {
                    reading: other,
                    picture_fault: fault,
                    sequence: number,
                    age: other_age,
                    total: of,
                    page: other_page,
                },
            ) => {
                Arc::ptr_eq(reading, other)
                    && (picture_fault, sequence, age, total, page)
                        == (fault, number, other_age, of, other_page)
            }
            (
                Unreadable { cause, sequence, age, total },
                Unreadable { cause: other, sequence: number, age: other_age, total: of },
            ) => (cause, sequence, age, total) == (other, number, other_age, of),
            (Fault { title, cause, cure }, Fault { title: other, cause: other_cause, cure: other_cure }) => {
                (title, cause, cure) == (other, other_cause, other_cure)
            }
            (Due { lesions }, Due { lesions: others }) => lesions == others,
            (About { about }, About { about: other }) => about == other,
            (Wipe { about, countdown }, Wipe { about: other, countdown: other_countdown }) => {
                (about, countdown) == (other, other_countdown)
            }
            (NoHistory, NoHistory) | (Wiping, Wiping) | (TestCard, TestCard) | (Goodbye, Goodbye) => true,
            _ => false,
        }
    }
}

/// What a device says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Its id.
    pub device: String,
    /// The public half of its key, in hexadecimal digits; empty where it has none.
    pub public_key: String,
    /// How many records it has.
    pub records: u64,
    /// How many of them have not left it with their pictures.
    pub only_here: u64,
}

/// How long a button must still be held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Countdown {
    /// Rounded up.
    pub seconds: u64,
    /// How much of it is done, from 0 to 1.
    pub share: f32,
}

/// A line of the start-up self-test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// "Model", "Camera", "Storage".
    pub name: String,
    /// How it went.
    pub state: CheckState,
}

/// How a check of the self-test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// It is under way.
    Running,
    /// It works.
    Passed,
    /// It works, but not with all that it could do: why, in a few words.
    Doubtful(String),
    /// Why, in a few words.
    Failed(String),
}

/// What the viewfinder says below the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The picture is good: press.
    Ready,
    /// Retake reasons of the live picture, the worst one.
    Improve(Reason),
    /// The camera is being opened: there is no picture yet.
    Starting,
    /// The camera gives no frames: the picture, if any, is stale and must not look live.
    NoSignal,
}

/// The pages of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The verdict, P(malignant), the three likeliest classes, saved or not.
    Reading,
    /// The same lesion before and now, where it was seen before.
    Compare,
    /// The picture with where the network looked.
    Attention,
    /// Quality, doubts, model, timings.
    Details,
}

impl Page {
    /// Every page, in the order that presses go through them.
    pub const ALL: [Page; 4] = [Page::Reading, Page::Compare, Page::Attention, Page::Details];

    /// The pages that a result has.
    pub fn of(reading: &Reading) -> Vec<Page> {
        let compares = reading.capture.earlier.is_some();
        Self::ALL.into_iter().filter(|page| *page != Page::Compare || compares).collect()
    }
}
