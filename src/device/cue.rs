//! Cues: the moments that are told by a signal as well as on the screen.

use super::state::State;
use crate::screens::Hint;

/// A moment that is told by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// The live picture is good: press.
    Ready,
    /// A picture was taken.
    Taken,
    /// It is to be taken again.
    Retake,
    /// Something is broken.
    Fault,
}

/// The cue of a step from one state to the next, where it has one.
pub fn cue(before: &State, after: &State) -> Option<Cue> {
    match (before, after) {
        (State::Viewfinder, State::Analysing { .. }) => Some(Cue::Taken),
        (State::Analysing { .. }, State::Retake { .. }) => Some(Cue::Retake),
        (State::Fault(_), State::Fault(_)) => None,
        (_, State::Fault(_)) => Some(Cue::Fault),
        _ => None,
    }
}

/// The cue of a live picture whose hint has changed.
pub fn hint_cue(before: Hint, after: Hint) -> Option<Cue> {
    (after == Hint::Ready && before != Hint::Ready).then_some(Cue::Ready)
}
