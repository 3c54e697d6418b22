//! Links: the ways out for records.

pub mod http;
