//! Widgets: the parts that several screens share.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

use super::icons;
use super::ink::{self, fill, fill_slab, stroke};
use super::screen::Page;
use super::text::{Align, Face, Type};
use super::theme::{self, Cut};
use crate::RESEARCH_ONLY;
use crate::panel::Canvas;
use crate::power::Battery;

/// Fills an area with one colour.
pub fn block(canvas: &mut Canvas, area: Rectangle, colour: Rgb565) {
    // A canvas takes everything.
    let Ok(()) = canvas.fill_solid(&area, colour);
}

/// A bar from 0 to 1.
pub fn bar(canvas: &mut Canvas, area: Rectangle, share: f32, colour: Rgb565) {
    let radius = area.size.height as f32 / 2.0;
    fill_slab(canvas, area, radius, theme::SURFACE);
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    // Never shorter than its round ends, so that even the least is seen.
    let width = ((area.size.width as f32 * share).round() as u32).max(area.size.height).min(area.size.width);
    let mut full = area;
    fill_slab(canvas, full.cut_left(width), radius, colour);
}

/// A mark across a bar at a share of its width.
pub fn threshold(canvas: &mut Canvas, bar: Rectangle, share: f32, colour: Rgb565) {
    let x = bar.top_left.x as f32 + bar.size.width as f32 * share.clamp(0.0, 1.0);
    let (top, bottom) = (bar.top_left.y as f32, bar.top_left.y as f32 + bar.size.height as f32);
    let around = ink::around((x, (top + bottom) / 2.0), bar.size.height as f32 + 6.0);
    fill(canvas, around, theme::BACKGROUND, stroke((x, top + 1.0), (x, bottom - 1.0), 5.0));
    fill(canvas, around, colour, stroke((x, top - 1.0), (x, bottom + 1.0), 2.0));
}

/// The dots that say which page of a result this is.
pub fn dots(canvas: &mut Canvas, area: Rectangle, page: Page, pages: &[Page]) {
    let reach = (area.size.height as f32 / 6.0).clamp(2.0, 3.5);
    let (x, y) = ink::centre(area);
    let middle = pages.len().saturating_sub(1) as f32 / 2.0;
    for (index, each) in pages.iter().enumerate() {
        let spot = (x + (index as f32 - middle) * reach * 3.6, y);
        let around = ink::around(spot, reach);
        if *each == page {
            fill(canvas, around, theme::TEXT, ink::disc(spot, reach));
        } else {
            fill(canvas, around, theme::MUTED, ink::ring(spot, reach - 0.7, 1.2));
        }
    }
}

/// How wide [`dots`] of so many pages are in a line of that height.
pub fn dots_width(height: u32, pages: usize) -> u32 {
    ((height as f32 / 6.0).clamp(2.0, 3.5) * (3.6 * pages as f32 - 1.3)).ceil() as u32
}

/// Says what this is not, as fully as fits.
pub fn research(canvas: &mut Canvas, area: Rectangle, align: Align) {
    let (short, _) = RESEARCH_ONLY.split_once('.').unwrap_or((RESEARCH_ONLY, ""));
    let most = Type::Label.regular();
    let full = most.fit(RESEARCH_ONLY, area.size.width, area.size.height);
    let (text, face) = if full.width(RESEARCH_ONLY) <= area.size.width && full.size > Type::Tiny {
        (RESEARCH_ONLY, full)
    } else {
        (short, most.fit(short, area.size.width, area.size.height))
    };
    face.write(canvas, text, area, align, theme::MUTED);
}

/// A line with an icon before it, the two centred or from the left.
pub fn labelled(
    canvas: &mut Canvas,
    area: Rectangle,
    (face, text, colour): (Face, &str, Rgb565),
    align: Align,
    icon: impl Fn(&mut Canvas, Rectangle),
) {
    let side = (face.capital() * 3 / 2).min(area.size.height);
    let gap = (side / 3).max(3);
    let text = face.shorten(text, area.size.width.saturating_sub(side + gap));
    let spare = area.size.width.saturating_sub(side + gap + face.width(&text));
    let mut rest = area;
    match align {
        Align::Left => {}
        Align::Centre => drop(rest.cut_left(spare / 2)),
        Align::Right => drop(rest.cut_left(spare)),
    }
    icon(canvas, rest.cut_left(side).square());
    rest.cut_left(gap);
    face.write(canvas, &text, rest, Align::Left, colour);
}

/// A band of a signal colour with an icon and a word as large as fits.
pub fn banner(
    canvas: &mut Canvas,
    area: Rectangle,
    colour: Rgb565,
    word: &str,
    icon: impl Fn(&mut Canvas, Rectangle),
) {
    block(canvas, area, colour);
    let margin = theme::margin(area).max(area.size.height / 6);
    let inside = area.inset(margin, 0);
    let room = |face: Face| inside.size.width.saturating_sub(face.capital() * 2 + 3);
    let fits = |face: &Face| face.capital() * 2 <= area.size.height && face.width(word) <= room(*face);
    let faces = Type::ALL.into_iter().rev().map(Type::bold);
    let face = faces.into_iter().find(fits).unwrap_or(Type::Tiny.bold());
    labelled(canvas, inside, (face, word, theme::DARK_TEXT), Align::Centre, icon);
}

/// A battery filled to its charge, with the percents; a bolt stands for the cable.
pub fn battery(canvas: &mut Canvas, area: Rectangle, battery: Battery, align: Align) {
    let Battery { charge, low } = battery;
    let colour = if low { theme::CAUTION } else { theme::TEXT };
    let text = format!("{}%", charge.percent);
    let face = Type::Label.bold().fit(&text, area.size.width, area.size.height);
    labelled(canvas, area, (face, &text, colour), align, |canvas, area| {
        icons::battery(canvas, area, charge, colour);
    });
}

/// A strip that warns.
pub fn warning_strip(canvas: &mut Canvas, area: Rectangle, text: &str) {
    block(canvas, area, theme::CAUTION);
    let inside = area.inset(theme::margin(area), 1);
    let face = Type::Label.bold().fit(text, inside.size.width * 4 / 5, inside.size.height);
    labelled(canvas, inside, (face, text, theme::DARK_TEXT), Align::Centre, |canvas, area| {
        icons::warning(canvas, area, theme::DARK_TEXT, theme::CAUTION);
    });
}

/// A strip that answers a press.
pub fn answer_strip(canvas: &mut Canvas, area: Rectangle, text: &str) {
    block(canvas, area, theme::TEXT);
    let inside = area.inset(theme::margin(area), 1);
    let face = Type::Label.bold().fit(text, inside.size.width, inside.size.height);
    face.write(canvas, text, inside, Align::Centre, theme::DARK_TEXT);
}

/// A strip that only tells.
pub fn note_strip(canvas: &mut Canvas, area: Rectangle, text: &str) {
    block(canvas, area, theme::BACKGROUND);
    let inside = area.inset(theme::margin(area), 1);
    let face = Type::Label.regular().fit(text, inside.size.width, inside.size.height);
    face.write(canvas, text, inside, Align::Centre, theme::TEXT);
}

/// A thin line around an area.
pub fn frame(canvas: &mut Canvas, area: Rectangle, colour: Rgb565) {
    let slab = ink::slab(area, 3.0);
    ink::fill(canvas, area, colour, move |x, y| (slab(x, y) + 0.5).abs() - 0.5);
}
