//! The doctor: walks the device part by part and says of each that it is well, or what is wrong, on which node, and
//! the very line or command that cures it.

mod board;
mod finding;
mod kept;
mod seen;
mod usb;
mod visit;

pub use finding::{Finding, Health};
pub use visit::{Doctor, Probe};

/// The parts, in the order in which they are looked at: what needs no hands first.
pub const PROBES: &[(&str, Probe)] = &[
    ("settings", kept::settings),
    ("model", kept::model),
    ("storage", kept::storage),
    ("clock", kept::clock),
    ("battery", kept::battery),
    ("usb", usb::gadget),
    ("http", kept::http),
    ("camera", seen::camera),
    ("light", board::light),
    ("panel", seen::panel),
    ("buttons", board::buttons),
];

#[cfg(test)]
mod tests;
