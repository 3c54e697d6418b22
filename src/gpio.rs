//! GPIO: finding the chip that a board's pins are on, output pins, and what to do when the kernel refuses.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use embedded_hal::digital;
use gpiocdev::Request;
use gpiocdev::chip::{Chip, chips};
use gpiocdev::line::Value;

/// How the chip of the Raspberry Pi's 40-pin header is labelled, on every model: `pinctrl-bcm2835`,
/// `pinctrl-bcm2711`, `pinctrl-rp1`.
const HEADER: &str = "pinctrl-";

/// Why GPIO lines cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{device}: {cause}; {cure}")]
pub struct GpioError {
    /// The chip, and the line where one is to blame.
    pub device: String,
    /// What the kernel said.
    pub cause: String,
    /// What the person can do about it.
    pub cure: String,
}

/// Finds a chip by its label, by its path, or (`auto`) the one of the 40-pin header.
pub fn find_chip(name: &str) -> Result<PathBuf, GpioError> {
    if name.starts_with('/') {
        return readable(Path::new(name)).map(|()| name.into());
    }
    let device = || format!("GPIO chip `{name}`");
    let paths = chips().map_err(|cause| refused(device(), &cause))?;
    let mut known = Vec::new();
    for path in paths {
        readable(&path)?;
        let chip = Chip::from_path(&path).and_then(|chip| chip.info());
        let label = chip.map_err(|cause| refused(path.display().to_string(), &cause))?.label;
        if is_called(&label, name) {
            return Ok(path);
        }
        known.push(format!("{} ({label})", path.display()));
    }
    let known =
        if known.is_empty() { "there is none".into() } else { format!("there is {}", known.join(", ")) };
    Err(GpioError {
        device: device(),
        cause: format!("no such chip; {known}"),
        cure: "set `chip` in the configuration to the label or path of the one that the board is wired to"
            .into(),
    })
}

fn is_called(label: &str, name: &str) -> bool {
    if name == "auto" { label.starts_with(HEADER) } else { label == name }
}

fn readable(path: &Path) -> Result<(), GpioError> {
    File::options().read(true).write(true).open(path).map(drop).map_err(|cause| GpioError {
        device: path.display().to_string(),
        cure: match cause.kind() {
            ErrorKind::PermissionDenied => group_cure("gpio"),
            ErrorKind::NotFound => "set `chip` in the configuration to one that `gpiodetect` lists".into(),
            _ => "check the kernel's log with `dmesg`".into(),
        },
        cause: cause.to_string(),
    })
}

/// What to do when a device belongs to a group that the program is not in.
pub fn group_cure(group: &str) -> String {
    format!(
        "add the user that runs dermascope to the group {group}: `sudo usermod -aG {group} USER`, then restart"
    )
}

/// An error of the kernel with its cure.
pub fn refused(device: String, cause: &gpiocdev::Error) -> GpioError {
    let cure = match error_number(cause) {
        Some(1 | 13) => group_cure("gpio"),
        Some(16) => {
            "another program or a device tree overlay holds the line: `gpioinfo` names it; stop it, or \
                     take its line out of config.txt"
                .into()
        }
        Some(22) => {
            "the chip has no such line or cannot do what is asked of it: check the line numbers in the \
                     configuration"
                .into()
        }
        _ => "check the wiring in the configuration and the kernel's log with `dmesg`".into(),
    };
    GpioError { device, cause: cause.to_string(), cure }
}

/// Whether a signal cut a call short: not an error, only a reason to look again.
pub fn was_interrupted(cause: &gpiocdev::Error) -> bool {
    error_number(cause) == Some(4)
}

/// The kernel's error number. gpiocdev keeps it in a type that it does not export, but always prints it the way
/// that std does.
fn error_number(cause: &gpiocdev::Error) -> Option<u32> {
    let text = cause.to_string();
    let (_, number) = text.rsplit_once("(os error ")?;
    number.trim_end_matches(['.', ')']).parse().ok()
}

/// A line that the program drives.
pub struct OutputLine {
    request: Request,
    line: u32,
}

impl OutputLine {
    /// Takes a line of a chip, low at first. `purpose` is what `gpioinfo` shows.
    pub fn take(chip: &Path, line: u32, purpose: &str) -> Result<Self, GpioError> {
        let request = Request::builder()
            .on_chip(chip)
            .with_consumer(format!("dermascope {purpose}"))
            .with_line(line)
            .as_output(Value::Inactive)
            .request()
            .map_err(|cause| refused(format!("{} line {line} ({purpose})", chip.display()), &cause))?;
        Ok(Self { request, line })
    }
}

/// An error of the kernel on a line, for embedded-hal.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct LineError(#[from] gpiocdev::Error);

impl digital::Error for LineError {
    fn kind(&self) -> digital::ErrorKind {
        digital::ErrorKind::Other
    }
}

impl digital::ErrorType for OutputLine {
    type Error = LineError;
}

impl digital::OutputPin for OutputLine {
    fn set_low(&mut self) -> Result<(), LineError> {
        Ok(self.request.set_value(self.line, Value::Inactive).map(drop)?)
    }

    fn set_high(&mut self) -> Result<(), LineError> {
        Ok(self.request.set_value(self.line, Value::Active).map(drop)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_means_the_chip_of_the_header_on_every_pi() {
        for label in ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"] {
            assert!(is_called(label, "auto"));
        }
        assert!(!is_called("raspberrypi-exp-gpio", "auto"));
        assert!(!is_called("gpio-brcmstb@107d508500", "auto"));
        assert!(is_called("9030000.pl061", "9030000.pl061"));
    }

    #[test]
    fn a_missing_chip_is_named_with_its_cure() {
        let error = find_chip("/dev/no-such-chip").unwrap_err().to_string();
        assert!(error.contains("/dev/no-such-chip") && error.contains("gpiodetect"), "{error}");
        let error = find_chip("no-such-label").unwrap_err().to_string();
        assert!(error.contains("no-such-label"), "{error}");
    }

    #[test]
    fn a_device_that_is_no_chip_is_refused() {
        let error = OutputLine::take(Path::new("/dev/null"), 25, "panel dc").err().unwrap().to_string();
        assert!(error.contains("/dev/null line 25 (panel dc)"), "{error}");
    }

    #[test]
    fn the_kernels_number_decides_the_cure() {
        let cure = |number: i32| {
            let error = gpiocdev::Error::from(std::io::Error::from_raw_os_error(number));
            refused("line 5".into(), &error).cure
        };
        assert!(cure(13).contains("group gpio"));
        assert!(cure(16).contains("holds the line"));
        assert!(was_interrupted(&std::io::Error::from_raw_os_error(4).into()));
        assert!(!was_interrupted(&std::io::Error::from_raw_os_error(5).into()));
    }
}
