//! Backlights: a pin that switches, or one of the kernel's PWM channels that dims.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use embedded_hal::digital::OutputPin;

/// What lights a panel.
pub trait Backlight: Send {
    /// Sets the brightness in percent; 0 is off. What only switches is on for anything above 0.
    fn set(&mut self, percent: u8) -> Result<(), String>;
}

/// A backlight on a plain pin, on while the pin is high.
pub struct Switch<PIN>(pub PIN);

impl<PIN: OutputPin + Send> Backlight for Switch<PIN> {
    fn set(&mut self, percent: u8) -> Result<(), String> {
        let set = if percent > 0 { self.0.set_high() } else { self.0.set_low() };
        set.map_err(|cause| format!("cannot switch the backlight: {cause:?}"))
    }
}

/// A channel of the kernel's PWM, as a folder such as `/sys/class/pwm/pwmchip0/pwm1`.
pub struct Dimmer {
    channel: PathBuf,
}

/// One light pulse and the dark after it, in nanoseconds: 1 kHz, which no eye sees.
const PERIOD: u32 = 1_000_000;
/// How long udev may take to hand a new channel to its group.
const PATIENCE: Duration = Duration::from_millis(500);

impl Dimmer {
    /// Takes a channel, dark at first. Errors name the file.
    pub fn open(channel: &Path) -> Result<Self, Error> {
        if !channel.exists() {
            export(channel)?;
        }
        let dimmer = Self { channel: channel.into() };
        let start = Instant::now();
        // The kernel refuses a period below the duty, so dark comes first; and a duty where there is no period yet.
        while let Err(error) = dimmer.write("duty_cycle", 0) {
            match error.kind() {
                ErrorKind::InvalidInput => break,
                ErrorKind::PermissionDenied if start.elapsed() < PATIENCE => {}
                _ => return Err(error),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        dimmer.write("period", PERIOD)?;
        dimmer.write("duty_cycle", 0)?;
        dimmer.write("enable", 1)?;
        Ok(dimmer)
    }

    fn write(&self, file: &str, value: u32) -> Result<(), Error> {
        write(&self.channel.join(file), value)
    }
}

/// Asks the chip for the channel that `pwmN` names.
fn export(channel: &Path) -> Result<(), Error> {
    let name = channel.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let number = name.strip_prefix("pwm").and_then(|number| number.parse().ok());
    let (Some(number), Some(chip)) = (number, channel.parent()) else {
        let text = format!("{}: not a PWM channel such as /sys/class/pwm/pwmchip0/pwm1", channel.display());
        return Err(Error::new(ErrorKind::InvalidInput, text));
    };
    write(&chip.join("export"), number)
}

/// Writes to a file of sysfs, which must be there: a channel's files are the kernel's to make.
fn write(path: &Path, value: u32) -> Result<(), Error> {
    use std::io::Write;
    let file = std::fs::File::options().write(true).truncate(true).open(path);
    file.and_then(|mut file| write!(file, "{value}"))
        .map_err(|cause| Error::new(cause.kind(), format!("{}: {cause}", path.display())))
}

impl Backlight for Dimmer {
    fn set(&mut self, percent: u8) -> Result<(), String> {
        let lit = PERIOD / 100 * u32::from(percent.min(100));
        self.write("duty_cycle", lit).map_err(|cause| format!("cannot dim the backlight: {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PWM chip as sysfs shows it, with one channel if `exported`.
    fn chip(exported: bool) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("export"), "").unwrap();
        if exported {
            std::fs::create_dir(folder.path().join("pwm1")).unwrap();
            for file in ["duty_cycle", "period", "enable"] {
                std::fs::write(folder.path().join("pwm1").join(file), "").unwrap();
            }
        }
        folder
    }

    #[test]
    fn a_dimmer_is_dark_until_it_is_set_and_then_lit_for_its_share() {
        let chip = chip(true);
        let read = |file| std::fs::read_to_string(chip.path().join("pwm1").join(file)).unwrap();
        let mut dimmer = Dimmer::open(&chip.path().join("pwm1")).unwrap();
        assert_eq!(
            (read("duty_cycle"), read("period"), read("enable")),
            ("0".into(), "1000000".into(), "1".into())
        );
        dimmer.set(30).unwrap();
        assert_eq!(read("duty_cycle"), "300000");
        dimmer.set(250).unwrap();
        assert_eq!(read("duty_cycle"), "1000000");
        dimmer.set(0).unwrap();
        assert_eq!(read("duty_cycle"), "0");
    }

    #[test]
    fn a_channel_that_is_not_there_is_asked_for() {
        let chip = chip(false);
        // Nobody makes the channel here, so that opening it fails after the asking.
        let error = Dimmer::open(&chip.path().join("pwm1")).err().unwrap();
        assert_eq!(std::fs::read_to_string(chip.path().join("export")).unwrap(), "1");
        assert!(error.to_string().contains("pwm1/duty_cycle"), "{error}");
    }

    #[test]
    fn what_is_no_channel_is_refused_by_name() {
        let error = Dimmer::open(Path::new("/sys/no/such/led0")).err().unwrap().to_string();
        assert!(error.contains("/sys/no/such/led0: not a PWM channel"), "{error}");
    }
}
