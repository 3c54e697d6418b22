//! A fault: what is broken, what to do, and the technical cause.

use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Face, Type};
use super::theme::{self, Cut};
use super::{icons, widgets};
use crate::panel::Canvas;

/// Draws the screen: the cure large, since that is what the person needs, the cause small below it.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, title: &str, cause: &str, cure: &str) {
    let height = area.size.height;
    widgets::banner(canvas, area.cut_top(height / 5), theme::ALARM, title, |canvas, area| {
        icons::warning(canvas, area, theme::DARK_TEXT, theme::ALARM);
    });
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, margin);
    let below = inside.cut_bottom(inside.size.height * 2 / 5);
    paragraph(canvas, inside, Type::Title.bold(), cure, theme::TEXT);
    widgets::block(canvas, below.inset(0, 0).cut_top(1), theme::LINE);
    paragraph(canvas, below.inset(0, margin / 2), Type::Label.regular(), cause, theme::MUTED);
}

/// Text as large as the whole of it fits, at most as large as `face`.
fn paragraph(
    canvas: &mut Canvas,
    area: Rectangle,
    face: Face,
    text: &str,
    colour: embedded_graphics::pixelcolor::Rgb565,
) {
    let faces =
        Type::ALL.into_iter().rev().filter(|size| *size <= face.size).map(|size| Face { size, ..face });
    let whole = |face: &Face| {
        let longest = text.split_whitespace().map(|word| face.width(word)).max().unwrap_or(0);
        let lines = face.wrap(text, area.size.width, usize::MAX).len() as u32;
        longest <= area.size.width && lines * face.line() <= area.size.height
    };
    let face = faces.into_iter().find(whole).unwrap_or(Face { size: Type::Tiny, ..face });
    let count = (area.size.height / face.line()).max(1) as usize;
    let lines = face.wrap(text, area.size.width, count);
    face.write_lines(canvas, &lines, area, Align::Left, colour);
}
