//! Tests of the whole, in one binary so that they link once.

mod cli;
mod int8;
mod model;
mod camera;
mod pictures;
mod records;
mod shared;
mod records;
