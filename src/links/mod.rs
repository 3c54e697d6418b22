//! Links: the ways out for records.

pub mod http;
pub mod pull;
pub mod remote;
pub mod serial;
pub mod usb;
