//! The device: the state machine that decides what happens when. [`step`] is a pure function: it knows no
//! hardware, no clock and no disk, and does nothing but answer the next state and what is to be done.

mod config;
mod cue;
mod note;
mod pages;
mod screen;
mod state;

use std::sync::Arc;

pub use config::DeviceConfig;
pub use cue::{Cue, cue, hint_cue};
pub use note::Note;
use pages::{neighbour, page_before};
pub use screen::{Live, demand, is_lit, screen};
pub use state::{CHECKS, Effect, Event, Fault, Part, Past, PastReading, State};

use crate::buttons::Button::{Back, Main, Next, Previous};
use crate::buttons::Gesture::{self, Long, Longest, Short, VeryLong};
use crate::case::Case;
use crate::reading::{Reading, Saved};
use crate::screens::{Check, CheckState, Page};

/// The state at power-on, and what to do first.
pub fn start() -> (State, Vec<Effect>) {
    let running = |part: Part| Check { name: part.name().into(), state: CheckState::Running };
    (State::SelfTest { checks: CHECKS.map(running).to_vec() }, CHECKS.map(Effect::Check).to_vec())
}

/// The device's one rule book: from a state and an event to the next state and what is to be done.
/// An event that means nothing in a state leaves it as it is.
pub fn step(state: State, event: Event) -> (State, Vec<Effect>) {
    match (state, event) {
        (State::Off, _) => (State::Off, vec![]),
        // Who holds the button to wipe holds it for longer.
        (state @ State::Wipe { counting: true, .. }, Event::Gesture(VeryLong(Main))) => (state, vec![]),
        (_, Event::Gesture(VeryLong(Main)) | Event::BatteryEmpty) => (State::Off, vec![Effect::ShutDown]),
        (State::Asleep, Event::Gesture(_)) => viewfinder(),
        (state, Event::Gesture(gesture)) => gestured(state, gesture),
        (State::SelfTest { checks }, Event::Checked(part, outcome)) => checked(checks, part, outcome),
        (State::Viewfinder, Event::CameraLost(cause)) => camera_lost(cause),
        (State::Fault(Fault { part: Part::Camera, .. }), Event::CameraBack) => (State::Viewfinder, vec![]),
        (State::Viewfinder, Event::Captured(capture)) => {
            (State::Analysing { capture: capture.clone() }, vec![Effect::Analyse(capture)])
        }
        (State::Analysing { capture }, Event::Read(reading)) if Arc::ptr_eq(&capture, &reading.capture) => {
            read(reading)
        }
        (State::Analysing { .. }, Event::ReadFailed(cause)) => {
            (State::Fault(Fault::new(Part::Model, cause)), vec![])
        }
        (State::Result { reading, page, .. }, Event::Stored(stored, saved))
            if Arc::ptr_eq(&reading, &stored) =>
        {
            (State::Result { reading, saved, page }, vec![])
        }
        (State::Viewfinder | State::History { .. } | State::Fault(_), Event::Recalled(_, Some(past))) => {
            (State::History { past, page: Page::Reading }, vec![])
        }
        (State::Viewfinder | State::Fault(_), Event::Recalled(0, None)) => (State::NoHistory, vec![]),
        // Past the oldest record the history is over.
        (State::History { .. }, Event::Recalled(_, None)) => viewfinder(),
        (State::Viewfinder | State::History { .. }, Event::RecallFailed(cause)) => {
            (State::Fault(Fault::new(Part::Storage, cause)), vec![])
        }
        (State::Viewfinder, Event::DueListed(lesions)) => (State::Due { lesions }, vec![]),
        (State::History { .. } | State::NoHistory, Event::Introduced(Ok(about))) => {
            (State::About(about), vec![])
        }
        (State::History { .. } | State::NoHistory, Event::Introduced(Err(cause)))
        | (State::Wiping, Event::Wiped(Err(cause))) => {
            (State::Fault(Fault::new(Part::Storage, cause)), vec![])
        }
        (State::Wiping, Event::Wiped(Ok(()))) => {
            let effects = vec![Effect::Case(Case::default()), Effect::Say(Note::Wiped), Effect::AskCamera];
            (State::Viewfinder, effects)
        }
        (State::Viewfinder, Event::Found(cause)) => (State::Fault(Fault::new(Part::Records, cause)), vec![]),
        (State::Viewfinder, Event::NoFrame) => (State::Viewfinder, vec![Effect::Say(Note::NoFrame)]),
        (state, Event::Deleted(sequence)) if shown_record(&state) == Some(sequence) => {
            (State::Viewfinder, vec![Effect::Say(Note::Deleted), Effect::AskCamera])
        }
        (state, Event::Case(case)) => said(state, Effect::Case(case)),
        (state, Event::Setting(setting)) => said(state, Effect::Setting(setting)),
        // The next to touch the device may do so for another person.
        (state, Event::Idle) => (idle(state), vec![Effect::Case(Case::default()), Effect::RestoreSetting]),
        (state, _) => (state, vec![]),
    }
}

/// Who says something for the next capture is about to take it.
fn said(state: State, effect: Effect) -> (State, Vec<Effect>) {
    match state {
        State::Asleep => (State::Viewfinder, vec![effect, Effect::AskCamera]),
        state => (state, vec![effect]),
    }
}

/// The number of the record that is shown, if one is.
pub fn shown_record(state: &State) -> Option<u64> {
    match state {
        State::Result { saved: Saved::Saved(sequence), .. } => Some(*sequence),
        State::History { past, .. } => past.sequence,
        _ => None,
    }
}

fn gestured(state: State, gesture: Gesture) -> (State, Vec<Effect>) {
    match (state, gesture) {
        (State::Viewfinder, Short(Main)) => (State::Viewfinder, vec![Effect::Capture]),
        (State::Viewfinder, Short(Back)) => (State::Viewfinder, vec![Effect::SwitchRing]),
        (State::Viewfinder, Long(Back)) => (State::Viewfinder, vec![Effect::NextPoint]),
        (state @ (State::Viewfinder | State::Fault(_)), Long(Main)) => (state, vec![Effect::Recall(0)]),
        (State::Viewfinder, Long(Next | Previous)) => (State::Viewfinder, vec![Effect::ListDue]),
        (State::Viewfinder, Short(Next | Previous)) => (State::Viewfinder, vec![Effect::Recall(0)]),
        (State::Retake { reading }, Long(Main)) => read(Arc::new(reading.used_anyway())),
        (State::Retake { .. }, Short(_)) => viewfinder(),
        (State::Result { .. } | State::History { .. }, Short(Back) | Long(Back)) => viewfinder(),
        // Held once more: which device is this?
        (state @ State::History { past: Past { age: 0, .. }, .. }, Long(Main))
        | (state @ State::NoHistory, Long(Main)) => (state, vec![Effect::Introduce]),
        (State::About(about), Long(Main)) => (State::Wipe { about, counting: false }, vec![]),
        // The press that led here does not count.
        (State::Wipe { about, .. }, Long(Main)) => (State::Wipe { about, counting: true }, vec![]),
        (State::Wipe { counting: true, .. }, Longest(Main)) => (State::Wiping, vec![Effect::Wipe]),
        (State::About(_) | State::Wipe { .. }, Short(_) | Long(_)) => viewfinder(),
        (State::Result { .. } | State::History { .. }, Long(Main)) => viewfinder(),
        (State::Result { reading, saved, page }, Short(Main | Next)) => match neighbour(page, &reading, 1) {
            Some(page) => (State::Result { reading, saved, page }, vec![]),
            None => viewfinder(),
        },
        (State::Result { reading, saved, page }, Short(Previous)) => {
            let (page, effects) = page_before(page, &reading);
            (State::Result { reading, saved, page }, effects)
        }
        (State::History { past, page }, Short(Main)) => {
            let older = past.age + 1;
            (State::History { past, page }, vec![Effect::Recall(older)])
        }
        (State::History { past, page }, Short(Next)) => {
            let next = past.reading().and_then(|reading| neighbour(page, reading, 1));
            (State::History { past, page: next.unwrap_or(Page::Reading) }, vec![])
        }
        (State::History { past, page }, Short(Previous)) => {
            let (page, effects) = match past.reading() {
                Some(reading) => page_before(page, reading),
                None => (page, vec![Effect::Say(Note::FirstPage)]),
            };
            (State::History { past, page }, effects)
        }
        (State::NoHistory | State::Due { .. }, _) => viewfinder(),
        (State::Fault(Fault { then, .. }), Short(_)) if !then.is_empty() => (next_fault(then), vec![]),
        // Without a model there is still the live picture, and a press tries to load it again.
        (State::Fault(Fault { part: Part::Settings | Part::Model | Part::Storage, .. }), Short(_)) => {
            viewfinder()
        }
        (State::Fault(Fault { part: Part::Records, .. }), Short(_)) => {
            (State::Viewfinder, vec![Effect::Seen, Effect::AskCamera])
        }
        // Whatever was broken may have been mended: look again.
        (State::Fault(_), Short(_)) => start(),
        // Its long press was answered.
        (state, VeryLong(_) | Longest(_)) => (state, vec![]),
        (state @ (State::SelfTest { .. } | State::Analysing { .. } | State::Wiping), _) => {
            (state, vec![Effect::Say(Note::Wait)])
        }
        (state, _) => (state, vec![Effect::Say(Note::NoUse)]),
    }
}

fn checked(mut checks: Vec<Check>, part: Part, outcome: Result<(), String>) -> (State, Vec<Effect>) {
    if let Some(check) = checks.iter_mut().find(|check| check.name == part.name()) {
        check.state = match outcome {
            Ok(()) => CheckState::Passed,
            Err(cause) => CheckState::Failed(cause),
        };
    }
    if checks.iter().any(|check| check.state == CheckState::Running) {
        return (State::SelfTest { checks }, vec![]);
    }
    // Without storage the device still reads: each result then says that it was not saved.
    let faults = [Part::Settings, Part::Model, Part::Camera].into_iter().filter_map(|part| {
        let failed = checks.iter().find(|check| check.name == part.name())?;
        let CheckState::Failed(cause) = &failed.state else { return None };
        Some(Fault::new(part, cause.clone()))
    });
    match faults.collect::<Vec<_>>() {
        faults if faults.is_empty() => viewfinder(),
        faults => (next_fault(faults), vec![]),
    }
}

/// The first of several faults, which is told before the others; there is at least one.
fn next_fault(mut faults: Vec<Fault>) -> State {
    let first = faults.remove(0);
    State::Fault(Fault { then: faults, ..first })
}

fn read(reading: Arc<Reading>) -> (State, Vec<Effect>) {
    if reading.judgement.verdict.is_none() {
        return (State::Retake { reading }, vec![]);
    }
    let shown = State::Result { reading: reading.clone(), saved: Saved::Pending, page: Page::Reading };
    (shown, vec![Effect::Save(reading)])
}

fn viewfinder() -> (State, Vec<Effect>) {
    (State::Viewfinder, vec![Effect::AskCamera])
}

fn camera_lost(cause: String) -> (State, Vec<Effect>) {
    (State::Fault(Fault::new(Part::Camera, cause)), vec![])
}

/// A result that is not on disk yet stays on the screen: it may be the only place where it is.
fn idle(state: State) -> State {
    let rests = match &state {
        State::Result { saved, .. } => matches!(saved, Saved::Saved(_)),
        State::Viewfinder | State::Retake { .. } | State::History { .. } | State::NoHistory => true,
        State::About(_) | State::Wipe { .. } | State::Due { .. } => true,
        _ => false,
    };
    if rests { State::Asleep } else { state }
}

#[cfg(test)]
mod tests;
