//! What a turn shows: the screen of the state, and the light that the live picture needs.

use std::time::Instant;

use super::{CARD_HANGS, Device, HINT_PACE, LONGEST_TURN, NOTE_LASTS, Painting};
use crate::buttons::Button;
use crate::camera::CameraState;
use crate::device::{self, Live, State};
use crate::picture::Frame;
use crate::quality;
use crate::screens::{Countdown, Hint, Status};

impl Device {
    /// Has the screen painted, where it is not painted already.
    pub(super) fn paint(&mut self) {
        self.shine();
        self.stream.want(device::demand(&self.state));
        let frame = self.stream.newest();
        self.judge(frame.as_deref());
        let towards = self.gestures.towards_long(self.now());
        let held = towards.filter(|(button, _)| *button == Button::Main).map_or(0.0, |(_, share)| share);
        let towards =
            self.gestures.towards_longest(self.now()).filter(|(button, ..)| *button == Button::Main);
        let countdown = towards.map(|(_, left, share)| {
            let seconds = left.as_millis().div_ceil(1000) as u64;
            Countdown { seconds, share }
        });
        let live = Live { frame, hint: self.hint, held, countdown };
        let screen = device::screen(&self.state, &live);
        let (case, ring) = (self.case.clone(), self.light.choice());
        let note = self.note.filter(|(_, since)| since.elapsed() < NOTE_LASTS).map(|(note, _)| note.words());
        let operating_point = Some(self.settings.now.operating_point.clone());
        let warning = if self.card_hangs() { Some(CARD_HANGS.into()) } else { self.status.warning.clone() };
        let warning = warning.or_else(|| self.remote.health.words());
        let outline = self.earlier.as_ref().and_then(|earlier| earlier.outline.clone());
        let status = Status { case, outline, ring, note, operating_point, warning, ..self.status.clone() };
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
        self.remote.health.trouble("light", self.light.complaint().map(str::to_string));
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
