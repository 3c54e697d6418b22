//! `dermascope doctor`: what is well, what is not, and what cures it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::config::Config;
use crate::doctor::{Doctor, Finding, Health, PROBES};

/// Check every part of the device and say what cures what is wrong
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  sudo systemctl stop dermascope && sudo -u dermascope dermascope doctor
  dermascope doctor --only camera,panel
  dermascope doctor --patience 0 --json

Camera, panel and pins can be had by one program at a time: stop the service first. The panel shows a test card and
what was found. The exit status is 1 where something is wrong.")]
pub struct DoctorArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", default_value = "/etc/dermascope/dermascope.toml")]
    config: PathBuf,
    /// Only these parts
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = PROBES.iter().map(|(name, _)| *name).collect::<Vec<_>>())]
    only: Vec<String>,
    /// How long each button may take to be pressed, in seconds; 0: nobody is asked
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    patience: u64,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

pub fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let loaded = Config::salvage(&args.config);
    let patience = (args.patience > 0).then(|| Duration::from_secs(args.patience));
    let mut doctor = Doctor::new(&loaded, "/".into(), patience);
    let (mut out, mut findings) = (io::stdout().lock(), Vec::new());
    for (part, probe) in PROBES {
        if !args.only.is_empty() && !args.only.iter().any(|only| only == part) {
            continue;
        }
        let finding = doctor.look_at(part, *probe);
        if args.json {
            writeln!(out, "{}", serde_json::to_string(&finding)?)?;
        } else {
            print(&finding, &mut out)?;
        }
        findings.push(finding);
    }
    doctor.conclude(&findings);
    let is_well = findings.iter().all(|finding| finding.state != Health::Failed);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    let state = match finding.state {
        Health::Ok => "ok",
        Health::Warning => "warning",
        Health::Failed => "WRONG",
    };
    let node = finding.node.as_ref().map_or(String::new(), |node| format!(" [{node}]"));
    writeln!(out, "{:8} {state:8} {}{node}", finding.part, finding.found)?;
    if let Some(cure) = &finding.cure {
        writeln!(out, "{:8} {:8} {cure}", "", "cure:")?;
    }
    Ok(())
}
