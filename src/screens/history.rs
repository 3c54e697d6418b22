//! The history: past results, told apart from a new one by a strip at the top.

use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{icons, widgets};
use crate::panel::Canvas;

/// Where a past result stands.
#[derive(Clone, Copy)]
pub struct Place {
    /// The record's number, where that much can be read.
    pub sequence: Option<u64>,
    /// The `place`th newest of `total`.
    pub place: u64,
    pub total: u64,
}

/// Cuts off the strip above a past result and fills it.
pub fn strip(canvas: &mut Canvas, area: &mut Rectangle, Place { sequence, place, total }: Place) {
    let area = area.cut_top((area.size.height / 11).max(14));
    widgets::block(canvas, area, theme::SURFACE);
    let mut inside = area.inset(theme::margin(area).max(6), 0);
    let place = format!("{place} of {total}");
    let face = Type::Label.bold().fit(&place, inside.size.width / 3, inside.size.height * 2 / 3);
    face.write(canvas, &place, inside.cut_right(face.width(&place)), Align::Right, theme::TEXT);
    inside.cut_right(6);
    let text = sequence.map_or("Past result".into(), |sequence| format!("Past result #{sequence}"));
    let face = Type::Label.regular().fit(&text, inside.size.width, inside.size.height * 2 / 3);
    face.write(canvas, &text, inside, Align::Left, theme::TEXT);
}

/// A past result that cannot be shown: why, and the way on to the others.
pub fn draw_unreadable(canvas: &mut Canvas, mut area: Rectangle, cause: &str, place: Place) {
    strip(canvas, &mut area, place);
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, margin);
    let help = inside.cut_bottom((inside.size.height / 5).max(12));
    let title = inside.cut_top((inside.size.height / 4).max(16));
    let words = "CANNOT BE SHOWN";
    let face = Type::Title.bold().fit(words, title.size.width * 4 / 5, title.size.height * 2 / 3);
    widgets::labelled(canvas, title, (face, words, theme::TEXT), Align::Centre, |canvas, area| {
        icons::warning(canvas, area, theme::CAUTION, theme::BACKGROUND);
    });
    Type::Body.regular().fill(canvas, cause, inside.inset(0, 4), Align::Left, theme::TEXT);
    let face = Type::Body.bold().fit(ONWARD, help.size.width, help.size.height * 2 / 3);
    face.write(canvas, ONWARD, help, Align::Centre, theme::MUTED);
}

const ONWARD: &str = "Press: the one before";

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
