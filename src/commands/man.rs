//! `dermascope man`: the manual's pages, made from the command line's own description; the package carries them.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};

use super::Cli;

/// Write the manual's pages into a folder
#[derive(Debug, Args)]
#[command(hide = true)]
pub struct ManArgs {
    /// Where to write them
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub fn run(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let folder = args.folder.display();
    std::fs::create_dir_all(&args.folder).with_context(|| format!("{folder}: cannot make the folder"))?;
    clap_mangen::generate_to(Cli::command(), &args.folder)
        .with_context(|| format!("{folder}: cannot write"))?;
    Ok(ExitCode::SUCCESS)
}
