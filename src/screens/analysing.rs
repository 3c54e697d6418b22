//! Analysing: the frozen capture while it is read.

use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{icons, ink, picture, widgets};
use crate::panel::Canvas;
use crate::reading::Capture;

/// Draws the screen.
pub fn draw(canvas: &mut Canvas, area: Rectangle, capture: &Capture) {
    picture::draw(canvas, &capture.pixels, area);
    ink::veil(canvas, area, theme::BACKGROUND, 96);
    let height = (area.size.height / 4).max(28);
    let band = area.inset(0, area.size.height.saturating_sub(height) / 2);
    ink::veil(canvas, band, theme::BACKGROUND, 216);
    let text = "Analysing";
    let face = Type::Huge.bold().fit(text, band.size.width * 7 / 10, band.size.height / 2);
    widgets::labelled(canvas, band.inset(6, 0), (face, text, theme::TEXT), Align::Centre, |canvas, area| {
        icons::waiting(canvas, area, theme::CALM);
    });
}
