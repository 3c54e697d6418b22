//! Buttons: edges from the hardware, and the gestures that they make.

mod config;
mod gestures;
mod gpio;
mod virtual_buttons;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use config::{Bias, ButtonsConfig};
pub use gestures::{Gesture, Gestures};
pub use virtual_buttons::VirtualButtons;

/// A button's meaning. One (`Main`) is enough for everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Button {
    /// The shutter.
    Main,
    Next,
    Previous,
    Back,
}

/// A button went down or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    pub button: Button,
    pub pressed: bool,
}

/// A source of edges.
pub trait Buttons: Send {
    /// Waits up to `timeout` for the next edge.
    fn next_edge(&mut self, timeout: Duration) -> Result<Option<Edge>, ButtonError>;
}

/// What can go wrong with buttons. Each message names the device and the cure.
#[derive(Debug, thiserror::Error)]
pub enum ButtonError {
    #[error("no buttons called `{0}`; it is one of {1}")]
    Unknown(String, String),
    #[error("{device}: cannot open the buttons: {cause}; {cure}")]
    Open { device: String, cause: String, cure: String },
    #[error("{device}: cannot read the buttons: {cause}")]
    Read { device: String, cause: String },
}

/// Opens buttons. The handle is for the virtual ones alone: nothing but a finger presses real buttons.
pub type ButtonsBuilder = fn(&ButtonsConfig, &VirtualButtons) -> Result<Box<dyn Buttons>, ButtonError>;

/// The buttons by name; the first is the default.
pub const BUTTONS: &[(&str, ButtonsBuilder)] =
    &[("gpio", gpio::open), ("virtual", |_, handle| Ok(Box::new(handle.reader())))];

/// Opens the buttons that the configuration names.
pub fn open(config: &ButtonsConfig, handle: &VirtualButtons) -> Result<Box<dyn Buttons>, ButtonError> {
    let Some((_, builder)) = BUTTONS.iter().find(|(name, _)| *name == config.kind) else {
        let known = BUTTONS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        return Err(ButtonError::Unknown(config.kind.clone(), known));
    };
    builder(config, handle)
}
