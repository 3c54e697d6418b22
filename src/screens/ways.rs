//! The two ways on from a screen: what a press does, and what holding does.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::primitives::Rectangle;

use super::ink;
use super::text::{Align, Type};
use super::theme::{self, Cut};
use crate::panel::Canvas;

/// What a press and what holding does, in words; the second fills while the button is held, from 0 to 1.
pub fn draw(canvas: &mut Canvas, area: Rectangle, [press, hold]: [&str; 2], held: f32) {
    let gap = (area.size.height / 12).max(2);
    let mut rest = area;
    let above = rest.cut_top((area.size.height - gap) / 2);
    rest.cut_top(gap);
    let radius = above.size.height as f32 / 4.0;
    ink::fill_slab(canvas, above, radius, theme::TEXT);
    key(canvas, above, press, theme::DARK_TEXT);
    ink::fill_slab(canvas, rest, radius, theme::SURFACE);
    key(canvas, rest, hold, theme::TEXT);
    // As it looks when filled, shown as far as it is: the words stay readable on both colours.
    let mut filled = canvas.clone();
    ink::fill_slab(&mut filled, rest, radius, theme::CAUTION);
    key(&mut filled, rest, hold, theme::DARK_TEXT);
    let share = if held.is_finite() { held.clamp(0.0, 1.0) } else { 0.0 };
    canvas.copy(&filled, rest.cut_left((rest.size.width as f32 * share) as u32));
}

/// A key with what it does.
fn key(canvas: &mut Canvas, area: Rectangle, text: &str, colour: Rgb565) {
    let inside = area.inset((area.size.height / 3).max(4), 0);
    let face = Type::Lead.bold().fit(text, inside.size.width, area.size.height * 3 / 5);
    face.write(canvas, text, inside, Align::Centre, colour);
}
