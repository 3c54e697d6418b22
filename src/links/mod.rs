//! Links: the ways out for records.

pub mod http;
pub mod pull;
pub mod serial;
pub mod usb;

/// The network interface of the USB cable.
pub const USB_INTERFACE: &str = "usb0";
