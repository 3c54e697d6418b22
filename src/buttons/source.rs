//! The seam to buttons: which there are, a source of their edges, and what can go wrong with one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A button's meaning. One (`Main`) is enough for everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Button {
    /// The shutter.
    Main,
    /// To the next page; on the live picture, to the past results.
    Next,
    /// To the page before; on the live picture, to the past results.
    Previous,
    /// Back to the live picture; there, a short press for the other ring and a long one for the next operating point.
    Back,
}

/// A button went down or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Which button moved.
    pub button: Button,
    /// Whether it went down.
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
    /// The buttons cannot be had.
    #[error("{device}: cannot open the buttons: {cause}; {cure}")]
    Open {
        /// The GPIO chip, and the line where one is to blame.
        device: String,
        /// What the kernel said.
        cause: String,
        /// What the person can do about it.
        cure: String,
    },
    /// The buttons were there and cannot be read any more.
    #[error("{device}: cannot read the buttons: {cause}")]
    Read {
        /// The GPIO chip.
        device: String,
        /// What the kernel said.
        cause: String,
    },
}
