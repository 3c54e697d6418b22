//! The second page of a result: the picture with where the network looked.

use embedded_graphics::primitives::Rectangle;

use super::standing::{Standing, View};
use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{ink, picture, widgets};
use crate::panel::Canvas;

/// Draws the page.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, view: &View) {
    if view.reading.capture.has_left() {
        return gone(canvas, area, view);
    }
    let height = area.size.height;
    let wide = area.size.width >= height + 56;
    let assessment = &view.reading.assessment;
    let name = assessment.top(1).first().map_or("", |class| class.short.as_str()).to_owned();
    let margin = theme::margin(area);
    if wide {
        let square = area.cut_left(area.size.height);
        picture_with_map(canvas, square, view);
        caption(canvas, area.inset(margin, margin), &name);
    } else {
        let below = area.cut_bottom((height / 7).max(22));
        picture_with_map(canvas, area, view);
        let mut line = below.inset(margin, 2);
        let ramp = line.cut_right(line.size.width * 2 / 5);
        line.cut_right(margin);
        let text = format!("Looked at for: {name}");
        let lines = line.stack(2);
        let face = Type::Label.regular().fit(&text, lines[0].size.width, lines[0].size.height);
        face.write(canvas, "Looked at for", lines[0], Align::Left, theme::MUTED);
        let face = Type::Label.bold().fit(&name, lines[1].size.width, lines[1].size.height);
        face.write(canvas, &name, lines[1], Align::Left, theme::TEXT);
        legend(canvas, ramp);
    }
}

fn picture_with_map(canvas: &mut Canvas, area: Rectangle, view: &View) {
    let place = picture::draw(canvas, &view.reading.capture.pixels, area);
    picture::overlay(canvas, &view.reading.assessment.attention, place);
}

/// Instead of a picture that has left the device, or that should be there.
pub fn gone(canvas: &mut Canvas, area: Rectangle, view: &View) {
    let words = match view.standing {
        Standing::Past { picture_fault: Some(fault), .. } => format!("The picture cannot be shown: {fault}"),
        _ => GONE.into(),
    };
    widgets::block(canvas, area, theme::SURFACE);
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, margin);
    // In the middle, not at the top.
    inside.cut_top(inside.size.height / 5);
    Type::Body.regular().fill(canvas, &words, inside, Align::Centre, theme::TEXT);
}

/// What a past result says in place of such a picture.
const GONE: &str = "The picture has left the device: it was exported, and then removed to make room.";

fn caption(canvas: &mut Canvas, mut area: Rectangle, name: &str) {
    let ramp = area.cut_bottom((area.size.height / 3).min(34));
    let face = Type::Body.regular().fit("network looked", area.size.width, 14);
    let heading = face.wrap("Where the network looked for", area.size.width, 3);
    let top = area.cut_top(face.line() * heading.len() as u32);
    face.write_lines(canvas, &heading, top, Align::Left, theme::MUTED);
    area.cut_top(4);
    let longest = name.split_whitespace().max_by_key(|word| word.len()).unwrap_or("");
    let face = Type::Lead.bold().fit(longest, area.size.width, 14);
    let lines = face.wrap(name, area.size.width, 3);
    face.write_lines(canvas, &lines, area, Align::Left, theme::TEXT);
    legend(canvas, ramp);
}

/// The colours of the map from "less" to "more".
fn legend(canvas: &mut Canvas, mut area: Rectangle) {
    let words = area.cut_bottom(area.size.height / 2);
    let ramp = area.inset(0, area.size.height.saturating_sub(10) / 2);
    let strips = ramp.size.width.max(1);
    let mut rest = ramp;
    for strip in 0..strips {
        let share = (strip as f32 + 0.5) / strips as f32;
        widgets::block(canvas, rest.cut_left(1), picture::heat(share));
    }
    let outline = ink::slab(ramp, 2.0);
    ink::fill(canvas, ramp, theme::LINE, move |x, y| (outline(x, y) + 0.5).abs() - 0.5);
    let face = Type::Label.regular().fit("less more", words.size.width, words.size.height);
    face.write(canvas, "less", words, Align::Left, theme::MUTED);
    face.write(canvas, "more", words, Align::Right, theme::MUTED);
}
