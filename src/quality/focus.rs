//! Focus: how much fine detail there is, in the direction that has least of it.

use super::grid::SIDE;
use super::view::View;

/// The root mean square of luma's second difference, across and down, each smoothed along the other
/// direction; the lesser of the two, since a hand that moves blurs in one. What noise adds is taken off: it is
/// everywhere, and so in the median, where detail is in few places. In levels of 255 at a mean luma of 128.
pub fn sharpness(view: &View) -> f32 {
    let (sum, count) =
        view.in_ring(&view.luma).fold((0u32, 0u32), |(sum, count), luma| (sum + u32::from(luma), count + 1));
    let mean = (sum as f32 / count.max(1) as f32).max(1.0);
    let least = excess(view, 1, SIDE).min(excess(view, SIDE, 1));
    least.sqrt() * 128.0 / mean
}

/// The mean square of the second difference along `step`, less its noise. `aside` is the other direction.
fn excess(view: &View, step: usize, aside: usize) -> f32 {
    let luma = &view.luma;
    let second =
        |at: usize| 2 * i32::from(luma[at]) - i32::from(luma[at - step]) - i32::from(luma[at + step]);
    // Magnitudes are at most 4 * 2 * 255.
    let mut histogram = [0u32; 2041];
    for row in 1..SIDE - 1 {
        for at in (row * SIDE + 1..(row + 1) * SIDE - 1).filter(|at| view.ring[*at]) {
            let smoothed = second(at - aside) + 2 * second(at) + second(at + aside);
            histogram[smoothed.unsigned_abs() as usize] += 1;
        }
    }
    let count: u32 = histogram.iter().sum();
    let squares: f64 =
        histogram.iter().enumerate().map(|(size, n)| f64::from(*n) * (size * size) as f64).sum();
    let mut below = 0;
    let median = histogram.iter().position(|n| {
        below += n;
        2 * below >= count
    });
    // The median magnitude of Gaussian noise is 0.6745 of its standard deviation.
    let noise = median.unwrap_or(0) as f64 / 0.6745;
    // The smoothing weighs by 4 in all.
    ((squares / f64::from(count.max(1)) - noise * noise).max(0.0) / 16.0) as f32
}
