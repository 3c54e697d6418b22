//! The lesions that are due to be looked at again.

use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::widgets;
use crate::panel::Canvas;

/// Draws the list: as many lines as there is room for, and how many more there are.
pub fn draw(canvas: &mut Canvas, area: Rectangle, lesions: &[String]) {
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, margin / 2);
    let line = (inside.size.height / 12).clamp(13, 20);
    widgets::research(canvas, inside.cut_bottom(line), Align::Centre);
    let head = inside.cut_top(line * 3 / 2);
    let title = match lesions.len() {
        0 => "Nothing is due".into(),
        1 => "1 lesion is due".into(),
        many => format!("{many} lesions are due"),
    };
    let face = Type::Title.bold().fit(&title, head.size.width, head.size.height * 4 / 5);
    face.write(canvas, &title, head, Align::Left, theme::TEXT);
    inside.cut_top(line / 4);
    let rows = inside.stack((inside.size.height / line).max(1));
    let shown = if lesions.len() > rows.len() { rows.len() - 1 } else { lesions.len() };
    let more = lesions.len() - shown;
    let lines = lesions.iter().take(shown).map(|lesion| (lesion.clone(), theme::TEXT));
    let rest = (more > 0).then(|| (format!("and {more} more: see the page"), theme::MUTED));
    for (row, (words, colour)) in rows.into_iter().zip(lines.chain(rest)) {
        let face = Type::Body.regular().fit(&words, row.size.width, row.size.height * 4 / 5);
        face.write(canvas, &face.abridge(&words, row.size.width), row, Align::Left, colour);
    }
}
