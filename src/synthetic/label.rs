//! The word SYNTHETIC in the corner of every picture that the project draws.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::{MonoTextStyle, ascii::FONT_6X10};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::{DrawTarget, Drawable};
use embedded_graphics::text::{Baseline, Text};
use image::{Rgb, RgbImage};

use crate::picture::Region;

const WORD: &str = "SYNTHETIC";
/// The label is about a quarter as wide as the square: readable when a small screen shows the picture.
const SIDE_FOR_ONE_PIXEL: u32 = 200;

/// Writes the label into the lower left corner of the square: white, with a dark edge.
pub fn write(picture: &mut RgbImage, square: Region) {
    let scale = (square.width / SIDE_FOR_ONE_PIXEL).max(1);
    let font = FONT_6X10;
    let left = square.x + 2 * scale;
    let top = (square.y + square.height).saturating_sub((font.character_size.height + 1) * scale);
    for (shift, value) in [(scale.div_ceil(2), 0), (0, 255)] {
        let mut paper = Paper {
            picture: &mut *picture,
            scale,
            origin: [left + shift, top + shift],
            ink: Rgb([value; 3]),
        };
        let style = MonoTextStyle::new(&font, BinaryColor::On);
        let Ok(_) = Text::with_baseline(WORD, Point::zero(), style, Baseline::Top).draw(&mut paper);
    }
}

/// Draws each pixel of the text as a block of the picture; what lies outside is left out.
struct Paper<'a> {
    picture: &'a mut RgbImage,
    scale: u32,
    origin: [u32; 2],
    ink: Rgb<u8>,
}

impl OriginDimensions for Paper<'_> {
    fn size(&self) -> Size {
        Size::new(self.picture.width(), self.picture.height())
    }
}

impl DrawTarget for Paper<'_> {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(point, _) in pixels {
            let (Ok(column), Ok(row)) = (u32::try_from(point.x), u32::try_from(point.y)) else { continue };
            for (dx, dy) in (0..self.scale * self.scale).map(|i| (i % self.scale, i / self.scale)) {
                let (x, y) =
                    (self.origin[0] + column * self.scale + dx, self.origin[1] + row * self.scale + dy);
                if let Some(pixel) = self.picture.get_pixel_mut_checked(x, y) {
                    *pixel = self.ink;
                }
            }
        }
        Ok(())
    }
}
