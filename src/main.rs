//! Parse the command line, set up logging, dispatch.

use std::process::ExitCode;

use clap::Parser;

use dermascope::commands::Cli;
use dermascope::logging;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start();
    cli.run().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
