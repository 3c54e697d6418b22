//! Retake: why a capture was refused, and the two ways on.

use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{icons, picture, ways, widgets};
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
    let below = inside.cut_bottom((height * 3 / 10).max(40));
    ways::draw(canvas, below, ["Press: try again", "Hold: use it anyway"], held);
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
