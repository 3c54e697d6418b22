//! x86-64 with AVX-512 VNNI: vpdpbusd multiplies four unsigned bytes with four signed ones and adds them to an i32, in
//! sixteen lanes. Activations are stored with their sign flipped, so that they are the unsigned ones.

use std::arch::x86_64::*;
use std::ops::Range;

use super::aligned::Aligned;
use super::depthwise::{PackedDepthwise, Row, Strip, Strips};
use super::gemm::{BYTES, Micro, Packed, Tile};
use super::lanes::{self, Lanes};
use super::{Add, Conv, Depthwise, Kernel, Layer, Quantise, Term, avx2, scalar};

#[derive(Debug)]
pub struct Avx512Vnni;

impl Avx512Vnni {
    /// Whether this processor has what it takes.
    pub fn is_available() -> bool {
        let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        let wide = wide && avx2::Avx2::is_available();
        wide && is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512vnni")
    }
}

const FLIP: u8 = 0x80;

impl Kernel for Avx512Vnni {
    fn name(&self) -> &'static str {
        "avx512-vnni"
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
        unsafe { add_all(add, left, right, out) }
    }

    fn quantise(&self, quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8]) {
        // SAFETY: the kernel is only offered where the processor has its features, AVX2 among them.
        unsafe { avx2::quantise_rows::<FLIP>(quantise, input, rows, out) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn add_all(add: &Add, left: &[u8], right: &[u8], out: &mut [u8]) {
    let (whole, rest) = out.as_chunks_mut::<16>();
    let (left, left_rest) = left.as_chunks::<16>();
    let (right, right_rest) = right.as_chunks::<16>();
    let real = |term: &Term, bytes: &[u8; 16]| {
        // SAFETY: there are sixteen bytes.
        let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
        let values = _mm512_cvtepi8_epi32(_mm_xor_si128(bytes, _mm_set1_epi8(FLIP as i8)));
        let steps = _mm512_sub_epi32(values, _mm512_set1_epi32(term.zero.into()));
        _mm512_mul_ps(_mm512_cvtepi32_ps(steps), _mm512_set1_ps(term.scale))
    };
    for (out, (left, right)) in whole.iter_mut().zip(left.iter().zip(right)) {
        let steps = _mm512_cvtps_epi32(_mm512_add_ps(real(&add.left, left), real(&add.right, right)));
        // SAFETY: there is room for sixteen bytes.
        unsafe { store_sixteen(steps, i32::from(add.zero) + 128, out.as_mut_ptr(), 16) };
    }
    scalar::add_all(add, left_rest, right_rest, rest, FLIP);
}

impl Micro for Avx512Vnni {
    type Value = u8;
    type Weight = i8;
    const DEPTH: usize = 4;
    const FLIP: u8 = FLIP;
    const PANELS: &'static [(usize, usize)] = &[(64, 6), (48, 8), (32, 12), (16, 12)];

    /// As the narrowing of `finish` puts them back in order.
    fn place(width: usize, column: usize) -> usize {
        match width {
            64 => unpacked(64, column),
            48 if column >= 32 => column,
            48 | 32 => column / 4 % 2 * 16 + column / 8 * 4 + column % 4,
            _ => column,
        }
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

    unsafe fn tiles(tile: &Tile<Self>, width: usize, pixels: usize, count: usize) {
        macro_rules! sizes {
            ($(($width:literal, $vectors:literal): $($pixels:literal)*;)*) => {
                match (width, pixels) {
                    // SAFETY: as this function's own contract.
                    $($(($width, $pixels) => unsafe { tiles_of::<$pixels, $vectors>(tile, count) },)*)*
                    _ => unreachable!("no tile of {pixels} pixels x {width} columns"),
                }
            };
        }
        sizes! {
            (64, 4): 1 2 3 4 5 6;
            (48, 3): 1 2 3 4 5 6 7 8;
            (32, 2): 1 2 3 4 5 6 7 8 9 10 11 12;
            (16, 1): 1 2 3 4 5 6 7 8 9 10 11 12;
        }
    }

    fn with_space<R>(work: impl FnOnce(&mut Aligned<u8>) -> R) -> R {
        BYTES.with_borrow_mut(work)
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn tiles_of<const PIXELS: usize, const VECTORS: usize>(tile: &Tile<Avx512Vnni>, count: usize) {
    // SAFETY: this function's own contract, and its features.
    unsafe { lanes::tiles::<_, Avx512Vnni, PIXELS, VECTORS>(tile, count) }
}

impl Lanes for Avx512Vnni {
    type Value = u8;
    type Weight = i8;
    type Sums = __m512i;
    type Groups = __m512i;
    const SUMS: usize = 16;
    const DEPTH: usize = 4;

    #[inline(always)]
    unsafe fn load(from: *const i32) -> __m512i {
        // SAFETY: the contract of all of these functions: the features are there, and what the pointers reach.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(from: *const i8) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn values(from: *const u8) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const u8) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn dot(sums: __m512i, values: __m512i, weights: __m512i) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_dpbusd_epi32(sums, values, weights) }
    }

    #[inline(always)]
    unsafe fn finish<const VECTORS: usize>(
        sums: &[__m512i; VECTORS],
        scale: *const f32,
        zero: i32,
        out: *mut u8,
        columns: usize,
    ) {
        // SAFETY: as above.
        unsafe { store(sums, scale, zero, out, columns) }
    }
}

/// Requantises vectors of sums and writes the first `columns` of them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store<const VECTORS: usize>(
    sums: &[__m512i; VECTORS],
    scale: *const f32,
    zero: i32,
    out: *mut u8,
    columns: usize,
) {
    // SAFETY: the caller gives a scale for each lane and room for `columns` bytes, and no more lanes are written.
    unsafe {
        let steps: [_; VECTORS] = std::array::from_fn(|v| {
            let real = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[v]), _mm512_loadu_ps(scale.add(v * 16)));
            _mm512_cvtps_epi32(real)
        });
        // Stored bytes are values + 128.
        let zero = zero + 128;
        let pair = |v: usize| {
            _mm512_adds_epi16(_mm512_packs_epi32(steps[v], steps[v + 1]), _mm512_set1_epi16(zero as i16))
        };
        match VECTORS {
            4 => {
                let bytes = _mm512_packus_epi16(pair(0), pair(2));
                if columns == 64 {
                    _mm512_storeu_si512(out.cast(), bytes);
                } else {
                    _mm512_mask_storeu_epi8(out.cast(), first(columns), bytes);
                }
            }
            2 | 3 => {
                let bytes = _mm512_cvtusepi16_epi8(_mm512_max_epi16(pair(0), _mm512_setzero_si512()));
                _mm256_mask_storeu_epi8(out.cast(), first(columns.min(32)) as u32, bytes);
                if VECTORS == 3 {
                    store_sixteen(steps[VECTORS - 1], zero, out.add(32), columns - 32);
                }
            }
            _ => store_sixteen(steps[0], zero, out, columns),
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store_sixteen(steps: __m512i, zero: i32, out: *mut u8, columns: usize) {
    let values = _mm512_max_epi32(_mm512_add_epi32(steps, _mm512_set1_epi32(zero)), _mm512_setzero_si512());
    // SAFETY: the mask lets `columns` bytes be written, for which the caller gives room.
    unsafe { _mm_mask_storeu_epi8(out.cast(), first(columns) as u16, _mm512_cvtusepi32_epi8(values)) };
}

/// A mask of the first lanes.
#[inline]
fn first(lanes: usize) -> u64 {
    u64::MAX >> (64 - lanes as u32)
}

/// The place of a channel after unpacking four rows of bytes, in four vectors of `width` / 4 lanes.
fn unpacked(width: usize, channel: usize) -> usize {
    channel / 4 % 4 * (width / 4) + channel / 16 * 4 + channel % 4
}

impl Strips for Avx512Vnni {
    const BLOCKS: &'static [usize] = &[64, 32];
    const ROWS: usize = 4;

    fn channel_place(width: usize, channel: usize) -> usize {
        unpacked(width, channel)
    }

    unsafe fn interleave(rows: &[Row], width: usize, channels: usize, pixels: usize, out: *mut u8) {
        // SAFETY: this function's own contract.
        unsafe {
            match width {
                64 => interleave_64(rows, channels, pixels, out),
                _ => interleave_32(rows, channels, pixels, out),
            }
        }
    }

    unsafe fn outputs(strip: &Strip<Self>) {
        // SAFETY: this function's own contract.
        unsafe {
            match strip.width {
                64 => strip.row(4, outputs_64::<4>, outputs_64::<1>),
                _ => strip.row(4, outputs_32::<4>, outputs_32::<1>),
            }
        }
    }
}

/// The two widths of vectors differ in nothing but the names of their instructions.
macro_rules! interleave {
    ($width:literal, $interleave:ident, $mask:ty, $maskz_load:ident, $store:ident, $low_bytes:ident,
     $high_bytes:ident, $low_pairs:ident, $high_pairs:ident) => {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
        unsafe fn $interleave(rows: &[Row], channels: usize, pixels: usize, out: *mut u8) {
            const VECTOR: usize = $width;
            let mask = first(channels) as $mask;
            for pixel in 0..pixels {
                // SAFETY: the mask keeps loads within `channels` bytes of each pixel of each row, and `out` has four
                // vectors for each.
                unsafe {
                    let load = |row: usize| $maskz_load(mask, rows[row].0.add(pixel * rows[row].1).cast());
                    let [a, b, c, d] = [load(0), load(1), load(2), load(3)];
                    let (ab, cd) = ($low_bytes(a, b), $low_bytes(c, d));
                    let (ab_high, cd_high) = ($high_bytes(a, b), $high_bytes(c, d));
                    let out = out.add(pixel * VECTOR * 4);
                    $store(out.cast(), $low_pairs(ab, cd));
                    $store(out.add(VECTOR).cast(), $high_pairs(ab, cd));
                    $store(out.add(VECTOR * 2).cast(), $low_pairs(ab_high, cd_high));
                    $store(out.add(VECTOR * 3).cast(), $high_pairs(ab_high, cd_high));
                }
            }
        }
    };
}

interleave! {
    64, interleave_64, u64, _mm512_maskz_loadu_epi8, _mm512_storeu_si512,
    _mm512_unpacklo_epi8, _mm512_unpackhi_epi8, _mm512_unpacklo_epi16, _mm512_unpackhi_epi16
}

interleave! {
    32, interleave_32, u32, _mm256_maskz_loadu_epi8, _mm256_storeu_si256,
    _mm256_unpacklo_epi8, _mm256_unpackhi_epi8, _mm256_unpacklo_epi16, _mm256_unpackhi_epi16
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn outputs_64<const PIXELS: usize>(strip: &Strip<Avx512Vnni>, input: *const u8, out: *mut u8) {
    // SAFETY: this function's own contract, and its features.
    unsafe { lanes::outputs::<_, Avx512Vnni, PIXELS, 4>(strip, input, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn outputs_32<const PIXELS: usize>(strip: &Strip<Avx512Vnni>, input: *const u8, out: *mut u8) {
    // SAFETY: this function's own contract, and its features.
    unsafe { lanes::outputs::<_, Half, PIXELS, 4>(strip, input, out) }
}

/// Vectors of half the width.
struct Half;

impl Lanes for Half {
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
        unsafe { _mm256_dpbusd_epi32(sums, values, weights) }
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
        unsafe { store_32(sums, scale, zero, out, columns) }
    }
}

/// As [`store`], from four vectors of eight sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
unsafe fn store_32<const VECTORS: usize>(
    sums: &[__m256i; VECTORS],
    scale: *const f32,
    zero: i32,
    out: *mut u8,
    columns: usize,
) {
    // SAFETY: the caller gives a scale for each lane and room for `columns` bytes, and no more lanes are written.
    unsafe {
        let steps: [_; VECTORS] = std::array::from_fn(|v| {
            let real = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[v]), _mm256_loadu_ps(scale.add(v * 8)));
            _mm256_cvtps_epi32(real)
        });
        let zero = _mm256_set1_epi16((zero + 128) as i16);
        let pair = |v: usize| _mm256_adds_epi16(_mm256_packs_epi32(steps[v], steps[v + 1]), zero);
        _mm256_mask_storeu_epi8(out.cast(), first(columns) as u32, _mm256_packus_epi16(pair(0), pair(2)));
    }
}
