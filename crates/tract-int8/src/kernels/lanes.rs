//! The loops of tiles and strips, once for every processor that multiplies groups of values into vectors of sums.
//!
//! A processor says by [`Lanes`] what its vectors are. The loops are inlined into functions with its features, which
//! are thin; only there do the instructions become inline too.

use std::hint::assert_unchecked;

use super::depthwise::{Strip, Strips};
use super::gemm::{Micro, Tile};

/// A processor's vector of sums.
///
/// # Safety
/// Its functions are called where the processor has the features, with pointers to as much as they read or write. They
/// are inlined always: without that, each would be a call.
pub(super) trait Lanes {
    /// A value of the input as the multiplier reads it.
    type Value;
    /// A weight as the multiplier reads it.
    type Weight;
    /// A vector of sums.
    type Sums: Copy;
    /// A group of values, or of weights, for each of the sums.
    type Groups: Copy;
    /// Sums in a vector.
    const SUMS: usize;
    /// Values in a group.
    const DEPTH: usize;

    /// A vector of sums.
    unsafe fn load(from: *const i32) -> Self::Sums;

    /// A vector of weights.
    unsafe fn weights(from: *const Self::Weight) -> Self::Groups;

    /// A vector of values.
    unsafe fn values(from: *const Self::Value) -> Self::Groups;

    /// One group of values, for all of the sums.
    unsafe fn splat(from: *const Self::Value) -> Self::Groups;

    /// sums + the products of each group.
    unsafe fn dot(sums: Self::Sums, values: Self::Groups, weights: Self::Groups) -> Self::Sums;

    /// Runs the first steps of a row of a window where the processor can take several at a time, and says how many it
    /// ran.
    #[inline(always)]
    unsafe fn ahead<const PIXELS: usize, const VECTORS: usize>(
        _sums: &mut [[Self::Sums; VECTORS]; PIXELS],
        _steps: usize,
        _input: *const Self::Value,
        _pixel_step: usize,
        _weights: *const Self::Weight,
    ) -> usize {
        0
    }

    /// Requantises vectors of sums and writes the first `columns` bytes of them.
    unsafe fn finish<const VECTORS: usize>(
        sums: &[Self::Sums; VECTORS],
        scale: *const f32,
        zero: i32,
        out: *mut u8,
        columns: usize,
    );
}

/// Computes `count` tiles of `PIXELS` pixels x `VECTORS` vectors of columns, one after the other.
///
/// # Safety
/// As [`Micro::tiles`], and the features of `L` are those of the caller.
#[inline(always)]
pub(super) unsafe fn tiles<M, L, const PIXELS: usize, const VECTORS: usize>(tile: &Tile<M>, count: usize)
where
    M: Micro,
    L: Lanes<Value = M::Value, Weight = M::Weight>,
{
    // SAFETY: the tile's contract: `segments` x `steps` groups for each pixel, as many weights for each vector of
    // columns, a bias and a scale for each column.
    unsafe {
        // A window has rows, as `Packed::new` asserts: without being told, the compiler prepares the sums twice.
        assert_unchecked(tile.segments > 0);
        let mut bias = [L::load(tile.bias); VECTORS];
        for v in 1..VECTORS {
            bias[v] = L::load(tile.bias.add(v * L::SUMS));
        }
        for index in 0..count {
            let input = tile.input.add(index * PIXELS * tile.pixel_step);
            let out = tile.out.add(index * PIXELS * tile.out_step);
            let mut sums = [bias; PIXELS];
            let mut weights = tile.weights;
            for segment in 0..tile.segments {
                let input = input.add(segment * tile.segment_step);
                let done = L::ahead(&mut sums, tile.steps, input, tile.pixel_step, weights);
                weights = weights.add(done * VECTORS * L::SUMS * L::DEPTH);
                for step in done..tile.steps {
                    let columns = groups::<L, VECTORS>(weights);
                    weights = weights.add(VECTORS * L::SUMS * L::DEPTH);
                    for pixel in 0..PIXELS {
                        let group = L::splat(input.add(pixel * tile.pixel_step + step * L::DEPTH));
                        for v in 0..VECTORS {
                            sums[pixel][v] = L::dot(sums[pixel][v], group, columns[v]);
                        }
                    }
                }
            }
            for pixel in 0..PIXELS {
                let out = out.add(pixel * tile.out_step);
                L::finish(&sums[pixel], tile.scale, tile.zero, out, tile.columns);
            }
        }
    }
}

/// Computes `PIXELS` pixels of a strip whose blocks are `VECTORS` vectors of channels.
///
/// # Safety
/// As [`Strips::outputs`], from an input and to an output within the strip; the features of `L` are those of the caller.
#[inline(always)]
pub(super) unsafe fn outputs<S, L, const PIXELS: usize, const VECTORS: usize>(
    strip: &Strip<S>,
    input: *const S::Value,
    out: *mut u8,
) where
    S: Strips,
    L: Lanes<Value = S::Value, Weight = S::Weight>,
{
    let vector = L::SUMS * L::DEPTH;
    // SAFETY: the strip's contract: `groups` x `columns` blocks of vectors, of which the window of each of the pixels
    // covers `kernel`, as many weights, a bias and a scale for each channel of a block.
    unsafe {
        assert_unchecked(strip.groups > 0 && strip.kernel > 0);
        let mut bias = [L::load(strip.bias); VECTORS];
        for v in 1..VECTORS {
            bias[v] = L::load(strip.bias.add(v * L::SUMS));
        }
        let mut sums = [bias; PIXELS];
        for group in 0..strip.groups {
            let weights = strip.weights.add(group * strip.kernel * VECTORS * vector);
            let input = input.add(group * strip.columns * VECTORS * vector);
            for column in 0..strip.kernel {
                let taps = groups::<L, VECTORS>(weights.add(column * VECTORS * vector));
                for pixel in 0..PIXELS {
                    let block = input.add((pixel * strip.stride + column) * VECTORS * vector);
                    for v in 0..VECTORS {
                        let values = L::values(block.add(v * vector));
                        sums[pixel][v] = L::dot(sums[pixel][v], values, taps[v]);
                    }
                }
            }
        }
        for pixel in 0..PIXELS {
            let out = out.add(pixel * strip.out_step);
            L::finish(&sums[pixel], strip.scale, strip.zero, out, strip.channels);
        }
    }
}

/// Some vectors of weights, one after the other.
#[inline(always)]
pub(super) unsafe fn groups<L: Lanes, const VECTORS: usize>(
    weights: *const L::Weight,
) -> [L::Groups; VECTORS] {
    // SAFETY: the caller has that many there.
    unsafe {
        let mut groups = [L::weights(weights); VECTORS];
        for v in 1..VECTORS {
            groups[v] = L::weights(weights.add(v * L::SUMS * L::DEPTH));
        }
        groups
    }
}

/// Calls the one of some functions over a constant number of pixels that is for `pixels` of them.
macro_rules! by_pixels {
    ($pixels:expr, $tiles:ident::<$($sizes:literal)*>$arguments:tt) => {
        match $pixels {
            $($sizes => $tiles::<$sizes> $arguments,)*
            pixels => unreachable!("no tile of {pixels} pixels"),
        }
    };
}
pub(super) use by_pixels;
