//! The viewfinder: the live field of view with its ring, and what to do now.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

use super::screen::Hint;
use super::status::Status;
use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{icons, ink, picture, widgets};
use crate::case::Case;
use crate::light::Ring;
use crate::panel::Canvas;
use crate::picture::Frame;

const STARTING: &str = "Starting camera";

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
        earlier(canvas, place, status);
        ring(canvas, place, hint);
        labels(canvas, square, Labels { ring: status.ring, point: None });
        column(canvas, area.inset(theme::margin(area).max(8), 10), hint, status);
        return;
    }
    let place = picture::draw(canvas, &frame.pixels, area);
    earlier(canvas, place, status);
    ring(canvas, place, hint);
    if status.battery.is_some() || !status.case.is_none() || status.due > 0 {
        above(canvas, &mut area, (place.size.height / 10).clamp(12, 20), status);
    }
    let pill = area.cut_bottom((area.size.height / 7).max(20));
    labels(canvas, area, Labels { ring: status.ring, point: status.operating_point.as_deref() });
    ink::veil(canvas, pill, theme::BACKGROUND, 200);
    let (words, colour) = words(hint);
    let face = Type::Lead.bold().fit(words, pill.size.width * 4 / 5, pill.size.height / 2);
    widgets::labelled(canvas, pill.inset(4, 0), (face, words, colour), Align::Centre, |canvas, area| {
        sign(canvas, area, hint);
    });
}

/// Where the lesion lay in its earlier picture.
fn earlier(canvas: &mut Canvas, place: Rectangle, status: &Status) {
    if let Some(outline) = &status.outline {
        picture::outline(canvas, outline, place);
    }
}

/// How many lesions are due, in words; nothing where none is.
fn due(status: &Status) -> Option<String> {
    (status.due > 0).then(|| format!("{} due", status.due))
}

/// What to do now, beside the picture.
fn column(canvas: &mut Canvas, mut area: Rectangle, hint: Hint, status: &Status) {
    let (words, colour) = words(hint);
    let side = (area.size.width * 2 / 5).min(area.size.height / 4);
    let line = area.cut_top(side);
    let corner = Rectangle::new(line.top_left, Size::new_equal(side));
    sign(canvas, corner, hint);
    area.cut_top(side / 4);
    let face = Type::Title.bold().fit(longest_word(words), area.size.width, area.size.height / 6);
    let lines = face.wrap(words, area.size.width, 4);
    if status.case.is_none() {
        let count = area.cut_bottom(16);
        let text = format!("{} saved", status.records);
        let face = Type::Label.regular().fit(&text, count.size.width, 10);
        face.write(canvas, &text, count, Align::Left, theme::MUTED);
        if let Some(due) = due(status) {
            let line = area.cut_bottom(16);
            let face = Type::Label.bold().fit(&due, line.size.width, 10);
            face.write(canvas, &due, line, Align::Left, theme::TEXT);
        }
    } else {
        case_beside(canvas, &mut area, &status.case);
    }
    if let Some(point) = &status.operating_point {
        let line = area.cut_bottom(16);
        let face = Type::Label.regular().fit(point, line.size.width, 10);
        face.write(canvas, point, line, Align::Left, theme::MUTED);
    }
    if let Some(battery) = status.battery {
        widgets::battery(canvas, area.cut_bottom(20).inset(0, 2), battery, Align::Left);
    }
    if lines.len() as u32 * face.line() <= area.size.height + face.line() / 2 {
        face.write_lines(canvas, &lines, area, Align::Left, colour);
    } else {
        Type::Title.bold().fill(canvas, words, area, Align::Left, colour);
    }
}

/// What the lower corners of the picture say.
struct Labels<'a> {
    /// The ring of LEDs that is lit, at the left.
    ring: Option<Ring>,
    /// The operating point, at the right.
    point: Option<&'a str>,
}

fn labels(canvas: &mut Canvas, mut area: Rectangle, Labels { ring, point }: Labels) {
    let mut line = area.cut_bottom((area.size.height / 12).clamp(12, 18));
    let (most, height) = (line.size.width / 2, line.size.height * 2 / 3);
    let mut label = |text: &str, left: bool| {
        let face = Type::Label.regular().fit(text, most - 8, height);
        let width = face.width(text) + 8;
        let corner = if left { line.cut_left(width) } else { line.cut_right(width) };
        ink::veil(canvas, corner, theme::BACKGROUND, 200);
        face.write(canvas, text, corner, Align::Centre, theme::TEXT);
    };
    ring.into_iter().for_each(|ring| label(ring.name(), true));
    point.into_iter().for_each(|point| label(point, false));
}

fn longest_word(text: &str) -> &str {
    text.split_whitespace().max_by_key(|word| word.len()).unwrap_or("")
}

/// Over the top of the picture: the battery, and what the next capture is of, in a second row where it is long.
fn above(canvas: &mut Canvas, area: &mut Rectangle, height: u32, status: &Status) {
    let mut top = area.cut_top(height);
    if let Some(battery) = status.battery {
        let corner = top.cut_right((height * 7 / 2).max(54));
        ink::veil(canvas, corner, theme::BACKGROUND, 200);
        widgets::battery(canvas, corner.inset(3, 2), battery, Align::Right);
    }
    if let Some(due) = due(status).filter(|_| status.case.is_none()) {
        let corner = top.cut_left(Type::Label.bold().width(&due) + 12);
        return row(canvas, corner, &due);
    }
    if !status.case.is_none() {
        let words = status.case.words();
        if Type::Tiny.bold().width(&words) + 8 <= top.size.width {
            return row(canvas, top, &words);
        }
        let mut rows = [status.case.name(), status.case.place()].into_iter().flatten();
        rows.next().into_iter().for_each(|name| row(canvas, top, &name));
        rows.next().into_iter().for_each(|place| row(canvas, area.cut_top(height), &place));
    }
}

fn row(canvas: &mut Canvas, area: Rectangle, words: &str) {
    ink::veil(canvas, area, theme::BACKGROUND, 200);
    let inside = area.inset(4, 0);
    let face = Type::Label.bold().fit(words, inside.size.width, inside.size.height * 2 / 3);
    face.write(canvas, &face.abridge(words, inside.size.width), inside, Align::Left, theme::TEXT);
}

/// What the next capture is of, from the bottom of the column up: the case, and below it the body site.
fn case_beside(canvas: &mut Canvas, area: &mut Rectangle, case: &Case) {
    let parts = [(case.place(), Type::Label.regular()), (case.name(), Type::Label.bold())];
    // A low column has no room for a second line.
    let most = if area.size.height < 150 { 1 } else { 3 };
    for (text, face) in parts {
        let Some(text) = text else { continue };
        let whole = if most == 1 { &text } else { longest_word(&text) };
        let face = face.fit(whole, area.size.width, 10);
        let lines = match most {
            1 => vec![face.abridge(&text, area.size.width)],
            _ => face.wrap(&text, area.size.width, most),
        };
        let block = area.cut_bottom(lines.len() as u32 * face.line() + 1);
        face.write_lines(canvas, &lines, block, Align::Left, theme::TEXT);
    }
}

fn words(hint: Hint) -> (&'static str, Rgb565) {
    match hint {
        Hint::Ready => ("Ready: press", theme::CALM),
        Hint::Improve(reason) => (reason.instruction(), theme::CAUTION),
        Hint::Starting => (STARTING, theme::TEXT),
        Hint::NoSignal => ("No camera picture", theme::ALARM),
    }
}

fn sign(canvas: &mut Canvas, area: Rectangle, hint: Hint) {
    match hint {
        Hint::Ready => icons::tick(canvas, area, theme::CALM),
        Hint::Improve(_) => icons::warning(canvas, area, theme::CAUTION, theme::BACKGROUND),
        Hint::Starting => icons::waiting(canvas, area, theme::MUTED),
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
    let face = Type::Title.bold().fit(STARTING, area.size.width * 3 / 4, area.size.height / 8);
    widgets::labelled(canvas, area, (face, STARTING, theme::TEXT), Align::Centre, |canvas, area| {
        icons::waiting(canvas, area, theme::MUTED);
    });
}
