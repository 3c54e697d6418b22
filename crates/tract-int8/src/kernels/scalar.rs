//! The definition: every layer in plain loops. Every other kernel gives these bits. It is also what runs where there
//! is no kernel of vectors.

use std::ops::Range;

use super::{Add, Conv, Depthwise, Kernel, Layer, Quantise, Window};

/// The reference as a kernel. Bytes are the i8 values as they are.
#[derive(Debug)]
pub struct Scalar;

impl Kernel for Scalar {
    fn name(&self) -> &'static str {
        "scalar"
    }

    fn conv(&self, conv: &Conv) -> Box<dyn Layer> {
        Box::new(conv.clone())
    }

    fn depthwise(&self, depthwise: &Depthwise) -> Box<dyn Layer> {
        Box::new(depthwise.clone())
    }

    fn add(&self, add: &Add, left: &[u8], right: &[u8], out: &mut [u8]) {
        add_all(add, left, right, out, 0);
    }

    fn quantise(&self, quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8]) {
        quantise_rows(quantise, input, rows, out, 0);
    }
}

impl Layer for Conv {
    fn rows(&self, input: &[u8], rows: Range<usize>, out: &mut [u8]) {
        let pixels = positions(&self.window, rows);
        for ((y, x), pixel) in pixels.zip(out.chunks_exact_mut(self.outputs)) {
            for (output, value) in pixel.iter_mut().enumerate() {
                let filter = self.filter(output).chunks_exact(self.inputs);
                let sum = taps(&self.window, y, x)
                    .zip(filter)
                    .filter_map(|(place, weights)| Some((place?, weights)))
                    .map(|(place, weights)| dot(&input[place * self.inputs..], weights, self.zero))
                    .sum();
                *value = self.requantise.apply(output, sum) as u8;
            }
        }
    }
}

impl Layer for Depthwise {
    fn rows(&self, input: &[u8], rows: Range<usize>, out: &mut [u8]) {
        let pixels = positions(&self.window, rows);
        let mut sums = vec![0i32; self.channels];
        for ((y, x), pixel) in pixels.zip(out.chunks_exact_mut(self.channels)) {
            sums.fill(0);
            for (place, weights) in taps(&self.window, y, x).zip(self.weights.chunks_exact(self.channels)) {
                let Some(place) = place else { continue };
                let values = &input[place * self.channels..][..self.channels];
                for (sum, (value, weight)) in sums.iter_mut().zip(values.iter().zip(weights)) {
                    *sum += (i32::from(*value as i8) - i32::from(self.zero)) * i32::from(*weight);
                }
            }
            for (channel, (value, sum)) in pixel.iter_mut().zip(&sums).enumerate() {
                *value = self.requantise.apply(channel, *sum) as u8;
            }
        }
    }
}

fn dot(values: &[u8], weights: &[i8], zero: i8) -> i32 {
    let product =
        |(value, weight): (&u8, &i8)| (i32::from(*value as i8) - i32::from(zero)) * i32::from(*weight);
    values.iter().zip(weights).map(product).sum()
}

/// The output's pixels of those rows.
fn positions(window: &Window, rows: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
    let width = window.out_width;
    rows.flat_map(move |y| (0..width).map(move |x| (y, x)))
}

/// The input pixel under each place of the window, row by row; none where there is padding.
fn taps(window: &Window, y: usize, x: usize) -> impl Iterator<Item = Option<usize>> {
    let Window { height, width, kernel, stride, top, left, .. } = *window;
    (0..kernel * kernel).map(move |tap| {
        let row = (y * stride + tap / kernel).checked_sub(top).filter(|row| *row < height)?;
        let column = (x * stride + tap % kernel).checked_sub(left).filter(|column| *column < width)?;
        Some(row * width + column)
    })
}
/// The definition of `Kernel::quantise`, row by row, for any machine's vectors: inlined where its features are on.
#[inline(always)]
pub(super) fn quantise_rows(
    quantise: &Quantise,
    input: &[f32],
    rows: Range<usize>,
    out: &mut [u8],
    flip: u8,
) {
    let Quantise { height, width, channels, .. } = *quantise;
    for (row, line) in rows.zip(out.chunks_exact_mut(width * channels)) {
        for channel in 0..channels {
            let values = &input[(channel * height + row) * width..][..width];
            for (out, value) in line[channel..].iter_mut().step_by(channels).zip(values) {
                *out = quantise.apply(*value) as u8 ^ flip;
            }
        }
    }
}

/// The definition of `Kernel::add`, likewise.
#[inline(always)]
pub(super) fn add_all(add: &Add, left: &[u8], right: &[u8], out: &mut [u8], flip: u8) {
    assert_eq!([left.len(), right.len()], [out.len(); 2], "stretches of other lengths");
    for (out, (left, right)) in out.iter_mut().zip(left.iter().zip(right)) {
        *out = add.apply((*left ^ flip) as i8, (*right ^ flip) as i8) as u8 ^ flip;
    }
}
