//! Retake: why a capture was refused, and the two ways on.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{icons, ink, picture, widgets};
use crate::panel::Canvas;
use crate::reading::Capture;
use crate::verdict::Why;

/// Draws the screen. `held` is how far the button has been held towards using the capture, from 0 to 1.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, capture: &Capture, reasons: &[Why], held: f32) {
    let height = area.size.height;
    widgets::banner(canvas, area.cut_top(height / 6), theme::CAUTION, "TAKE IT AGAIN", |canvas, area| {
        icons::warning(canvas, area, theme::DARK_TEXT, theme::CAUTION);
    });
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, margin);
    ways(canvas, inside.cut_bottom((height * 3 / 10).max(40)), held);
    inside.cut_bottom(margin);
    let side = inside.size.height.min(inside.size.width * 2 / 5);
    let column = inside.cut_right(side);
    let mut square = column.square();
    square.top_left.y = column.top_left.y;
    let place = picture::draw(canvas, &capture.pixels, square);
    widgets::frame(canvas, place, theme::LINE);
    inside.cut_right(margin);
    why(canvas, inside, reasons);
}

/// The reasons in words, as large as they fit.
fn why(canvas: &mut Canvas, area: Rectangle, reasons: &[Why]) {
    let words: Vec<_> = reasons.iter().map(|reason| reason.instruction()).collect();
    let parts = area.stack(words.len().max(1) as u32);
    let fits = |size: &Type| {
        let face = size.bold();
        let lines = |words: &&str| face.wrap(words, area.size.width, 9);
        let whole = |words: &&str| {
            words.split_whitespace().all(|word| face.width(word) <= area.size.width)
                && lines(words).len() as u32 * face.line() <= parts[0].size.height
        };
        words.iter().all(whole)
    };
    let sizes = Type::ALL.into_iter().rev().filter(|size| *size <= Type::Large);
    let face = sizes.into_iter().find(fits).unwrap_or(Type::Tiny).bold();
    for (part, words) in parts.iter().zip(&words) {
        let lines = face.wrap(words, part.size.width, 9);
        face.write_lines(canvas, &lines, *part, Align::Left, theme::TEXT);
    }
}

/// What a press and what holding does; the second fills while the button is held.
fn ways(canvas: &mut Canvas, area: Rectangle, held: f32) {
    let gap = (area.size.height / 12).max(2);
    let mut rest = area;
    let press = rest.cut_top((area.size.height - gap) / 2);
    rest.cut_top(gap);
    let radius = press.size.height as f32 / 4.0;
    ink::fill_slab(canvas, press, radius, theme::TEXT);
    key(canvas, press, ("Press", "try again"), theme::DARK_TEXT);
    ink::fill_slab(canvas, rest, radius, theme::SURFACE);
    let hold = ("Hold", "use it anyway");
    key(canvas, rest, hold, theme::TEXT);
    // As it looks when filled, shown as far as it is: the words stay readable on both colours.
    let mut filled = canvas.clone();
    ink::fill_slab(&mut filled, rest, radius, theme::CAUTION);
    key(&mut filled, rest, hold, theme::DARK_TEXT);
    let share = if held.is_finite() { held.clamp(0.0, 1.0) } else { 0.0 };
    canvas.copy(&filled, rest.cut_left((rest.size.width as f32 * share) as u32));
}

/// A key with what it does.
fn key(canvas: &mut Canvas, area: Rectangle, (key, does): (&str, &str), colour: Rgb565) {
    let text = format!("{key}: {does}");
    let inside = area.inset((area.size.height / 3).max(4), 0);
    let face = Type::Lead.bold().fit(&text, inside.size.width, area.size.height * 3 / 5);
    face.write(canvas, &text, inside, Align::Centre, colour);
}
