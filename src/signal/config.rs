//! `[signal]` of the configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A buzzer or a vibration motor on a GPIO line: what the screen says in short, for who looks at the skin. Without a line
/// there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignalConfig {
    /// The GPIO chip of the line: as in `[panel]`.
    pub chip: String,
    /// Line (BCM number) that switches it, by a transistor: a pin alone drives no motor.
    pub line: Option<u32>,
    /// It sounds while the line is low.
    pub active_low: bool,
}

impl Default for SignalConfig {
    fn default() -> Self {
        Self { chip: "auto".into(), line: None, active_low: false }
    }
}
