//! Tests of the whole, in one binary so that they link once.

mod http;
mod records;
