//! Noise for textures: smooth values, and cells. Both are pure functions of place and seed.

/// A number from 0 to 1 for a grid point: the same for the same point and seed.
fn hash(x: i32, y: i32, seed: u32) -> f32 {
    let mut bits = (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77) ^ seed;
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    (bits ^ (bits >> 15)) as f32 / u32::MAX as f32
}

/// Smooth noise from -1 to 1 whose features are about one unit wide.
pub fn smooth(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let fade = |share: f32| share * share * (3.0 - 2.0 * share);
    let (across, down) = (fade(x - left), fade(y - top));
    let (left, top) = (left as i32, top as i32);
    let row = |y| hash(left, y, seed) * (1.0 - across) + hash(left + 1, y, seed) * across;
    2.0 * (row(top) * (1.0 - down) + row(top + 1) * down) - 1.0
}

/// Smooth noise with finer detail at half the strength each octave; about -1 to 1.
pub fn fractal(x: f32, y: f32, seed: u32, octaves: u32) -> f32 {
    let mut sum = 0.0;
    for octave in 0..octaves {
        let scale = (1u32 << octave) as f32;
        sum += smooth(x * scale, y * scale, seed.wrapping_add(octave * 101)) / scale;
    }
    sum / 1.5
}

/// Where a place lies in a pattern of irregular cells, each about one unit wide.
pub struct Cell {
    /// Distance to the nearest cell's middle.
    pub middle: f32,
    /// Distance to the border between the nearest two cells.
    pub border: f32,
    /// A number from 0 to 1 of the nearest cell's own.
    pub own: f32,
}

/// The cell (Worley 1996) at a place.
pub fn cell(x: f32, y: f32, seed: u32) -> Cell {
    let (column, row) = (x.floor() as i32, y.floor() as i32);
    let (mut nearest, mut second, mut own) = (f32::MAX, f32::MAX, 0.0);
    for (column, row) in (0..9).map(|i| (column + i % 3 - 1, row + i / 3 - 1)) {
        let across = column as f32 + hash(column, row, seed) - x;
        let down = row as f32 + hash(column, row, seed ^ 0x5bd1_e995) - y;
        let distance = across * across + down * down;
        if distance < nearest {
            (second, nearest, own) = (nearest, distance, hash(column, row, seed ^ 0x1b87_3593));
        } else {
            second = second.min(distance);
        }
    }
    Cell { middle: nearest.sqrt(), border: second.sqrt() - nearest.sqrt(), own }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_stays_in_its_range_and_is_continuous() {
        let mut last = smooth(-5.0, 3.3, 9);
        for step in 1..4000 {
            let x = -5.0 + step as f32 * 0.0025;
            let value = smooth(x, 3.3, 9);
            assert!((-1.0..=1.0).contains(&value));
            assert!((value - last).abs() < 0.02, "a jump at {x}");
            last = value;
        }
    }

    #[test]
    fn a_cell_is_nearest_to_its_own_middle() {
        for step in 0..500 {
            let place = cell(step as f32 * 0.13, step as f32 * -0.07, 3);
            assert!(place.middle >= 0.0 && place.border >= 0.0 && (0.0..=1.0).contains(&place.own));
        }
    }
}
