//! The real wires of an SPI panel: spidev, and the pins of a GPIO chip.

use std::io::{Error, ErrorKind};
use std::path::Path;

use linux_embedded_hal::spidev::{SpiModeFlags, Spidev, SpidevOptions};
use linux_embedded_hal::{Delay, SpidevDevice};

use super::super::backlight::{Backlight, Dimmer, Switch};
use super::super::{Panel, PanelConfig, PanelError};
use super::{Wires, start};
use crate::gpio::{self, GpioError, OutputLine};

/// Where the kernel says how many bytes one write to spidev may have.
const BUFSIZ: &str = "/sys/module/spidev/parameters/bufsiz";
/// What it allows when nobody has set it.
const USUAL_BUFSIZ: usize = 4096;

/// Opens the configured panel.
pub fn open(config: &PanelConfig) -> Result<Box<dyn Panel>, PanelError> {
    let failed =
        |error: GpioError| PanelError::Open { device: error.device, cause: error.cause, cure: error.cure };
    let spi = SpidevDevice(open_spi(config).map_err(|cause| explain(config, &cause))?);
    let chip = gpio::find_chip(&config.chip).map_err(failed)?;
    let take = |line, purpose| OutputLine::take(&chip, line, purpose).map_err(failed);
    let wires = Wires {
        spi,
        dc: take(config.dc, "panel dc")?,
        reset: config.reset.map(|line| take(line, "panel reset")).transpose()?,
        backlight: match (&config.backlight_pwm, config.backlight) {
            (Some(channel), _) => Some(dimmer(channel)?),
            (None, Some(line)) => Some(Box::new(Switch(take(line, "panel backlight")?))),
            (None, None) => None,
        },
    };
    start(config, wires, buffer(std::fs::read_to_string(BUFSIZ).ok().as_deref()), &mut Delay)
}

fn dimmer(channel: &Path) -> Result<Box<dyn Backlight>, PanelError> {
    let dimmer = Dimmer::open(channel).map_err(|cause| PanelError::Open {
        device: channel.display().to_string(),
        cure: match cause.kind() {
            ErrorKind::PermissionDenied => gpio::group_cure("gpio"),
            _ => "turn PWM on: put `dtoverlay=pwm,pin=13,func=4` (or the board's pin) into \
                  /boot/firmware/config.txt and restart, or leave `backlight_pwm` out"
                .into(),
        },
        cause: cause.to_string(),
    })?;
    Ok(Box::new(dimmer))
}

fn open_spi(config: &PanelConfig) -> Result<Spidev, Error> {
    let mut spi = Spidev::open(&config.spi)?;
    let options = SpidevOptions::new()
        .bits_per_word(8)
        .max_speed_hz(config.spi_hz)
        .mode(SpiModeFlags::SPI_MODE_0)
        .build();
    spi.configure(&options)?;
    Ok(spi)
}

/// How many bytes to write at once: what the kernel allows, but no more than 64 KiB, beyond which nothing is
/// gained. Even, so that no pixel is torn.
fn buffer(bufsiz: Option<&str>) -> usize {
    let allowed = bufsiz.and_then(|text| text.trim().parse().ok()).unwrap_or(USUAL_BUFSIZ);
    allowed.clamp(2, 1 << 16) & !1
}

fn explain(config: &PanelConfig, cause: &Error) -> PanelError {
    let cure = match cause.kind() {
        ErrorKind::NotFound => {
            "turn SPI on: put `dtparam=spi=on` into /boot/firmware/config.txt and restart".into()
        }
        ErrorKind::PermissionDenied => gpio::group_cure("spi"),
        ErrorKind::InvalidInput => "choose a lower `spi_hz` in the configuration".into(),
        _ => "check `panel.spi` in the configuration and the kernel's log with `dmesg`".into(),
    };
    PanelError::Open { device: config.spi.clone(), cause: cause.to_string(), cure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_never_longer_than_the_kernel_takes() {
        assert_eq!(buffer(None), 4096);
        assert_eq!(buffer(Some("4096\n")), 4096);
        assert_eq!(buffer(Some("8193\n")), 8192);
        assert_eq!(buffer(Some("131072\n")), 65536);
        assert_eq!(buffer(Some("garbage")), 4096);
        assert_eq!(buffer(Some("0")), 2);
    }

    #[test]
    fn a_pi_without_spi_is_told_how_to_turn_it_on() {
        let config = PanelConfig { spi: "/dev/no-such-spidev".into(), ..PanelConfig::default() };
        let error = open(&config).err().unwrap().to_string();
        assert!(error.contains("/dev/no-such-spidev: cannot open the panel"), "{error}");
        assert!(error.contains("dtparam=spi=on"), "{error}");
    }
}
