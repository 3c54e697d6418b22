//! Which model, and how to run it.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine::EngineKind;
use super::setting::Setting;

/// `[model]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// The manifest; the network lies beside it. Without one, see [`find_manifest`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<PathBuf>,
    /// What runs the network.
    pub engine: EngineKind,
    /// CPU threads for one inference.
    #[schemars(range(min = 1, max = 64))]
    pub threads: usize,
    /// The operating point that decides, by its name in the manifest.
    pub operating_point: String,
    /// Share of malignant lesions among those that are seen here, from 0.001 to 0.999: what numbers are shown for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 0.999))]
    pub prevalence: Option<f32>,
    /// Why nothing may be read by this, where something of the configuration was left out that decides what a reading
    /// says.
    #[serde(skip)]
    pub unusable: Option<String>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            manifest: None,
            engine: EngineKind::default(),
            threads: 1,
            operating_point: Setting::default().operating_point,
            prevalence: None,
            unusable: None,
        }
    }
}

impl ModelConfig {
    /// That the values are in range.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=64).contains(&self.threads) {
            return Err("model.threads is from 1 to 64".into());
        }
        self.setting().check().map_err(|error| format!("model.prevalence: {error}"))
    }

    /// What readings begin with.
    pub fn setting(&self) -> Setting {
        Setting { operating_point: self.operating_point.clone(), prevalence: self.prevalence }
    }
}

/// Where the manifest is when nobody says: `models/lesion.toml` in the working folder or in one above the
/// program (a build in its source tree), else where the package installs it.
pub fn find_manifest() -> PathBuf {
    const NAME: &str = "models/lesion.toml";
    let program = std::env::current_exe().unwrap_or_default();
    let above = program.ancestors().skip(1).map(|folder| folder.join(NAME));
    let mut places = std::iter::once(PathBuf::from(NAME)).chain(above);
    places.find(|place| place.is_file()).unwrap_or_else(|| Path::new("/usr/share/dermascope").join(NAME))
}
