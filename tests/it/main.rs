//! Tests of the whole, in one binary so that they link once.

mod panel;
mod screens;
mod camera;
mod http;
mod cli;
mod int8;
mod model;
mod pictures;
mod records;
mod screens;
mod shared;
