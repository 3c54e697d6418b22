//! Buttons: edges from the hardware, and the gestures that they make.

mod config;
mod gestures;
mod gpio;
mod source;
mod virtual_buttons;

pub use config::{Bias, ButtonsConfig, ButtonsKind};
pub use gestures::{Gesture, Gestures};
pub use source::{Button, ButtonError, Buttons, Edge};
pub use virtual_buttons::VirtualButtons;

/// Opens the buttons that the configuration names. The handle is for the virtual ones alone: nothing but a finger
/// presses real buttons.
pub fn open(config: &ButtonsConfig, handle: &VirtualButtons) -> Result<Box<dyn Buttons>, ButtonError> {
    match config.kind {
        ButtonsKind::Gpio => gpio::open(config),
        ButtonsKind::Virtual => Ok(Box::new(handle.reader())),
    }
}
