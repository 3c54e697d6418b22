//! From the device's state to the screen that shows it.

use std::sync::Arc;

use super::state::{Fault, Part, Past, PastReading, State};
use crate::camera::Demand;
use crate::picture::Frame;
use crate::screens::{Countdown, Hint, Screen};

/// What changes while a state stays: the live picture and the button that is being held.
#[derive(Clone, Debug)]
pub struct Live {
    /// The newest frame; none while the camera gives none.
    pub frame: Option<Arc<Frame>>,
    /// What to do now, for the line below the picture.
    pub hint: Hint,
    /// How far the main button has been held towards a long press, from 0 to 1.
    pub held: f32,
    /// How long it must still be held for the longest press; none while it is up.
    pub countdown: Option<Countdown>,
}

/// The screen for a state; `None` when the panel is dark.
pub fn screen(state: &State, live: &Live) -> Option<Screen> {
    Some(match state.clone() {
        State::SelfTest { checks } => Screen::SelfTest { checks },
        State::Viewfinder => Screen::Viewfinder { frame: live.frame.clone(), hint: live.hint },
        State::Analysing { capture } => Screen::Analysing { capture },
        State::Retake { reading } => {
            let (capture, reasons) = (reading.capture.clone(), reading.judgement.reasons.clone());
            Screen::Retake { capture, reasons, held: live.held }
        }
        State::Result { reading, saved, page } => Screen::Result { reading, saved, page },
        State::History { past: Past { shown, sequence, age, total }, page } => match shown {
            Ok(PastReading { reading, picture_fault }) => {
                let sequence = sequence.unwrap_or_default();
                Screen::History { reading, picture_fault, sequence, age, total, page }
            }
            Err(cause) => Screen::Unreadable { cause, sequence, age, total },
        },
        State::NoHistory => Screen::NoHistory,
        State::Due { lesions } => Screen::Due { lesions },
        State::About(about) => Screen::About { about },
        State::Wipe { about, counting } => {
            Screen::Wipe { about, countdown: live.countdown.filter(|_| counting) }
        }
        State::Wiping => Screen::Wiping,
        State::Fault(fault) => explain(fault),
        State::Asleep => return None,
        State::Off => Screen::Goodbye,
    })
}

/// What is wanted of the camera in a state.
pub fn demand(state: &State) -> Demand {
    match state {
        State::SelfTest { .. } | State::Viewfinder | State::Fault(Fault { part: Part::Camera, .. }) => {
            Demand::Live
        }
        State::Asleep | State::Off => Demand::Rest,
        _ => Demand::Ready,
    }
}

/// Whether the light around the lens is on: while a picture may be taken.
pub fn is_lit(state: &State) -> bool {
    matches!(state, State::Viewfinder)
}

fn explain(Fault { part, cause, .. }: Fault) -> Screen {
    let (title, cure) = match part {
        Part::Settings => ("Settings fault", "Press to go on without it. Correct the file and restart."),
        Part::Model => {
            ("Model fault", "Press to go on: nothing is read. Correct [model], or install dermascope again.")
        }
        Part::Camera => ("Camera lost", "It is tried again by itself."),
        Part::Storage => ("Storage fault", "Press to go on. Check the SD card."),
        Part::Records => ("Records altered", "Press to go on. On a computer: dermascope records verify"),
    };
    Screen::Fault { title: title.into(), cause, cure: cure.into() }
}
