//! Tests of the whole, in one binary so that they link once.

mod browser;
mod camera;
mod cli;
mod crash;
mod http;
mod int8;
mod model;
mod pictures;
mod records;
mod screens;
mod shared;
