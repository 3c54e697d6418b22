//! The viewfinder: the live field of view with its ring, and what to do now.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{Hint, Status, icons, ink, picture, widgets};
use crate::frame::Frame;
use crate::panel::Canvas;

/// Draws the screen. Without a signal no picture is shown at all, so that none can pass for a live one.
pub fn draw(canvas: &mut Canvas, area: Rectangle, frame: Option<&Frame>, hint: Hint, status: &Status) {
    match (hint, frame) {
        (Hint::NoSignal, _) => no_signal(canvas, area),
        (_, None) => starting(canvas, area),
        (hint, Some(frame)) => live(canvas, area, frame, hint, status),
    }
}

fn live(canvas: &mut Canvas, mut area: Rectangle, frame: &Frame, hint: Hint, status: &Status) {
    let beside = area.size.width.saturating_sub(area.size.height);
    if beside >= 60 {
        // The whole field of view is shown, since the whole of it is read; the words stand beside it.
        let square = area.cut_left(area.size.height);
        let place = picture::draw(canvas, &frame.pixels, square);
        ring(canvas, place, hint);
        column(canvas, area.inset(theme::margin(area).max(8), 10), hint, status);
        return;
    }
    let place = picture::draw(canvas, &frame.pixels, area);
    ring(canvas, place, hint);
    if let Some(battery) = status.battery {
        let mut corner = area.cut_top((place.size.height / 10).clamp(12, 20));
        let corner = corner.cut_right(corner.size.height * 7 / 2);
        ink::veil(canvas, corner, theme::BACKGROUND, 200);
        widgets::battery(canvas, corner.inset(3, 2), battery, Align::Right);
    }
    let pill = area.cut_bottom((area.size.height / 7).max(20));
    ink::veil(canvas, pill, theme::BACKGROUND, 200);
    let (words, colour) = words(hint);
    let face = Type::Lead.bold().fit(words, pill.size.width * 4 / 5, pill.size.height / 2);
    widgets::labelled(canvas, pill.inset(4, 0), (face, words, colour), Align::Centre, |canvas, area| {
        sign(canvas, area, hint);
    });
}

/// What to do now, beside the picture.
fn column(canvas: &mut Canvas, mut area: Rectangle, hint: Hint, status: &Status) {
    let (words, colour) = words(hint);
    let side = (area.size.width * 2 / 5).min(area.size.height / 4);
    let line = area.cut_top(side);
    let corner = Rectangle::new(line.top_left, Size::new_equal(side));
    sign(canvas, corner, hint);
    area.cut_top(side / 4);
    let longest = words.split_whitespace().max_by_key(|word| word.len()).unwrap_or("");
    let face = Type::Title.bold().fit(longest, area.size.width, area.size.height / 6);
    let lines = face.wrap(words, area.size.width, 4);
    let count = area.cut_bottom(16);
    if let Some(battery) = status.battery {
        widgets::battery(canvas, area.cut_bottom(20).inset(0, 2), battery, Align::Left);
    }
    face.write_lines(canvas, &lines, area, Align::Left, colour);
    let text = format!("{} saved", status.records);
    let face = Type::Label.regular().fit(&text, count.size.width, 10);
    face.write(canvas, &text, count, Align::Left, theme::MUTED);
}

fn words(hint: Hint) -> (&'static str, Rgb565) {
    match hint {
        Hint::Ready => ("Ready: press", theme::CALM),
        Hint::Improve(reason) => (reason.instruction(), theme::CAUTION),
        Hint::NoSignal => ("No camera picture", theme::ALARM),
    }
}

fn sign(canvas: &mut Canvas, area: Rectangle, hint: Hint) {
    match hint {
        Hint::Ready => icons::tick(canvas, area, theme::CALM),
        Hint::Improve(_) => icons::warning(canvas, area, theme::CAUTION, theme::BACKGROUND),
        Hint::NoSignal => icons::no_camera(canvas, area, theme::ALARM),
    }
}

/// Closed when ready, broken into four arcs otherwise: told apart without colour.
fn ring(canvas: &mut Canvas, place: Rectangle, hint: Hint) {
    let middle = ink::centre(place);
    let radius = place.size.width.min(place.size.height) as f32 * theme::RING / 2.0;
    let broken = hint != Hint::Ready;
    let arcs = move |width: f32| {
        let ring = ink::ring(middle, radius, width);
        move |x: f32, y: f32| {
            let (across, down) = ((x - middle.0).abs(), (y - middle.1).abs());
            // Gaps of a fixed width at the top, bottom, left and right.
            let gap = radius * 0.25 - across.min(down);
            if broken { ring(x, y).max(gap) } else { ring(x, y) }
        }
    };
    let (_, colour) = words(hint);
    ink::fill(canvas, place, theme::BACKGROUND, arcs(5.0));
    ink::fill(canvas, place, colour, arcs(2.5));
}

fn no_signal(canvas: &mut Canvas, area: Rectangle) {
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, margin);
    let words = inside.cut_bottom(inside.size.height * 9 / 20);
    let side = inside.size.height.min(inside.size.width);
    icons::no_camera(canvas, inside.cut_top(side).square(), theme::ALARM);
    let rows = words.stack(2);
    let title = "NO CAMERA PICTURE";
    let face = Type::Large.bold().fit(title, rows[0].size.width, rows[0].size.height);
    face.write(canvas, title, rows[0], Align::Centre, theme::TEXT);
    let help = "Check the camera and its cable";
    Type::Body.regular().fill(canvas, help, rows[1], Align::Centre, theme::MUTED);
}

fn starting(canvas: &mut Canvas, area: Rectangle) {
    let text = "Starting camera";
    let face = Type::Title.bold().fit(text, area.size.width * 3 / 4, area.size.height / 8);
    widgets::labelled(canvas, area, (face, text, theme::TEXT), Align::Centre, |canvas, area| {
        icons::waiting(canvas, area, theme::MUTED);
    });
}
