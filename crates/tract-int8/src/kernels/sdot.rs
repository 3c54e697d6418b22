//! aarch64 with dot products (Cortex-A76: Raspberry Pi 5): SDOT adds four products of i8 to an i32, in four lanes.

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};
use std::ops::Range;

use super::aligned::Aligned;
use super::depthwise::{PackedDepthwise, Row, Strip, Strips};
use super::gemm::{BYTES, Micro, Packed, Tile};
use super::lanes::{self, Lanes, by_pixels};
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
        unsafe { by_pixels!(pixels, tiles_of::<1 2 3 4 5 6 7 8>(tile, count)) }
    }

    fn with_space<R>(work: impl FnOnce(&mut Aligned<u8>) -> R) -> R {
        BYTES.with_borrow_mut(work)
    }
}

#[target_feature(enable = "neon,dotprod")]
unsafe fn tiles_of<const PIXELS: usize>(tile: &Tile<NeonDotprod>, count: usize) {
    // SAFETY: this function's own contract, and its features.
    unsafe { lanes::tiles::<_, NeonDotprod, PIXELS, 2>(tile, count) }
}

impl Lanes for NeonDotprod {
    type Value = u8;
    type Weight = i8;
    type Sums = int32x4_t;
    type Groups = int8x16_t;
    const SUMS: usize = 4;
    const DEPTH: usize = 4;

    #[inline(always)]
    unsafe fn load(from: *const i32) -> int32x4_t {
        // SAFETY: the contract of all of these functions: the features are there, and what the pointers reach.
        unsafe { vld1q_s32(from) }
    }

    #[inline(always)]
    unsafe fn weights(from: *const i8) -> int8x16_t {
        // SAFETY: as above.
        unsafe { vld1q_s8(from) }
    }

    #[inline(always)]
    unsafe fn values(from: *const u8) -> int8x16_t {
        // SAFETY: as above.
        unsafe { vld1q_s8(from.cast()) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const u8) -> int8x16_t {
        // SAFETY: as above.
        unsafe { vreinterpretq_s8_s32(vdupq_n_s32(from.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn dot(sums: int32x4_t, values: int8x16_t, weights: int8x16_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe { dot(sums, values, weights) }
    }

    /// Four steps of each pixel in one load, of which the multiplier picks one at a time.
    #[inline(always)]
    unsafe fn ahead<const PIXELS: usize, const VECTORS: usize>(
        sums: &mut [[int32x4_t; VECTORS]; PIXELS],
        steps: usize,
        input: *const u8,
        pixel_step: usize,
        weights: *const i8,
    ) -> usize {
        let step_of = VECTORS * 16;
        // SAFETY: as above.
        unsafe {
            for four in 0..steps / 4 {
                let weights = weights.add(four * 4 * step_of);
                let mut values = [vdupq_n_s8(0); PIXELS];
                for pixel in 0..PIXELS {
                    values[pixel] = Self::values(input.add(pixel * pixel_step + four * 16));
                }
                step::<0, PIXELS, VECTORS>(sums, weights, &values);
                step::<1, PIXELS, VECTORS>(sums, weights.add(step_of), &values);
                step::<2, PIXELS, VECTORS>(sums, weights.add(step_of * 2), &values);
                step::<3, PIXELS, VECTORS>(sums, weights.add(step_of * 3), &values);
            }
        }
        steps / 4 * 4
    }

    #[inline(always)]
    unsafe fn finish<const VECTORS: usize>(
        sums: &[int32x4_t; VECTORS],
        scale: *const f32,
        zero: i32,
        out: *mut u8,
        columns: usize,
    ) {
        // SAFETY: as above.
        unsafe {
            let mut steps = *sums;
            for v in 0..VECTORS {
                steps[v] = neon::rescale(sums[v], scale.add(v * 4));
            }
            if VECTORS == 4 {
                let values = neon::narrow([steps[0], steps[1], steps[2], steps[3]], zero as i16);
                return neon::store_first(values, out, columns);
            }
            let halves = vqmovn_high_s32(vqmovn_s32(steps[0]), steps[1]);
            let values = vqmovn_s16(vqaddq_s16(halves, vdupq_n_s16(zero as i16)));
            if columns >= 8 {
                vst1_s8(out.cast(), values);
            } else {
                let mut bytes = [0u8; 8];
                vst1_s8(bytes.as_mut_ptr().cast(), values);
                out.copy_from_nonoverlapping(bytes.as_ptr(), columns);
            }
        }
    }
}

/// One four of each pixel's values with the columns.
#[inline(always)]
unsafe fn step<const LANE: usize, const PIXELS: usize, const VECTORS: usize>(
    sums: &mut [[int32x4_t; VECTORS]; PIXELS],
    weights: *const i8,
    values: &[int8x16_t; PIXELS],
) {
    // SAFETY: the caller has the features, and a vector of weights for each vector of sums.
    unsafe {
        let columns = lanes::groups::<NeonDotprod, VECTORS>(weights);
        for pixel in 0..PIXELS {
            for v in 0..VECTORS {
                sums[pixel][v] = dot_lane::<LANE>(sums[pixel][v], columns[v], values[pixel]);
            }
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
    // SAFETY: this function's own contract, and its features.
    unsafe { lanes::outputs::<_, NeonDotprod, PIXELS, 4>(strip, input, out) }
}
