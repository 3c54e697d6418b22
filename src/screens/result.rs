//! The result: one word, P(malignant) against the threshold in force, the likeliest classes, saved or not.

use embedded_graphics::geometry::{AnchorPoint, Size};
use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::primitives::Rectangle;

use super::screen::Page;
use super::standing::{Standing, View};
use super::text::{Align, Face, Type};
use super::theme::{self, Cut};
use super::{attention, compare, details, history, icons, picture, widgets, words};
use crate::classifier::{ClassProbability, Doubt, Malignant};
use crate::panel::Canvas;
use crate::reading::Reading;

/// Draws a page of a result.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, view: &View) {
    if let Standing::Past { sequence, place, total, .. } = view.standing {
        history::strip(canvas, &mut area, history::Place { sequence: Some(sequence), place, total });
    }
    let canvas_is_low = is_low(area);
    footer(canvas, &mut area, view);
    match view.page {
        Page::Reading if canvas_is_low => low_reading(canvas, area, view),
        Page::Reading => reading(canvas, area, view),
        Page::Compare => compare::draw(canvas, area, view),
        Page::Attention => attention::draw(canvas, area, view),
        Page::Details => details::draw(canvas, area, view),
    }
}

/// So low and wide that things stand beside each other instead of below.
fn is_low(area: Rectangle) -> bool {
    area.size.width >= 220 && area.size.height < 180
}

fn reading(canvas: &mut Canvas, mut area: Rectangle, view: &View) {
    banner(canvas, &mut area, view.reading);
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, (area.size.height / 28).max(2));
    if area.size.width >= 300 {
        let side = inside.cut_right(area.size.width / 3).inset(0, margin / 2);
        inside.cut_right(margin + margin / 2);
        if view.reading.capture.has_left() {
            attention::gone(canvas, side, view);
        } else {
            let place = picture::draw(canvas, &view.reading.capture.pixels, side.square());
            widgets::frame(canvas, place, theme::LINE);
        }
    }
    // A line more where it is said what the word is worth.
    let lines = if words::worth(&view.reading.assessment.malignant).is_empty() { 18 } else { 20 };
    let top = inside.cut_top((inside.size.height * lines / 40).max(36));
    malignancy(canvas, top, &view.reading.assessment.malignant);
    classes(canvas, inside, view.reading);
}

fn low_reading(canvas: &mut Canvas, mut area: Rectangle, view: &View) {
    banner(canvas, &mut area, view.reading);
    let margin = theme::margin(area);
    let mut inside = area.inset(margin, 2);
    let left = inside.cut_left(inside.size.width * 9 / 25);
    inside.cut_left(margin * 2);
    malignancy(canvas, left, &view.reading.assessment.malignant);
    classes(canvas, inside, view.reading);
}

/// Cuts off the banner and fills it: the verdict in one word with its shape and colour, and below the word what is
/// wrong, where something is.
fn banner(canvas: &mut Canvas, area: &mut Rectangle, reading: &Reading) {
    let verdict = reading.verdict();
    let colour = theme::tone(verdict);
    let height = area.size.height;
    let doubt = doubt(reading);
    let band = area.cut_top(height * if doubt.is_some() { 6 } else { 5 } / 22);
    widgets::block(canvas, band, colour);
    let mut word = band;
    if let Some(doubt) = doubt {
        let line = word.cut_bottom(band.size.height * 2 / 5).inset(4, 0);
        let face = Type::Body.bold().fit(&doubt, line.size.width, line.size.height * 3 / 4);
        let line = line.resized(line.size - Size::new(0, 2), AnchorPoint::TopLeft);
        face.write(canvas, &doubt, line, Align::Centre, theme::DARK_TEXT);
    }
    widgets::banner(canvas, word, colour, verdict.word(), |canvas, area| {
        icons::verdict(canvas, verdict, area, theme::DARK_TEXT, colour);
    });
}

/// What is wrong with a reading or its picture: the worst of it, and how much more there is.
fn doubt(reading: &Reading) -> Option<String> {
    let mut reasons = reading.judgement.reasons.iter();
    let first = reasons.next()?.words();
    let anyway = if reading.overridden { "Used anyway: " } else { "" };
    let more = match reasons.count() {
        0 => String::new(),
        more => format!(" (+{more})"),
    };
    Some(format!("{anyway}{first}{more}"))
}

/// P(malignant) large, on a bar that marks the threshold, with the operating point named below.
fn malignancy(canvas: &mut Canvas, mut area: Rectangle, malignant: &Malignant) {
    let height = area.size.height;
    let label = "Malignant";
    let (probability, threshold) = malignant.shown();
    let value = words::percent(probability);
    // Narrow: the label stands above the number, else beside it.
    let narrow = area.size.height * 4 >= area.size.width * 3;
    let mut number = if narrow {
        let line = area.cut_top(height / 5);
        let face = Type::Body.regular().fit(label, line.size.width, line.size.height * 3 / 4);
        face.write(canvas, label, line, Align::Left, theme::TEXT);
        area.cut_top(height * 3 / 10)
    } else {
        area.cut_top(height * 2 / 5)
    };
    let large = Type::Huge.bold().fit(&value, number.size.width * 3 / 5, number.size.height * 9 / 10);
    if narrow {
        large.write(canvas, &value, number, Align::Left, theme::TEXT);
    } else {
        large.write(canvas, &value, number.cut_right(large.width(&value)), Align::Right, theme::TEXT);
        number.cut_right(6);
        let face = Type::Lead.regular().fit(label, number.size.width, number.size.height * 3 / 5);
        face.write(canvas, label, number, Align::Left, theme::TEXT);
    }

    area.cut_top((height / 16).max(2));
    let bar = area.cut_top((height / 8).clamp(5, 12));
    widgets::bar(canvas, bar, probability, theme::tone_of(malignant.is_suspicious()));
    widgets::threshold(canvas, bar, threshold, theme::TEXT);
    area.cut_top(2);
    point(canvas, area, malignant);
}

/// The operating point with its threshold and what the word is worth, in as many words as are readable.
fn point(canvas: &mut Canvas, mut area: Rectangle, malignant: &Malignant) {
    let (name, threshold) = (&malignant.operating_point, words::percent(malignant.shown().1));
    let fits = |text: &String| Type::Small.regular().width(text) <= area.size.width;
    let long = format!("{name}: suspicious from {threshold}");
    let narrow = area.size.height * 6 >= area.size.width;
    let mut lines = match narrow {
        true => vec![format!("{name}:"), format!("from {threshold}")],
        false if fits(&long) => vec![long],
        false => vec![format!("{name}: from {threshold}")],
    };
    let worth = words::worth(malignant);
    let fitting = worth.iter().find(|text| fits(text)).or(worth.last()).cloned();
    if area.size.height >= (lines.len() as u32 + 1) * Type::Tiny.regular().line() + 4 {
        lines.extend(fitting);
    } else if narrow {
        // What the word is worth says more than where the threshold is, which the bar marks.
        lines.extend(fitting);
        lines.drain(1..lines.len() - 1);
    } else if let Some(short) = worth.last() {
        lines = vec![format!("{name}: {short}")];
    }
    let height = (area.size.height / lines.len() as u32).min(18);
    for line in lines {
        let face = Type::Label.regular().fit(&line, area.size.width, height);
        face.write(canvas, &line, area.cut_top(height), Align::Left, theme::MUTED);
    }
}

/// The three likeliest classes: shape, name, probability and, where there is room, a bar.
fn classes(canvas: &mut Canvas, mut area: Rectangle, reading: &Reading) {
    if !reading.assessment.class_stands_out() {
        class_doubt(canvas, area.cut_top((area.size.height / 6).clamp(9, 18)));
    }
    let classes = reading.assessment.shown_top(3);
    let rows = area.stack(3);
    let height = rows[0].size.height;
    let bar = if height >= 16 { (height / 5).clamp(3, 7) } else { 0 };
    let most = height.saturating_sub(bar + 2);
    let widest = classes.iter().map(|class| words::percent(class.probability)).max_by_key(String::len);
    let widest = widest.unwrap_or_default();
    let size = if area.size.width < 150 { Type::Small } else { Type::Body };
    let number = size.bold().fit(&widest, area.size.width / 4, most);
    let columns = Columns { sign: (number.capital() + 2).min(11), number: number.width(&widest) + 1, bar };
    let longest = classes.iter().map(|class| class.short.as_str()).max_by_key(|name| number.width(name));
    let name = size.regular().fit(longest.unwrap_or(""), columns.name(area.size.width), most);
    for (row, class) in rows.into_iter().zip(&classes) {
        class_row(canvas, row, class, &columns, (name, number));
    }
}

/// Which class it is may be in doubt where the side of the threshold is not: it is said here and not in the banner.
fn class_doubt(canvas: &mut Canvas, line: Rectangle) {
    let words = Doubt::LowConfidence.words();
    let face = Type::Label.bold().fit(words, line.size.width, line.size.height * 3 / 4);
    face.write(canvas, words, line, Align::Left, theme::CAUTION);
}

/// What the rows of classes have in common, in pixels.
struct Columns {
    sign: u32,
    number: u32,
    /// How thick the bars are; 0 for none.
    bar: u32,
}

impl Columns {
    const GAP: u32 = 4;

    /// How wide the names are in rows of that width.
    fn name(&self, width: u32) -> u32 {
        width.saturating_sub(self.sign + self.number + 2 * Self::GAP)
    }
}

fn class_row(
    canvas: &mut Canvas,
    mut row: Rectangle,
    class: &ClassProbability,
    columns: &Columns,
    (name, number): (Face, Face),
) {
    let colour = theme::tone_of(class.malignant);
    if columns.bar > 0 {
        let mut foot = row.cut_bottom(columns.bar + 2);
        widgets::bar(canvas, foot.cut_top(columns.bar), class.probability, colour);
    }
    let sign = row.cut_left(columns.sign).square();
    if class.malignant {
        icons::warning(canvas, sign, colour, colour);
    } else {
        icons::circle(canvas, sign, colour);
    }
    row.cut_left(Columns::GAP);
    let value = words::percent(class.probability);
    number.write(canvas, &value, row.cut_right(columns.number), Align::Right, theme::TEXT);
    row.cut_right(Columns::GAP);
    name.write(canvas, &class.short, row, Align::Left, theme::TEXT);
}

/// Cuts off the footer and fills it: saved or not, the page, and what this is not.
fn footer(canvas: &mut Canvas, area: &mut Rectangle, view: &View) {
    let line = (area.size.height / 12).clamp(13, 20);
    let margin = theme::margin(*area);
    let low = is_low(*area);
    if !low {
        widgets::research(canvas, area.cut_bottom(line).inset(margin, 0), Align::Centre);
    }
    let mut row = area.cut_bottom(line).inset(margin, 0);
    if low {
        widgets::research(canvas, row.cut_right(row.size.width * 2 / 5), Align::Right);
        row.cut_right(margin);
    }
    let pages = Page::of(view.reading);
    widgets::dots(canvas, row.cut_right(widgets::dots_width(line, pages.len())), view.page, &pages);
    row.cut_right(Columns::GAP);
    standing(canvas, row, view);
}

fn standing(canvas: &mut Canvas, area: Rectangle, view: &View) {
    let (text, colour, icon): (String, Rgb565, fn(&mut Canvas, Rectangle, Rgb565)) = match view.standing {
        Standing::Saving => ("Saving".into(), theme::MUTED, icons::waiting),
        Standing::Saved(sequence) => (format!("Saved #{sequence}"), theme::TEXT, icons::tick),
        Standing::NotSaved(why) => (format!("NOT SAVED: {why}"), theme::CAUTION, icons::cross),
        Standing::Past { picture_fault: Some(fault), .. } => {
            (format!("Picture: {fault}"), theme::CAUTION, icons::cross)
        }
        Standing::Past { sequence, .. } if view.reading.capture.has_left() => {
            (format!("#{sequence}, picture gone"), theme::TEXT, icons::tick)
        }
        Standing::Past { sequence, .. } => (format!("Saved #{sequence}"), theme::TEXT, icons::tick),
    };
    let face = Type::Body.bold().fit(
        &text,
        area.size.width.saturating_sub(area.size.height),
        area.size.height * 2 / 3,
    );
    widgets::labelled(canvas, area, (face, &text, colour), Align::Left, |canvas, area| {
        icon(canvas, area, colour);
    });
}
