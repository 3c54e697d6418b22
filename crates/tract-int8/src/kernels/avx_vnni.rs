//! x86-64 with AVX-VNNI (Alder Lake, Zen 5 and later, where AVX-512 may be missing): vpdpbusd in eight lanes. As with
//! AVX-512, activations are stored with their sign flipped.

use std::arch::x86_64::*;
use std::ops::Range;

use super::aligned::Aligned;
use super::depthwise::{PackedDepthwise, Row, Strip, Strips};
use super::gemm::{BYTES, Micro, Packed, Tile};
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
        unsafe {
            match pixels {
                1 => tiles_of::<1>(tile, count),
                2 => tiles_of::<2>(tile, count),
                3 => tiles_of::<3>(tile, count),
                4 => tiles_of::<4>(tile, count),
                5 => tiles_of::<5>(tile, count),
                6 => tiles_of::<6>(tile, count),
                _ => unreachable!("no tile of {pixels} pixels"),
            }
        }
    }

    fn with_space<R>(work: impl FnOnce(&mut Aligned<u8>) -> R) -> R {
        BYTES.with_borrow_mut(work)
    }
}

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn tiles_of<const PIXELS: usize>(tile: &Tile<AvxVnni>, count: usize) {
    // SAFETY: the tile's contract: `segments` x `steps` groups of four bytes for each pixel, as many weights for each
    // of sixteen columns, a bias and a scale for each column.
    unsafe {
        let bias = [_mm256_loadu_si256(tile.bias.cast()), _mm256_loadu_si256(tile.bias.add(8).cast())];
        for index in 0..count {
            let input = tile.input.add(index * PIXELS * tile.pixel_step);
            let out = tile.out.add(index * PIXELS * tile.out_step);
            let mut sums = [bias; PIXELS];
            let mut weights = tile.weights;
            for segment in 0..tile.segments {
                let input = input.add(segment * tile.segment_step);
                for step in 0..tile.steps {
                    let columns =
                        [_mm256_loadu_si256(weights.cast()), _mm256_loadu_si256(weights.add(32).cast())];
                    weights = weights.add(64);
                    for pixel in 0..PIXELS {
                        let four =
                            input.add(pixel * tile.pixel_step + step * 4).cast::<i32>().read_unaligned();
                        let four = _mm256_set1_epi32(four);
                        for v in 0..2 {
                            sums[pixel][v] = _mm256_dpbusd_avx_epi32(sums[pixel][v], four, columns[v]);
                        }
                    }
                }
            }
            for pixel in 0..PIXELS {
                let values = flipped(avx2::narrow(sums[pixel], tile.scale, tile.zero));
                avx2::store(values, out.add(pixel * tile.out_step), tile.columns);
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
    // SAFETY: the strip's contract: `groups` x `columns` blocks of 128 bytes, of which the window of each of the pixels
    // covers `kernel`, as many weights, a bias and a scale for each channel of a block.
    unsafe {
        let bias: [_; 4] = std::array::from_fn(|v| _mm256_loadu_si256(strip.bias.add(v * 8).cast()));
        let mut sums = [bias; PIXELS];
        let mut weights = strip.weights;
        for group in 0..strip.groups {
            let input = input.add(group * strip.columns * 128);
            for column in 0..strip.kernel {
                let taps: [_; 4] = std::array::from_fn(|v| _mm256_loadu_si256(weights.add(v * 32).cast()));
                weights = weights.add(128);
                for pixel in 0..PIXELS {
                    let block = input.add((pixel * strip.stride + column) * 128);
                    for v in 0..4 {
                        let values = _mm256_loadu_si256(block.add(v * 32).cast());
                        sums[pixel][v] = _mm256_dpbusd_avx_epi32(sums[pixel][v], values, taps[v]);
                    }
                }
            }
        }
        for pixel in 0..PIXELS {
            let [a, b, c, d] = sums[pixel];
            let low = flipped(avx2::narrow([a, b], strip.scale, strip.zero));
            let high = flipped(avx2::narrow([c, d], strip.scale.add(16), strip.zero));
            // Each half holds eight channels of the lower sixteen and eight of the higher.
            let out = out.add(pixel * strip.out_step);
            avx2::store(_mm_unpacklo_epi64(low, high), out, strip.channels.min(16));
            if strip.channels > 16 {
                avx2::store(_mm_unpackhi_epi64(low, high), out.add(16), strip.channels - 16);
            }
        }
    }
}
