//! Screens: what the device shows, each drawn once into a canvas of any size.

mod analysing;
mod attention;
mod details;
mod fault;
mod goodbye;
mod history;
mod icons;
mod ink;
mod picture;
mod result;
mod retake;
mod self_test;
mod test_card;
mod text;
mod theme;
mod viewfinder;
mod widgets;
mod words;

use std::sync::Arc;

use embedded_graphics::geometry::Dimensions;

use crate::case::Case;
use crate::light::Ring;
use crate::panel::Canvas;
use crate::picture::Frame;
use crate::power::Battery;
use crate::quality::Reason;
use crate::reading::{Capture, Reading, Saved};
use theme::Cut;

/// One picture to draw on the panel.
#[derive(Clone, Debug)]
pub enum Screen {
    /// Start-up: the checks so far.
    SelfTest {
        checks: Vec<Check>,
    },
    /// The live picture with its ring, and what to do now.
    Viewfinder {
        frame: Option<Arc<Frame>>,
        hint: Hint,
    },
    /// The frozen capture while it is read.
    Analysing {
        capture: Arc<Capture>,
    },
    Result {
        reading: Arc<Reading>,
        saved: Saved,
        page: Page,
    },
    /// The capture was refused. `held` is how far the button has been held towards using it anyway, 0 to 1.
    Retake {
        capture: Arc<Capture>,
        reasons: Vec<Refusal>,
        held: f32,
    },
    /// A past result: `age` places before the newest of `total`.
    History {
        reading: Arc<Reading>,
        sequence: u64,
        age: u64,
        total: u64,
        page: Page,
    },
    /// No past results yet.
    NoHistory,
    /// Something is broken: what, the technical cause, and what to do.
    Fault {
        title: String,
        cause: String,
        cure: String,
    },
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
                History { reading, sequence, age, total, page },
                History { reading: other, sequence: number, age: other_age, total: of, page: other_page },
            ) => {
                Arc::ptr_eq(reading, other)
                    && (sequence, age, total, page) == (number, other_age, of, other_page)
            }
            (Fault { title, cause, cure }, Fault { title: other, cause: other_cause, cure: other_cure }) => {
                (title, cause, cure) == (other, other_cause, other_cure)
            }
            (NoHistory, NoHistory) | (TestCard, TestCard) | (Goodbye, Goodbye) => true,
            _ => false,
        }
    }
}

/// A line of the start-up self-test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// "Model", "Camera", "Storage".
    pub name: String,
    pub state: CheckState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckState {
    Running,
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

/// Why a capture was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Quality(Reason),
    /// The network knows nothing like it.
    OutOfDistribution,
}

/// The pages of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The verdict, P(malignant), the three likeliest classes, saved or not.
    Reading,
    /// The picture with where the network looked.
    Attention,
    /// Quality, doubts, model, timings.
    Details,
}

impl Page {
    pub const ALL: [Page; 3] = [Page::Reading, Page::Attention, Page::Details];
}

/// What every screen shows along its edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Records on the device.
    pub records: u64,
    /// A warning that outlives screens, such as "Disk full".
    pub warning: Option<String>,
    /// The battery, where there is one.
    pub battery: Option<Battery>,
    /// The ring of LEDs in use, where there are two to choose from.
    pub ring: Option<Ring>,
    /// What the next captures are of.
    pub case: Case,
    /// What a host on the USB cable finds the device by, while there is one, such as "USB 169.254.55.1".
    pub usb: Option<String>,
}

impl Status {
    /// What the strip along the bottom says, if anything; an empty battery is the more urgent.
    fn strip(&self) -> Option<String> {
        let low = self.battery.filter(|battery| battery.low);
        low.map(|battery| format!("Battery {} %: charge", battery.charge.percent)).or(self.warning.clone())
    }
}

/// Draws a screen over the whole canvas. Made for 96 by 96 pixels and more.
pub fn draw(screen: &Screen, status: &Status, canvas: &mut Canvas) {
    let mut area = canvas.bounding_box();
    widgets::block(canvas, area, theme::BACKGROUND);
    if let Some(warning) = status.strip() {
        let strip = area.cut_bottom((area.size.height / 12).max(14));
        widgets::warning_strip(canvas, strip, &warning);
    } else if let Some(usb) = &status.usb {
        let strip = area.cut_bottom((area.size.height / 14).max(12));
        widgets::note_strip(canvas, strip, usb);
    }
    match screen {
        Screen::SelfTest { checks } => self_test::draw(canvas, area, checks),
        Screen::Viewfinder { frame, hint } => {
            viewfinder::draw(canvas, area, frame.as_deref(), *hint, status);
        }
        Screen::Analysing { capture } => analysing::draw(canvas, area, capture),
        Screen::Result { reading, saved, page } => {
            result::draw(canvas, area, &result::View { reading, standing: saved.into(), page: *page });
        }
        Screen::Retake { capture, reasons, held } => retake::draw(canvas, area, capture, reasons, *held),
        Screen::History { reading, sequence, age, total, page } => {
            let standing = result::Standing::Past { sequence: *sequence, place: age + 1, total: *total };
            result::draw(canvas, area, &result::View { reading, standing, page: *page });
        }
        Screen::NoHistory => history::draw_empty(canvas, area),
        Screen::Fault { title, cause, cure } => fault::draw(canvas, area, title, cause, cure),
        Screen::TestCard => test_card::draw(canvas, area),
        Screen::Goodbye => goodbye::draw(canvas, area),
    }
}
