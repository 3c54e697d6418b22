//! The arguments that say which model reads.

use std::path::PathBuf;

use clap::Args;

use crate::classifier::{EngineKind, ModelConfig, parse_prevalence};

/// Which model reads, for the commands that read pictures.
#[derive(Clone, Debug, Args)]
pub struct ModelArgs {
    /// The model's manifest [default: models/lesion.toml beside the program or installed]
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// What runs the network: int8 (fused operators) or tract (slow, the cross-check)
    #[arg(long, value_name = "NAME")]
    pub engine: Option<EngineKind>,
    /// The operating point that decides, by its name in the manifest
    #[arg(long, value_name = "NAME")]
    pub operating_point: Option<String>,
    /// Share of malignant lesions where the pictures are from, such as 0.02: P(malignant) is shown for that too
    #[arg(long, value_name = "SHARE", value_parser = parse_prevalence)]
    pub prevalence: Option<f32>,
    /// The pictures were squashed to squares from this aspect (width:height): stretch them back first
    #[arg(long, value_name = "W:H", value_parser = parse_aspect)]
    pub aspect: Option<f32>,
}

impl ModelArgs {
    pub fn config(&self) -> ModelConfig {
        let default = ModelConfig::default();
        ModelConfig {
            manifest: self.model.clone(),
            engine: self.engine.unwrap_or(default.engine),
            operating_point: self.operating_point.clone().unwrap_or(default.operating_point),
            prevalence: self.prevalence,
            ..default
        }
    }
}

/// "4:3" to 1.333.
fn parse_aspect(text: &str) -> Result<f32, String> {
    let sides =
        text.split_once(':').and_then(|(w, h)| Some((w.parse::<f32>().ok()?, h.parse::<f32>().ok()?)));
    match sides {
        Some((width, height)) if width > 0.0 && height > 0.0 && (0.1..=10.0).contains(&(width / height)) => {
            Ok(width / height)
        }
        _ => Err("an aspect is two numbers with a colon, such as 4:3".into()),
    }
}
