//! A similarity: rotation, scale and shift.

use crate::Picture;

/// Takes a place of the earlier picture to the one of the later picture that shows the same skin.
///
/// Places are in pixels, to the right and down, from the middle of each picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// How far the later picture is turned, clockwise as one sees it, in radians, from -pi to pi.
    pub rotation: f32,
    /// How much larger the later picture shows the skin.
    pub scale: f32,
    /// Where the middle of the earlier picture lies in the later one, from its middle, in pixels.
    pub shift: [f32; 2],
}

impl Similarity {
    /// Nothing is moved.
    pub const SAME: Self = Self { rotation: 0.0, scale: 1.0, shift: [0.0; 2] };

    /// The place in the later picture, from its middle.
    pub fn at(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let [a, b] = self.parts();
        [a * x - b * y + self.shift[0], b * x + a * y + self.shift[1]]
    }

    /// From the later picture to the earlier one.
    pub fn inverse(&self) -> Self {
        let back = Self { rotation: -self.rotation, scale: 1.0 / self.scale, shift: [0.0; 2] };
        Self { shift: back.at(self.shift).map(|value| -value), ..back }
    }

    /// `scale * cos(rotation)` and `scale * sin(rotation)`.
    pub(crate) fn parts(&self) -> [f32; 2] {
        [self.scale * self.rotation.cos(), self.scale * self.rotation.sin()]
    }

    pub(crate) fn from_parts([a, b]: [f32; 2], shift: [f32; 2]) -> Self {
        Self { rotation: b.atan2(a), scale: a.hypot(b), shift }
    }

    /// The same between planes that are so many times as large.
    pub(crate) fn grown(&self, times: f32) -> Self {
        Self { shift: self.shift.map(|value| value * times), ..*self }
    }

    /// The same between two pictures whose middle squares were seen at one side.
    pub(crate) fn between(&self, side: usize, before: &Picture, now: &Picture) -> Self {
        let [before, now] = [before, now].map(|picture| picture.square() as f32 / side as f32);
        Self { scale: self.scale * now / before, ..self.grown(now) }
    }
}
