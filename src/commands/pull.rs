//! `dermascope pull`: from a device on the USB cable into a folder of the laptop.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use indicatif::{BinaryBytes, ProgressBar, ProgressStyle};
use serial2::SerialPort;

use crate::RESEARCH_ONLY;
use crate::pull::{Checked, Fork, Patience, Report, find, pull, verify};
use crate::serial::open;

/// Pull what is new from a device on the USB cable into a folder
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope pull auto records
  dermascope pull /dev/ttyACM0 records
  dermascope pull --baud 921600 /dev/ttyUSB0 records
  dermascope pull --verify records

Every record and picture is checked against its hash, and the device's chain from its first entry on. What is here
already is not pulled again, unless it was edited; a pull that was cut goes on where it was. Where the device's chain does
not go on from what is here, its records were altered, or it is another device: that is said, what is here stays, and the
new chain gets a folder of its own, DEVICE-2. Exits with 1 then, and where anything is missing. Research use only. Not a
diagnosis.")]
pub struct PullArgs {
    /// The terminal that leads to the device, or `auto` to look for it
    #[arg(value_name = "PORT", required_unless_present = "verify")]
    port: Option<String>,
    /// The folder to pull to; each device gets a folder of its own there
    #[arg(value_name = "DIR", required_unless_present = "verify")]
    dir: Option<PathBuf>,
    /// Look through a folder that was pulled to, without a device: every chain, record and picture
    #[arg(long, value_name = "DIR", conflicts_with_all = ["port", "dir"])]
    verify: Option<PathBuf>,
    /// Bits a second, for a real UART
    #[arg(long, value_name = "N", default_value_t = 115_200)]
    baud: u32,
    /// How long to wait for a device that was unplugged to come back, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
}

pub fn run(args: &PullArgs) -> anyhow::Result<ExitCode> {
    if let Some(dir) = &args.verify {
        return verify_folder(dir);
    }
    let dir = args.dir.as_deref().context("no folder to pull to")?;
    let mut report = Report::default();
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{wide_bar} {pos} of {len} {msg} {elapsed}").expect("is well formed"),
    );
    let mut progress = |done, all, bytes| {
        bar.set_length(all);
        bar.set_position(done);
        bar.set_message(BinaryBytes(bytes).to_string());
    };
    // The first device has to be there; one that goes away meanwhile is waited for.
    let mut port = connect(args, Duration::ZERO)?;
    loop {
        match pull(port, dir, Patience::default(), &mut report, &mut progress) {
            Ok(()) => break,
            Err(error) if error.is_cut() && args.wait > 0 => {
                bar.println(format!("{error}; waiting for it"));
                let came_back = connect(args, Duration::from_secs(args.wait));
                port = came_back.context("the pull was cut; run the same command again to go on")?;
            }
            Err(error) => return Err(error).with_context(|| dir.display().to_string()),
        }
    }
    bar.finish_and_clear();
    print(&report, dir, &mut io::stdout().lock())?;
    let whole = report.missing.is_empty() && report.fork.is_none();
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Exits with 1 where anything is missing or altered.
fn verify_folder(dir: &Path) -> anyhow::Result<ExitCode> {
    let checked = verify(dir).with_context(|| format!("{}: cannot look through it", dir.display()))?;
    anyhow::ensure!(!checked.is_empty(), "{}: nothing was pulled to it yet", dir.display());
    let mut out = io::stdout().lock();
    for Checked { folder, records, images, position, head, problems, .. } in &checked {
        for problem in problems {
            writeln!(out, "PROBLEM: {folder}/{problem}")?;
        }
        writeln!(out, "{folder}: {records} records, {images} pictures, chain {position}:{head}")?;
    }
    let problems: usize = checked.iter().map(|folder| folder.problems.len()).sum();
    match problems {
        0 => writeln!(out, "nothing is missing or altered")?,
        count => writeln!(out, "{count} problems")?,
    }
    Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What does not go on from where it was.
fn print_fork(fork: &Fork, out: &mut impl Write) -> io::Result<()> {
    let Fork { folder, upto, from, new_folder } = fork;
    writeln!(
        out,
        "WARNING: the device's records are not those in {folder}: from entry {from} on (of {upto})"
    )?;
    match new_folder {
        Some(new) => {
            writeln!(out, "they were altered, or it is another device; they are now in {new}, beside it")
        }
        None => writeln!(out, "they are gone from the device; all that was pulled before stays here"),
    }
}

/// Opens the terminal, or the first that may be the device's.
fn connect(args: &PullArgs, wait: Duration) -> anyhow::Result<SerialPort> {
    let start = Instant::now();
    loop {
        match connect_once(args) {
            Err(_) if start.elapsed() < wait => sleep(Duration::from_millis(500)),
            answered => return answered,
        }
    }
}

fn connect_once(args: &PullArgs) -> anyhow::Result<SerialPort> {
    let path = match args.port.as_deref().unwrap_or("auto") {
        "auto" => {
            let found = find(Path::new("/dev")).context("cannot look for the device in /dev")?;
            found
                .into_iter()
                .next()
                .context("no device on the USB cable; name its terminal instead of `auto`")?
        }
        path => PathBuf::from(path),
    };
    open(&path, args.baud).with_context(|| {
        let group = "on Debian, members of the group dialout may use terminals";
        format!("{}: cannot open the terminal ({group})", path.display())
    })
}

fn print(report: &Report, dir: &Path, out: &mut impl Write) -> io::Result<()> {
    let Report { device, records, images, bytes, .. } = report;
    if report.clock_set {
        writeln!(out, "the device's clock was not set: it now is")?;
    }
    if let Some(fork) = &report.fork {
        print_fork(fork, out)?;
    }
    if report.repaired > 0 {
        writeln!(out, "{} files here were edited or missing: they are whole again", report.repaired)?;
    }
    if report.unknown > 0 {
        writeln!(
            out,
            "{} entries are of a newer version of dermascope: they are kept as they are",
            report.unknown
        )?;
    }
    for sequence in &report.deleted {
        writeln!(out, "record {sequence} was deleted on the device; its copy here stays")?;
    }
    for (sequence, cause) in &report.missing {
        writeln!(out, "record {sequence} is not whole: {cause}")?;
    }
    match (records, images) {
        (0, 0) => writeln!(out, "nothing new on device {device}")?,
        _ => writeln!(
            out,
            "{records} records and {images} pictures ({}) of device {device} are now in {}, every hash checked",
            BinaryBytes(*bytes),
            dir.join(report.folder.as_deref().unwrap_or(device)).display()
        )?,
    }
    writeln!(out, "{RESEARCH_ONLY}")
}
