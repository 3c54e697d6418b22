//! The setting: by which threshold a reading is decided, and for whom its numbers are shown.

use serde::{Deserialize, Serialize};

use super::prevalence::PREVALENCES;

/// What a person may change between two presses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The operating point that decides, by its name in the manifest.
    pub operating_point: String,
    /// Share of malignant lesions among those that are seen here. Without one, numbers are those of the set that the
    /// model was calibrated on. It never changes a decision.
    #[serde(default)]
    pub prevalence: Option<f32>,
}

impl Default for Setting {
    fn default() -> Self {
        Self { operating_point: "screening".into(), prevalence: None }
    }
}

impl Setting {
    /// That the prevalence is one; which operating points there are only the model knows.
    pub fn check(&self) -> Result<(), String> {
        match self.prevalence {
            Some(prevalence) if !PREVALENCES.contains(&prevalence) => Err(format!(
                "the prevalence {prevalence} is not from {} to {}",
                PREVALENCES.start(),
                PREVALENCES.end()
            )),
            _ => Ok(()),
        }
    }
}
