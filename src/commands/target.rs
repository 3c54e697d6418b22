//! `dermascope target`: a printed target that says whether light, colours, focus and scale are as they should be.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use image::imageops::{FilterType, resize};
use serde_json::json;
use target::{Finding, Kind, Reading, Size};

use super::labels::write;
use crate::picture;

/// The shorter side that a picture is read at, in pixels: the code is found as well, and in a fraction of the time.
const SIDE: u32 = 900;

/// Print a target, and check light, colours, focus and scale by a picture of it
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  dermascope target --pdf target.pdf
  dermascope target --size small --pdf target.pdf
  dermascope target check today.jpg --set-up first.jpg

Print at 100 % on matt white paper: the ruler on it is 50 mm long. Take a picture of it when the device is set up, and keep
that and the sheet. Research use only. Not a diagnosis."
)]
pub struct TargetArgs {
    #[command(subcommand)]
    command: Option<Command>,
    /// The file to write
    #[arg(long, value_name = "FILE", required = true)]
    pdf: Option<PathBuf>,
    /// 18 mm across, or 9 mm for fields of view of 10 to 18 mm, which wants a printer of 1200 dots an inch
    #[arg(long, value_name = "SIZE", default_value = "large")]
    size: SizeArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SizeArg {
    Small,
    Large,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(CheckArgs),
}

/// Judge a picture of the target; exits with 1 where anything is out of its limits
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope target check today.jpg
  dermascope target check today.jpg --set-up first.jpg --json

The limits follow from what the model's card measured that less light, another lamp and blur cost. Without --set-up the colours
are judged against white itself, which paper is not quite. Research use only. Not a diagnosis.")]
struct CheckArgs {
    /// A picture of the target, as the device takes it
    #[arg(value_name = "PICTURE")]
    picture: PathBuf,
    /// A picture of the same sheet from when the device was set up
    #[arg(long, value_name = "PICTURE")]
    set_up: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: &TargetArgs) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match (&args.command, &args.pdf) {
        (Some(Command::Check(args)), _) => check(args, &mut out),
        (None, Some(path)) => {
            let size = match args.size {
                SizeArg::Small => Size::Small,
                SizeArg::Large => Size::Large,
            };
            write(path, &size.pdf())?;
            writeln!(out, "{}", path.display())?;
            Ok(ExitCode::SUCCESS)
        }
        (None, None) => anyhow::bail!("say where to: --pdf FILE"),
    }
}

fn check(args: &CheckArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let reading = read(&args.picture)?;
    let set_up = args.set_up.as_deref().map(read).transpose()?;
    if let Some(set_up) = set_up.as_ref().filter(|set_up| set_up.size != reading.size) {
        let sizes = [set_up, &reading].map(|reading| reading.size.millimetres());
        anyhow::bail!(
            "the target of the set-up is {} mm wide and this one {} mm: take the same sheet",
            sizes[0],
            sizes[1]
        );
    }
    let findings = reading.judge(set_up.as_ref());
    let holds = findings.iter().all(Finding::holds);
    if args.json {
        let each = findings.iter().map(|finding| {
            let Finding { value, least, most, .. } = finding;
            json!({"what": name(finding.kind), "value": value, "least": least, "most": most, "holds": finding.holds()})
        });
        let checks: Vec<_> = each.collect();
        let across = reading.millimetres_across;
        writeln!(out, "{}", json!({"millimetres_across": across, "holds": holds, "checks": checks}))?;
    } else {
        for finding in &findings {
            writeln!(out, "{}", line(finding))?;
        }
        writeln!(out, "about {:.1} mm across the picture's shorter side", reading.millimetres_across)?;
    }
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> anyhow::Result<Reading> {
    let (pixels, _) = picture::read(path)?;
    let shorter = pixels.width().min(pixels.height()).max(1);
    let pixels = if shorter > SIDE {
        let part = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(shorter)).max(1) as u32;
        resize(&pixels, part(pixels.width()), part(pixels.height()), FilterType::Triangle)
    } else {
        pixels
    };
    let (width, height) = pixels.dimensions();
    target::read(width as usize, height as usize, pixels.as_raw()).with_context(|| path.display().to_string())
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Light => "light",
        Kind::Clipping => "clipping",
        Kind::Red => "red over green",
        Kind::Blue => "blue over green",
        Kind::Sharpness => "blur, of 224",
        Kind::Evenness => "evenness",
        Kind::Scale => "scale",
    }
}

fn line(finding: &Finding) -> String {
    let value = finding.value.map_or("-".into(), |value| format!("{value:.2}"));
    let word = if finding.holds() { "ok" } else { "OUT" };
    let cure = if finding.holds() { String::new() } else { format!(": {}", finding.cure()) };
    let (least, most) = (finding.least, finding.most);
    format!("{word:4} {:16} {value:>5}  ({least:.2} to {most:.2}){cure}", name(finding.kind))
}
