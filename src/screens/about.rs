//! About: which device this is, and the public half of its key as a QR code to scan and keep.

use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;
use qrcode::{EcLevel, QrCode};

use super::screen::About;
use super::text::{Align, Type};
use super::theme::{self, Cut};
use super::{ways, widgets};
use crate::panel::Canvas;

/// The light border that readers ask for around a code, in modules (ISO/IEC 18004).
const QUIET: u32 = 4;

/// Draws the screen: the code as large as it may be, since it is there to be read from the glass.
pub fn draw(canvas: &mut Canvas, mut area: Rectangle, about: &About) {
    let margin = theme::margin(area);
    let Size { width, height } = area.size;
    let is_wide = width >= height + 100;
    // Beside the code, or below it where there is no room beside.
    let code = match is_wide {
        true => area.cut_left(height),
        false => area.cut_top(height * 7 / 8),
    };
    let drawn = draw_code(canvas, code, &about.public_key, is_wide);
    // What the code leaves is the words'.
    let words = match is_wide {
        true => area.inset(margin, margin),
        false => {
            let bottom = drawn.top_left.y + drawn.size.height as i32;
            let spare = (code.top_left.y + code.size.height as i32 - bottom).max(0) as u32;
            let corner = Point::new(area.top_left.x, bottom);
            Rectangle::new(corner, Size::new(width, area.size.height + spare)).inset(margin, 2)
        }
    };
    draw_words(canvas, words, about, is_wide);
}

/// Draws a text as a QR code and gives where it is. Upper-case digits take the least room in one.
fn draw_code(canvas: &mut Canvas, area: Rectangle, text: &str, is_wide: bool) -> Rectangle {
    let Ok(code) = QrCode::with_error_correction_level(text.to_ascii_uppercase(), EcLevel::L) else {
        // A key always fits.
        return Rectangle::new(area.top_left, Size::zero());
    };
    let modules = code.width() as u32;
    let pixels = (area.size.width.min(area.size.height) / (modules + 2 * QUIET)).max(1);
    let side = pixels * (modules + 2 * QUIET);
    let down = if is_wide { area.size.height.saturating_sub(side) / 2 } else { 0 };
    let corner = area.top_left + Point::new((area.size.width.saturating_sub(side) / 2) as i32, down as i32);
    let place = Rectangle::new(corner, Size::new_equal(side));
    widgets::block(canvas, place, theme::TEXT);
    for (index, module) in code.to_colors().into_iter().enumerate() {
        let (x, y) = (index as u32 % modules, index as u32 / modules);
        let at = corner + Point::new(((x + QUIET) * pixels) as i32, ((y + QUIET) * pixels) as i32);
        if module == qrcode::Color::Dark {
            widgets::block(canvas, Rectangle::new(at, Size::new_equal(pixels)), theme::DARK_TEXT);
        }
    }
    place
}

fn draw_words(canvas: &mut Canvas, mut area: Rectangle, about: &About, is_wide: bool) {
    let name = format!("Device {}", about.device);
    if is_wide {
        let ways = area.cut_bottom((area.size.height * 2 / 5).max(40));
        Type::Lead.bold().fill(canvas, &name, area.cut_top(area.size.height / 2), Align::Left, theme::TEXT);
        Type::Label.regular().fill(canvas, "The code is its public key", area, Align::Left, theme::MUTED);
        return ways::draw(canvas, ways, ["Press: go on", "Hold: erase all"], 0.0);
    }
    let rows = area.stack(2);
    let face = Type::Label.bold().fit(&name, rows[0].size.width, rows[0].size.height);
    face.write(canvas, &name, rows[0], Align::Centre, theme::TEXT);
    let help = "Press: go on. Hold: erase all";
    let face = Type::Label.regular().fit(help, rows[1].size.width, rows[1].size.height);
    face.write(canvas, help, rows[1], Align::Centre, theme::MUTED);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_code_of_29_modules_so_that_the_smallest_panel_shows_it_three_pixels_wide() {
        let key = "0123456789ABCDEF".repeat(4);
        let code = QrCode::with_error_correction_level(&key, EcLevel::L).expect("fits");
        assert_eq!(code.width(), 29);
        const { assert!(128 * 7 / 8 / (29 + 2 * QUIET) >= 3) };
    }
}
