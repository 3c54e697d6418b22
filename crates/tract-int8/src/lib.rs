//! Runs int8 convolutional networks with [tract](https://docs.rs/tract-onnx), by fused operators of its own.
//!
//! tract reads quantised ONNX, but runs it in f32 or through long ways round, slower than the network that was not
//! quantised. This crate reads the QDQ form that onnxruntime's `quantize_static` writes, and makes of it a
//! `TypedModel` in which each layer is one operator: int8 in, int8 out, with bias, rounding and clamp in the
//! kernel's last step. tract plans and runs it like any other.
//!
#![cfg_attr(feature = "tract", doc = "```no_run")]
#![cfg_attr(not(feature = "tract"), doc = "```ignore")]
//! let bytes = std::fs::read("network.onnx")?;
//! let mut network = tract_int8::Network::load(&bytes, &tract_int8::Options::default())?;
//! let [channels, height, width] = network.input();
//! let outputs = network.run(&vec![0.0; channels * height * width])?;
//! for (name, values) in network.outputs().iter().zip(&outputs) {
//!     println!("{name}: {:?}", values.shape());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it runs
//!
//! One input of 1 x channels x height x width in f32, quantised first; convolutions across all channels or within
//! each (depthwise), with square windows; sums; ReLU and ReLU6 folded into the clamp; and an end in f32 of a global
//! average, dense layers and 1 x 1 convolutions. Activations are i8 with any zero, weights are i8 from -127 to 127,
//! symmetric, per channel or per tensor. Anything else is an error that names the node: run such a network with
//! tract itself.
//!
//! # Kernels
//!
//! [`kernels`] holds the arithmetic. Every kernel gives the bits of [`kernels::Scalar`], the definition in plain
//! loops, so that a network answers alike on every machine. They need no other crate; without the feature `tract`,
//! which is on by default, they are all that is built.

pub mod kernels;

#[cfg(feature = "tract")]
mod head;
#[cfg(feature = "tract")]
mod import;
#[cfg(feature = "tract")]
mod network;
#[cfg(feature = "tract")]
mod onnx;
#[cfg(feature = "tract")]
mod ops;
#[cfg(feature = "tract")]
mod threads;
#[cfg(feature = "tract")]
mod unsupported;

#[cfg(feature = "tract")]
pub use network::{Network, Options, Step};
#[cfg(feature = "tract")]
pub use unsupported::Unsupported;
