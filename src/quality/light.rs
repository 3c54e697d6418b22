//! Exposure: how bright the picture is, and where it is blown out.

use super::view::View;

/// A blown-out pixel has all its channels from here on, and nearly the same in all.
const BLOWN: u8 = 240;
const COLOURLESS: u8 = 20;

/// What is measured within the ring, each from 0 to 1.
pub struct Exposure {
    /// Mean luma.
    pub brightness: f32,
    /// The luma that only the darkest 2 % stay below.
    pub black: f32,
    /// Share of pixels that are blown out and without colour.
    pub glare: f32,
}

pub fn measure(view: &View) -> Exposure {
    let mut histogram = [0u32; 256];
    view.in_ring(&view.luma).for_each(|luma| histogram[usize::from(luma)] += 1);
    let blown = view.in_ring(&view.pixels).filter(|[red, green, blue]| {
        let (least, most) = (red.min(green).min(blue), red.max(green).max(blue));
        *least >= BLOWN && most - least <= COLOURLESS
    });
    let count = histogram.iter().sum::<u32>().max(1);
    let sum: u32 = histogram.iter().zip(0u32..).map(|(n, luma)| luma * n).sum();
    let mut below = 0;
    let black = histogram.iter().position(|n| {
        below += n;
        50 * below > count
    });
    Exposure {
        brightness: sum as f32 / count as f32 / 255.0,
        black: black.unwrap_or(0) as f32 / 255.0,
        glare: blown.count() as f32 / count as f32,
    }
}
