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
use crate::pull::{Patience, Report, find, pull};
use crate::serial::open;

/// Pull what is new from a device on the USB cable into a folder
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope pull auto records
  dermascope pull /dev/ttyACM0 records
  dermascope pull --baud 921600 /dev/ttyUSB0 records

Every record and picture is checked against its hash, and the device's chain from its first entry on. What is here
already is not pulled again; a pull that was cut goes on where it was. Exits with 1 where a picture is missing on the
device. Research use only. Not a diagnosis.")]
pub struct PullArgs {
    /// The terminal that leads to the device, or `auto` to look for it
    #[arg(value_name = "PORT")]
    port: String,
    /// The folder to pull to; each device gets a folder of its own there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Bits a second, for a real UART
    #[arg(long, value_name = "N", default_value_t = 115_200)]
    baud: u32,
    /// How long to wait for a device that was unplugged to come back, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
}

pub fn run(args: &PullArgs) -> anyhow::Result<ExitCode> {
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
        match pull(port, &args.dir, Patience::default(), &mut report, &mut progress) {
            Ok(()) => break,
            Err(error) if error.is_cut() && args.wait > 0 => {
                bar.println(format!("{error}; waiting for it"));
                let came_back = connect(args, Duration::from_secs(args.wait));
                port = came_back.context("the pull was cut; run the same command again to go on")?;
            }
            Err(error) => return Err(error).with_context(|| args.dir.display().to_string()),
        }
    }
    bar.finish_and_clear();
    print(&report, &args.dir, &mut io::stdout().lock())?;
    Ok(if report.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
    let path = match args.port.as_str() {
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
    for sequence in &report.deleted {
        writeln!(out, "record {sequence} was deleted on the device; its copy here stays")?;
    }
    for (sequence, cause) in &report.missing {
        writeln!(out, "record {sequence} has no picture: {cause}")?;
    }
    match (records, images) {
        (0, 0) => writeln!(out, "nothing new on device {device}")?,
        _ => writeln!(
            out,
            "{records} records and {images} pictures ({}) of device {device} are now in {}, every hash checked",
            BinaryBytes(*bytes),
            dir.join(device).display()
        )?,
    }
    writeln!(out, "{RESEARCH_ONLY}")
}
