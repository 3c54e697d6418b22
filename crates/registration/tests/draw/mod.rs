//! Draws lesions as functions of the place, so that a view of one is exact and not a picture resampled.

use registration::{Picture, Similarity};

/// A lesion on skin; places are in half sides of the picture.
pub struct Lesion {
    seed: u32,
    radius: f32,
}

/// How it is seen.
pub struct View {
    pub of: Similarity,
    /// 0 for the lamp of the first picture; more for a darker one, warmer and from the side.
    pub lamp: f32,
    pub noise: u32,
}

impl View {
    pub fn plain(noise: u32) -> Self {
        Self { of: Similarity::SAME, lamp: 0.0, noise }
    }
}

impl Lesion {
    pub fn new(seed: u32) -> Self {
        Self { seed: seed * 7919 + 13, radius: 0.4 + 0.2 * noise(seed as f32 * 3.7, 0.5, 99) }
    }

    /// Skin without one.
    pub fn none() -> Self {
        Self { seed: 5, radius: 0.0 }
    }

    /// Red, green and blue from 0 to 1.
    fn colour(&self, x: f32, y: f32) -> [f32; 3] {
        let fractal = |scale: f32, salt: u32| {
            (0..4)
                .map(|i| {
                    0.5f32.powi(i + 1)
                        * (2.0
                            * noise(
                                x * scale * 2f32.powi(i),
                                y * scale * 2f32.powi(i),
                                self.seed ^ (salt + i as u32),
                            )
                            - 1.0)
                })
                .sum::<f32>()
        };
        // Turned and shifted by the seed: no two lesions share the noise's lattice.
        let (sin, cos) = (self.seed as f32).sin_cos();
        let (x, y) = (cos * x - sin * y, sin * x + cos * y);
        let skin = 0.72 + 0.05 * fractal(3.0, 10) + 0.04 * fractal(12.0, 20);
        let edge = self.radius * (1.0 + 0.5 * fractal(2.5, 30)) - x.hypot(y);
        let cover = (edge / 0.08).clamp(0.0, 1.0);
        let depth = 0.5 + 0.35 * fractal(3.5, 40) + 0.35 * fractal(11.0, 50);
        let cover = if self.radius > 0.0 { cover * depth.clamp(0.0, 1.0) } else { 0.0 };
        [skin * (1.0 - 0.5 * cover), 0.8 * skin * (1.0 - 0.75 * cover), 0.7 * skin * (1.0 - 0.8 * cover)]
    }
}

/// A picture of a lesion: `side` pixels, the view's shift in pixels too, with vignette and the sensor's noise.
pub fn draw(lesion: &Lesion, side: u32, view: &View) -> Picture {
    let half = side as f32 / 2.0;
    let back = view.of.inverse();
    let pixels: Vec<u8> = (0..side * side)
        .flat_map(|index| {
            let (x, y) = ((index % side) as f32 + 0.5 - half, (index / side) as f32 + 0.5 - half);
            let [on_x, on_y] = back.at([x, y]).map(|value| value / half);
            let far = (x * x + y * y) / (half * half);
            let lamp = (1.0 - 0.25 * far) * (1.0 - view.lamp * (0.3 + 0.25 * x / half));
            let grain = 0.02 * (noise(x * 1.0 + 0.5, y * 1.0 + 0.5, view.noise ^ 0x5000) - 0.5);
            let tint = [1.0, 1.0 - 0.1 * view.lamp, 1.0 - 0.2 * view.lamp];
            let colour = lesion.colour(on_x, on_y);
            std::array::from_fn::<u8, 3, _>(|i| {
                ((colour[i] * lamp * tint[i] + grain) * 255.0).clamp(0.0, 255.0) as u8
            })
        })
        .collect();
    Picture::from_rgb(side, side, &pixels).expect("as many pixels as were drawn")
}

/// Smooth noise from 0 to 1, with one hill or valley a unit.
fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (right, down) = (smooth(x - left), smooth(y - top));
    let corner = |dx: i32, dy: i32| {
        let mut hash = (left as i32 + dx) as u32;
        hash = hash.wrapping_mul(0x9E37_79B1)
            ^ ((top as i32 + dy) as u32).wrapping_mul(0x85EB_CA77)
            ^ seed.wrapping_mul(0xC2B2_AE3D);
        hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
        hash = (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39);
        ((hash ^ (hash >> 15)) >> 8) as f32 / 16_777_216.0
    };
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    mix(mix(corner(0, 0), corner(1, 0), right), mix(corner(0, 1), corner(1, 1), right), down)
}
