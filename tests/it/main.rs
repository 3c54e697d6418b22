//! Tests of the whole, in one binary so that they link once.

// The helpers of tests too: what they expect, the test says by its name.
#![allow(clippy::unwrap_used)]

mod aarch64;
mod architecture;
mod browser;
mod camera;
mod cli;
mod colours;
mod crash;
mod device;
mod docs;
mod exports;
mod fleet;
mod hostile;
mod http;
mod http_access;
mod http_export;
mod http_limits;
mod http_listen;
mod http_photographs;
mod http_tls;
mod int8;
mod jpegs;
mod model;
mod openapi;
mod outcomes;
mod panel;
mod paper;
mod pictures;
mod powercut;
mod quality;
mod readme;
mod records;
mod room;
mod screens;
mod serial;
mod service;
mod shared;
mod starts;
mod systems;
mod tampering;
mod usb;
mod wipe;
