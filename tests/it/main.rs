//! Tests of the whole, in one binary so that they link once.

mod camera;
mod cli;
mod device;
mod http;
mod int8;
mod model;
mod panel;
mod pictures;
mod readme;
mod records;
mod screens;
mod shared;
