//! x86-64 with AVX-VNNI (Alder Lake, Zen 5 and later, where AVX-512 may be missing): vpdpbusd in eight lanes. As with
//! AVX-512, activations are stored with their sign flipped.

use std::arch::x86_64::*;
use std::ops::Range;

use super::aligned::Aligned;
use super::depthwise::{PackedDepthwise, Row, Strip, Strips};
use super::gemm::{BYTES, Micro, Packed, Tile};
use super::lanes::{self, Lanes, by_pixels};
use super::{Add, Conv, Depthwise, Kernel, Layer, Quantise, avx2};

#[derive(Debug)]
pub struct AvxVnni;

impl AvxVnni {
    /// Whether this processor has what it takes.
    pub fn is_available() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni")
    }
}

const FLIP: u8 = 0x80;

impl Kernel for AvxVnni {
    fn name(&self) -> &'static str {
        "avx-vnni"
    }

    fn flip(&self) -> u8 {
        FLIP
    }

    fn conv(&self, conv: &Conv) -> Box<dyn Layer> {
        Box::new(Packed::<Self>::new(conv))
    }

    fn depthwise(&self, depthwise: &Depthwise) -> Box<dyn Layer> {
        Box::new(PackedDepthwise::<Self>::new(depthwise))
    }

    fn add(&self, add: &Add, left: &[u8], right: &[u8], out: &mut [u8]) {
        // SAFETY: the kernel is only offered where the processor has its features.
        unsafe { avx2::add_all::<FLIP>(add, left, right, out) }
    }

    fn quantise(&self, quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8]) {
        // SAFETY: the kernel is only offered where the processor has its features.
        unsafe { avx2::quantise_rows::<FLIP>(quantise, input, rows, out) }
    }
}

impl Micro for AvxVnni {
    type Value = u8;
    type Weight = i8;
    const DEPTH: usize = 4;
    const FLIP: u8 = FLIP;
    const PANELS: &'static [(usize, usize)] = &[(16, 6)];

    fn place(_width: usize, column: usize) -> usize {
        avx2::place(column)
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
        unsafe { by_pixels!(pixels, tiles_of::<1 2 3 4 5 6>(tile, count)) }
    }

    fn with_space<R>(work: impl FnOnce(&mut Aligned<u8>) -> R) -> R {
        BYTES.with_borrow_mut(work)
    }
}

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn tiles_of<const PIXELS: usize>(tile: &Tile<AvxVnni>, count: usize) {
    // SAFETY: this function's own contract, and its features.
    unsafe { lanes::tiles::<_, AvxVnni, PIXELS, 2>(tile, count) }
}

impl Lanes for AvxVnni {
    type Value = u8;
    type Weight = i8;
    type Sums = __m256i;
    type Groups = __m256i;
    const SUMS: usize = 8;
    const DEPTH: usize = 4;

    #[inline(always)]
    unsafe fn load(from: *const i32) -> __m256i {
        // SAFETY: the contract of all of these functions: the features are there, and what the pointers reach.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(from: *const i8) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn values(from: *const u8) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const u8) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn dot(sums: __m256i, values: __m256i, weights: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_dpbusd_avx_epi32(sums, values, weights) }
    }

    #[inline(always)]
    unsafe fn finish<const VECTORS: usize>(
        sums: &[__m256i; VECTORS],
        scale: *const f32,
        zero: i32,
        out: *mut u8,
        columns: usize,
    ) {
        // SAFETY: as above.
        unsafe {
            let low = flipped(avx2::narrow([sums[0], sums[1]], scale, zero));
            if VECTORS == 2 {
                return avx2::store(low, out, columns);
            }
            let high = flipped(avx2::narrow([sums[VECTORS - 2], sums[VECTORS - 1]], scale.add(16), zero));
            // Each half holds eight channels of the lower sixteen and eight of the higher.
            avx2::store(_mm_unpacklo_epi64(low, high), out, columns.min(16));
            if columns > 16 {
                avx2::store(_mm_unpackhi_epi64(low, high), out.add(16), columns - 16);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn flipped(values: __m128i) -> __m128i {
    _mm_xor_si128(values, _mm_set1_epi8(FLIP as i8))
}

impl Strips for AvxVnni {
    const BLOCKS: &'static [usize] = &[32];
    const ROWS: usize = 4;

    /// As unpacking four rows of bytes leaves them: two pairs of vectors, each of the low or the high eight channels of
    /// both halves.
    fn channel_place(_width: usize, channel: usize) -> usize {
        channel / 4 % 4 * 8 + channel / 16 * 4 + channel % 4
    }

    unsafe fn interleave(rows: &[Row], _width: usize, channels: usize, pixels: usize, out: *mut u8) {
        // SAFETY: this function's own contract.
        unsafe { interleave_four(rows, channels, pixels, out) }
    }

    unsafe fn outputs(strip: &Strip<Self>) {
        // SAFETY: this function's own contract.
        unsafe { strip.row(2, outputs_of::<2>, outputs_of::<1>) }
    }
}

#[target_feature(enable = "avx2")]
unsafe fn interleave_four(rows: &[Row], channels: usize, pixels: usize, out: *mut u8) {
    for pixel in 0..pixels {
        // SAFETY: each row holds `channels` bytes for each pixel, and `out` has 128 for each.
        unsafe {
            let load = |row: usize| {
                let (start, step) = rows[row];
                load_first(start.add(pixel * step), channels)
            };
            let [a, b, c, d] = [load(0), load(1), load(2), load(3)];
            let (ab, cd) = (_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d));
            let (ab_high, cd_high) = (_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d));
            let out = out.add(pixel * 128);
            _mm256_storeu_si256(out.cast(), _mm256_unpacklo_epi16(ab, cd));
            _mm256_storeu_si256(out.add(32).cast(), _mm256_unpackhi_epi16(ab, cd));
            _mm256_storeu_si256(out.add(64).cast(), _mm256_unpacklo_epi16(ab_high, cd_high));
            _mm256_storeu_si256(out.add(96).cast(), _mm256_unpackhi_epi16(ab_high, cd_high));
        }
    }
}

/// The first `count` of thirty-two bytes, and zeros.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_first(bytes: *const u8, count: usize) -> __m256i {
    // SAFETY: the caller has `count` bytes there, and no more are read.
    unsafe {
        if count >= 32 {
            return _mm256_loadu_si256(bytes.cast());
        }
        let mut some = [0u8; 32];
        some.as_mut_ptr().copy_from_nonoverlapping(bytes, count);
        _mm256_loadu_si256(some.as_ptr().cast())
    }
}

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn outputs_of<const PIXELS: usize>(strip: &Strip<AvxVnni>, input: *const u8, out: *mut u8) {
    // SAFETY: this function's own contract, and its features.
    unsafe { lanes::outputs::<_, AvxVnni, PIXELS, 4>(strip, input, out) }
}
