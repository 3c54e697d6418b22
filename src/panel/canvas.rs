//! The canvas: a picture in memory that screens are drawn on once, before it goes to a panel in one sweep.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;
use image::RgbImage;

use crate::picture::Encoded;
use crate::picture::PictureError;

/// A picture of a panel's size, in the panel's own colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canvas {
    size: Size,
    pixels: Vec<Rgb565>,
}

impl Canvas {
    /// A black canvas.
    pub fn new(size: Size) -> Self {
        Self { size, pixels: vec![Rgb565::BLACK; size.width as usize * size.height as usize] }
    }

    /// Row by row, top left first.
    pub fn pixels(&self) -> &[Rgb565] {
        &self.pixels
    }

    /// The part of `area` that lies on the canvas.
    pub fn clip(&self, area: Rectangle) -> Rectangle {
        area.intersection(&self.bounding_box())
    }

    /// The rows of [`Self::clip`] of `area`, from the top down, each with its y.
    pub fn rows_mut(&mut self, area: Rectangle) -> impl Iterator<Item = (i32, &mut [Rgb565])> {
        let area = self.clip(area);
        // Not negative: within the canvas.
        let (left, top) = (area.top_left.x as usize, area.top_left.y as usize);
        let (width, height) = (area.size.width as usize, area.size.height as usize);
        let rows = self.pixels.chunks_exact_mut(self.size.width.max(1) as usize).skip(top).take(height);
        (area.top_left.y..).zip(rows.map(move |row| &mut row[left..left + width]))
    }

    /// Takes over the pixels of `area` from a canvas of the same size.
    pub fn copy(&mut self, other: &Canvas, area: Rectangle) {
        let (left, width) = (self.clip(area).top_left.x as usize, other.size.width as usize);
        for (y, row) in self.rows_mut(area) {
            let start = y as usize * width + left;
            row.copy_from_slice(&other.pixels[start..start + row.len()]);
        }
    }

    /// The canvas as a person sees it, 8 bits a channel.
    pub fn to_rgb(&self) -> RgbImage {
        let bytes = self.pixels.iter().flat_map(|pixel| rgb888(*pixel)).collect();
        // Holds as many pixels as the size says, by construction.
        RgbImage::from_raw(self.size.width, self.size.height, bytes).expect("pixels fit the size")
    }

    /// The canvas as a PNG.
    pub fn to_png(&self) -> Result<Encoded, PictureError> {
        crate::picture::encode_png(&self.to_rgb())
    }
}

/// Spreads 5 and 6 bits over 8 so that black stays 0 and white 255.
fn rgb888(pixel: Rgb565) -> [u8; 3] {
    let spread5 = |value: u8| (value << 3) | (value >> 2);
    let spread6 = |value: u8| (value << 2) | (value >> 4);
    [spread5(pixel.r()), spread6(pixel.g()), spread5(pixel.b())]
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        self.size
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb565;
    type Error = std::convert::Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Self::Error>
    where
        I: IntoIterator<Item = Pixel<Self::Color>>,
    {
        for Pixel(point, colour) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(point.x), u32::try_from(point.y)) else { continue };
            if x < self.size.width && y < self.size.height {
                self.pixels[(y * self.size.width + x) as usize] = colour;
            }
        }
        Ok(())
    }

    fn fill_solid(&mut self, area: &Rectangle, colour: Self::Color) -> Result<(), Self::Error> {
        self.rows_mut(*area).for_each(|(_, row)| row.fill(colour));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn black_and_white_stay_black_and_white_as_rgb() {
        assert_eq!(rgb888(Rgb565::BLACK), [0; 3]);
        assert_eq!(rgb888(Rgb565::WHITE), [255; 3]);
    }

    #[test]
    fn the_png_holds_the_pixels_drawn() {
        let mut canvas = Canvas::new(Size::new(7, 3));
        canvas.fill_solid(&Rectangle::new(Point::new(1, 1), Size::new(2, 1)), Rgb565::RED).unwrap();
        let (png, _) = crate::picture::decode(&canvas.to_png().unwrap().bytes).unwrap();
        assert_eq!(png.dimensions(), (7, 3));
        assert_eq!(png.get_pixel(1, 1).0, [255, 0, 0]);
        assert_eq!(png.get_pixel(3, 1).0, [0, 0, 0]);
    }

    proptest! {
        #[test]
        fn filling_any_area_equals_drawing_its_pixels(
            x in -20_i32..40, y in -20_i32..40, width in 0_u32..50, height in 0_u32..50,
        ) {
            let area = Rectangle::new(Point::new(x, y), Size::new(width, height));
            let (mut filled, mut drawn) = (Canvas::new(Size::new(24, 16)), Canvas::new(Size::new(24, 16)));
            filled.fill_solid(&area, Rgb565::GREEN).unwrap();
            drawn.draw_iter(area.points().map(|point| Pixel(point, Rgb565::GREEN))).unwrap();
            prop_assert_eq!(filled, drawn);
        }
    }
}
