//! Icons: the shapes that say the same as a colour or a word. Each fills a square area.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::primitives::Rectangle;

use super::ink::{self, Spot, around, disc, fill, ring, stroke, triangle};
use super::text::{Align, Type};
use super::theme::{BACKGROUND, Cut};
use crate::panel::Canvas;
use crate::power::Charge;
use crate::verdict::Verdict;

/// A filled triangle, a disc with a question mark or an open ring.
pub fn verdict(canvas: &mut Canvas, verdict: Verdict, area: Rectangle, colour: Rgb565, ground: Rgb565) {
    match verdict {
        Verdict::Suspicious => warning(canvas, area, colour, ground),
        Verdict::Uncertain => question(canvas, area, colour, ground),
        Verdict::NotSuspicious => circle(canvas, area, colour),
    }
}

/// A triangle with an exclamation mark of the ground's colour.
pub fn warning(canvas: &mut Canvas, area: Rectangle, colour: Rgb565, ground: Rgb565) {
    let at = Places::of(area);
    let round = at.side * 0.06;
    let corners = [at.spot(0.5, 0.14), at.spot(0.93, 0.88), at.spot(0.07, 0.88)];
    fill(canvas, area, colour, triangle(corners, round));
    let width = at.side * 0.11;
    fill(canvas, area, ground, stroke(at.spot(0.5, 0.4), at.spot(0.5, 0.62), width));
    fill(canvas, area, ground, disc(at.spot(0.5, 0.78), width * 0.62));
}

/// A disc with a question mark of the ground's colour.
pub fn question(canvas: &mut Canvas, area: Rectangle, colour: Rgb565, ground: Rgb565) {
    let at = Places::of(area);
    fill(canvas, area, colour, disc(at.spot(0.5, 0.5), at.side * 0.47));
    let face = Type::Huge.bold().fit("?", area.size.width, (at.side * 0.62) as u32);
    face.write(canvas, "?", area, Align::Centre, ground);
}

/// An open ring.
pub fn circle(canvas: &mut Canvas, area: Rectangle, colour: Rgb565) {
    let at = Places::of(area);
    fill(canvas, area, colour, ring(at.spot(0.5, 0.5), at.side * 0.37, at.side * 0.15));
}

/// A tick.
pub fn tick(canvas: &mut Canvas, area: Rectangle, colour: Rgb565) {
    let at = Places::of(area);
    let width = (at.side * 0.14).max(1.5);
    fill(canvas, area, colour, stroke(at.spot(0.18, 0.52), at.spot(0.41, 0.76), width));
    fill(canvas, area, colour, stroke(at.spot(0.41, 0.76), at.spot(0.84, 0.26), width));
}

/// A cross.
pub fn cross(canvas: &mut Canvas, area: Rectangle, colour: Rgb565) {
    let at = Places::of(area);
    let width = (at.side * 0.14).max(1.5);
    fill(canvas, area, colour, stroke(at.spot(0.22, 0.22), at.spot(0.78, 0.78), width));
    fill(canvas, area, colour, stroke(at.spot(0.78, 0.22), at.spot(0.22, 0.78), width));
}

/// Three dots: under way.
pub fn waiting(canvas: &mut Canvas, area: Rectangle, colour: Rgb565) {
    let at = Places::of(area);
    for x in [0.18, 0.5, 0.82] {
        fill(canvas, area, colour, disc(at.spot(x, 0.5), at.side * 0.1));
    }
}

/// A camera, struck through.
pub fn no_camera(canvas: &mut Canvas, area: Rectangle, colour: Rgb565) {
    let at = Places::of(area);
    let side = area.size.width;
    let mut hump = area.inset(side * 5 / 16, side * 3 / 16);
    ink::fill_slab(canvas, hump.cut_top(side / 3), at.side * 0.07, colour);
    ink::fill_slab(canvas, area.inset(side / 16, side * 9 / 32), at.side * 0.09, colour);
    fill(canvas, area, BACKGROUND, disc(at.spot(0.5, 0.5), at.side * 0.15));
    fill(canvas, area, colour, disc(at.spot(0.5, 0.5), at.side * 0.08));
    let (from, to) = (at.spot(0.1, 0.12), at.spot(0.9, 0.88));
    fill(canvas, area, BACKGROUND, stroke(from, to, at.side * 0.16));
    fill(canvas, area, colour, stroke(from, to, at.side * 0.07));
}

/// A battery, filled to its charge; a bolt over it while the cable feeds it.
pub fn battery(canvas: &mut Canvas, area: Rectangle, charge: Charge, colour: Rgb565) {
    let at = Places::of(area);
    let line = (at.side * 0.1).max(1.0);
    let body = |from: f32, to: f32, top: f32, bottom: f32| {
        let (left, right) = (at.spot(from, top), at.spot(to, bottom));
        move |x: f32, y: f32| (left.0 - x).max(x - right.0).max(left.1 - y).max(y - right.1)
    };
    let outer = body(0.04, 0.86, 0.24, 0.76);
    fill(canvas, area, colour, move |x, y| outer(x, y).max(-(outer(x, y) + line)));
    fill(canvas, area, colour, body(0.88, 0.97, 0.4, 0.6));
    let full = 0.17 + 0.56 * f32::from(charge.percent.min(100)) / 100.0;
    fill(canvas, area, colour, body(0.17, full, 0.37, 0.63));
    if charge.charging {
        let bolt = [(0.55, 0.08), (0.36, 0.5), (0.56, 0.5), (0.37, 0.92)].map(|(x, y)| at.spot(x, y));
        for (width, colour) in [(0.28, BACKGROUND), (0.12, colour)] {
            for pair in bolt.windows(2) {
                fill(canvas, area, colour, stroke(pair[0], pair[1], at.side * width));
            }
        }
    }
}

/// The device's mark: a lens over a mole.
pub fn mark(canvas: &mut Canvas, area: Rectangle, lens: Rgb565, mole: Rgb565) {
    let at = Places::of(area);
    let middle = at.spot(0.5, 0.5);
    fill(canvas, area, lens, ring(middle, at.side * 0.43, at.side * 0.08));
    fill(canvas, around(middle, at.side * 0.25), mole, disc(at.spot(0.47, 0.47), at.side * 0.17));
    fill(canvas, area, mole, disc(at.spot(0.58, 0.58), at.side * 0.12));
}

/// Places within a square, as shares of its side.
struct Places {
    corner: Spot,
    side: f32,
}

impl Places {
    fn of(area: Rectangle) -> Self {
        let corner = (area.top_left.x as f32, area.top_left.y as f32);
        Self { corner, side: area.size.width.min(area.size.height) as f32 }
    }

    fn spot(&self, x: f32, y: f32) -> Spot {
        (self.corner.0 + x * self.side, self.corner.1 + y * self.side)
    }
}
