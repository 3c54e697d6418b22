//! A picture made small and square, with its details alone.

use crate::Picture;

/// The part of half the side that is looked at: a disc, without the rim that dermatoscopes darken.
const DISC: f32 = 0.94;
/// What varies faster than this many pixels is noise.
const FAST: f32 = 0.7;
/// Details fainter than this part of the whole picture's are not made stronger.
const FLOOR: f32 = 0.35;
/// A picture that varies less than this, in logarithms of light, shows nothing.
const BLANK: f32 = 0.004;

/// Square and small: what is compared. Outside its disc there is nothing.
#[derive(Clone, Debug)]
pub struct Plane {
    side: usize,
    pub values: Vec<f32>,
    /// How much each pixel counts: 1 inside the disc, 0 outside.
    pub weights: Vec<f32>,
    /// How much the picture varied, before it was divided by that.
    contrast: f32,
}

impl Plane {
    pub fn side(&self) -> usize {
        self.side
    }

    pub fn is_blank(&self) -> bool {
        self.contrast < BLANK
    }

    /// From the plane's middle to a pixel's.
    pub fn place(&self, index: usize) -> [f32; 2] {
        let middle = (self.side as f32 - 1.0) / 2.0;
        [(index % self.side) as f32 - middle, (index / self.side) as f32 - middle]
    }

    /// The value at a place between pixels, where the disc reaches.
    pub fn at(&self, [x, y]: [f32; 2]) -> Option<f32> {
        let corners = self.corners([x, y])?;
        Some(corners.iter().map(|(index, share)| self.values[*index] * share).sum())
    }

    /// The four pixels around a place and their shares, where it lies in the disc.
    pub fn corners(&self, [x, y]: [f32; 2]) -> Option<[(usize, f32); 4]> {
        if x.hypot(y) > disc(self.side) {
            return None;
        }
        let middle = (self.side as f32 - 1.0) / 2.0;
        let (x, y) = (x + middle, y + middle);
        let (left, top) = (x.floor(), y.floor());
        let (right, down) = (x - left, y - top);
        // The disc keeps one pixel from the edge.
        let first = top as usize * self.side + left as usize;
        Some([
            (first, (1.0 - right) * (1.0 - down)),
            (first + 1, right * (1.0 - down)),
            (first + self.side, (1.0 - right) * down),
            (first + self.side + 1, right * down),
        ])
    }
}

fn disc(side: usize) -> f32 {
    (side as f32 / 2.0 * DISC).min(side as f32 / 2.0 - 2.0)
}

/// The details of a picture's middle square, at a side in pixels: what varies more slowly than a part of it is the
/// lamp's and the vignette's.
pub fn detail(picture: &Picture, side: usize, slow: f32) -> Plane {
    let small = shrink(picture, side);
    let mut plane = Plane { side, values: Vec::new(), weights: Vec::new(), contrast: 0.0 };
    plane.weights = (0..side * side)
        .map(|index| {
            let [x, y] = plane.place(index);
            f32::from(x.hypot(y) <= disc(side))
        })
        .collect();
    // Blurred within the disc alone: what lies outside is not skin.
    let blurred = |values: &[f32], sigma: f32| {
        let weighted: Vec<_> =
            values.iter().zip(&plane.weights).map(|(value, weight)| value * weight).collect();
        let (sums, counts) = (blur(&weighted, side, sigma), blur(&plane.weights, side, sigma));
        sums.iter().zip(&counts).map(|(sum, count)| sum / count.max(1e-6)).collect::<Vec<_>>()
    };
    let (fast, still) = (blurred(&small, FAST), blurred(&small, slow * side as f32));
    let band: Vec<_> = fast.iter().zip(&still).map(|(fast, still)| fast - still).collect();
    let squares: Vec<_> = band.iter().map(|value| value * value).collect();
    let counted: f32 = plane.weights.iter().sum();
    let whole =
        squares.iter().zip(&plane.weights).map(|(square, weight)| square * weight).sum::<f32>() / counted;
    plane.contrast = whole.sqrt();
    let nearby = blurred(&squares, 2.0 * slow * side as f32);
    let floor = (FLOOR * plane.contrast).max(1e-6);
    plane.values = (band.iter().zip(&nearby).zip(&plane.weights))
        .map(|((value, nearby), weight)| weight * value / (nearby.sqrt() + floor))
        .collect();
    plane
}

/// The middle square at another side: each pixel the mean of those that it covers, or between those about it.
fn shrink(picture: &Picture, side: usize) -> Vec<f32> {
    let square = picture.square();
    let origin = [(picture.width - square) / 2, (picture.height - square) / 2];
    let step = square as f32 / side as f32;
    let taps: Vec<Vec<(usize, f32)>> = (0..side).map(|index| spread(index, step, square)).collect();
    let rows: Vec<f32> = (0..square)
        .flat_map(|y| {
            let from = (y + origin[1]) * picture.width + origin[0];
            let row = &picture.values[from..from + square];
            taps.iter().map(move |taps| taps.iter().map(|(x, share)| row[*x] * share).sum::<f32>())
        })
        .collect();
    (taps.iter())
        .flat_map(|taps| {
            let rows = &rows;
            (0..side).map(move |x| taps.iter().map(|(y, share)| rows[y * side + x] * share).sum())
        })
        .collect()
}

/// Which of `count` pixels one of a step's width is made of (a tent as wide as the step, one pixel at least).
fn spread(index: usize, step: f32, count: usize) -> Vec<(usize, f32)> {
    let (middle, reach) = ((index as f32 + 0.5) * step - 0.5, step.max(1.0));
    let first = (middle - reach).ceil() as i64;
    let last = (middle + reach).floor() as i64;
    let tent = |at: i64| (1.0 - (at as f32 - middle).abs() / reach).max(0.0);
    let sum: f32 = (first..=last).map(tent).sum();
    (first..=last).map(|at| (at.clamp(0, count as i64 - 1) as usize, tent(at) / sum)).collect()
}

/// A Gaussian blur: nothing lies beyond the edge.
fn blur(values: &[f32], side: usize, sigma: f32) -> Vec<f32> {
    let reach = (3.0 * sigma).ceil() as usize;
    let kernel: Vec<f32> = (0..=reach).map(|at| (-0.5 * (at as f32 / sigma).powi(2)).exp()).collect();
    let sum = kernel[0] + 2.0 * kernel[1..].iter().sum::<f32>();
    let pass = |values: &[f32]| {
        // Turned over on the way, so that two passes do both directions.
        let mut out = vec![0.0; values.len()];
        for (row, line) in values.chunks_exact(side).enumerate() {
            for at in 0..side {
                let mut total = kernel[0] * line[at];
                for (offset, share) in kernel.iter().enumerate().skip(1) {
                    total += share * at.checked_sub(offset).map_or(0.0, |left| line[left]);
                    total += share * line.get(at + offset).copied().unwrap_or(0.0);
                }
                out[at * side + row] = total / sum;
            }
        }
        out
    };
    pass(&pass(values))
}
