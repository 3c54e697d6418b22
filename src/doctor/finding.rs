//! What was found of one part of the device.

use serde::Serialize;

/// What was found of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// One of [`PROBES`](super::PROBES).
    pub part: &'static str,
    /// How well it is.
    pub state: Health,
    /// The device node, file or folder that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What is there, or what is wrong.
    pub found: String,
    /// The line or the command that cures it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

/// How well a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It does all that it should.
    Ok,
    /// The device works, but not with all that it could do.
    Warning,
    /// The device cannot work like this.
    Failed,
}

impl Finding {
    pub(super) fn ok(found: impl Into<String>) -> Self {
        Self::new(Health::Ok, found, None)
    }

    pub(super) fn warning(found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(Health::Warning, found, Some(cure.into()))
    }

    pub(super) fn failed(found: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(Health::Failed, found, Some(cure.into()))
    }

    /// `part` is set by whoever asked.
    pub(super) fn new(state: Health, found: impl Into<String>, cure: Option<String>) -> Self {
        Self { part: "", state, node: None, found: found.into(), cure }
    }

    pub(super) fn on(self, node: impl ToString) -> Self {
        Self { node: Some(node.to_string()), ..self }
    }
}
