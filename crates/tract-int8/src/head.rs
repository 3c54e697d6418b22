//! The end of the network, in f32: pooled features, and dense layers on them or on each pixel. Each sum runs in
//! a fixed order, so that the results are the same on every machine.

/// How a map's bytes stand for real numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dequantise {
    pub flip: u8,
    pub zero: i8,
    pub scale: f32,
}

impl Dequantise {
    fn steps(&self, byte: u8) -> i32 {
        i32::from((byte ^ self.flip) as i8) - i32::from(self.zero)
    }
}

/// Global average: a map of 1 x height x width x channels to 1 x channels.
#[derive(Debug)]
pub struct Pool {
    pub channels: usize,
    pub pixels: usize,
    pub dequantise: Dequantise,
}

impl Pool {
    /// From the map's bytes.
    pub fn run(&self, map: &[u8], out: &mut [f32]) {
        let mut sums = vec![0i32; self.channels];
        for pixel in map.chunks_exact(self.channels) {
            for (sum, byte) in sums.iter_mut().zip(pixel) {
                *sum += self.dequantise.steps(*byte);
            }
        }
        let scale = self.dequantise.scale / self.pixels as f32;
        for (out, sum) in out.iter_mut().zip(&sums) {
            *out = *sum as f32 * scale;
        }
    }
}

/// A dense layer: rows of weights, each multiplied with the same values.
#[derive(Debug)]
pub struct Dense {
    /// outputs x inputs.
    pub weights: Vec<f32>,
    /// One per output.
    pub bias: Vec<f32>,
    pub inputs: usize,
}

impl Dense {
    /// One number per output.
    pub fn run(&self, values: &[f32]) -> impl Iterator<Item = f32> {
        let rows = self.weights.chunks_exact(self.inputs).zip(&self.bias);
        rows.map(|(row, bias)| dot(row, values) + bias)
    }
}

/// A dense layer on every pixel of a map: 1 x outputs x height x width.
#[derive(Debug)]
pub struct PixelDense {
    pub dense: Dense,
    pub height: usize,
    pub width: usize,
    pub dequantise: Dequantise,
}

impl PixelDense {
    /// From the map's bytes.
    pub fn run(&self, map: &[u8], out: &mut [f32]) {
        let pixels = self.height * self.width;
        let mut values = vec![0.0; self.dense.inputs];
        for (index, pixel) in map.chunks_exact(self.dense.inputs).enumerate() {
            for (value, byte) in values.iter_mut().zip(pixel) {
                *value = self.dequantise.steps(*byte) as f32 * self.dequantise.scale;
            }
            for (output, value) in self.dense.run(&values).enumerate() {
                out[output * pixels + index] = value;
            }
        }
    }
}

/// Sixteen running sums, whatever the machine's vectors hold, then added in order.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let (left, left_rest) = left.as_chunks::<16>();
    let (right, right_rest) = right.as_chunks::<16>();
    let mut sums = [0.0f32; 16];
    for (left, right) in left.iter().zip(right) {
        for lane in 0..16 {
            sums[lane] += left[lane] * right[lane];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    sums.iter().sum::<f32>() + rest
}
