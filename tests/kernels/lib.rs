//! The kernels' own sources and tests, compiled without the rest of the program.

#[path = "../../src/classifier/int8/kernels/mod.rs"]
pub mod kernels;
