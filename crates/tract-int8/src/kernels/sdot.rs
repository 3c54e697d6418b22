//! aarch64 with dot products (Cortex-A76: Raspberry Pi 5): SDOT adds four products of i8 to an i32, in four lanes.

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};
use std::ops::Range;

use super::aligned::Aligned;
use super::depthwise::{PackedDepthwise, Row, Strip, Strips};
use super::gemm::{BYTES, Micro, Packed, Tile};
use super::{Add, Conv, Depthwise, Kernel, Layer, Quantise, neon};

#[derive(Debug)]
pub struct NeonDotprod;

impl NeonDotprod {
    /// Whether this processor has what it takes.
    pub fn is_available() -> bool {
        is_aarch64_feature_detected!("dotprod")
    }
}

impl Kernel for NeonDotprod {
    fn name(&self) -> &'static str {
        "neon-dotprod"
    }

    fn conv(&self, conv: &Conv) -> Box<dyn Layer> {
        Box::new(Packed::<Self>::new(conv))
    }

    fn depthwise(&self, depthwise: &Depthwise) -> Box<dyn Layer> {
        Box::new(PackedDepthwise::<Self>::new(depthwise))
    }

    fn add(&self, add: &Add, left: &[u8], right: &[u8], out: &mut [u8]) {
        neon::add_all(add, left, right, out);
    }

    fn quantise(&self, quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8]) {
        neon::quantise_rows(quantise, input, rows, out);
    }
}

/// sums + the products of each four values with each four weights. The intrinsic is not stable yet.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot(mut sums: int32x4_t, values: int8x16_t, weights: int8x16_t) -> int32x4_t {
    // SAFETY: the instruction touches its operands alone, and the caller has the feature.
    unsafe {
        asm!("sdot {0:v}.4s, {1:v}.16b, {2:v}.16b", inout(vreg) sums, in(vreg) values, in(vreg) weights,
            options(pure, nomem, nostack, preserves_flags));
    }
    sums
}

/// sums + the products of one four of the values with each four weights.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot_lane<const LANE: usize>(mut sums: int32x4_t, weights: int8x16_t, values: int8x16_t) -> int32x4_t {
    // SAFETY: the instruction touches its operands alone, and the caller has the feature.
    unsafe {
        asm!("sdot {0:v}.4s, {1:v}.16b, {2:v}.4b[{lane}]", inout(vreg) sums, in(vreg) weights, in(vreg) values,
            lane = const LANE, options(pure, nomem, nostack, preserves_flags));
    }
    sums
}

impl Micro for NeonDotprod {
    type Value = u8;
    type Weight = i8;
    const DEPTH: usize = 4;
    const FLIP: u8 = 0;
    const PANELS: &'static [(usize, usize)] = &[(8, 8)];

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
                5 => tiles_of::<5>(tile, count),
                6 => tiles_of::<6>(tile, count),
                7 => tiles_of::<7>(tile, count),
                8 => tiles_of::<8>(tile, count),
                _ => unreachable!("no tile of {pixels} pixels"),
            }
        }
    }

    fn with_space<R>(work: impl FnOnce(&mut Aligned<u8>) -> R) -> R {
        BYTES.with_borrow_mut(work)
    }
}

#[target_feature(enable = "neon,dotprod")]
unsafe fn tiles_of<const PIXELS: usize>(tile: &Tile<NeonDotprod>, count: usize) {
    // SAFETY: the tile's contract: `segments` x `steps` groups of four bytes for each pixel, as many weights for each
    // of eight columns, a bias and a scale for each column.
    unsafe {
        let bias = [vld1q_s32(tile.bias), vld1q_s32(tile.bias.add(4))];
        for index in 0..count {
            let input = tile.input.add(index * PIXELS * tile.pixel_step);
            let out = tile.out.add(index * PIXELS * tile.out_step);
            let mut sums = [bias; PIXELS];
            let mut weights = tile.weights;
            for segment in 0..tile.segments {
                let input = input.add(segment * tile.segment_step).cast::<i8>();
                for four in 0..tile.steps / 4 {
                    let values: [_; PIXELS] =
                        std::array::from_fn(|pixel| vld1q_s8(input.add(pixel * tile.pixel_step + four * 16)));
                    step::<0, PIXELS>(&mut sums, weights, &values);
                    step::<1, PIXELS>(&mut sums, weights.add(32), &values);
                    step::<2, PIXELS>(&mut sums, weights.add(64), &values);
                    step::<3, PIXELS>(&mut sums, weights.add(96), &values);
                    weights = weights.add(128);
                }
                for step_left in tile.steps / 4 * 4..tile.steps {
                    let values: [_; PIXELS] = std::array::from_fn(|pixel| {
                        let four =
                            input.add(pixel * tile.pixel_step + step_left * 4).cast::<i32>().read_unaligned();
                        vreinterpretq_s8_s32(vdupq_n_s32(four))
                    });
                    step::<0, PIXELS>(&mut sums, weights, &values);
                    weights = weights.add(32);
                }
            }
            for pixel in 0..PIXELS {
                let steps = [
                    neon::rescale(sums[pixel][0], tile.scale),
                    neon::rescale(sums[pixel][1], tile.scale.add(4)),
                ];
                let halves = vqmovn_high_s32(vqmovn_s32(steps[0]), steps[1]);
                let values = vqmovn_s16(vqaddq_s16(halves, vdupq_n_s16(tile.zero as i16)));
                let out = out.add(pixel * tile.out_step);
                if tile.columns >= 8 {
                    vst1_s8(out.cast(), values);
                } else {
                    let mut bytes = [0u8; 8];
                    vst1_s8(bytes.as_mut_ptr().cast(), values);
                    out.copy_from_nonoverlapping(bytes.as_ptr(), tile.columns);
                }
            }
        }
    }
}

/// One four of each pixel's values with eight columns.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn step<const LANE: usize, const PIXELS: usize>(
    sums: &mut [[int32x4_t; 2]; PIXELS],
    weights: *const i8,
    values: &[int8x16_t; PIXELS],
) {
    // SAFETY: the caller has 32 weights there.
    let filters = unsafe { [vld1q_s8(weights), vld1q_s8(weights.add(16))] };
    for pixel in 0..PIXELS {
        for half in 0..2 {
            sums[pixel][half] = dot_lane::<LANE>(sums[pixel][half], filters[half], values[pixel]);
        }
    }
}

impl Strips for NeonDotprod {
    const BLOCKS: &'static [usize] = &[16];
    const ROWS: usize = 4;

    fn channel_place(_width: usize, channel: usize) -> usize {
        channel
    }

    unsafe fn interleave(rows: &[Row], _width: usize, channels: usize, pixels: usize, out: *mut u8) {
        for pixel in 0..pixels {
            // SAFETY: each row holds `channels` bytes for each pixel, and `out` has 64 for each.
            unsafe {
                let load = |row: usize| neon::load_first(rows[row].0.add(pixel * rows[row].1), channels);
                let [a, b, c, d] = [load(0), load(1), load(2), load(3)];
                let ab = [vreinterpretq_u16_u8(vzip1q_u8(a, b)), vreinterpretq_u16_u8(vzip2q_u8(a, b))];
                let cd = [vreinterpretq_u16_u8(vzip1q_u8(c, d)), vreinterpretq_u16_u8(vzip2q_u8(c, d))];
                let out = out.add(pixel * 64);
                for half in 0..2 {
                    let (low, high) = (vzip1q_u16(ab[half], cd[half]), vzip2q_u16(ab[half], cd[half]));
                    vst1q_u8(out.add(half * 32), vreinterpretq_u8_u16(low));
                    vst1q_u8(out.add(half * 32 + 16), vreinterpretq_u8_u16(high));
                }
            }
        }
    }

    unsafe fn outputs(strip: &Strip<Self>) {
        // SAFETY: this function's own contract.
        unsafe { strip.row(4, outputs_of::<4>, outputs_of::<1>) }
    }
}

#[target_feature(enable = "neon,dotprod")]
unsafe fn outputs_of<const PIXELS: usize>(strip: &Strip<NeonDotprod>, input: *const u8, out: *mut u8) {
    // SAFETY: the strip's contract: `groups` x `columns` blocks of 64 bytes, of which the window of each of the pixels
    // covers `kernel`, as many weights, a bias and a scale for each channel of a block.
    unsafe {
        let bias: [_; 4] = std::array::from_fn(|v| vld1q_s32(strip.bias.add(v * 4)));
        let mut sums = [bias; PIXELS];
        let mut weights = strip.weights;
        for group in 0..strip.groups {
            let input = input.add(group * strip.columns * 64).cast::<i8>();
            for column in 0..strip.kernel {
                let taps: [_; 4] = std::array::from_fn(|v| vld1q_s8(weights.add(v * 16)));
                weights = weights.add(64);
                for pixel in 0..PIXELS {
                    let block = input.add((pixel * strip.stride + column) * 64);
                    for v in 0..4 {
                        sums[pixel][v] = dot(sums[pixel][v], vld1q_s8(block.add(v * 16)), taps[v]);
                    }
                }
            }
        }
        for pixel in 0..PIXELS {
            let steps: [_; 4] =
                std::array::from_fn(|v| neon::rescale(sums[pixel][v], strip.scale.add(v * 4)));
            let values = neon::narrow(steps, strip.zero as i16);
            neon::store_first(values, out.add(pixel * strip.out_step), strip.channels);
        }
    }
}
