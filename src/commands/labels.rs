//! `dermascope labels`: QR codes that name a case and its lesions, to print.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use labels::{Label, sheets, wrist_band};

use crate::case::{Case, Lesion};

/// Print QR codes that name a case and its lesions
#[derive(Debug, Args)]
pub struct LabelsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Case(CaseArgs),
}

/// A sheet of labels for a case and its lesions, or a band for the wrist
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope labels case AB-12 --lesions 6 --pdf ab-12.pdf
  dermascope labels case AB-12 --wrist-band --pdf band.pdf
  dermascope labels case AB-12 --lesions 2 --text

Print at 100 %. A code's text is `dermascope:1:CASE:LNUMBER`, so that other systems can print it too; the form is in
crates/labels/README.md. Research use only. Not a diagnosis.")]
struct CaseArgs {
    /// The operator's own name for the case
    #[arg(value_name = "CASE")]
    case: String,
    /// One label more for each lesion, L1 to this
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=999), conflicts_with = "wrist_band")]
    lesions: u16,
    /// A band for the wrist instead of a sheet
    #[arg(long)]
    wrist_band: bool,
    /// The paper of a sheet
    #[arg(long, value_name = "PAPER", default_value = "a4", conflicts_with = "wrist_band")]
    paper: Paper,
    /// The file to write
    #[arg(long, value_name = "FILE", required_unless_present = "text")]
    pdf: Option<PathBuf>,
    /// Print the codes' texts, one a line, for another program that makes codes
    #[arg(long, conflicts_with = "pdf")]
    text: bool,
}

/// What comes out of a printer.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Paper {
    A4,
    Letter,
}

impl Paper {
    pub(super) fn size(self) -> paper::Size {
        match self {
            Self::A4 => paper::A4,
            Self::Letter => paper::LETTER,
        }
    }
}

pub fn run(args: &LabelsArgs) -> anyhow::Result<ExitCode> {
    let Command::Case(args) = &args.command;
    let case_id = Case::new(Some(&args.case), None)?.case_id.context("the case has no name")?;
    let lesions = (1..=args.lesions).filter(|number| Lesion::new(*number).is_some());
    let all: Vec<_> = std::iter::once(None)
        .chain(lesions.map(Some))
        .map(|lesion| Label { case_id: case_id.clone(), lesion })
        .collect();
    let mut out = io::stdout().lock();
    match &args.pdf {
        None => {
            for label in &all {
                writeln!(out, "{}", label.text())?;
            }
        }
        Some(path) => {
            let file = if args.wrist_band { wrist_band(&case_id)? } else { sheets(&all, args.paper.size())? };
            write(path, &file)?;
            writeln!(out, "{}", path.display())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is there as a whole, or says which one cannot be.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("{}: cannot write it", path.display()))
}
