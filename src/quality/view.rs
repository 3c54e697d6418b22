//! The copy of a picture that everything is measured on.

use std::sync::LazyLock;

use image::RgbImage;

use super::SIDE;
use crate::picture::Region;
use crate::picture::resize;

/// Which pixels of the copy are in the ring, row by row.
static RING: LazyLock<Vec<bool>> =
    LazyLock::new(|| (0..SIDE * SIDE).map(|at| from_middle(at, SIDE) <= 1.0).collect());

/// A picture's central square, [`SIDE`] pixels a side, row by row.
pub struct View {
    pub pixels: Vec<[u8; 3]>,
    pub luma: Vec<u8>,
    pub ring: &'static [bool],
}

impl View {
    /// A picture without pixels gives a black view.
    pub fn new(picture: &RgbImage) -> Self {
        let square = Region::centre_square(picture.width(), picture.height(), 1.0);
        let side = SIDE as u32;
        let values = resize(picture, square, side, side).unwrap_or_else(|| vec![0; 3 * SIDE * SIDE]);
        let pixels: Vec<[u8; 3]> = values.as_chunks().0.to_vec();
        // BT.601 luma in 8-bit fixed point.
        let luma = pixels.iter().map(|[red, green, blue]| {
            ((77 * u32::from(*red) + 150 * u32::from(*green) + 29 * u32::from(*blue) + 128) >> 8) as u8
        });
        Self { luma: luma.collect(), pixels, ring: &RING }
    }

    /// What `values` holds of the ring.
    pub fn in_ring<'a, T: Copy>(&'a self, values: &'a [T]) -> impl Iterator<Item = T> + 'a {
        values.iter().zip(self.ring).filter(|(_, inside)| **inside).map(|(value, _)| *value)
    }
}

/// The distance of a pixel from the middle of a square of `side` pixels, in radii of its ring.
pub fn from_middle(at: usize, side: usize) -> f32 {
    let middle = (side as f32 - 1.0) / 2.0;
    let (x, y) = ((at % side) as f32 - middle, (at / side) as f32 - middle);
    x.hypot(y) / (side as f32 / 2.0)
}
