//! The command line: one file per subcommand.

pub mod bench;
pub mod classify;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod evaluate;
pub mod man;
pub mod pull;
mod reader;
pub mod records;
pub mod run;
pub mod token;
pub mod usb;

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::classifier::{EngineKind, ModelConfig};

/// A handheld dermatoscope that reads skin lesions on its own. Research use only, not a diagnosis.
#[derive(Debug, Parser)]
#[command(name = "dermascope", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Run(run::RunArgs),
    Demo(demo::DemoArgs),
    Classify(classify::ClassifyArgs),
    Evaluate(evaluate::EvaluateArgs),
    Records(records::RecordsArgs),
    Pull(pull::PullArgs),
    Usb(usb::UsbArgs),
    Bench(bench::BenchArgs),
    Config(config::ConfigArgs),
    Doctor(doctor::DoctorArgs),
    Man(man::ManArgs),
    Token(token::TokenArgs),
}

impl Command {
    /// Runs the command. The exit code is 0 for success, 1 where some of the work could not be done
    /// (it was said which), 2 for bad arguments; an error is printed by the caller and exits with 1.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        self.carry_out().or_else(|error| match failed_to_print(&error) {
            // Whoever reads has read enough: `| head`.
            Some(ErrorKind::BrokenPipe) => Ok(ExitCode::SUCCESS),
            Some(_) => Err(error.context("cannot write to standard output")),
            None => Err(error),
        })
    }

    fn carry_out(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run(args) => run::run(&args),
            Self::Demo(args) => demo::run(&args),
            Self::Classify(args) => classify::run(&args),
            Self::Evaluate(args) => evaluate::run(&args),
            Self::Records(args) => records::run(&args),
            Self::Pull(args) => pull::run(&args),
            Self::Usb(args) => usb::run(&args),
            Self::Bench(args) => bench::run(&args),
            Self::Config(args) => config::run(&args),
            Self::Doctor(args) => doctor::run(&args),
            Self::Man(args) => man::run(&args),
            Self::Token(args) => token::run(&args),
        }
    }
}

/// How printing failed, where it did. All else that fails says where it was, and so is the cause of another error.
fn failed_to_print(error: &anyhow::Error) -> Option<ErrorKind> {
    let is_bare = error.chain().len() == 1;
    error.downcast_ref().filter(|_| is_bare).map(io::Error::kind)
}

/// Which model reads, for the commands that read pictures.
#[derive(Clone, Debug, Args)]
pub struct ModelArgs {
    /// The model's manifest [default: models/lesion.toml beside the program or installed]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// What runs the network: int8 (fused operators) or tract (slow, the cross-check)
    #[arg(long, value_name = "NAME")]
    engine: Option<EngineKind>,
    /// The operating point that decides, by its name in the manifest
    #[arg(long, value_name = "NAME")]
    operating_point: Option<String>,
    /// The pictures were squashed to squares from this aspect (width:height): stretch them back first
    #[arg(long, value_name = "W:H", value_parser = parse_aspect)]
    aspect: Option<f32>,
}

impl ModelArgs {
    fn config(&self) -> ModelConfig {
        let default = ModelConfig::default();
        ModelConfig {
            manifest: self.model.clone(),
            engine: self.engine.unwrap_or(default.engine),
            operating_point: self.operating_point.clone().unwrap_or(default.operating_point),
            threads: default.threads,
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
