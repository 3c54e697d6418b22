//! The test card: shows whether a panel is wired and configured right. A line along the very edge (a wrong offset
//! cuts it off), bars of every colour in a known order (swapped or inverted ones stand out), steps of grey, and
//! words that must be upright.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::widgets;
use crate::panel::Canvas;

/// From left to right, with the letter that names each.
const BARS: [(Rgb565, &str); 7] = [
    (Rgb565::WHITE, "W"),
    (Rgb565::YELLOW, "Y"),
    (Rgb565::CYAN, "C"),
    (Rgb565::GREEN, "G"),
    (Rgb565::MAGENTA, "M"),
    (Rgb565::RED, "R"),
    (Rgb565::BLUE, "B"),
];
const GREYS: u32 = 8;

/// Draws the screen.
pub fn draw(canvas: &mut Canvas, area: Rectangle) {
    widgets::block(canvas, area, Rgb565::WHITE);
    let mut inside = area.inset(1, 1);
    widgets::block(canvas, inside, theme::BACKGROUND);
    let size = area.size;
    let height = inside.size.height;
    let bars = inside.cut_top(height / 2);
    for (column, (colour, letter)) in columns(bars, BARS.len() as u32).into_iter().zip(BARS) {
        widgets::block(canvas, column, colour);
        let ink = if colour == Rgb565::BLUE { Rgb565::WHITE } else { theme::DARK_TEXT };
        let face = Type::Title.bold().fit(letter, column.size.width, column.size.height / 3);
        face.write(canvas, letter, column, Align::Centre, ink);
    }
    let greys = inside.cut_top(height / 8);
    for (step, column) in (0..GREYS).zip(columns(greys, GREYS)) {
        let value = (step * 31 / (GREYS - 1)) as u8;
        widgets::block(canvas, column, Rgb565::new(value, value * 2, value));
    }
    let rows = inside.stack(2);
    for (row, text) in
        rows.into_iter().zip(["This side up".into(), format!("{} x {}", size.width, size.height)])
    {
        let face = Type::Large.bold().fit(&text, row.size.width * 9 / 10, row.size.height * 2 / 3);
        face.write(canvas, &text, row, Align::Centre, theme::TEXT);
    }
}

/// `count` columns over the whole width, whatever the remainder.
fn columns(area: Rectangle, count: u32) -> Vec<Rectangle> {
    let at = |index: u32| area.size.width * index / count;
    let column = |index: u32| {
        let corner = area.top_left + Point::new(at(index) as i32, 0);
        Rectangle::new(corner, Size::new(at(index + 1) - at(index), area.size.height))
    };
    (0..count).map(column).collect()
}
