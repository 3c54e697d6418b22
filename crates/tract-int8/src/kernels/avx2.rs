//! x86-64 with AVX2: vpmaddwd multiplies pairs of i16 and adds the two products, in eight lanes. Inputs are widened to
//! i16 when they are staged. (vpmaddubsw would take bytes, but its i16 sums saturate.)

use std::arch::x86_64::*;
use std::ops::Range;

use super::aligned::Aligned;
use super::depthwise::{PackedDepthwise, Row, Strip, Strips};
use super::gemm::{HALVES, Micro, Packed, Tile};
use super::lanes::{self, Lanes, by_pixels};
use super::{Add, Conv, Depthwise, Kernel, Layer, Quantise, Term, scalar};

#[derive(Debug)]
pub struct Avx2;

impl Avx2 {
    /// Whether this processor has what it takes.
    pub fn is_available() -> bool {
        is_x86_feature_detected!("avx2")
    }
}

impl Kernel for Avx2 {
    fn name(&self) -> &'static str {
        "avx2"
    }

    fn conv(&self, conv: &Conv) -> Box<dyn Layer> {
        Box::new(Packed::<Self>::new(conv))
    }

    fn depthwise(&self, depthwise: &Depthwise) -> Box<dyn Layer> {
        Box::new(PackedDepthwise::<Self>::new(depthwise))
    }

    fn add(&self, add: &Add, left: &[u8], right: &[u8], out: &mut [u8]) {
        // SAFETY: the kernel is only offered where the processor has its features.
        unsafe { add_all::<0>(add, left, right, out) }
    }

    fn quantise(&self, quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8]) {
        // SAFETY: the kernel is only offered where the processor has its features.
        unsafe { quantise_rows::<0>(quantise, input, rows, out) }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn add_all<const FLIP: u8>(add: &Add, left: &[u8], right: &[u8], out: &mut [u8]) {
    let (whole, rest) = out.as_chunks_mut::<16>();
    let (left, left_rest) = left.as_chunks::<16>();
    let (right, right_rest) = right.as_chunks::<16>();
    let flip = _mm_set1_epi8(FLIP as i8);
    let real = |term: &Term, bytes: __m128i| {
        let steps = _mm256_sub_epi32(_mm256_cvtepi8_epi32(bytes), _mm256_set1_epi32(term.zero.into()));
        _mm256_mul_ps(_mm256_cvtepi32_ps(steps), _mm256_set1_ps(term.scale))
    };
    for (out, (left, right)) in whole.iter_mut().zip(left.iter().zip(right)) {
        // SAFETY: there are sixteen bytes of each.
        let [left, right] = [left, right].map(|bytes| unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) });
        let (left, right) = (_mm_xor_si128(left, flip), _mm_xor_si128(right, flip));
        let low = _mm256_add_ps(real(&add.left, left), real(&add.right, right));
        let (left, right) = (_mm_unpackhi_epi64(left, left), _mm_unpackhi_epi64(right, right));
        let high = _mm256_add_ps(real(&add.left, left), real(&add.right, right));
        let halves = _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high));
        let halves = _mm256_permute4x64_epi64(halves, 0b11_01_10_00);
        let halves = _mm256_adds_epi16(halves, _mm256_set1_epi16(add.zero.into()));
        let values = _mm_packs_epi16(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
        // SAFETY: there is room for sixteen bytes.
        unsafe { store(_mm_xor_si128(values, flip), out.as_mut_ptr(), 16) };
    }
    scalar::add_all(add, left_rest, right_rest, rest, FLIP);
}

#[target_feature(enable = "avx2")]
pub(super) fn quantise_rows<const FLIP: u8>(
    quantise: &Quantise,
    input: &[f32],
    rows: Range<usize>,
    out: &mut [u8],
) {
    let Quantise { height, width, channels, .. } = *quantise;
    if channels != 3 {
        return scalar::quantise_rows(quantise, input, rows, out, FLIP);
    }
    for (row, line) in rows.zip(out.chunks_exact_mut(width * 3)) {
        let planes = [0, 1, 2].map(|channel| &input[(channel * height + row) * width..][..width]);
        quantise_line::<FLIP>(quantise, planes, line);
    }
}

/// Eight pixels of three colours at a time; the rest as defined.
#[target_feature(enable = "avx2")]
fn quantise_line<const FLIP: u8>(quantise: &Quantise, planes: [&[f32]; 3], line: &mut [u8]) {
    let zero = f32::from(quantise.zero);
    let (low, high) = (_mm256_set1_ps(-128.0 - zero), _mm256_set1_ps(127.0 - zero));
    let bytes = |values: &[f32; 8]| {
        // SAFETY: there are eight values.
        let values = unsafe { _mm256_loadu_ps(values.as_ptr()) };
        let steps = _mm256_mul_ps(values, _mm256_set1_ps(quantise.inverse));
        // The maximum gives its second operand where the first is not a number, as the definition does.
        let steps = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(steps, low), high));
        let values = _mm256_add_epi32(steps, _mm256_set1_epi32(quantise.zero.into()));
        _mm256_xor_si256(_mm256_and_si256(values, _mm256_set1_epi32(0xff)), _mm256_set1_epi32(FLIP.into()))
    };
    let (whole, rest) = line.as_chunks_mut::<24>();
    let [red, green, blue] = planes.map(|plane| plane.as_chunks::<8>());
    for ((out, red), (green, blue)) in whole.iter_mut().zip(red.0).zip(green.0.iter().zip(blue.0)) {
        let mixed = _mm256_or_si256(bytes(red), _mm256_slli_epi32(bytes(green), 8));
        let mixed = _mm256_or_si256(mixed, _mm256_slli_epi32(bytes(blue), 16));
        let order = _mm256_setr_epi8(
            0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14,
            -1, -1, -1, -1,
        );
        let mut packed = [0u8; 32];
        // SAFETY: there is room for thirty-two bytes.
        unsafe { _mm256_storeu_si256(packed.as_mut_ptr().cast(), _mm256_shuffle_epi8(mixed, order)) };
        out[..12].copy_from_slice(&packed[..12]);
        out[12..].copy_from_slice(&packed[16..28]);
    }
    for (index, pixel) in rest.chunks_exact_mut(3).enumerate() {
        for (value, plane) in pixel.iter_mut().zip([red.1, green.1, blue.1]) {
            *value = quantise.apply(plane[index]) as u8 ^ FLIP;
        }
    }
}

/// The place of a column in two vectors whose narrowing puts them back in order.
pub(super) fn place(column: usize) -> usize {
    column / 4 % 2 * 8 + column / 8 * 4 + column % 4
}

impl Micro for Avx2 {
    type Value = i16;
    type Weight = i16;
    const DEPTH: usize = 2;
    const FLIP: u8 = 0;
    const PANELS: &'static [(usize, usize)] = &[(16, 6)];

    fn place(_width: usize, column: usize) -> usize {
        place(column)
    }

    fn in_place(_bytes: &[u8]) -> Option<&[i16]> {
        None
    }

    fn value(byte: u8) -> i16 {
        i16::from(byte as i8)
    }

    fn stage(bytes: &[u8], out: &mut [i16]) {
        // SAFETY: the kernel is only offered where the processor has its features.
        unsafe { widen(bytes, out) }
    }

    unsafe fn tiles(tile: &Tile<Self>, _width: usize, pixels: usize, count: usize) {
        // SAFETY: as this function's own contract.
        unsafe { by_pixels!(pixels, tiles_of::<1 2 3 4 5 6>(tile, count)) }
    }

    fn with_space<R>(work: impl FnOnce(&mut Aligned<i16>) -> R) -> R {
        HALVES.with_borrow_mut(work)
    }
}

#[target_feature(enable = "avx2")]
fn widen(bytes: &[u8], out: &mut [i16]) {
    out.iter_mut().zip(bytes).for_each(|(out, byte)| *out = i16::from(*byte as i8));
}

#[target_feature(enable = "avx2")]
unsafe fn tiles_of<const PIXELS: usize>(tile: &Tile<Avx2>, count: usize) {
    // SAFETY: this function's own contract, and its features.
    unsafe { lanes::tiles::<_, Avx2, PIXELS, 2>(tile, count) }
}

impl Lanes for Avx2 {
    type Value = i16;
    type Weight = i16;
    type Sums = __m256i;
    type Groups = __m256i;
    const SUMS: usize = 8;
    const DEPTH: usize = 2;

    #[inline(always)]
    unsafe fn load(from: *const i32) -> __m256i {
        // SAFETY: the contract of all of these functions: the features are there, and what the pointers reach.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(from: *const i16) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn values(from: *const i16) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const i16) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn dot(sums: __m256i, values: __m256i, weights: __m256i) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(values, weights)) }
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
        unsafe { store(narrow([sums[0], sums[1]], scale, zero), out, columns) }
    }
}

/// Requantises sixteen sums.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn narrow(sums: [__m256i; 2], scale: *const f32, zero: i32) -> __m128i {
    // SAFETY: the caller gives a scale for each lane.
    let steps: [_; 2] = std::array::from_fn(|v| unsafe {
        _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[v]), _mm256_loadu_ps(scale.add(v * 8))))
    });
    let halves = _mm256_adds_epi16(_mm256_packs_epi32(steps[0], steps[1]), _mm256_set1_epi16(zero as i16));
    _mm_packs_epi16(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1))
}

/// Writes the first `columns` of sixteen bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn store(values: __m128i, out: *mut u8, columns: usize) {
    // SAFETY: the caller gives room for `columns` bytes, and no more are written.
    unsafe {
        if columns >= 16 {
            _mm_storeu_si128(out.cast(), values);
        } else {
            let mut bytes = [0u8; 16];
            _mm_storeu_si128(bytes.as_mut_ptr().cast(), values);
            out.copy_from_nonoverlapping(bytes.as_ptr(), columns);
        }
    }
}

impl Strips for Avx2 {
    const BLOCKS: &'static [usize] = &[16];
    const ROWS: usize = 2;

    fn channel_place(_width: usize, channel: usize) -> usize {
        place(channel)
    }

    unsafe fn interleave(rows: &[Row], _width: usize, channels: usize, pixels: usize, out: *mut i16) {
        // SAFETY: this function's own contract.
        unsafe { interleave_two(rows, channels, pixels, out) }
    }

    unsafe fn outputs(strip: &Strip<Self>) {
        // SAFETY: this function's own contract.
        unsafe { strip.row(4, outputs_of::<4>, outputs_of::<1>) }
    }
}

#[target_feature(enable = "avx2")]
unsafe fn interleave_two(rows: &[Row], channels: usize, pixels: usize, out: *mut i16) {
    for pixel in 0..pixels {
        // SAFETY: each row holds `channels` bytes for each pixel, and `out` has 32 values for each.
        unsafe {
            let load = |row: usize| {
                let (start, step) = rows[row];
                _mm256_cvtepi8_epi16(load_first(start.add(pixel * step), channels))
            };
            let (a, b) = (load(0), load(1));
            let out = out.add(pixel * 32);
            _mm256_storeu_si256(out.cast(), _mm256_unpacklo_epi16(a, b));
            _mm256_storeu_si256(out.add(16).cast(), _mm256_unpackhi_epi16(a, b));
        }
    }
}

/// The first `count` of sixteen bytes, and zeros.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_first(bytes: *const u8, count: usize) -> __m128i {
    // SAFETY: the caller has `count` bytes there, and no more are read.
    unsafe {
        if count >= 16 {
            return _mm_loadu_si128(bytes.cast());
        }
        let mut some = [0u8; 16];
        some.as_mut_ptr().copy_from_nonoverlapping(bytes, count);
        _mm_loadu_si128(some.as_ptr().cast())
    }
}

#[target_feature(enable = "avx2")]
unsafe fn outputs_of<const PIXELS: usize>(strip: &Strip<Avx2>, input: *const i16, out: *mut u8) {
    // SAFETY: this function's own contract, and its features.
    unsafe { lanes::outputs::<_, Avx2, PIXELS, 2>(strip, input, out) }
}
