//! The coarse search: every rotation, a range of scales, and all shifts at once.

use std::f32::consts::TAU;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use crate::plane::Plane;
use crate::{SCALES, Similarity};

const ROTATIONS: usize = 60;
/// Steps from the smallest scale to the largest.
const SCALE_STEPS: usize = 10;
/// The largest shift, as a part of the side.
const REACH: f32 = 0.35;
/// Candidates are farther apart than this: in radians, in logarithms of the scale, in parts of the side.
const APART: [f32; 3] = [0.21, 0.2, 0.1];

/// The likeliest similarities, in the planes' pixels, likeliest first.
pub fn candidates(before: &Plane, now: &Plane, count: usize) -> Vec<Similarity> {
    let side = before.side();
    let correlator = Correlator::new(now);
    let mut found: Vec<(f32, Similarity)> = Vec::new();
    for turn in 0..ROTATIONS {
        for step in 0..=SCALE_STEPS {
            let rotation = turn as f32 / ROTATIONS as f32 * TAU;
            let rotation = if rotation > TAU / 2.0 { rotation - TAU } else { rotation };
            let scale = SCALES.0 * (SCALES.1 / SCALES.0).powf(step as f32 / SCALE_STEPS as f32);
            let turned = Similarity { rotation, scale, shift: [0.0; 2] };
            let (likeness, shift) = correlator.best_shift(&moved(before, &turned));
            found.push((likeness, Similarity { shift, ..turned }));
        }
    }
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut chosen: Vec<Similarity> = Vec::new();
    for (_, candidate) in found {
        if chosen.len() < count && chosen.iter().all(|other| is_apart(&candidate, other, side)) {
            chosen.push(candidate);
        }
    }
    chosen
}

fn is_apart(one: &Similarity, other: &Similarity, side: usize) -> bool {
    let turn = (one.rotation - other.rotation).rem_euclid(TAU);
    let shift = (one.shift[0] - other.shift[0]).hypot(one.shift[1] - other.shift[1]);
    turn.min(TAU - turn) > APART[0]
        || (one.scale / other.scale).ln().abs() > APART[1]
        || shift > APART[2] * side as f32
}

/// The earlier plane as it would look after a rotation and scaling about its middle.
fn moved(plane: &Plane, by: &Similarity) -> Vec<f32> {
    let back = by.inverse();
    (0..plane.values.len()).map(|index| plane.at(back.at(plane.place(index))).unwrap_or(0.0)).collect()
}

/// Correlates planes with one plane at every shift.
struct Correlator {
    side: usize,
    /// Twice the side, so that nothing comes in again at the other edge.
    wide: usize,
    forward: Arc<dyn Fft<f32>>,
    back: Arc<dyn Fft<f32>>,
    spectrum: Vec<Complex<f32>>,
}

impl Correlator {
    fn new(now: &Plane) -> Self {
        let (side, wide) = (now.side(), 2 * now.side());
        let mut planner = FftPlanner::new();
        let (forward, back) = (planner.plan_fft_forward(wide), planner.plan_fft_inverse(wide));
        let mut correlator = Self { side, wide, forward, back, spectrum: Vec::new() };
        correlator.spectrum = correlator.spectrum_of(&now.values);
        correlator
    }

    fn spectrum_of(&self, values: &[f32]) -> Vec<Complex<f32>> {
        let mut wide = vec![Complex::default(); self.wide * self.wide];
        for (row, line) in values.chunks_exact(self.side).enumerate() {
            for (cell, value) in wide[row * self.wide..].iter_mut().zip(line) {
                cell.re = *value;
            }
        }
        transform(&*self.forward, wide, self.wide)
    }

    /// The shift at which the values are most like the plane, in pixels, and how much.
    fn best_shift(&self, values: &[f32]) -> (f32, [f32; 2]) {
        let energy: f32 = values.iter().map(|value| value * value).sum();
        let spectrum = self.spectrum_of(values);
        let product = self.spectrum.iter().zip(&spectrum).map(|(now, moved)| now * moved.conj()).collect();
        // Both transforms turn the plane over, so that it lies as before.
        let correlation = transform(&*self.back, product, self.wide);
        let reach = (REACH * self.side as f32) as i64;
        let wrap = |at: i64| at.rem_euclid(self.wide as i64) as usize;
        let shifts = (-reach..=reach).flat_map(|y| (-reach..=reach).map(move |x| [x, y]));
        let likeness = |[x, y]: [i64; 2]| correlation[wrap(y) * self.wide + wrap(x)].re;
        let best = shifts.max_by(|one, other| likeness(*one).total_cmp(&likeness(*other))).unwrap_or([0, 0]);
        (likeness(best) / energy.sqrt().max(1e-6), best.map(|pixels| pixels as f32))
    }
}

/// Transforms rows, turns the plane over, and transforms what were columns.
fn transform(fft: &dyn Fft<f32>, mut plane: Vec<Complex<f32>>, side: usize) -> Vec<Complex<f32>> {
    fft.process(&mut plane);
    let mut turned: Vec<_> =
        (0..plane.len()).map(|index| plane[index % side * side + index / side]).collect();
    fft.process(&mut turned);
    turned
}
