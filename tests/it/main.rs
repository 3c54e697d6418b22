//! Tests of the whole, in one binary so that they link once.

mod browser;
mod camera;
mod cli;
mod crash;
mod device;
mod exports;
mod http;
mod int8;
mod model;
mod panel;
mod pictures;
mod powercut;
mod quality;
mod readme;
mod records;
mod room;
mod screens;
mod serial;
mod shared;
mod usb;
