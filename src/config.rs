//! The configuration: one TOML file, typed, unknown keys refused.

use serde::{Deserialize, Serialize};

use crate::buttons::ButtonsConfig;
use crate::camera::CameraConfig;
use crate::classifier::ModelConfig;
use crate::links::http::HttpConfig;
use crate::panel::PanelConfig;
use crate::quality::QualityConfig;
use crate::records::RecordsConfig;

/// The whole configuration. Every key has a default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub model: ModelConfig,
    pub camera: CameraConfig,
    pub quality: QualityConfig,
    pub panel: PanelConfig,
    pub buttons: ButtonsConfig,
    pub records: RecordsConfig,
    pub http: HttpConfig,
}
