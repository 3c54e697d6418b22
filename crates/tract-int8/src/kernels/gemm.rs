//! The loops around a convolution's inner product: weights in panels of columns, input pixels staged a stretch at a
//! time where they cannot be read in place, tiles of pixels x columns.

use std::cell::RefCell;
use std::fmt::Debug;
use std::ops::Range;

use super::aligned::{Aligned, Plain};
use super::{Conv, Layer, Window};

/// One processor's inner product.
pub(super) trait Micro: Debug + Send + Sync + 'static {
    /// A value of the input as the multiplier reads it.
    type Value: Plain;
    /// A weight as the multiplier reads it.
    type Weight: Plain + From<i8> + Debug + Send + Sync;
    /// Consecutive values of a pixel that are multiplied together.
    const DEPTH: usize;
    /// What stored bytes are xored with; see [`super::Kernel::flip`].
    const FLIP: u8;
    /// The columns that a panel may have, the most first, each with how many pixels a tile of it takes.
    const PANELS: &'static [(usize, usize)];

    /// The place in the accumulators of a column of a panel of `width`.
    fn place(width: usize, column: usize) -> usize;

    /// The input as it is, where the multiplier reads bytes.
    fn in_place(bytes: &[u8]) -> Option<&[Self::Value]>;

    /// One stored byte as the multiplier reads it.
    fn value(byte: u8) -> Self::Value;

    /// Stored bytes as the multiplier reads them.
    fn stage(bytes: &[u8], out: &mut [Self::Value]);

    /// Computes `count` tiles, one after the other, each of `pixels` pixels of a panel of `width` columns; both are
    /// within [`Self::PANELS`].
    ///
    /// # Safety
    /// The processor has the kernel's features, and the tiles' pointers reach as far as the counts say.
    unsafe fn tiles(tile: &Tile<Self>, width: usize, pixels: usize, count: usize);

    /// Runs `work` with this thread's own space for staging.
    fn with_space<R>(work: impl FnOnce(&mut Aligned<Self::Value>) -> R) -> R;
}

/// The first of some tiles of outputs: pixels x the columns of one panel.
pub(super) struct Tile<M: Micro + ?Sized> {
    /// The first value under the first pixel's window.
    pub input: *const M::Value,
    /// From one pixel's window to the next's.
    pub pixel_step: usize,
    /// Rows of the window.
    pub segments: usize,
    /// From one row of the window to the next.
    pub segment_step: usize,
    /// Groups of [`Micro::DEPTH`] values in a row of the window.
    pub steps: usize,
    /// `segments` x `steps` x width x [`Micro::DEPTH`].
    pub weights: *const M::Weight,
    /// Width of each, by place.
    pub bias: *const i32,
    pub scale: *const f32,
    /// The output's zero.
    pub zero: i32,
    /// The first pixel's first column.
    pub out: *mut u8,
    /// From one pixel's output to the next's.
    pub out_step: usize,
    /// How many of the columns there are in the output.
    pub columns: usize,
}

/// A convolution, packed.
#[derive(Debug)]
pub(super) struct Packed<M: Micro> {
    window: Window,
    inputs: usize,
    outputs: usize,
    zero_in: u8,
    zero_out: i32,
    /// Groups of [`Micro::DEPTH`] values in a row of the window.
    steps: usize,
    panels: Vec<Panel>,
    weights: Aligned<M::Weight>,
    bias: Aligned<i32>,
    scale: Aligned<f32>,
}

/// A stretch of output channels.
#[derive(Debug)]
struct Panel {
    /// The first channel.
    start: usize,
    width: usize,
    /// Pixels in its largest tile.
    pixels: usize,
    /// Where its weights start.
    weights: usize,
    /// Where its biases and scales start.
    columns: usize,
}

impl<M: Micro> Packed<M> {
    pub fn new(conv: &Conv) -> Self {
        assert!(conv.window.kernel > 0, "a window without places");
        let row = conv.window.kernel * conv.inputs;
        let mut packed = Self {
            window: conv.window,
            inputs: conv.inputs,
            outputs: conv.outputs,
            zero_in: conv.zero as u8 ^ M::FLIP,
            zero_out: i32::from(conv.requantise.zero),
            steps: row.div_ceil(M::DEPTH),
            panels: Vec::new(),
            weights: Aligned::new(),
            bias: Aligned::new(),
            scale: Aligned::new(),
        };
        let mut start = 0;
        while start < conv.outputs {
            let narrowest = M::PANELS[M::PANELS.len() - 1];
            let left = (conv.outputs - start).next_multiple_of(narrowest.0);
            let (width, pixels) =
                M::PANELS.iter().copied().find(|panel| panel.0 <= left).unwrap_or(narrowest);
            packed.push(conv, start, width, pixels);
            start += width;
        }
        packed
    }

    fn push(&mut self, conv: &Conv, start: usize, width: usize, pixels: usize) {
        let (weights, columns) = (self.weights.len(), self.bias.len());
        self.panels.push(Panel { start, width, pixels, weights, columns });
        let (step, row) = (width * M::DEPTH, conv.window.kernel * conv.inputs);
        self.weights.resize(weights + conv.window.kernel * self.steps * step);
        self.bias.resize(columns + width);
        self.scale.resize(columns + width);
        for column in 0..width.min(conv.outputs - start) {
            let (output, place) = (start + column, M::place(width, column));
            self.bias[columns + place] = conv.folded_bias(output, i32::from(M::FLIP));
            self.scale[columns + place] = conv.requantise.scale[output];
            for (segment, filter) in conv.filter(output).chunks_exact(row).enumerate() {
                for (index, weight) in filter.iter().enumerate() {
                    let group = segment * self.steps + index / M::DEPTH;
                    let slot = weights + group * step + place * M::DEPTH + index % M::DEPTH;
                    self.weights[slot] = M::Weight::from(*weight);
                }
            }
        }
    }

    /// All tiles of `lines` output rows.
    fn lines(&self, input: &[M::Value], layout: &Layout, lines: usize, out: &mut [u8]) {
        let pixels = layout.pixels;
        let kernel = self.window.kernel;
        let last = (lines - 1) * layout.line_step
            + (pixels - 1) * layout.pixel_step
            + (kernel - 1) * layout.segment_step;
        assert!(last + self.steps * M::DEPTH <= input.len(), "the staged input is too short");
        assert_eq!(out.len(), lines * pixels * self.outputs);
        for panel in &self.panels {
            // Tiles of two sizes, one apart, rather than a small last one.
            let tiles = pixels.div_ceil(panel.pixels);
            let (size, larger) = (pixels / tiles, pixels % tiles);
            for line in 0..lines {
                self.tiles(input, layout, panel, [line, 0], [size + 1, larger], out);
                self.tiles(input, layout, panel, [line, larger * (size + 1)], [size, tiles - larger], out);
            }
        }
    }

    /// Some tiles of one size, from a pixel of a line on.
    #[allow(
        clippy::too_many_arguments,
        reason = "the innermost call: a struct would only name each of them twice"
    )]
    fn tiles(
        &self,
        input: &[M::Value],
        layout: &Layout,
        panel: &Panel,
        [line, start]: [usize; 2],
        [pixels, count]: [usize; 2],
        out: &mut [u8],
    ) {
        if count == 0 {
            return;
        }
        let tile = Tile::<M> {
            input: input[line * layout.line_step + start * layout.pixel_step..].as_ptr(),
            pixel_step: layout.pixel_step,
            segments: self.window.kernel,
            segment_step: layout.segment_step,
            steps: self.steps,
            weights: self.weights[panel.weights..].as_ptr(),
            bias: self.bias[panel.columns..].as_ptr(),
            scale: self.scale[panel.columns..].as_ptr(),
            zero: self.zero_out,
            out: out[(line * layout.pixels + start) * self.outputs + panel.start..].as_mut_ptr(),
            out_step: self.outputs,
            columns: panel.width.min(self.outputs - panel.start),
        };
        // SAFETY: a kernel is only offered where the processor has its features. The asserts of `lines` bound the last
        // pixel's reads and writes, `push` sized weights, biases and scales for the panel.
        unsafe { M::tiles(&tile, panel.width, pixels, count) };
    }

    fn pointwise(&self, input: &[u8], rows: Range<usize>, out: &mut [u8]) {
        let pixels = rows.start * self.window.width..rows.end * self.window.width;
        let stretch = (STAGED / self.inputs).max(56);
        for (index, out) in out.chunks_mut(stretch * self.outputs).enumerate() {
            let start = pixels.start + index * stretch;
            let count = out.len() / self.outputs;
            let layout = Layout { pixels: count, line_step: 0, pixel_step: self.inputs, segment_step: 0 };
            let bytes = &input[start * self.inputs..][..count * self.inputs];
            let whole = self.inputs.is_multiple_of(M::DEPTH);
            match M::in_place(bytes).filter(|_| whole) {
                Some(values) => self.lines(values, &layout, 1, out),
                None => M::with_space(|space| {
                    space.resize(bytes.len() + M::DEPTH);
                    M::stage(bytes, &mut space[..bytes.len()]);
                    self.lines(space, &layout, 1, out);
                }),
            }
        }
    }

    fn windowed(&self, input: &[u8], rows: Range<usize>, out: &mut [u8]) {
        let Window { kernel, stride, out_width, .. } = self.window;
        let width = (out_width - 1) * stride + kernel;
        let line = width * self.inputs;
        let stretch = (STAGED / (line * stride)).max(1);
        let layout = Layout {
            pixels: out_width,
            line_step: stride * line,
            pixel_step: stride * self.inputs,
            segment_step: line,
        };
        for (index, out) in out.chunks_mut(stretch * out_width * self.outputs).enumerate() {
            let first = rows.start + index * stretch;
            let count = out.len() / (out_width * self.outputs);
            M::with_space(|space| {
                let staged = (count - 1) * stride + kernel;
                space.resize(staged * line + M::DEPTH);
                for (row, line) in space.chunks_exact_mut(line).take(staged).enumerate() {
                    self.stage_row(input, first * stride + row, line);
                }
                self.lines(space, &layout, count, out);
            });
        }
    }

    /// Stages one row of the padded map.
    fn stage_row(&self, input: &[u8], row: usize, line: &mut [M::Value]) {
        let Window { height, width, top, left, .. } = self.window;
        let padding = M::value(self.zero_in);
        let Some(row) = row.checked_sub(top).filter(|row| *row < height) else { return line.fill(padding) };
        let before = left * self.inputs;
        let bytes = (width * self.inputs).min(line.len() - before);
        line[..before].fill(padding);
        M::stage(&input[row * width * self.inputs..][..bytes], &mut line[before..before + bytes]);
        line[before + bytes..].fill(padding);
    }
}

/// Bytes of input in a stretch: they stay in the first-level cache while all panels pass over them.
const STAGED: usize = 16 * 1024;

/// How a staged input lies, in values.
struct Layout {
    /// Output pixels in a line.
    pixels: usize,
    /// From one output row's windows to the next's.
    line_step: usize,
    pixel_step: usize,
    segment_step: usize,
}

impl<M: Micro> Layer for Packed<M> {
    fn rows(&self, input: &[u8], rows: Range<usize>, out: &mut [u8]) {
        let (map, row) = (self.window.height * self.window.width, self.window.out_width * self.outputs);
        assert_eq!([input.len(), out.len()], [map * self.inputs, rows.len() * row], "maps of other sizes");
        if self.window.is_pointwise() {
            self.pointwise(input, rows, out)
        } else {
            self.windowed(input, rows, out)
        }
    }
}

thread_local! {
    /// Space that stays from one inference to the next.
    pub(super) static BYTES: RefCell<Aligned<u8>> = const { RefCell::new(Aligned::new()) };
    pub(super) static HALVES: RefCell<Aligned<i16>> = const { RefCell::new(Aligned::new()) };
}
