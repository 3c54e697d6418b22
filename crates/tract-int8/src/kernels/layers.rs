//! The layers of an int8 network and the arithmetic that defines them. A value q of i8 stands for the real number
//! scale x (q - zero). All layouts are NHWC with batch 1.

/// How a square window slides over a map: both sides and both strides alike, but any padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows of the map.
    pub height: usize,
    /// Columns of the map.
    pub width: usize,
    /// Side of the window.
    pub kernel: usize,
    /// Pixels from one window to the next, down as across.
    pub stride: usize,
    /// Rows of padding above the map; what lies below follows from `out_height`.
    pub top: usize,
    /// Columns of padding to the left.
    pub left: usize,
    /// Rows of the output.
    pub out_height: usize,
    /// Columns of the output.
    pub out_width: usize,
}

impl Window {
    /// Over a map of `height` x `width`, padded by `[top, left, bottom, right]`.
    ///
    /// # Errors
    /// Where the window does not fit the padded map, or the padding is as wide as the window.
    pub fn new(
        [height, width]: [usize; 2],
        kernel: usize,
        stride: usize,
        [top, left, bottom, right]: [usize; 4],
    ) -> Result<Self, String> {
        let padded = [height + top + bottom, width + left + right];
        if kernel == 0 || stride == 0 || height == 0 || width == 0 || padded.iter().any(|side| *side < kernel)
        {
            return Err(format!(
                "a window of {kernel} with stride {stride} does not fit a map of {height}x{width}"
            ));
        }
        if [top, left, bottom, right].iter().any(|pad| *pad >= kernel.max(1)) && kernel > 1
            || kernel == 1 && padded != [height, width]
        {
            return Err("the padding is as wide as the window".into());
        }
        let out = padded.map(|side| (side - kernel) / stride + 1);
        Ok(Self { height, width, kernel, stride, top, left, out_height: out[0], out_width: out[1] })
    }

    /// One pixel in, the same pixel out.
    pub fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1
    }
}

/// From the i32 sum of one output channel to i8; the same in every kernel, to the bit.
#[derive(Clone, Debug, PartialEq)]
pub struct Requantise {
    /// Added to the sum, one per output channel.
    pub bias: Vec<i32>,
    /// Input scale x weight scale / output scale, one per output channel.
    pub scale: Vec<f32>,
    /// The output's zero.
    pub zero: i8,
}

impl Requantise {
    /// The output of `channel` for the sum of its products.
    #[inline]
    pub fn apply(&self, channel: usize, sum: i32) -> i8 {
        requantise(sum.wrapping_add(self.bias[channel]), self.scale[channel], self.zero)
    }

    /// That no sum of `terms(channel)`, the sum of the absolute weights, can leave what the kernels hold: i32, and
    /// the range in which every machine rounds an f32 to i32 alike.
    fn check(&self, terms: impl Fn(usize) -> i64) -> Result<(), String> {
        for (channel, (bias, scale)) in self.bias.iter().zip(&self.scale).enumerate() {
            let largest = terms(channel) * 255 + i64::from(*bias).abs();
            if largest > i64::from(i32::MAX) || !(scale.is_finite() && *scale > 0.0) {
                return Err(format!(
                    "the sums of channel {channel} reach {largest}, or its scale {scale} is none"
                ));
            }
            if largest as f64 * f64::from(*scale) > f64::from(1 << 30) {
                return Err(format!(
                    "scale {scale} of channel {channel} takes sums of {largest} out of range"
                ));
            }
        }
        Ok(())
    }
}

/// clamp(round-half-even(sum x scale) + zero), the product in f32: what QuantizeLinear does to the real sum.
#[inline]
pub fn requantise(sum: i32, scale: f32, zero: i8) -> i8 {
    let value = (sum as f32 * scale).round_ties_even() as i32 + i32::from(zero);
    value.clamp(-128, 127) as i8
}

/// A convolution across all channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// How it slides over the map.
    pub window: Window,
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// outputs x kernel x kernel x inputs, each from -127 to 127.
    pub weights: Vec<i8>,
    /// The input's zero, which is also what padding holds.
    pub zero: i8,
    /// From sums to the output's values.
    pub requantise: Requantise,
}

impl Conv {
    /// Products in one output value.
    pub fn depth(&self) -> usize {
        self.window.kernel * self.window.kernel * self.inputs
    }

    /// Multiplications in one run.
    pub fn macs(&self) -> usize {
        self.window.out_height * self.window.out_width * self.outputs * self.depth()
    }

    /// The weights of one output channel.
    pub fn filter(&self, output: usize) -> &[i8] {
        &self.weights[output * self.depth()..][..self.depth()]
    }

    /// That counts agree and no sum can leave the range in which every kernel gives the same bits.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        check_weights(&self.weights, self.outputs * self.depth())?;
        check_channels(&self.requantise, self.outputs)?;
        self.requantise.check(|output| magnitude(self.filter(output).iter()))
    }

    /// The bias that makes sums of stored bytes, read as `value + offset`, equal to sums of `value - zero`.
    pub(super) fn folded_bias(&self, output: usize, offset: i32) -> i32 {
        let sum: i32 = self.filter(output).iter().map(|weight| i32::from(*weight)).sum();
        self.requantise.bias[output].wrapping_sub((i32::from(self.zero) + offset).wrapping_mul(sum))
    }
}

/// A convolution within each channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Depthwise {
    /// How it slides over the map.
    pub window: Window,
    /// Channels of the input, which are those of the output.
    pub channels: usize,
    /// kernel x kernel x channels, each from -127 to 127.
    pub weights: Vec<i8>,
    /// The input's zero, which is also what padding holds.
    pub zero: i8,
    /// From sums to the output's values.
    pub requantise: Requantise,
}

impl Depthwise {
    /// Multiplications in one run.
    pub fn macs(&self) -> usize {
        self.window.out_height * self.window.out_width * self.weights.len()
    }

    /// The weights of one channel, row by row.
    pub fn filter(&self, channel: usize) -> impl Iterator<Item = &i8> {
        self.weights.iter().skip(channel).step_by(self.channels)
    }

    /// That counts agree and no sum can leave the range in which every kernel gives the same bits.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        check_weights(&self.weights, self.channels * self.window.kernel * self.window.kernel)?;
        check_channels(&self.requantise, self.channels)?;
        self.requantise.check(|channel| magnitude(self.filter(channel)))
    }

    /// As [`Conv::folded_bias`].
    pub(super) fn folded_bias(&self, channel: usize, offset: i32) -> i32 {
        let sum: i32 = self.filter(channel).map(|weight| i32::from(*weight)).sum();
        self.requantise.bias[channel].wrapping_sub((i32::from(self.zero) + offset).wrapping_mul(sum))
    }
}

/// The sum of two maps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Add {
    /// The first map.
    pub left: Term,
    /// The second map.
    pub right: Term,
    /// The output's zero.
    pub zero: i8,
}

/// One side of a sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The value that stands for 0.
    pub zero: i8,
    /// Its scale / the output's scale.
    pub scale: f32,
}

impl Add {
    /// That the scales are in the range in which every kernel gives the same bits.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        let sane = |term: &Term| term.scale > 0.0 && term.scale <= (1 << 20) as f32;
        if sane(&self.left) && sane(&self.right) {
            Ok(())
        } else {
            Err(format!("the scales of {self:?} are out of range"))
        }
    }

    /// Three f32 roundings and one to an integer, in this order, in every kernel.
    #[inline]
    pub fn apply(&self, left: i8, right: i8) -> i8 {
        let real = |term: &Term, value: i8| (i32::from(value) - i32::from(term.zero)) as f32 * term.scale;
        let sum = real(&self.left, left) + real(&self.right, right);
        (sum.round_ties_even() as i32 + i32::from(self.zero)).clamp(-128, 127) as i8
    }
}

/// From real numbers, channel by channel (NCHW), to int8 NHWC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantise {
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input.
    pub channels: usize,
    /// The output's zero.
    pub zero: i8,
    /// 1 / scale.
    pub inverse: f32,
}

impl Quantise {
    /// That the scales are in the range in which every kernel gives the same bits.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        let sane = self.inverse > 0.0 && self.inverse.is_finite();
        if sane { Ok(()) } else { Err(format!("a scale of 1 / {} is none", self.inverse)) }
    }

    /// What is not a number becomes the lowest value.
    #[inline]
    pub fn apply(&self, value: f32) -> i8 {
        let zero = f32::from(self.zero);
        let steps = (value * self.inverse).round_ties_even().max(-128.0 - zero).min(127.0 - zero);
        (steps as i32 + i32::from(self.zero)) as i8
    }
}

fn magnitude<'a>(weights: impl Iterator<Item = &'a i8>) -> i64 {
    weights.map(|weight| i64::from(weight.unsigned_abs())).sum()
}

fn check_weights(weights: &[i8], expected: usize) -> Result<(), String> {
    if weights.len() != expected {
        return Err(format!("there are {} weights, not {expected}", weights.len()));
    }
    if weights.contains(&i8::MIN) {
        return Err("a weight is -128; symmetric weights go from -127 to 127".into());
    }
    Ok(())
}

fn check_channels(requantise: &Requantise, channels: usize) -> Result<(), String> {
    let counts = [requantise.bias.len(), requantise.scale.len()];
    if counts == [channels; 2] {
        Ok(())
    } else {
        Err(format!("{counts:?} biases and scales for {channels} channels"))
    }
}
