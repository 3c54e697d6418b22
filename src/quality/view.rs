//! The copy of a picture that everything is measured on.

use std::sync::LazyLock;

use image::RgbImage;

use super::disc::{self, Disc};
use super::grid::SIDE;
use crate::picture::Region;
use crate::picture::resize;

/// Which pixels of the copy are in the ring, row by row.
static RING: LazyLock<Vec<bool>> =
    LazyLock::new(|| (0..SIDE * SIDE).map(|at| from_middle(at, SIDE) <= 1.0).collect());

/// What the optics show of a picture's central square, [`SIDE`] pixels a side, row by row.
pub struct View {
    pub pixels: Vec<[u8; 3]>,
    pub luma: Vec<u8>,
    pub ring: &'static [bool],
    /// Of the picture, what it shows.
    pub region: Region,
}

impl View {
    /// A picture without pixels gives a black view. Where the optics show a disc in a black frame, the view is of it.
    pub fn new(picture: &RgbImage) -> Self {
        let square = Region::centre_square(picture.width(), picture.height(), 1.0);
        let whole = Self::of(picture, square);
        match disc::find(&whole.luma, whole.ring) {
            Some(disc) => Self::of(picture, around(disc, square)),
            None => whole,
        }
    }

    fn of(picture: &RgbImage, square: Region) -> Self {
        let side = SIDE as u32;
        let values = resize(picture, square, side, side).unwrap_or_else(|| vec![0; 3 * SIDE * SIDE]);
        let pixels: Vec<[u8; 3]> = values.as_chunks().0.to_vec();
        // BT.601 luma in 8-bit fixed point.
        let luma = pixels.iter().map(|[red, green, blue]| {
            ((77 * u32::from(*red) + 150 * u32::from(*green) + 29 * u32::from(*blue) + 128) >> 8) as u8
        });
        Self { luma: luma.collect(), pixels, ring: &RING, region: square }
    }

    /// What `values` holds of the ring.
    pub fn in_ring<'a, T: Copy>(&'a self, values: &'a [T]) -> impl Iterator<Item = T> + 'a {
        values.iter().zip(self.ring).filter(|(_, inside)| **inside).map(|(value, _)| *value)
    }
}

/// The square around a disc that was found in the copy of `square`.
fn around(disc: Disc, square: Region) -> Region {
    let scale = square.width as f32 / SIDE as f32;
    let side = ((2.0 * disc.radius * scale).round() as u32).clamp(1, square.width);
    let start = |middle: f32| ((middle - disc.radius) * scale).round().max(0.0) as u32;
    let (x, y) = (start(disc.x).min(square.width - side), start(disc.y).min(square.height - side));
    Region { x: square.x + x, y: square.y + y, width: side, height: side }
}

/// The distance of a pixel from the middle of a square of `side` pixels, in radii of its ring.
pub fn from_middle(at: usize, side: usize) -> f32 {
    let middle = (side as f32 - 1.0) / 2.0;
    let (x, y) = ((at % side) as f32 - middle, (at / side) as f32 - middle);
    x.hypot(y) / (side as f32 / 2.0)
}
