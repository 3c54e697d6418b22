//! Tests of the whole, in one binary so that they link once.

mod aarch64;
mod browser;
mod camera;
mod cli;
mod crash;
mod device;
mod exports;
mod http;
mod http_access;
mod http_export;
mod http_limits;
mod http_photographs;
mod int8;
mod model;
mod openapi;
mod panel;
mod pictures;
mod quality;
mod readme;
mod records;
mod screens;
mod service;
mod shared;
