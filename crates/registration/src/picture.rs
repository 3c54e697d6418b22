//! A picture as it is given.

/// The brightness of a picture, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) values: Vec<f32>,
}

impl Picture {
    /// Of pixels of three bytes, red, green and blue, row by row. `None` where there are not `width` times `height`.
    pub fn from_rgb(width: u32, height: u32, pixels: &[u8]) -> Option<Self> {
        let (width, height) = (width as usize, height as usize);
        if width == 0 || height == 0 || Some(pixels.len()) != width.checked_mul(height)?.checked_mul(3) {
            return None;
        }
        // Pigment shows most in green and blue; blue has the most noise. The logarithm makes of another lamp a sum.
        let value = |rgb: &[u8]| {
            (1.0 + 0.2 * f32::from(rgb[0]) + 0.6 * f32::from(rgb[1]) + 0.2 * f32::from(rgb[2])).ln()
        };
        Some(Self { width, height, values: pixels.chunks_exact(3).map(value).collect() })
    }

    /// The side of its middle square, in pixels.
    pub(crate) fn square(&self) -> usize {
        self.width.min(self.height)
    }
}
