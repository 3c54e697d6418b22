//! The page of a result that shows the same lesion before and now. What differs is for a person to judge.

use embedded_graphics::primitives::Rectangle;

use super::standing::View;
use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{attention, icons, picture, widgets, words};
use crate::panel::Canvas;
use crate::reading::Reading;

/// Below both: what a person must not take from it.
const WARNING: &str = "Alike is not harmless";

/// Draws the page.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, view: &View) {
    let Some(earlier) = &view.reading.capture.earlier else {
        return attention::draw(canvas, area, view);
    };
    let margin = theme::margin(area);
    let line = (area.size.height / 9).clamp(10, 22);
    let warning = area.cut_bottom(line).inset(margin, 0);
    let face = Type::Label.bold().fit(WARNING, warning.size.width, warning.size.height * 4 / 5);
    face.write(canvas, WARNING, warning, Align::Centre, theme::CAUTION);
    let mut left = area.inset(margin, 1);
    let right = left.cut_right((left.size.width - margin) / 2);
    left.cut_right(margin);
    let before = format!("Before: #{}", earlier.sequence);
    column(canvas, left, &before, &earlier.reading, line);
    column(canvas, right, "Now", view.reading, line);
}

/// A picture with its day and its number below.
fn column(canvas: &mut Canvas, mut area: Rectangle, title: &str, reading: &Reading, line: u32) {
    let mut number = area.cut_bottom(line + line / 3);
    let day = area.cut_bottom(line * 4 / 5);
    let head = area.cut_top(line * 4 / 5);
    let face = Type::Label.bold().fit(title, head.size.width, head.size.height);
    face.write(canvas, title, head, Align::Left, theme::TEXT);
    let square = area.square();
    if reading.capture.has_left() {
        widgets::block(canvas, square, theme::SURFACE);
        let words = "picture gone";
        let face = Type::Label.regular().fit(words, square.size.width, line);
        face.write(canvas, words, square, Align::Centre, theme::MUTED);
    } else {
        let place = picture::draw(canvas, &reading.capture.pixels, square);
        widgets::frame(canvas, place, theme::LINE);
    }
    let capture = &reading.capture;
    let taken = if capture.clock_set {
        capture.captured_at.strftime("%Y-%m-%d").to_string()
    } else {
        "clock not set".into()
    };
    let face = Type::Label.regular().fit(&taken, day.size.width, day.size.height);
    face.write(canvas, &taken, day, Align::Left, theme::MUTED);
    let verdict = reading.verdict();
    let colour = theme::tone(verdict);
    let sign = number.cut_left(number.size.height).square();
    icons::verdict(canvas, verdict, sign, colour, theme::BACKGROUND);
    number.cut_left(4);
    let malignant = words::percent(reading.assessment.malignant.shown().0);
    let face = Type::Lead.bold().fit(&malignant, number.size.width, number.size.height * 4 / 5);
    face.write(canvas, &malignant, number, Align::Left, theme::TEXT);
}
