//! `dermascope usb`: the device on its USB cable: network, serial port and drive.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::{Args, Subcommand};

use crate::config::{Config, Loaded};
use crate::digest::sha256_hex;
use crate::records::{Reader, RecordError};
use crate::usb::{
    CONFIGFS, CONTROLLERS, Drive, Gadget, INTERFACE, NAME, change_drive, controllers, down, is_connected,
    make_drive,
};

/// How long a controller or the network interface may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Be a network, a serial port and a drive on the USB cable
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope usb up
  dermascope usb status
  dermascope usb refresh
  dermascope usb down

Needs root, and a USB port that can be a device: on a Raspberry Pi `dtoverlay=dwc2` in config.txt. The unit
dermascope-usb.service does it at every start. The drive is read-only and holds the newest records as an export;
`refresh` makes it anew.")]
pub struct UsbArgs {
    /// The configuration
    #[arg(long, value_name = "FILE", global = true, default_value = "/etc/dermascope/dermascope.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Connect the device to the cable
    Up,
    /// Make the drive anew, with what was saved since
    Refresh,
    /// Take the device off the cable
    Down,
    /// Say what a host sees
    Status,
}

pub fn run(args: &UsbArgs) -> anyhow::Result<ExitCode> {
    // Whatever else is wrong with the configuration, the cable is a way to the records.
    let Loaded { config, problems } = Config::salvage(&args.config);
    problems.iter().for_each(|problem| eprintln!("left out: {problem}"));
    match args.command {
        Command::Up => up(&config)?,
        Command::Refresh => refresh(&config)?,
        Command::Down => down(Path::new(CONFIGFS)).context("cannot take the device off the cable")?,
        Command::Status => status(&config)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn up(config: &Config) -> anyhow::Result<()> {
    if !Path::new(CONFIGFS).exists() {
        let loaded = Process::new("modprobe").arg("libcomposite").status();
        ensure!(loaded.is_ok_and(|status| status.success()), "cannot load the kernel's module libcomposite");
        // Mounted already where systemd does it.
        let _ = Process::new("mount").args(["-t", "configfs", "none", "/sys/kernel/config"]).status();
    }
    let controller = wait(|| controllers(Path::new(CONTROLLERS)).ok()?.into_iter().next()).context(
        "no USB port here can be a device: on a Raspberry Pi add `dtoverlay=dwc2` to config.txt, and start it again",
    )?;
    // A gadget of an earlier start that was cut off.
    down(Path::new(CONFIGFS)).context("cannot take the old gadget away")?;
    // Network and serial port are worth having without it.
    let drive = drive(config).unwrap_or_else(|error| {
        eprintln!("no drive: {error:#}");
        None
    });
    let gadget = Gadget { serial: serial(config)?, drive: drive.map(|(path, _)| path) };
    gadget.up(Path::new(CONFIGFS), &controller).context("cannot connect the device to the cable")?;
    set_address(config)?;
    writeln!(
        io::stdout(),
        "on the cable: {} by {controller}, address {}",
        gadget.serial,
        config.usb.address
    )?;
    Ok(())
}

/// Makes the drive's image where the configuration asks for a drive and there are records.
fn drive(config: &Config) -> anyhow::Result<Option<(PathBuf, Drive)>> {
    if config.usb.drive_mib == 0 {
        return Ok(None);
    }
    let reader = match Reader::open(&config.records) {
        Ok(reader) => reader,
        // A device that was never started: it gets its drive the next time.
        Err(RecordError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let path = config.records.folder.join("drive.img");
    let drive = make_drive(&path, &reader, config.usb.drive_mib << 20).context("cannot make the drive")?;
    let mut out = io::stdout().lock();
    match drive.left_out {
        0 => writeln!(out, "drive: {} records", drive.records)?,
        older => {
            writeln!(out, "drive: the newest {} records; {older} older ones had no room", drive.records)?;
        }
    }
    Ok(Some((path, drive)))
}

fn refresh(config: &Config) -> anyhow::Result<()> {
    ensure_up(Path::new(CONFIGFS))?;
    let (path, _) =
        drive(config)?.context("there is no drive: usb.drive_mib is 0, or there are no records yet")?;
    change_drive(Path::new(CONFIGFS), &path).context("cannot change the drive; is the device on the cable?")
}

/// That there is a gadget whose drive can be changed: writing to one that is not there would make half of one.
fn ensure_up(configfs: &Path) -> anyhow::Result<()> {
    ensure!(
        configfs.join(NAME).exists(),
        "{}: the device is not on the cable; `dermascope usb up` puts it there",
        configfs.join(NAME).display()
    );
    Ok(())
}

/// The device's id; before its first start, one made of the machine's.
fn serial(config: &Config) -> anyhow::Result<String> {
    match Reader::open(&config.records) {
        Ok(reader) => Ok(reader.device().to_string()),
        Err(RecordError::Missing { .. }) => {
            let machine = std::fs::read("/etc/machine-id").context("cannot read /etc/machine-id")?;
            Ok(sha256_hex(&machine)[..16].to_string())
        }
        Err(error) => Err(error.into()),
    }
}

fn set_address(config: &Config) -> anyhow::Result<()> {
    let interface = Path::new("/sys/class/net").join(INTERFACE);
    wait(|| interface.exists().then_some(()))
        .with_context(|| format!("the network {INTERFACE} did not come"))?;
    let network = config.usb.network();
    for arguments in
        [vec!["addr", "replace", &network, "dev", INTERFACE], vec!["link", "set", INTERFACE, "up"]]
    {
        let status =
            Process::new("ip").args(&arguments).status().context("cannot run ip (package iproute2)")?;
        ensure!(status.success(), "ip {} failed", arguments.join(" "));
    }
    Ok(())
}

fn status(config: &Config) -> anyhow::Result<()> {
    let up = Path::new(CONFIGFS).join(NAME).exists();
    let connected = is_connected(Path::new(CONTROLLERS), Path::new(CONFIGFS));
    let words = match (up, connected) {
        (false, _) => "not on the cable: `dermascope usb up`",
        (true, false) => "on the cable; no host uses it",
        (true, true) => "on the cable; a host uses it",
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{words}")?;
    if up {
        writeln!(out, "network {INTERFACE}: {}", config.usb.network())?;
        writeln!(
            out,
            "serial port: /dev/ttyGS0, on the host /dev/ttyACM* (Linux), COM* (Windows), /dev/cu.usbmodem* (macOS)"
        )?;
        let drive = config.records.folder.join("drive.img");
        let size = std::fs::metadata(&drive).map(|file| file.len() >> 20);
        writeln!(out, "drive: {}", size.map_or("none".into(), |mib| format!("{mib} MiB, read-only")))?;
    }
    Ok(())
}

/// Tries until something is there, for a while.
fn wait<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        match look() {
            None if start.elapsed() < PATIENCE => sleep(Duration::from_millis(100)),
            found => return found,
        }
    }
}
