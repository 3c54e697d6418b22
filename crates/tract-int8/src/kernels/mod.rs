//! Kernels: the layers' arithmetic for each kind of processor, all bit for bit equal to [`Scalar`]. Knows nothing of
//! tract or ONNX.
//!
//! A layer is described by plain values ([`Conv`], [`Depthwise`]), packed once by a [`Kernel`], and then run as often
//! as one likes, whole or by rows:
//!
//! ```
//! use tract_int8::kernels::{Conv, Requantise, Window, fastest};
//!
//! // 1 x 1, from two channels to one, over a map of 1 x 2 pixels: 3 x first - 1 x second, halved.
//! let conv = Conv {
//!     window: Window::new([1, 2], 1, 1, [0; 4])?,
//!     inputs: 2,
//!     outputs: 1,
//!     weights: vec![3, -1],
//!     zero: 0,
//!     requantise: Requantise { bias: vec![0], scale: vec![0.5], zero: 0 },
//! };
//! conv.check()?;
//!
//! let kernel = fastest();
//! let packed = kernel.conv(&conv);
//! let input = [10i8, 4, 20, -8].map(|value| value as u8 ^ kernel.flip());
//! let mut out = [0u8; 2];
//! packed.rows(&input, 0..1, &mut out);
//! assert_eq!(out.map(|byte| (byte ^ kernel.flip()) as i8), [13, 34]);
//! # Ok::<(), String>(())
//! ```

// Registers are numbered: a loop over their numbers says what is meant.
#![allow(clippy::needless_range_loop)]

mod aligned;
mod available;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod depthwise;
mod gemm;
mod kernel;
mod lanes;
mod layers;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(target_arch = "aarch64")]
mod sdot;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub use available::{available, fastest};
pub use kernel::{Kernel, Layer};
pub use layers::{Add, Conv, Depthwise, Quantise, Requantise, Term, Window, requantise};
pub use scalar::Scalar;
