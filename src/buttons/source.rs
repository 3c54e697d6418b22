//! The seam to buttons: which there are, a source of their edges, and what can go wrong with one.

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
    #[error("{device}: cannot open the buttons: {cause}; {cure}")]
    Open { device: String, cause: String, cure: String },
    #[error("{device}: cannot read the buttons: {cause}")]
    Read { device: String, cause: String },
}
