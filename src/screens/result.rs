//! The result: one word, P(malignant) against the threshold in force, the likeliest classes, saved or not.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{Page, attention, details, history, icons, ink, picture, widgets, words};
use crate::classifier::ClassProbability;
use crate::panel::Canvas;
use crate::reading::{Reading, Saved, Verdict};

/// A result as it is shown.
pub struct View<'a> {
    pub reading: &'a Reading,
    pub standing: Standing<'a>,
    pub page: Page,
}

/// How a result stands to the records.
#[derive(Clone, Copy)]
pub enum Standing<'a> {
    Saving,
    Saved(u64),
    NotSaved(&'a str),
    /// From the past: the `place`th newest of `total`.
    Past {
        sequence: u64,
        place: u64,
        total: u64,
    },
}

impl<'a> From<&'a Saved> for Standing<'a> {
    fn from(saved: &'a Saved) -> Self {
        match saved {
            Saved::Pending => Self::Saving,
            Saved::Saved(sequence) => Self::Saved(*sequence),
            Saved::Failed(why) => Self::NotSaved(why),
        }
    }
}

/// Draws a page of a result.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, view: &View) {
    if let Standing::Past { sequence, place, total } = view.standing {
        history::strip(canvas, area.cut_top((area.size.height / 11).max(14)), sequence, place, total);
    }
    match view.page {
        Page::Reading => reading(canvas, area, view),
        Page::Attention => attention::draw(canvas, area, view),
        Page::Details => details::draw(canvas, area, view),
    }
}

fn reading(canvas: &mut Canvas, mut area: Rectangle, view: &View) {
    let (width, height) = (area.size.width, area.size.height);
    let verdict = view.reading.verdict();
    banner(canvas, area.cut_top(height / 5), verdict);
    footer(canvas, &mut area, view);
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, margin / 2);
    let why = doubt(view.reading);
    if width >= 220 && height < 180 {
        let left = inside.cut_left(width * 9 / 20);
        inside.cut_left(margin * 2);
        malignancy(canvas, left, view.reading, why.as_deref());
        classes(canvas, inside, view.reading);
        return;
    }
    if width >= 300 {
        let side = inside.cut_right(width / 3).inset(0, margin / 2);
        inside.cut_right(margin + margin / 2);
        thumbnail(canvas, side, view.reading);
    }
    let top = inside.cut_top(inside.size.height * 9 / 20);
    malignancy(canvas, top, view.reading, why.as_deref());
    classes(canvas, inside, view.reading);
}

/// The verdict in one word, with its shape and colour.
pub fn banner(canvas: &mut Canvas, area: Rectangle, verdict: Verdict) {
    let colour = theme::tone(verdict);
    widgets::banner(canvas, area, colour, verdict.word(), |canvas, area| {
        icons::verdict(canvas, verdict, area, theme::DARK_TEXT, colour);
    });
}

/// Why the device does not stand behind a reading: the first of the reasons, and how many more there are.
fn doubt(reading: &Reading) -> Option<String> {
    let quality = reading.quality.reasons.iter().map(|reason| words::fault(*reason));
    let mut doubts = quality.chain(reading.assessment.doubts.iter().map(|doubt| doubt.words()));
    let first = doubts.next()?;
    let more = doubts.count();
    Some(if more == 0 { first.into() } else { format!("{first} (+{more})") })
}

/// P(malignant) large, on a bar that marks the threshold, with the operating point or the doubt named below.
fn malignancy(canvas: &mut Canvas, mut area: Rectangle, reading: &Reading, doubt: Option<&str>) {
    let malignant = &reading.assessment.malignant;
    let height = area.size.height;
    let number = area.cut_top(height * 4 / 10);
    let value = words::percent(malignant.probability);
    let large = Type::Huge.bold().fit(&value, area.size.width * 3 / 5, number.size.height);
    let mut label = number;
    large.write(canvas, &value, label.cut_right(large.width(&value)), Align::Right, theme::TEXT);
    label.cut_right(6);
    let face = Type::Lead.regular().fit("Malignant", label.size.width, number.size.height / 2 + 1);
    face.write(canvas, "Malignant", label, Align::Left, theme::TEXT);

    let lines = if doubt.is_some() { 2 } else { 1 };
    let thick = (height / 8).clamp(5, 12);
    let captions = area.cut_bottom((area.size.height - thick) * 4 / 5);
    let bar = area.inset(0, area.size.height.saturating_sub(thick) / 2);
    widgets::bar(canvas, bar, malignant.probability, theme::tone_of(malignant.is_suspicious()));
    widgets::threshold(canvas, bar, malignant.threshold, theme::TEXT);
    let captions = captions.stack(lines);
    let point =
        format!("{}: suspicious from {}", malignant.operating_point, words::percent(malignant.threshold));
    let short = format!("{}: {}", malignant.operating_point, words::percent(malignant.threshold));
    let face = Type::Label.regular();
    let room = captions[0].size;
    let text = if face.fit(&point, room.width, room.height).size >= Type::Small { point } else { short };
    let face = face.fit(&text, room.width, room.height);
    face.write(canvas, &text, captions[0], Align::Left, theme::MUTED);
    if let (Some(doubt), Some(area)) = (doubt, captions.get(1)) {
        let face = Type::Label.bold().fit(doubt, area.size.width * 9 / 10, area.size.height);
        widgets::labelled(canvas, *area, (face, doubt, theme::CAUTION), Align::Left, |canvas, area| {
            icons::question(canvas, area, theme::CAUTION, theme::BACKGROUND);
        });
    }
}

/// The three likeliest classes with bars.
fn classes(canvas: &mut Canvas, area: Rectangle, reading: &Reading) {
    let classes = reading.assessment.top(3);
    for (area, class) in area.stack(3).into_iter().zip(classes) {
        class_row(canvas, area, class);
    }
}

fn class_row(canvas: &mut Canvas, mut area: Rectangle, class: &ClassProbability) {
    let height = area.size.height;
    let colour = theme::tone_of(class.malignant);
    let thick = (height / 5).clamp(3, 7);
    if height >= 14 {
        let bar = area.cut_bottom(thick + height / 8).inset(0, height / 16);
        widgets::bar(canvas, bar, class.probability, colour);
    }
    let value = words::percent(class.probability);
    let most = area.size.height.saturating_sub(2).max(5);
    let number = Type::Body.bold().fit(&value, area.size.width / 3, most);
    let column = number.width(">99%");
    number.write(canvas, &value, area.cut_right(column), Align::Right, theme::TEXT);
    area.cut_right(4);
    let side = (area.size.height / 2).clamp(7, 10);
    let shape = area.cut_left(side).square();
    if class.malignant {
        icons::warning(canvas, shape, colour, colour);
    } else {
        icons::circle(canvas, shape, colour);
    }
    area.cut_left(5);
    let name = Type::Body.regular().fit(&class.short, area.size.width, most);
    name.write(canvas, &class.short, area, Align::Left, theme::TEXT);
}

/// The picture beside the reading, with a frame.
fn thumbnail(canvas: &mut Canvas, mut area: Rectangle, reading: &Reading) {
    let side = area.size.width.min(area.size.height);
    let place = picture::draw(canvas, &reading.capture.pixels, area.cut_top(side));
    frame(canvas, place, theme::LINE);
    if reading.overridden && area.size.height >= 12 {
        let face = Type::Label.regular().fit("used anyway", area.size.width, area.size.height);
        face.write(canvas, "used anyway", area, Align::Centre, theme::CAUTION);
    }
}

/// A thin line around an area.
pub fn frame(canvas: &mut Canvas, area: Rectangle, colour: Rgb565) {
    let slab = ink::slab(area, 3.0);
    ink::fill(canvas, area, colour, move |x, y| (slab(x, y) + 0.5).abs() - 0.5);
}

/// Cuts off the footer and fills it: saved or not, the page, and what this is not.
pub fn footer(canvas: &mut Canvas, area: &mut Rectangle, view: &View) {
    let line = (area.size.height / 10).clamp(13, 20);
    if area.size.width < 220 || area.size.height >= 150 {
        let research = area.cut_bottom(line).inset(theme::margin(*area), 0);
        widgets::research(canvas, research, Align::Centre);
    }
    let margin = theme::margin(*area);
    let mut row = area.cut_bottom(line).inset(margin, 0);
    if area.size.height < 110 && row.size.width >= 200 {
        widgets::research(canvas, row.cut_right(row.size.width / 2 - 4), Align::Right);
    }
    widgets::dots(canvas, row.cut_right(widgets::dots_width(line)), view.page);
    row.cut_right(4);
    standing(canvas, row, view.standing);
}

fn standing(canvas: &mut Canvas, area: Rectangle, standing: Standing) {
    let (text, colour, icon): (String, Rgb565, fn(&mut Canvas, Rectangle, Rgb565)) = match standing {
        Standing::Saving => ("Saving".into(), theme::MUTED, icons::waiting),
        Standing::Saved(sequence) => (format!("Saved #{sequence}"), theme::TEXT, icons::tick),
        Standing::NotSaved(why) => (format!("NOT SAVED: {why}"), theme::CAUTION, icons::cross),
        Standing::Past { sequence, .. } => (format!("Saved #{sequence}"), theme::TEXT, icons::tick),
    };
    let face = Type::Body.bold().fit(&text, area.size.width * 4 / 5, area.size.height * 2 / 3);
    widgets::labelled(canvas, area, (face, &text, colour), Align::Left, |canvas, area| {
        icon(canvas, area, colour);
    });
}
