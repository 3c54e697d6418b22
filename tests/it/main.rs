//! Tests of the whole, in one binary so that they link once.

mod panel;
mod screens;
