//! The third page of a result: what it rests on.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::primitives::Rectangle;

use super::standing::View;
use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{icons, widgets, words};
use crate::classifier::{Malignant, ModelId, Timings};
use crate::panel::Canvas;
use crate::reading::{Capture, Reading};

/// A line: what, how much, and its colour.
type Row = (&'static str, String, Rgb565);

/// Draws the page.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, view: &View) {
    let verdict = view.reading.verdict();
    let colour = theme::tone(verdict);
    let head = area.cut_top((area.size.height / 7).max(16));
    widgets::banner(canvas, head, colour, verdict.word(), |canvas, area| {
        icons::verdict(canvas, verdict, area, theme::DARK_TEXT, colour);
    });
    let margin = theme::margin(area);
    let inside = area.inset(margin, margin / 2);
    let most = (inside.size.height / Type::Tiny.regular().line()).max(1);
    let fingerprint = view.https.map_or(vec![], |whole| fingerprint(whole, inside.size.width));
    let mut rows = rows(view.reading);
    // A part of a fingerprint is worth nothing: what matters least makes room.
    rows.truncate((most as usize).saturating_sub(fingerprint.len()));
    rows.extend(fingerprint);
    let places = inside.stack(most.min(rows.len() as u32));
    for (place, row) in places.into_iter().zip(&rows) {
        write(canvas, place, row);
    }
}

fn write(canvas: &mut Canvas, mut area: Rectangle, (what, much, colour): &Row) {
    let most = area.size.height * 3 / 5;
    let label = area.cut_left(area.size.width / 4);
    area.cut_left(4);
    let face = Type::Label.regular().fit(what, label.size.width, most);
    face.write(canvas, what, label, Align::Left, theme::MUTED);
    let face = Type::Label.bold().fit(much, area.size.width, most);
    face.write(canvas, much, area, Align::Left, *colour);
}

/// A certificate's fingerprint in lines that a panel of that width has room for, in groups that a person compares with a
/// browser's.
fn fingerprint(whole: &str, width: u32) -> Vec<Row> {
    let digits: Vec<char> = whole.chars().filter(char::is_ascii_hexdigit).collect();
    let group = |digits: &[char]| digits.iter().collect::<String>();
    let (a_line, a_group) = match width {
        0..140 => (12, 4),
        140..200 => (16, 8),
        _ => (24, 8),
    };
    let lines =
        digits.chunks(a_line).map(|line| line.chunks(a_group).map(group).collect::<Vec<_>>().join(" "));
    let names = std::iter::once("HTTPS").chain(std::iter::repeat(""));
    names.zip(lines).map(|(what, line)| (what, line, theme::TEXT)).collect()
}

/// What matters most first: a low panel has room for the first few only.
fn rows(reading: &Reading) -> Vec<Row> {
    let (quality, assessment) = (&reading.quality, &reading.assessment);
    let mut rows = vec![picture(reading)];
    rows.extend(assessment.doubts.iter().map(|doubt| ("Doubt", doubt.words().into(), theme::CAUTION)));
    rows.extend(malignant(&assessment.malignant));
    rows.push(taken(&reading.capture));
    if !reading.capture.case.is_none() {
        rows.push(("Case", reading.capture.case.words(), theme::TEXT));
    }
    let light = format!("{}, glare {}", words::percent(quality.brightness), words::percent(quality.glare));
    let [area, offset] = [quality.lesion_area, quality.lesion_offset].map(words::percent);
    let hash: String = assessment.model.sha256.chars().take(8).collect();
    let Timings { preprocess_ms, inference_ms } = assessment.timings;
    let whole = preprocess_ms + inference_ms;
    let more = [
        ("Focus", format!("{:.1}", quality.sharpness)),
        ("Light", light),
        ("Lesion", format!("{area} of ring, {offset} off")),
        ("Model", format!("{} {hash}", model_name(&assessment.model))),
        ("Time", format!("{whole:.0} ms ({preprocess_ms:.0}+{inference_ms:.0})")),
    ];
    rows.extend(more.map(|(what, much)| (what, much, theme::TEXT)));
    rows
}

/// P(malignant) as it was computed, and as it is shown here, with what either is true for.
fn malignant(malignant: &Malignant) -> Vec<Row> {
    let at = |probability: f32, threshold: f32| {
        format!("{}, from {}", words::percent(probability), words::percent(threshold))
    };
    let computed = at(malignant.probability, malignant.threshold);
    let of_set = malignant.calibrated_on.map_or(String::new(), |set| format!(" at {}", words::share(set)));
    let here = malignant.here.map(|here| {
        let much = at(here.probability, here.threshold);
        ("Here", format!("{much} at {}", words::share(here.prevalence)), theme::TEXT)
    });
    let computed = ("Malig.", format!("{computed}{of_set}"), theme::TEXT);
    here.into_iter().chain([computed]).collect()
}

/// As long as there is room for.
fn model_name(model: &ModelId) -> &str {
    model.short_name.as_deref().unwrap_or(&model.name)
}

fn picture(reading: &Reading) -> Row {
    let faults: Vec<_> = reading.quality.reasons.iter().map(|reason| reason.words()).collect();
    let anyway = if reading.overridden { ", used anyway" } else { "" };
    match faults.as_slice() {
        [] => ("Picture", format!("good{anyway}"), theme::TEXT),
        faults => ("Picture", format!("{}{anyway}", faults.join(", ")), theme::CAUTION),
    }
}

fn taken(capture: &Capture) -> Row {
    if capture.clock_set {
        ("Taken", capture.captured_at.strftime("%Y-%m-%d %H:%M UTC").to_string(), theme::TEXT)
    } else {
        ("Taken", "clock not set".into(), theme::CAUTION)
    }
}
