//! `[quality]` of the configuration: the thresholds of the checks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[quality]` of the configuration. The numbers are those of [`Quality`](super::Quality); the defaults were
/// fixed on pictures of HAM10000's train split, and what they refuse is in `docs/quality.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QualityConfig {
    /// A picture below this sharpness is blurred. From 0 to 20.
    #[schemars(range(min = 0.0, max = 20.0))]
    pub min_sharpness: f32,
    /// A picture below this mean luma is too dark. From 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_brightness: f32,
    /// A picture above this mean luma is too bright. From 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_brightness: f32,
    /// A picture whose darkest 2 % are above this luma is washed out. From 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_black: f32,
    /// The largest share of the ring that may be blown out. From 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_glare: f32,
    /// Something less dark against the skin than this is no lesion, in optical density. From 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_lesion_contrast: f32,
    /// Something that covers less of the ring than this is no lesion. From 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_lesion_area: f32,
    /// A lesion whose middle is farther from the ring's than this is off-centre, in radii. From 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_lesion_offset: f32,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self {
            min_sharpness: 0.5,
            min_brightness: 0.28,
            max_brightness: 0.86,
            max_black: 0.68,
            max_glare: 0.015,
            min_lesion_contrast: 0.1,
            min_lesion_area: 0.005,
            max_lesion_offset: 0.62,
        }
    }
}

impl QualityConfig {
    /// Whether every value is in its range.
    pub fn check(&self) -> Result<(), String> {
        let ranges = [
            ("min_sharpness", self.min_sharpness, 20.0),
            ("min_brightness", self.min_brightness, 1.0),
            ("max_brightness", self.max_brightness, 1.0),
            ("max_black", self.max_black, 1.0),
            ("max_glare", self.max_glare, 1.0),
            ("min_lesion_contrast", self.min_lesion_contrast, 1.0),
            ("min_lesion_area", self.min_lesion_area, 1.0),
            ("max_lesion_offset", self.max_lesion_offset, 1.0),
        ];
        for (key, value, most) in ranges {
            if !(0.0..=most).contains(&value) {
                return Err(format!("quality.{key} = {value} is not from 0 to {most}"));
            }
        }
        if self.min_brightness >= self.max_brightness {
            return Err("quality.min_brightness is not below quality.max_brightness".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_their_own_check() {
        QualityConfig::default().check().unwrap();
    }

    #[test]
    fn a_threshold_out_of_its_range_is_refused_by_its_name() {
        let message = |config: QualityConfig| config.check().unwrap_err();
        let config = QualityConfig { max_glare: 1.5, ..QualityConfig::default() };
        assert_eq!(message(config), "quality.max_glare = 1.5 is not from 0 to 1");
        let config = QualityConfig { min_sharpness: f32::NAN, ..QualityConfig::default() };
        assert!(message(config).starts_with("quality.min_sharpness"));
        let config = QualityConfig { min_brightness: 0.9, ..QualityConfig::default() };
        assert!(message(config).contains("not below"));
    }
}
