//! The lesion in the ring: the largest patch that is darker or redder than the rest, on a small copy.

use super::grid::SIDE;
use super::view::{View, from_middle};

/// The small copy has a pixel for each block of so many pixels a side: hairs and pores fade in it.
const BLOCK: usize = 4;
pub const SMALL: usize = SIDE / BLOCK;
/// How much each channel counts: blood and melanin both absorb green and blue.
const WEIGHTS: [f32; 3] = [0.2, 0.4, 0.4];
/// Steps of the histogram that the threshold is found in.
const BINS: usize = 128;

/// What is measured; all 0 where nothing is darker than the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundLesion {
    /// How much darker the patch is than the rest of the ring, in optical density (natural logarithm).
    pub contrast: f32,
    /// Share of the ring that the patch covers, 0 to 1.
    pub area: f32,
    /// From the ring's middle to that of all that is dark, in radii of the ring.
    pub offset: f32,
}

pub fn measure(view: &View) -> FoundLesion {
    let Dark { density, ring, threshold, dark } = Dark::of(view);
    let patch = heaviest(&dark, &density);
    FoundLesion { offset: offset(&dark, &density, threshold), ..describe(&patch, &ring, &density) }
}

/// The cells of the patch, on a copy of [`SMALL`] a side; none where nothing is darker than the rest.
pub fn patch(view: &View) -> Vec<usize> {
    let Dark { density, dark, .. } = Dark::of(view);
    heaviest(&dark, &density)
}

/// What is dark in the ring.
struct Dark {
    /// Of each cell.
    density: Vec<f32>,
    /// The cells of the ring.
    ring: Vec<usize>,
    /// From which density on a cell is dark.
    threshold: f32,
    dark: Vec<bool>,
}

impl Dark {
    fn of(view: &View) -> Self {
        let density = smooth(&density(view));
        let ring: Vec<usize> = (0..SMALL * SMALL).filter(|at| from_middle(*at, SMALL) <= 1.0).collect();
        let threshold = otsu(&ring.iter().map(|at| density[*at]).collect::<Vec<_>>());
        let mut dark = vec![false; SMALL * SMALL];
        ring.iter().for_each(|at| dark[*at] = density[*at] > threshold);
        Self { density, ring, threshold, dark }
    }
}

/// The optical density of each block: how much less light comes back than from white.
fn density(view: &View) -> Vec<f32> {
    let mut sums = vec![[0u32; 3]; SMALL * SMALL];
    for (row, pixels) in view.pixels.chunks_exact(SIDE).enumerate() {
        for (column, pixel) in pixels.iter().enumerate() {
            let sum = &mut sums[row / BLOCK * SMALL + column / BLOCK];
            (0..3).for_each(|channel| sum[channel] += u32::from(pixel[channel]));
        }
    }
    let white = 256.0 * (BLOCK * BLOCK) as f32;
    let absorbed = |sum: u32| -((sum as f32 + (BLOCK * BLOCK) as f32) / white).ln();
    sums.iter().map(|sum| (0..3).map(|channel| WEIGHTS[channel] * absorbed(sum[channel])).sum()).collect()
}

/// The mean of each value and its neighbours.
pub fn smooth(values: &[f32]) -> Vec<f32> {
    let near = |at: usize| at.saturating_sub(1)..(at + 2).min(SMALL);
    let mean = |at: usize| {
        let (rows, columns) = (near(at / SMALL), near(at % SMALL));
        let count = rows.len() * columns.len();
        let around = rows.flat_map(|row| columns.clone().map(move |column| row * SMALL + column));
        around.map(|at| values[at]).sum::<f32>() / count as f32
    };
    (0..values.len()).map(mean).collect()
}

/// The threshold that separates the values best (Otsu 1979).
fn otsu(values: &[f32]) -> f32 {
    let (least, most) =
        values.iter().fold((f32::MAX, f32::MIN), |(least, most), v| (least.min(*v), most.max(*v)));
    let width = ((most - least) / BINS as f32).max(1e-6);
    let mut histogram = [0.0f32; BINS];
    values.iter().for_each(|value| histogram[(((value - least) / width) as usize).min(BINS - 1)] += 1.0);
    let total: f32 = histogram.iter().zip(0u8..).map(|(n, bin)| n * f32::from(bin)).sum();
    let (mut count, mut sum, mut best, mut threshold) = (0.0, 0.0, 0.0, least);
    for (n, bin) in histogram.iter().zip(0u8..) {
        count += n;
        sum += n * f32::from(bin);
        let rest = values.len() as f32 - count;
        let apart = if rest > 0.0 && count > 0.0 { sum / count - (total - sum) / rest } else { 0.0 };
        let between = count * rest * apart * apart;
        if between > best {
            (best, threshold) = (between, least + width * (f32::from(bin) + 1.0));
        }
    }
    threshold
}

/// The connected patch with the most density in all: large and dark.
fn heaviest(dark: &[bool], density: &[f32]) -> Vec<usize> {
    let mut left = dark.to_vec();
    let weight = |patch: &[usize]| patch.iter().map(|at| density[*at]).sum::<f32>();
    let mut heaviest = Vec::new();
    for start in 0..dark.len() {
        let patch = take_patch(&mut left, start);
        if weight(&patch) > weight(&heaviest) {
            heaviest = patch;
        }
    }
    heaviest
}

/// Takes the patch around `start` out of what is left.
fn take_patch(left: &mut [bool], start: usize) -> Vec<usize> {
    let mut patch = Vec::new();
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        if !std::mem::take(&mut left[at]) {
            continue;
        }
        patch.push(at);
        let (column, row) = (at % SMALL, at / SMALL);
        let neighbours = [
            (column > 0).then(|| at - 1),
            (column + 1 < SMALL).then(|| at + 1),
            (row > 0).then(|| at - SMALL),
            (row + 1 < SMALL).then(|| at + SMALL),
        ];
        open.extend(neighbours.into_iter().flatten());
    }
    patch
}

fn describe(patch: &[usize], ring: &[usize], density: &[f32]) -> FoundLesion {
    let (count, rest) = (patch.len() as f32, (ring.len() - patch.len()) as f32);
    if patch.is_empty() || rest == 0.0 {
        return FoundLesion::default();
    }
    let sum = |places: &[usize]| places.iter().map(|at| density[*at]).sum::<f32>();
    let (inside, all) = (sum(patch), sum(ring));
    FoundLesion {
        contrast: (inside / count - (all - inside) / rest).max(0.0),
        area: count / ring.len() as f32,
        offset: 0.0,
    }
}

/// How far the middle of all that is dark lies from the ring's, in its radii: many lesions are in pieces. The
/// darker, the more it counts.
fn offset(dark: &[bool], density: &[f32], threshold: f32) -> f32 {
    let middle = (SMALL as f32 - 1.0) / 2.0;
    let (mut across, mut down, mut total) = (0.0, 0.0, 0.0);
    for at in (0..dark.len()).filter(|at| dark[*at]) {
        let weight = density[at] - threshold;
        across += weight * ((at % SMALL) as f32 - middle);
        down += weight * ((at / SMALL) as f32 - middle);
        total += weight;
    }
    if total > 0.0 { (across / total).hypot(down / total) / (SMALL as f32 / 2.0) } else { 0.0 }
}
