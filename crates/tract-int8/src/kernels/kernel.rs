//! What every kernel can do.

use std::fmt::Debug;
use std::ops::Range;

use super::layers::{Add, Conv, Depthwise, Quantise};

/// One processor's way to run the layers.
pub trait Kernel: Debug + Send + Sync {
    /// As configurations and benches name it.
    fn name(&self) -> &'static str;

    /// Memory holds each i8 value xor this: 0x80 where the multiplier takes unsigned bytes.
    fn flip(&self) -> u8 {
        0
    }

    /// Packs a convolution's weights. The layer has passed its `check`.
    ///
    /// # Panics
    /// Where the layer has too few weights or no window. Where it has not passed its check in another way, the kernels'
    /// results may differ.
    fn conv(&self, conv: &Conv) -> Box<dyn Layer>;

    /// Packs a depthwise convolution's weights. The layer has passed its `check`.
    ///
    /// # Panics
    /// As [`Kernel::conv`].
    fn depthwise(&self, depthwise: &Depthwise) -> Box<dyn Layer>;

    /// Adds equally long stretches of two maps.
    fn add(&self, add: &Add, left: &[u8], right: &[u8], out: &mut [u8]);

    /// Quantises those rows of the whole `input` into `out`.
    fn quantise(&self, quantise: &Quantise, input: &[f32], rows: Range<usize>, out: &mut [u8]);
}

/// A layer whose weights are packed for one processor.
pub trait Layer: Debug + Send + Sync {
    /// Computes those rows of the output into `out`, which holds just them, from the whole input map.
    ///
    /// # Panics
    /// Where `input` or `out` has another length.
    fn rows(&self, input: &[u8], rows: Range<usize>, out: &mut [u8]);
}
