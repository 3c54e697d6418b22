//! Hairs across a synthetic picture: dark, thin, bent once.

use image::RgbImage;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{Colour, mix};
use crate::picture::Region;

/// The most hairs in one picture.
const MOST: u32 = 14;

/// Grows hairs on about half of the pictures.
pub fn grow(picture: &mut RgbImage, square: Region, random: &mut ChaCha8Rng) {
    let count = if random.random_bool(0.5) { random.random_range(2..MOST) } else { 0 };
    let tint = mix([44.0, 32.0, 28.0], [104.0, 76.0, 54.0], random.random_range(0.0..1.0f32));
    let lie: f32 = random.random_range(0.0..std::f32::consts::TAU);
    for _ in 0..count {
        let hair = Hair::random(lie, tint, random);
        hair.draw(picture, square);
    }
}

/// A curve through three control points, in half sides of the central square.
struct Hair {
    points: [[f32; 2]; 3],
    width: f32,
    tint: Colour,
}

impl Hair {
    /// Hairs of one picture lie about the same way.
    fn random(lie: f32, tint: Colour, random: &mut ChaCha8Rng) -> Self {
        let middle: [f32; 2] = std::array::from_fn(|_| random.random_range(-0.9..0.9f32));
        let (angle, half) = (lie + random.random_range(-0.5..0.5f32), random.random_range(0.3..0.9f32));
        let along = [angle.cos() * half, angle.sin() * half];
        let bow = random.random_range(-0.35..0.35f32);
        let control = [middle[0] - bow * along[1], middle[1] + bow * along[0]];
        let ends = [-1.0, 1.0].map(|side| [middle[0] + side * along[0], middle[1] + side * along[1]]);
        Self { points: [ends[0], control, ends[1]], width: random.random_range(0.004..0.009), tint }
    }

    fn draw(&self, picture: &mut RgbImage, square: Region) {
        let half = square.width as f32 / 2.0;
        let (width, height) = picture.dimensions();
        let steps = (square.width * 2).max(2);
        let radius = (self.width * half).max(0.5);
        // A step is shorter than a pixel: each pixel keeps its strongest cover, so that steps do not add up.
        let mut last = None;
        for step in 0..=steps {
            let share = step as f32 / steps as f32;
            let place = self.at(share);
            let centre = [place[0] * half + width as f32 / 2.0, place[1] * half + height as f32 / 2.0];
            let cell = centre.map(|value| value.floor() as i64);
            if last.replace(cell) != Some(cell) {
                let taper = (share * (1.0 - share) * 4.0).sqrt().max(0.3);
                dab(picture, centre, radius * taper, self.tint);
            }
        }
    }

    /// The quadratic Bézier curve.
    fn at(&self, share: f32) -> [f32; 2] {
        let rest = 1.0 - share;
        let [start, control, end] = self.points;
        std::array::from_fn(|i| {
            rest * rest * start[i] + 2.0 * rest * share * control[i] + share * share * end[i]
        })
    }
}

/// A soft dark dot.
fn dab(picture: &mut RgbImage, centre: [f32; 2], radius: f32, tint: Colour) {
    let reach = radius.ceil() as i64 + 1;
    let (column, row) = (centre[0].floor() as i64, centre[1].floor() as i64);
    for (x, y) in (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (column + dx, row + dy))) {
        let inside =
            (0..i64::from(picture.width())).contains(&x) && (0..i64::from(picture.height())).contains(&y);
        let distance = (x as f32 + 0.5 - centre[0]).hypot(y as f32 + 0.5 - centre[1]);
        let cover = (radius + 0.5 - distance).clamp(0.0, 1.0) * 0.55;
        if inside && cover > 0.0 {
            let pixel = picture.get_pixel_mut(x as u32, y as u32);
            pixel.0 = mix(pixel.0.map(f32::from), tint, cover).map(|value| value as u8);
        }
    }
}
