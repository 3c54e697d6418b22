//! The theme: colours, margins and how an area is cut into parts.
//!
//! Signal colours are Okabe and Ito's ("Color Universal Design", 2008), which stay apart for colour-blind eyes;
//! none of them ever stands without a word or a shape that says the same.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

use crate::verdict::Verdict;

const fn rgb(red: u8, green: u8, blue: u8) -> Rgb565 {
    Rgb565::new(red >> 3, green >> 2, blue >> 3)
}

pub const BACKGROUND: Rgb565 = rgb(8, 12, 16);
/// Tracks of bars, chips.
pub const SURFACE: Rgb565 = rgb(38, 48, 58);
/// Thin lines.
pub const LINE: Rgb565 = rgb(56, 68, 80);
pub const TEXT: Rgb565 = rgb(248, 252, 255);
/// Labels and what matters less.
pub const MUTED: Rgb565 = rgb(164, 178, 190);
/// On signal colours.
pub const DARK_TEXT: Rgb565 = rgb(0, 0, 0);
/// Okabe and Ito's vermillion, a little lighter for a dark ground.
pub const ALARM: Rgb565 = rgb(232, 104, 16);
/// Their yellow.
pub const CAUTION: Rgb565 = rgb(240, 228, 66);
/// Their sky blue.
pub const CALM: Rgb565 = rgb(86, 180, 233);

/// The colour of a verdict.
pub fn tone(verdict: Verdict) -> Rgb565 {
    match verdict {
        Verdict::Suspicious => ALARM,
        Verdict::Uncertain => CAUTION,
        Verdict::NotSuspicious => CALM,
    }
}

/// The colour of a class or of P(malignant) by whether it is malignant.
pub fn tone_of(malignant: bool) -> Rgb565 {
    if malignant { ALARM } else { CALM }
}

/// The ring's diameter as a share of the field of view.
pub const RING: f32 = 0.8;

/// The margin along the left and right of an area.
pub fn margin(area: Rectangle) -> u32 {
    (area.size.width.min(area.size.height * 4 / 3) / 24).clamp(4, 12)
}

/// Cutting an area into parts. What is cut off is never more than there is.
pub trait Cut {
    fn cut_top(&mut self, height: u32) -> Rectangle;
    fn cut_bottom(&mut self, height: u32) -> Rectangle;
    fn cut_left(&mut self, width: u32) -> Rectangle;
    fn cut_right(&mut self, width: u32) -> Rectangle;
    /// Without `x` pixels left and right, and `y` above and below.
    fn inset(self, x: u32, y: u32) -> Rectangle;
    /// The largest centred square.
    fn square(self) -> Rectangle;
    /// `count` parts of equal height from the top down; up to `count` - 1 pixels stay over.
    fn stack(self, count: u32) -> Vec<Rectangle>;
}

impl Cut for Rectangle {
    fn cut_top(&mut self, height: u32) -> Rectangle {
        let height = height.min(self.size.height);
        let part = Rectangle::new(self.top_left, Size::new(self.size.width, height));
        self.top_left.y += height as i32;
        self.size.height -= height;
        part
    }

    fn cut_bottom(&mut self, height: u32) -> Rectangle {
        let height = height.min(self.size.height);
        self.size.height -= height;
        let corner = self.top_left + Point::new(0, self.size.height as i32);
        Rectangle::new(corner, Size::new(self.size.width, height))
    }

    fn cut_left(&mut self, width: u32) -> Rectangle {
        let width = width.min(self.size.width);
        let part = Rectangle::new(self.top_left, Size::new(width, self.size.height));
        self.top_left.x += width as i32;
        self.size.width -= width;
        part
    }

    fn cut_right(&mut self, width: u32) -> Rectangle {
        let width = width.min(self.size.width);
        self.size.width -= width;
        let corner = self.top_left + Point::new(self.size.width as i32, 0);
        Rectangle::new(corner, Size::new(width, self.size.height))
    }

    fn inset(mut self, x: u32, y: u32) -> Rectangle {
        self.cut_left(x);
        self.cut_right(x);
        self.cut_top(y);
        self.cut_bottom(y);
        self
    }

    fn square(self) -> Rectangle {
        let side = self.size.width.min(self.size.height);
        self.inset((self.size.width - side) / 2, (self.size.height - side) / 2)
            .resized(Size::new_equal(side), embedded_graphics::geometry::AnchorPoint::TopLeft)
    }

    fn stack(mut self, count: u32) -> Vec<Rectangle> {
        let height = self.size.height / count.max(1);
        (0..count).map(|_| self.cut_top(height)).collect()
    }
}
