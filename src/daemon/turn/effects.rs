//! What a turn brings about: the state machine's effects, carried out.

use std::sync::Arc;
use std::time::Instant;

use super::{CAMERA_PATIENCE, CARD_HANGS, Device, MODEL_PATIENCE, STORAGE_PATIENCE};
use crate::camera::CameraState;
use crate::case::Case;
use crate::daemon::analyst::Job;
use crate::daemon::archivist::StoreTask;
use crate::device::{Effect, Event, Note, Part};
use crate::picture::{self, Frame, Region};
use crate::reading::Capture;

impl Device {
    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Check(Part::Settings) => {
                let outcome = self.left_out.clone().map_or(Ok(()), Err);
                self.pending.push_back(Event::Checked(Part::Settings, outcome));
            }
            Effect::Check(Part::Model) => {
                self.answers_due.push((Part::Model, Instant::now() + MODEL_PATIENCE));
                self.ask(Job::Load);
            }
            Effect::Check(Part::Storage | Part::Records) => {
                self.answers_due.push((Part::Storage, Instant::now() + STORAGE_PATIENCE));
                self.archive(StoreTask::Open);
            }
            Effect::Check(Part::Camera) => self.camera_deadline = Some(Instant::now() + CAMERA_PATIENCE),
            Effect::Capture => {
                self.pressed_at = Some(Instant::now());
                let event =
                    self.capture().map_or(Event::NoFrame, |capture| Event::Captured(Arc::new(capture)));
                self.pending.push_back(event);
            }
            Effect::Analyse(capture) => self.ask(Job::Analyse(capture, self.settings.now.clone())),
            Effect::Save(reading) => self.archive(StoreTask::Save(reading)),
            Effect::Recall(age) => self.archive(StoreTask::Recall(age)),
            Effect::ListDue => self.archive(StoreTask::ListDue),
            Effect::Introduce => self.archive(StoreTask::Introduce),
            Effect::Wipe => self.archive(StoreTask::Wipe),
            Effect::Seen => self.archive(StoreTask::Seen),
            Effect::SwitchRing if self.light.choice().is_none() => self.say(Note::OneRing),
            Effect::SwitchRing => self.light.switch(),
            Effect::Case(case) => self.set_case(case),
            Effect::Setting(setting) => self.settings.now = setting,
            Effect::NextPoint if self.settings.next_point() => {}
            Effect::NextPoint => self.say(Note::OnePoint),
            Effect::RestoreSetting => self.settings.restore(),
            Effect::Say(note) => self.say(note),
            Effect::AskCamera => {
                if let CameraState::Lost { cause } = self.stream.state() {
                    self.pending.push_back(Event::CameraLost(cause));
                }
            }
            Effect::ShutDown => self.shutting_down = true,
        }
    }

    /// The lesion's earlier reading is asked for, if it names one.
    fn set_case(&mut self, case: Case) {
        if case == self.case {
            return;
        }
        self.earlier = None;
        if case.lesion.is_some() {
            self.archive(StoreTask::Earlier(case.clone()));
        }
        self.case = case;
    }

    fn say(&mut self, note: Note) {
        self.note = Some((note, Instant::now()));
    }

    fn ask(&mut self, job: Job) {
        self.asked_at = Some(Instant::now());
        if self.analyst.try_send(job).is_err() {
            self.pending.push_back(Event::ReadFailed("the analyst has stopped".into()));
        }
    }

    pub(super) fn archive(&mut self, task: StoreTask) {
        if let Err(undone) = self.archivist.ask(task) {
            tracing::error!("{CARD_HANGS}; not done: {undone:?}");
            self.pending.extend(undone.failed(CARD_HANGS.into()));
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
        let (pixels, case, earlier) = (full.ok()?, self.case.clone(), self.earlier.clone());
        Some(Capture { pixels, encoded, field_of_view, captured_at, clock_set, light, case, earlier })
    }
}

fn whole(frame: &Frame) -> Region {
    Region { x: 0, y: 0, width: frame.pixels.width(), height: frame.pixels.height() }
}
