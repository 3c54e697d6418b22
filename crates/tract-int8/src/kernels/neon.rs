//! aarch64 without dot products (Cortex-A53, A72: Raspberry Pi 3 and 4): SMULL and SMLAL2 make two products of i8 that
//! an i16 still holds, as weights stay within 127, and SADALP adds neighbours to i32.

use std::arch::aarch64::*;
use std::ops::Range;

use super::aligned::Aligned;
use super::depthwise::{PackedDepthwise, Row, Strip, Strips};
use super::gemm::{BYTES, Micro, Packed, Tile};
use super::{Add, Conv, Depthwise, Kernel, Layer, Quantise, Term, scalar};

/// Every aarch64 processor runs this: NEON is part of the base.
#[derive(Debug)]
pub struct Neon;

impl Kernel for Neon {
    fn name(&self) -> &'static str {
        "neon"
    }

    fn conv(&self, conv: &Conv) -> Box<dyn Layer> {
        Box::new(Packed::<Self>::new(conv))
    }

    fn depthwise(&self, depthwise: &Depthwise) -> Box<dyn Layer> {
        Box::new(PackedDepthwise::<Self>::new(depthwise))
    }

    fn add(&self, add: &Add, left: &[u8], right: &[u8], out: &mut [u8]) {
        add_all(add, left, right, out);
    }

    fn quantise(&self, quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8]) {
        quantise_rows(quantise, input, rows, out);
    }
}

/// Sixteen values at a time; the rest as defined.
pub(super) fn add_all(add: &Add, left: &[u8], right: &[u8], out: &mut [u8]) {
    let (whole, rest) = out.as_chunks_mut::<16>();
    let (left, left_rest) = left.as_chunks::<16>();
    let (right, right_rest) = right.as_chunks::<16>();
    for (out, (left, right)) in whole.iter_mut().zip(left.iter().zip(right)) {
        // SAFETY: NEON is part of aarch64, and all three hold sixteen bytes.
        unsafe {
            let (left, right) = (reals(&add.left, left), reals(&add.right, right));
            let steps: [_; 4] = std::array::from_fn(|v| vcvtnq_s32_f32(vaddq_f32(left[v], right[v])));
            vst1q_s8(out.as_mut_ptr().cast(), narrow(steps, add.zero.into()));
        }
    }
    scalar::add_all(add, left_rest, right_rest, rest, 0);
}

/// (value - zero) x scale of sixteen values.
#[inline]
unsafe fn reals(term: &Term, bytes: &[u8; 16]) -> [float32x4_t; 4] {
    // SAFETY: NEON is part of aarch64, and there are sixteen bytes.
    unsafe {
        let (values, zero) = (vld1q_s8(bytes.as_ptr().cast()), vdup_n_s8(term.zero));
        let (low, high) = (vsubl_s8(vget_low_s8(values), zero), vsubl_s8(vget_high_s8(values), zero));
        let steps = [vget_low_s16(low), vget_high_s16(low), vget_low_s16(high), vget_high_s16(high)];
        std::array::from_fn(|v| vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(steps[v])), term.scale))
    }
}

/// Sixteen pixels of three colours at a time; the rest as defined.
pub(super) fn quantise_rows(quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8]) {
    let Quantise { height, width, channels, .. } = *quantise;
    if channels != 3 {
        return scalar::quantise_rows(quantise, input, rows, out, 0);
    }
    for (row, line) in rows.zip(out.chunks_exact_mut(width * 3)) {
        let planes = [0, 1, 2].map(|channel| &input[(channel * height + row) * width..][..width]);
        let (whole, rest) = line.as_chunks_mut::<48>();
        let [red, green, blue] = planes.map(|plane| plane.as_chunks::<16>());
        for ((out, red), (green, blue)) in whole.iter_mut().zip(red.0).zip(green.0.iter().zip(blue.0)) {
            // SAFETY: NEON is part of aarch64, and there is room for three times sixteen bytes.
            unsafe {
                let colours =
                    int8x16x3_t(steps(quantise, red), steps(quantise, green), steps(quantise, blue));
                vst3q_s8(out.as_mut_ptr().cast(), colours);
            }
        }
        for (index, pixel) in rest.chunks_exact_mut(3).enumerate() {
            for (value, plane) in pixel.iter_mut().zip([red.1, green.1, blue.1]) {
                *value = quantise.apply(plane[index]) as u8;
            }
        }
    }
}

/// Sixteen quantised values.
#[inline]
unsafe fn steps(quantise: &Quantise, values: &[f32; 16]) -> int8x16_t {
    let zero = f32::from(quantise.zero);
    // SAFETY: NEON is part of aarch64, and there are sixteen values.
    unsafe {
        let (low, high) = (vdupq_n_f32(-128.0 - zero), vdupq_n_f32(127.0 - zero));
        let steps: [_; 4] = std::array::from_fn(|v| {
            let steps = vmulq_n_f32(vld1q_f32(values.as_ptr().add(v * 4)), quantise.inverse);
            // These give the other operand where one is not a number, as the definition does.
            vcvtnq_s32_f32(vminnmq_f32(vmaxnmq_f32(steps, low), high))
        });
        narrow(steps, quantise.zero.into())
    }
}

/// The i8 values of sixteen outputs: saturated(steps + zero).
#[inline]
pub(super) unsafe fn narrow(steps: [int32x4_t; 4], zero: i16) -> int8x16_t {
    // SAFETY: NEON is part of aarch64.
    unsafe {
        let [a, b, c, d] = steps;
        let low = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(a), b), vdupq_n_s16(zero));
        let high = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(c), d), vdupq_n_s16(zero));
        vqmovn_high_s16(vqmovn_s16(low), high)
    }
}

/// round(sums x scale) of four outputs.
#[inline]
pub(super) unsafe fn rescale(sums: int32x4_t, scale: *const f32) -> int32x4_t {
    // SAFETY: NEON is part of aarch64; the caller gives four scales.
    unsafe { vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sums), vld1q_f32(scale))) }
}

impl Micro for Neon {
    type Value = u8;
    type Weight = i8;
    const DEPTH: usize = 16;
    const FLIP: u8 = 0;
    const PANELS: &'static [(usize, usize)] = &[(4, 4)];

    fn place(_width: usize, column: usize) -> usize {
        column
    }

    fn in_place(bytes: &[u8]) -> Option<&[u8]> {
        Some(bytes)
    }

    fn value(byte: u8) -> u8 {
        byte
    }

    fn stage(bytes: &[u8], out: &mut [u8]) {
        out.copy_from_slice(bytes);
    }

    unsafe fn tiles(tile: &Tile<Self>, _width: usize, pixels: usize, count: usize) {
        // SAFETY: as this function's own contract.
        unsafe {
            match pixels {
                1 => tiles_of::<1>(tile, count),
                2 => tiles_of::<2>(tile, count),
                3 => tiles_of::<3>(tile, count),
                4 => tiles_of::<4>(tile, count),
                _ => unreachable!("no tile of {pixels} pixels"),
            }
        }
    }

    fn with_space<R>(work: impl FnOnce(&mut Aligned<u8>) -> R) -> R {
        BYTES.with_borrow_mut(work)
    }
}

unsafe fn tiles_of<const PIXELS: usize>(tile: &Tile<Neon>, count: usize) {
    // SAFETY: NEON is part of aarch64. The tile's contract: `segments` x `steps` groups of sixteen bytes for each pixel,
    // as many weights for each of four columns, a bias and a scale for each column.
    unsafe {
        for index in 0..count {
            let input = tile.input.add(index * PIXELS * tile.pixel_step);
            let out = tile.out.add(index * PIXELS * tile.out_step);
            let mut sums = [[vdupq_n_s32(0); 4]; PIXELS];
            let mut weights = tile.weights;
            for segment in 0..tile.segments {
                let input = input.add(segment * tile.segment_step).cast::<i8>();
                for step in 0..tile.steps {
                    let values: [_; PIXELS] =
                        std::array::from_fn(|pixel| vld1q_s8(input.add(pixel * tile.pixel_step + step * 16)));
                    for column in 0..4 {
                        let filter = vld1q_s8(weights.add(column * 16));
                        for pixel in 0..PIXELS {
                            let low = vmull_s8(vget_low_s8(values[pixel]), vget_low_s8(filter));
                            let pairs = vmlal_high_s8(low, values[pixel], filter);
                            sums[pixel][column] = vpadalq_s16(sums[pixel][column], pairs);
                        }
                    }
                    weights = weights.add(64);
                }
            }
            let bias = vld1q_s32(tile.bias);
            let mut steps = [vdupq_n_s32(0); 4];
            for pixel in 0..PIXELS {
                let [a, b, c, d] = sums[pixel];
                let sum = vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
                steps[pixel] = rescale(vaddq_s32(sum, bias), tile.scale);
            }
            let values = vreinterpretq_u32_s8(narrow(steps, tile.zero as i16));
            let words = [
                vgetq_lane_u32(values, 0),
                vgetq_lane_u32(values, 1),
                vgetq_lane_u32(values, 2),
                vgetq_lane_u32(values, 3),
            ];
            for pixel in 0..PIXELS {
                let out = out.add(pixel * tile.out_step);
                if tile.columns >= 4 {
                    out.cast::<u32>().write_unaligned(words[pixel]);
                } else {
                    out.copy_from_nonoverlapping(words[pixel].to_le_bytes().as_ptr(), tile.columns);
                }
            }
        }
    }
}

impl Strips for Neon {
    const BLOCKS: &'static [usize] = &[16];
    const ROWS: usize = 2;

    fn channel_place(_width: usize, channel: usize) -> usize {
        channel
    }

    unsafe fn interleave(rows: &[Row], _width: usize, channels: usize, pixels: usize, out: *mut u8) {
        for pixel in 0..pixels {
            // SAFETY: NEON is part of aarch64; each row holds `channels` bytes for each pixel, and `out` has 32.
            unsafe {
                let load = |row: usize| load_first(rows[row].0.add(pixel * rows[row].1), channels);
                let (a, b) = (load(0), load(1));
                vst1q_u8(out.add(pixel * 32), vzip1q_u8(a, b));
                vst1q_u8(out.add(pixel * 32 + 16), vzip2q_u8(a, b));
            }
        }
    }

    unsafe fn outputs(strip: &Strip<Self>) {
        // SAFETY: this function's own contract.
        unsafe { strip.row(2, outputs_of::<2>, outputs_of::<1>) }
    }
}

/// The first `count` of sixteen bytes, and zeros.
#[inline]
pub(super) unsafe fn load_first(bytes: *const u8, count: usize) -> uint8x16_t {
    // SAFETY: NEON is part of aarch64; the caller has `count` bytes there, and no more are read.
    unsafe {
        if count >= 16 {
            return vld1q_u8(bytes);
        }
        let mut some = [0u8; 16];
        some.as_mut_ptr().copy_from_nonoverlapping(bytes, count);
        vld1q_u8(some.as_ptr())
    }
}

/// Writes the first `count` of sixteen bytes.
#[inline]
pub(super) unsafe fn store_first(values: int8x16_t, out: *mut u8, count: usize) {
    // SAFETY: NEON is part of aarch64; the caller gives room for `count` bytes, and no more are written.
    unsafe {
        if count >= 16 {
            return vst1q_s8(out.cast(), values);
        }
        let mut some = [0u8; 16];
        vst1q_s8(some.as_mut_ptr().cast(), values);
        out.copy_from_nonoverlapping(some.as_ptr(), count);
    }
}

unsafe fn outputs_of<const PIXELS: usize>(strip: &Strip<Neon>, input: *const u8, out: *mut u8) {
    // SAFETY: NEON is part of aarch64. The strip's contract: `groups` x `columns` blocks of 32 bytes, of which the
    // window of each of the pixels covers `kernel`, as many weights, a bias and a scale for each channel of a block.
    unsafe {
        let bias: [_; 4] = std::array::from_fn(|v| vld1q_s32(strip.bias.add(v * 4)));
        let mut sums = [bias; PIXELS];
        let mut weights = strip.weights;
        for group in 0..strip.groups {
            let mut input = input.add(group * strip.columns * 32).cast::<i8>();
            for _ in 0..strip.kernel / 2 {
                // Two columns of the window: an i16 holds the products of both.
                let filters: [_; 4] = std::array::from_fn(|v| vld1q_s8(weights.add(v * 16)));
                for pixel in 0..PIXELS {
                    let values = input.add(pixel * strip.stride * 32);
                    for half in 0..2 {
                        let (first, second) =
                            (vld1q_s8(values.add(half * 16)), vld1q_s8(values.add(half * 16 + 32)));
                        let (one, two) = (filters[half], filters[half + 2]);
                        let low = vmull_s8(vget_low_s8(first), vget_low_s8(one));
                        let low = vmlal_s8(low, vget_low_s8(second), vget_low_s8(two));
                        let high = vmlal_high_s8(vmull_high_s8(first, one), second, two);
                        sums[pixel][half * 2] = vpadalq_s16(sums[pixel][half * 2], low);
                        sums[pixel][half * 2 + 1] = vpadalq_s16(sums[pixel][half * 2 + 1], high);
                    }
                }
                (input, weights) = (input.add(64), weights.add(64));
            }
            if strip.kernel % 2 == 1 {
                for pixel in 0..PIXELS {
                    for half in 0..2 {
                        let filter = vld1q_s8(weights.add(half * 16));
                        let values = vld1q_s8(input.add(pixel * strip.stride * 32 + half * 16));
                        let low = vmull_s8(vget_low_s8(values), vget_low_s8(filter));
                        sums[pixel][half * 2] = vpadalq_s16(sums[pixel][half * 2], low);
                        let high = vmull_high_s8(values, filter);
                        sums[pixel][half * 2 + 1] = vpadalq_s16(sums[pixel][half * 2 + 1], high);
                    }
                }
                weights = weights.add(32);
            }
        }
        for pixel in 0..PIXELS {
            let steps: [_; 4] = std::array::from_fn(|v| rescale(sums[pixel][v], strip.scale.add(v * 4)));
            store_first(narrow(steps, strip.zero as i16), out.add(pixel * strip.out_step), strip.channels);
        }
    }
}
