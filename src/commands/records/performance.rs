//! `dermascope records performance`: what the device's words were worth here, as far as outcomes tell.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::filter::FilterArgs;
use crate::RESEARCH_ONLY;
use crate::classifier::{Manifest, ModelConfig, find_manifest};
use crate::records::Reader;

/// Count what the device's words were worth here, as far as outcomes tell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records performance
  dermascope records performance --since 2026-01-01T00:00:00Z --json

Sensitivity is the share of verified malignant lesions that were shown SUSPICIOUS, specificity that of verified benign ones
shown NOT SUSPICIOUS; each with Wilson's 95 % interval. Below 30 malignant lesions it says that they are too few. Exits with
1 where the sensitivity is below the interval of the model's card. Research use only. Not a diagnosis.")]
pub struct PerformanceArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Exits with 1 where there is a warning.
pub fn run(
    reader: &Reader,
    model: &ModelConfig,
    args: &PerformanceArgs,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let path = model.manifest.clone().unwrap_or_else(find_manifest);
    // Records can be counted without the model that read them.
    let manifest =
        Manifest::read(&path).inspect_err(|error| eprintln!("not compared with a card: {error}")).ok();
    let performance = reader.performance(&args.filter.filter(), manifest.as_ref())?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&performance)?)?;
    } else {
        writeln!(out, "{performance}\n{RESEARCH_ONLY}")?;
    }
    let warned = performance.against_card.iter().any(|against| against.warning.is_some());
    Ok(if warned { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
