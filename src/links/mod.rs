//! Links: the ways out for records.

pub mod http;

/// The network interface of the USB cable.
pub const USB_INTERFACE: &str = "usb0";
