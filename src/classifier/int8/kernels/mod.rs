//! Kernels: the layers' arithmetic for each kind of processor, all bit for bit equal to [`Scalar`]. Knows nothing of
//! tract or ONNX.

// Registers are numbered: a loop over their numbers says what is meant.
#![allow(clippy::needless_range_loop)]

use std::fmt::Debug;
use std::ops::Range;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod depthwise;
mod gemm;
mod layers;
mod lines;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(target_arch = "aarch64")]
mod sdot;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub use layers::{Add, Conv, Depthwise, Quantise, Requantise, Term, Window, requantise};
pub use scalar::Scalar;

/// One processor's way to run the layers.
pub trait Kernel: Debug + Send + Sync {
    /// As configurations and benches name it.
    fn name(&self) -> &'static str;

    /// Memory holds each i8 value xor this: 0x80 where the multiplier takes unsigned bytes.
    fn flip(&self) -> u8 {
        0
    }

    /// Packs a convolution's weights. The layer has passed its `check`.
    fn conv(&self, conv: &Conv) -> Box<dyn Layer>;

    /// Packs a depthwise convolution's weights. The layer has passed its `check`.
    fn depthwise(&self, depthwise: &Depthwise) -> Box<dyn Layer>;

    /// Adds equally long stretches of two maps.
    fn add(&self, add: &Add, left: &[u8], right: &[u8], out: &mut [u8]);

    /// Quantises those rows of the whole `input` into `out`.
    fn quantise(&self, quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8]);
}

/// A layer whose weights are packed for one processor.
pub trait Layer: Debug + Send + Sync {
    /// Computes those rows of the output into `out`, which holds just them, from the whole input map.
    fn rows(&self, input: &[u8], rows: Range<usize>, out: &mut [u8]);
}

/// Every kernel that this processor can run, the fastest first, the scalar one last.
pub fn available() -> Vec<&'static dyn Kernel> {
    let mut kernels: Vec<&'static dyn Kernel> = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let known: [(bool, &'static dyn Kernel); 3] = [
            (vnni::Avx512Vnni::is_available(), &vnni::Avx512Vnni),
            (avx_vnni::AvxVnni::is_available(), &avx_vnni::AvxVnni),
            (avx2::Avx2::is_available(), &avx2::Avx2),
        ];
        kernels.extend(known.iter().filter(|(available, _)| *available).map(|(_, kernel)| *kernel));
    }
    #[cfg(target_arch = "aarch64")]
    {
        let dotprod: Option<&'static dyn Kernel> =
            sdot::NeonDotprod::is_available().then_some(&sdot::NeonDotprod);
        kernels.extend(dotprod);
        kernels.push(&neon::Neon);
    }
    kernels.push(&Scalar);
    kernels
}

/// The definition of [`Kernel::quantise`], row by row, for any machine's vectors: inlined where its features are on.
#[inline(always)]
fn quantise_rows(quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8], flip: u8) {
    let Quantise { height, width, channels, .. } = *quantise;
    for (row, line) in rows.zip(out.chunks_exact_mut(width * channels)) {
        for channel in 0..channels {
            let values = &input[(channel * height + row) * width..][..width];
            for (out, value) in line[channel..].iter_mut().step_by(channels).zip(values) {
                *out = quantise.apply(*value) as u8 ^ flip;
            }
        }
    }
}

/// The definition of [`Kernel::add`], likewise.
#[inline(always)]
fn add_all(add: &Add, left: &[u8], right: &[u8], out: &mut [u8], flip: u8) {
    assert_eq!([left.len(), right.len()], [out.len(); 2], "stretches of other lengths");
    for (out, (left, right)) in out.iter_mut().zip(left.iter().zip(right)) {
        *out = add.apply((*left ^ flip) as i8, (*right ^ flip) as i8) as u8 ^ flip;
    }
}
