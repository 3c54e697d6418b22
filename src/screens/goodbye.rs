//! Goodbye: the device is off.

use embedded_graphics::primitives::Rectangle;

use super::icons;
use super::text::{Align, Type};
use super::theme::{self, Cut};
use crate::panel::Canvas;

/// Draws the screen.
pub fn draw(canvas: &mut Canvas, area: Rectangle) {
    let margin = theme::margin(area);
    let mut inside = area.inset(margin * 2, margin * 2);
    let words = inside.cut_bottom(inside.size.height * 2 / 5);
    let side = inside.size.height.min(120) * 4 / 5;
    icons::mark(canvas, inside.cut_bottom(side).square(), theme::SURFACE, theme::MUTED);
    let rows = words.stack(2);
    let [title, help] = ["Goodbye", "It is safe to unplug"];
    let face = Type::Huge.bold().fit(title, rows[0].size.width, rows[0].size.height);
    face.write(canvas, title, rows[0], Align::Centre, theme::TEXT);
    let face = Type::Body.regular().fit(help, rows[1].size.width, rows[1].size.height);
    face.write(canvas, help, rows[1], Align::Centre, theme::MUTED);
}
