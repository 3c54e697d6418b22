//! `dermascope run`: the daemon.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::config::Config;
use crate::daemon;

/// Run the device: camera, screen, buttons, records, links
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope run
  dermascope run --config bench.toml
  DERMASCOPE_LOG=dermascope=debug dermascope run

What is wrong with the configuration is left out and told on the screen; the device runs with the rest.
SIGTERM or SIGINT, or holding the button for four seconds, ends it after everything is written.")]
pub struct RunArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "/etc/dermascope/dermascope.toml")]
    config: PathBuf,
}

pub fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    daemon::run(&Config::salvage(&args.config))?;
    Ok(ExitCode::SUCCESS)
}
