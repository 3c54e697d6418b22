//! Refining a similarity by ECC: Gauss-Newton steps that make the correlation as large as it gets.

use crate::plane::Plane;
use crate::{Registration, Similarity};

const STEPS: usize = 40;
/// A step shorter than this, in pixels at the rim, is the last.
const SMALL: f32 = 0.01;
/// A start that has gone so far, as a part of the side, was none.
const LOST: f32 = 0.6;

/// The best similarity near a start, in the planes' pixels, and how well the planes agree under it.
pub fn refine(before: &Plane, now: &Plane, start: Similarity) -> Registration {
    let half = before.side() as f32 / 2.0;
    let slopes = Slopes::of(now);
    let mut best = judge(before, now, start);
    let mut at = start;
    for _ in 0..STEPS {
        let Some([a, b, x, y]) = step(before, now, &slopes, &at) else { break };
        let [was_a, was_b] = at.parts();
        at = Similarity::from_parts([was_a + a, was_b + b], [at.shift[0] + x, at.shift[1] + y]);
        if at.shift[0].hypot(at.shift[1]) > LOST * before.side() as f32 || !(0.3..3.0).contains(&at.scale) {
            break;
        }
        let found = judge(before, now, at);
        if found.correlation > best.correlation {
            best = found;
        }
        if a.hypot(b) * half + x.hypot(y) < SMALL {
            break;
        }
    }
    best
}

/// How well the planes agree: the correlation over what both show, and how much that is.
fn judge(before: &Plane, now: &Plane, similarity: Similarity) -> Registration {
    let mut sums = [0.0f64; 5];
    let (mut both, mut all) = (0.0f64, 0.0f64);
    for (index, value) in before.values.iter().enumerate().filter(|(index, _)| before.weights[*index] > 0.0) {
        all += 1.0;
        if let Some(other) = now.at(similarity.at(before.place(index))) {
            both += 1.0;
            let (one, other) = (f64::from(*value), f64::from(other));
            for (sum, term) in sums.iter_mut().zip([one, other, one * one, other * other, one * other]) {
                *sum += term;
            }
        }
    }
    let [one, other, ones, others, product] = sums.map(|sum| sum / both.max(1.0));
    let spread = ((ones - one * one) * (others - other * other)).max(1e-12).sqrt();
    // The smaller of the two views: a picture from nearer shows less of the same skin.
    let view = all.min(all / f64::from(similarity.scale * similarity.scale)).max(1.0);
    let overlap = (both / view).min(1.0) as f32;
    Registration { similarity, correlation: ((product - one * other) / spread) as f32, overlap }
}

/// How steeply a plane rises to the right and down.
struct Slopes([Vec<f32>; 2]);

impl Slopes {
    fn of(plane: &Plane) -> Self {
        let along = |step: usize| {
            let value = |index: usize| plane.values.get(index).copied().unwrap_or(0.0);
            (0..plane.values.len())
                .map(|index| (value(index + step) - index.checked_sub(step).map_or(0.0, value)) / 2.0)
                .collect()
        };
        Self([along(1), along(plane.side())])
    }
}

/// The step of the forward additive ECC, in `[a, b, x, y]` of the similarity's matrix; `None` where nothing can be
/// said.
fn step(before: &Plane, now: &Plane, slopes: &Slopes, at: &Similarity) -> Option<[f32; 4]> {
    let (mut count, mut sums) = (0.0f64, [0.0f64; 6]);
    // Of the four slopes, the later value and the earlier one: their products, from which all else follows.
    let mut products = [[0.0f64; 6]; 6];
    for (index, value) in before.values.iter().enumerate().filter(|(index, _)| before.weights[*index] > 0.0) {
        let [x, y] = before.place(index);
        let Some(corners) = now.corners(at.at([x, y])) else { continue };
        let mean = |values: &[f32]| corners.iter().map(|(at, share)| values[*at] * share).sum::<f32>();
        let [right, down] = [&slopes.0[0], &slopes.0[1]].map(|slope| mean(slope));
        let row = [right * x + down * y, down * x - right * y, right, down, mean(&now.values), *value];
        let row = row.map(f64::from);
        count += 1.0;
        for i in 0..6 {
            sums[i] += row[i];
            for j in i..6 {
                products[i][j] += row[i] * row[j];
            }
        }
    }
    // About their means.
    let about = |i: usize, j: usize| products[i.min(j)][i.max(j)] - sums[i] * sums[j] / count;
    let hessian = |i: usize, j: usize| about(i, j);
    let (later, earlier) = (4, 5);
    let by_later = solve(&hessian, |i| about(i, later))?;
    let by_earlier = solve(&hessian, |i| about(i, earlier))?;
    let along = |other: usize, solved: &[f64; 4]| (0..4).map(|i| about(i, other) * solved[i]).sum::<f64>();
    let above = about(later, later) - along(later, &by_later);
    let below = about(earlier, later) - along(earlier, &by_later);
    // Where they do not agree at all, the paper's other branch: towards agreement.
    let times = if below > 1e-9 { above / below } else { 1.0 };
    Some(std::array::from_fn(|i| (times * by_earlier[i] - by_later[i]) as f32))
}

/// Solves a symmetric system of four by elimination; `None` where it has no one answer.
fn solve(matrix: &impl Fn(usize, usize) -> f64, right: impl Fn(usize) -> f64) -> Option<[f64; 4]> {
    let mut rows: [[f64; 5]; 4] =
        std::array::from_fn(|i| std::array::from_fn(|j| if j < 4 { matrix(i, j) } else { right(i) }));
    for column in 0..4 {
        let pivot = rows[column];
        if pivot[column].is_nan() || pivot[column].abs() < 1e-9 {
            return None;
        }
        for row in (0..4).filter(|row| *row != column) {
            let times = rows[row][column] / pivot[column];
            for at in column..5 {
                rows[row][at] -= times * pivot[at];
            }
        }
    }
    Some(std::array::from_fn(|i| rows[i][4] / rows[i][i]))
}
