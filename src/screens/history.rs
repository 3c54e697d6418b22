//! The history: past results, told apart from a new one by a strip at the top.

use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{icons, widgets};
use crate::panel::Canvas;

/// The strip above a past result.
pub fn strip(canvas: &mut Canvas, area: Rectangle, sequence: u64, place: u64, total: u64) {
    widgets::block(canvas, area, theme::SURFACE);
    let mut inside = area.inset(theme::margin(area).max(6), 0);
    let place = format!("{place} of {total}");
    let face = Type::Label.bold().fit(&place, inside.size.width / 3, inside.size.height * 2 / 3);
    face.write(canvas, &place, inside.cut_right(face.width(&place)), Align::Right, theme::TEXT);
    inside.cut_right(6);
    let text = format!("Past result #{sequence}");
    let face = Type::Label.regular().fit(&text, inside.size.width, inside.size.height * 2 / 3);
    face.write(canvas, &text, inside, Align::Left, theme::TEXT);
}

/// Says that there are none yet.
pub fn draw_empty(canvas: &mut Canvas, area: Rectangle) {
    let margin = theme::margin(area);
    let mut inside = area.inset(margin * 2, margin * 2);
    let lines = inside.cut_bottom(inside.size.height / 2);
    let side = inside.size.height.min(96) * 3 / 4;
    icons::mark(canvas, inside.cut_bottom(side).square(), theme::LINE, theme::LINE);
    let [title, help] = ["No results yet", "Press to look through the camera"];
    let mut lines = lines.stack(2).into_iter();
    if let (Some(top), Some(bottom)) = (lines.next(), lines.next()) {
        let face = Type::Large.bold().fit(title, top.size.width, top.size.height);
        face.write(canvas, title, top, Align::Centre, theme::TEXT);
        Type::Body.regular().fill(canvas, help, bottom, Align::Centre, theme::MUTED);
    }
}
