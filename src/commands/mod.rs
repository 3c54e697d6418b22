//! The command line: one file per subcommand.

mod bench;
mod classify;
mod config;
pub mod demo;
mod doctor;
mod evaluate;
mod labels;
mod man;
mod model;
mod pull;
mod reader;
mod records;
mod run;
mod target;
mod token;
mod usb;

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A handheld dermatoscope that reads skin lesions on its own. Research use only, not a diagnosis.
#[derive(Debug, Parser)]
#[command(name = "dermascope", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Demo(demo::DemoArgs),
    Classify(classify::ClassifyArgs),
    Evaluate(evaluate::EvaluateArgs),
    Records(records::RecordsArgs),
    Pull(pull::PullArgs),
    Labels(labels::LabelsArgs),
    Target(target::TargetArgs),
    Usb(usb::UsbArgs),
    Bench(bench::BenchArgs),
    Config(config::ConfigArgs),
    Doctor(doctor::DoctorArgs),
    Man(man::ManArgs),
    Token(token::TokenArgs),
}

impl Cli {
    /// Runs the command. The exit code is 0 for success, 1 where some of the work could not be done
    /// (it was said which), 2 for bad arguments; an error is printed by the caller and exits with 1.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        self.command.carry_out().or_else(|error| match failed_to_print(&error) {
            // Whoever reads has read enough: `| head`.
            Some(ErrorKind::BrokenPipe) => Ok(ExitCode::SUCCESS),
            Some(_) => Err(error.context("cannot write to standard output")),
            None => Err(error),
        })
    }
}

impl Command {
    fn carry_out(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run(args) => run::run(&args),
            Self::Demo(args) => demo::run(&args),
            Self::Classify(args) => classify::run(&args),
            Self::Evaluate(args) => evaluate::run(&args),
            Self::Records(args) => records::run(&args),
            Self::Pull(args) => pull::run(&args),
            Self::Labels(args) => labels::run(&args),
            Self::Target(args) => target::run(&args),
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
