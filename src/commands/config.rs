//! `dermascope config`: check a configuration file, or print the default one or the schema.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::config::{Config, DEFAULT, schema};

/// Check a configuration file, or print the default one with every key explained, or its schema
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope config default > dermascope.toml
  dermascope config check dermascope.toml
  dermascope config schema > dermascope.schema.json")]
pub struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check a file: unknown keys and values out of range are named with their line
    Check {
        /// The configuration file
        file: PathBuf,
    },
    /// Print the default configuration
    Default,
    /// Print the JSON schema of the configuration, by which editors complete and check it
    Schema,
}

pub fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match &args.action {
        Action::Check { file } => {
            let problems = Config::salvage(file).problems;
            problems.iter().for_each(|problem| eprintln!("error: {problem}"));
            if !problems.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
            writeln!(out, "{}: ok", file.display())?;
        }
        Action::Schema => out.write_all(schema().as_bytes())?,
        Action::Default => out.write_all(DEFAULT.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
