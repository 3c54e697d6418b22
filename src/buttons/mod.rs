//! Buttons: edges from the hardware, and the gestures that they make.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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

/// `[buttons]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ButtonsConfig {
    /// Which buttons of the table: `gpio` or `virtual`.
    pub kind: String,
}

impl Default for ButtonsConfig {
    fn default() -> Self {
        Self { kind: "gpio".into() }
    }
}
