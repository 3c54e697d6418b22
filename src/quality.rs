//! Quality: what a picture measures, and the reasons to retake it.

use image::RgbImage;
use serde::{Deserialize, Serialize};

/// Thresholds of the checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QualityConfig {
    /// Least sharpness (see [`sharpness`]).
    pub min_sharpness: f32,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self { min_sharpness: 0.0 }
    }
}

impl QualityConfig {
    /// Whether every value is in its range.
    pub fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Why a picture should be taken again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Blurred,
    TooDark,
    TooBright,
    Glare,
    NoLesion,
    OffCentre,
}

impl Reason {
    /// What to do about it, for the screen: at most 28 characters.
    pub fn instruction(self) -> &'static str {
        match self {
            Self::Blurred => "Hold still",
            Self::TooDark => "Too dark: check the light",
            Self::TooBright => "Too bright: lift the light",
            Self::Glare => "Glare: tilt or use gel",
            Self::NoLesion => "No lesion in the ring",
            Self::OffCentre => "Centre the lesion",
        }
    }
}

/// What a picture measures. All numbers are of the field of view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    pub sharpness: f32,
    /// What is wrong, worst first; empty for a usable picture.
    pub reasons: Vec<Reason>,
}

impl Quality {
    /// Good enough to read.
    pub fn is_usable(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Measures a picture (the field of view) and judges it.
pub fn measure(picture: &RgbImage, config: &QualityConfig) -> Quality {
    let sharpness = sharpness(picture);
    let reasons = if sharpness < config.min_sharpness { vec![Reason::Blurred] } else { Vec::new() };
    Quality { sharpness, reasons }
}

/// How sharp a picture is, for comparing the last few frames: larger is sharper.
pub fn sharpness(_picture: &RgbImage) -> f32 {
    0.0
}
