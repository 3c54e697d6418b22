//! A fault: what is broken, what to do, and the technical cause.

use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
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
    Type::Title.bold().fill(canvas, cure, inside, Align::Left, theme::TEXT);
    let mut line = below;
    widgets::block(canvas, line.cut_top(1), theme::LINE);
    let below = below.inset(0, margin / 2);
    Type::Label.regular().fill(canvas, cause, below, Align::Left, theme::MUTED);
}
