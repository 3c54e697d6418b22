//! The loops around a depthwise convolution: a strip of input rows is interleaved, block of channels by block of
//! channels, so that the multiplier meets the rows of a window side by side; then each output row is a dot product
//! along the strip.

use std::fmt::Debug;
use std::ops::Range;

use super::aligned::Aligned;
use super::gemm::Micro;
use super::{Depthwise, Layer, Window};

/// One processor's way with strips. Values, weights and space are those of its [`Micro`].
pub(super) trait Strips: Micro {
    /// The channels that a block may have, the most first.
    const BLOCKS: &'static [usize];
    /// Rows that are interleaved.
    const ROWS: usize;

    /// The place in the accumulators of a channel of a block of `width`.
    fn channel_place(width: usize, channel: usize) -> usize;

    /// Interleaves `channels` channels of `pixels` pixels, [`Self::ROWS`] rows deep; each row is a pointer and its
    /// step from pixel to pixel. Writes whole blocks of `width` x [`Self::ROWS`].
    ///
    /// # Safety
    /// The processor has the features; the rows and `out` reach as far as the counts say.
    unsafe fn interleave(rows: &[Row], width: usize, channels: usize, pixels: usize, out: *mut Self::Value);

    /// Computes one output row of one block.
    ///
    /// # Safety
    /// The processor has the features, and the strip's pointers reach as far as its counts say.
    unsafe fn outputs(strip: &Strip<Self>);
}

/// A row of a map: its first pixel's first channel of the block, and the step from pixel to pixel.
pub(super) type Row = (*const u8, usize);

/// A block of channels of one output row, over an interleaved strip.
pub(super) struct Strip<S: Strips + ?Sized> {
    /// groups x columns x block.
    pub input: *const S::Value,
    pub groups: usize,
    /// Columns of a group, padding with them.
    pub columns: usize,
    pub kernel: usize,
    pub stride: usize,
    /// groups x kernel x block.
    pub weights: *const S::Weight,
    /// By place.
    pub bias: *const i32,
    pub scale: *const f32,
    /// The output's zero.
    pub zero: i32,
    pub out: *mut u8,
    /// From one pixel's output to the next's.
    pub out_step: usize,
    /// Output pixels.
    pub pixels: usize,
    /// Channels of the block, from [`Strips::BLOCKS`].
    pub width: usize,
    /// How many of them there are.
    pub channels: usize,
}

/// Computes some pixels of a strip, from those inputs to those outputs.
pub(super) type Outputs<S> = unsafe fn(&Strip<S>, *const <S as Micro>::Value, *mut u8);

impl<S: Strips> Strip<S> {
    /// Computes the whole row by `tile`, which computes `size` pixels, or by `one` where the row is shorter. The last
    /// tile overlaps the one before, with the same values.
    ///
    /// # Safety
    /// As [`Strips::outputs`], and `tile` and `one` may be called as that may.
    #[inline]
    pub unsafe fn row(&self, size: usize, tile: Outputs<S>, one: Outputs<S>) {
        let compute = |outputs: Outputs<S>, pixel: usize| {
            // SAFETY: this function's own contract; no pixel beyond the row's is asked for.
            unsafe {
                let input = self.input.add(pixel * self.stride * self.width * S::ROWS);
                outputs(self, input, self.out.add(pixel * self.out_step));
            }
        };
        if self.pixels < size {
            return (0..self.pixels).for_each(|pixel| compute(one, pixel));
        }
        let last = self.pixels - size;
        (0..last).step_by(size).chain([last]).for_each(|pixel| compute(tile, pixel));
    }
}

/// A depthwise convolution, packed.
#[derive(Debug)]
pub(super) struct PackedDepthwise<S: Strips> {
    window: Window,
    channels: usize,
    zero_in: u8,
    zero_out: i32,
    /// Groups of interleaved rows in a strip.
    groups: usize,
    /// Output rows that a strip serves.
    outputs: usize,
    blocks: Vec<Block>,
    /// By block: output rows x groups x kernel x width x rows.
    weights: Aligned<S::Weight>,
    /// By block and place.
    bias: Aligned<i32>,
    scale: Aligned<f32>,
}

/// A stretch of channels.
#[derive(Debug)]
struct Block {
    /// The first channel.
    start: usize,
    width: usize,
    /// Where its weights start.
    weights: usize,
    /// Where its biases and scales start.
    places: usize,
}

impl<S: Strips> PackedDepthwise<S> {
    pub fn new(depthwise: &Depthwise) -> Self {
        let Window { kernel, stride, .. } = depthwise.window;
        assert!(kernel > 0, "a window without places");
        let groups = kernel.div_ceil(S::ROWS);
        let mut packed = Self {
            window: depthwise.window,
            channels: depthwise.channels,
            zero_in: depthwise.zero as u8 ^ S::FLIP,
            zero_out: i32::from(depthwise.requantise.zero),
            groups,
            outputs: (groups * S::ROWS - kernel) / stride + 1,
            blocks: Vec::new(),
            weights: Aligned::new(),
            bias: Aligned::new(),
            scale: Aligned::new(),
        };
        let mut start = 0;
        while start < depthwise.channels {
            let narrowest = S::BLOCKS[S::BLOCKS.len() - 1];
            let left = (depthwise.channels - start).next_multiple_of(narrowest);
            let width = S::BLOCKS.iter().copied().find(|width| *width <= left).unwrap_or(narrowest);
            packed.push(depthwise, start, width);
            start += width;
        }
        packed
    }

    fn push(&mut self, depthwise: &Depthwise, start: usize, width: usize) {
        let Window { kernel, stride, .. } = self.window;
        let (weights, places, size) = (self.weights.len(), self.bias.len(), width * S::ROWS);
        self.blocks.push(Block { start, width, weights, places });
        self.weights.resize(weights + self.outputs * self.groups * kernel * size);
        self.bias.resize(places + width);
        self.scale.resize(places + width);
        for channel in 0..width.min(depthwise.channels - start) {
            let place = S::channel_place(width, channel);
            self.bias[places + place] = depthwise.folded_bias(start + channel, i32::from(S::FLIP));
            self.scale[places + place] = depthwise.requantise.scale[start + channel];
            for (tap, weight) in depthwise.filter(start + channel).enumerate() {
                for output in 0..self.outputs {
                    let row = output * stride + tap / kernel;
                    let group = (output * self.groups + row / S::ROWS) * kernel + tap % kernel;
                    let slot = weights + group * size + place * S::ROWS + row % S::ROWS;
                    self.weights[slot] = S::Weight::from(*weight);
                }
            }
        }
    }

    /// Columns of a strip, padding with them.
    fn columns(&self) -> usize {
        (self.window.out_width - 1) * self.window.stride + self.window.kernel
    }

    /// Interleaves the rows under output row `y` and those after it.
    fn strip(&self, input: &[u8], y: usize, block: &Block, padding: &[u8], space: &mut [S::Value]) {
        let Window { height, width, stride, top, left, .. } = self.window;
        let Block { start, width: block, .. } = *block;
        let channels = block.min(self.channels - start);
        let (columns, size) = (self.columns(), block * S::ROWS);
        let inside = width.min(columns - left);
        let outside = (padding.as_ptr(), 0);
        for (group, space) in space.chunks_exact_mut(columns * size).enumerate() {
            let rows: [_; MOST_ROWS] = std::array::from_fn(|row| {
                let row = y * stride + group * S::ROWS + row.min(S::ROWS - 1);
                let row = row.checked_sub(top).filter(|row| *row < height);
                row.map_or(outside, |row| {
                    (input[row * width * self.channels + start..].as_ptr(), self.channels)
                })
            });
            let (before, rest) = space.split_at_mut(left * size);
            let (within, after) = rest.split_at_mut(inside * size);
            // SAFETY: a kernel is only offered where the processor has its features. Each row is the padding, which
            // holds a block, with no step, or a row of the map, of which `inside` is at most the width; the three
            // parts of the space are whole blocks.
            unsafe {
                S::interleave(&[outside; MOST_ROWS][..S::ROWS], block, channels, left, before.as_mut_ptr());
                S::interleave(&rows[..S::ROWS], block, channels, inside, within.as_mut_ptr());
                S::interleave(
                    &[outside; MOST_ROWS][..S::ROWS],
                    block,
                    channels,
                    after.len() / size,
                    after.as_mut_ptr(),
                );
            }
        }
    }

    /// Computes `count` output rows over the strip, into `out`, which starts with the first of them.
    fn outputs(&self, space: &[S::Value], block: &Block, count: usize, out: &mut [u8]) {
        let Window { kernel, stride, out_width, .. } = self.window;
        let size = block.width * S::ROWS;
        assert_eq!(space.len(), self.groups * self.columns() * size);
        assert!(count <= self.outputs && count * out_width * self.channels <= out.len());
        for row in 0..count {
            let strip = Strip::<S> {
                input: space.as_ptr(),
                groups: self.groups,
                columns: self.columns(),
                kernel,
                stride,
                weights: self.weights[block.weights + row * self.groups * kernel * size..].as_ptr(),
                bias: self.bias[block.places..].as_ptr(),
                scale: self.scale[block.places..].as_ptr(),
                zero: self.zero_out,
                out: out[row * out_width * self.channels + block.start..].as_mut_ptr(),
                out_step: self.channels,
                pixels: out_width,
                width: block.width,
                channels: block.width.min(self.channels - block.start),
            };
            // SAFETY: a kernel is only offered where the processor has its features. The asserts above bound the
            // strip and the output, `new` sized weights, biases and scales for whole blocks.
            unsafe { S::outputs(&strip) };
        }
    }
}

/// The most rows that any kernel interleaves.
const MOST_ROWS: usize = 4;

/// The most channels in a block of any kernel.
const MOST_CHANNELS: usize = 64;

impl<S: Strips> Layer for PackedDepthwise<S> {
    fn rows(&self, input: &[u8], rows: Range<usize>, out: &mut [u8]) {
        let row = self.window.out_width * self.channels;
        let map = self.window.height * self.window.width * self.channels;
        assert_eq!([input.len(), out.len()], [map, rows.len() * row], "maps of other sizes");
        let padding = [self.zero_in; MOST_CHANNELS];
        S::with_space(|space| {
            for (index, out) in out.chunks_mut(self.outputs * row).enumerate() {
                for block in &self.blocks {
                    space.resize(self.groups * self.columns() * block.width * S::ROWS);
                    self.strip(input, rows.start + index * self.outputs, block, &padding, space);
                    self.outputs(space, block, out.len() / row, out);
                }
            }
        });
    }
}
