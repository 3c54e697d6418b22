//! The light: rings of LEDs around the lens, polarised and not, each by a pin that switches or a PWM channel that dims.

mod config;

use serde::{Deserialize, Serialize};

pub use config::{LightConfig, Ring, RingConfig};

use crate::gpio::{self, OutputLine};
use crate::panel::backlight::{Backlight, Dimmer, Switch};
use crate::patience::Patience;

/// What lit a capture, as its record keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lit {
    /// The ring that was on.
    pub ring: Ring,
    /// 1 to 100; a ring on a plain pin is always full.
    pub percent: u8,
}

/// The rings, of which one at most is lit.
pub struct Light {
    config: LightConfig,
    open: fn(&LightConfig, Ring) -> Result<Lamp, LightError>,
    lamps: Vec<Fitted>,
    /// Place of the ring that is in use.
    chosen: usize,
}

/// A ring that is fitted. One that cannot be had is tried again now and then.
struct Fitted {
    ring: Ring,
    lamp: Option<Lamp>,
    patience: Patience,
    is_lit: bool,
}

/// What lights a ring.
pub type Lamp = Box<dyn Backlight>;

/// Why a ring cannot be had. Names the device and the cure.
#[derive(Debug, thiserror::Error)]
#[error("{device}: cannot drive the light: {cause}; {cure}")]
pub struct LightError {
    /// The GPIO chip, the PWM channel, or the ring that the configuration leaves without either.
    pub device: String,
    /// What the kernel said.
    pub cause: String,
    /// What the person can do about it.
    pub cure: String,
}

/// Takes a ring that is fitted, dark at first.
pub fn open(config: &LightConfig, ring: Ring) -> Result<Lamp, LightError> {
    let driven = config.of(ring);
    if let Some(channel) = &driven.pwm {
        let dimmer = Dimmer::open(channel).map_err(|cause| LightError {
            device: channel.display().to_string(),
            cause: cause.to_string(),
            cure: "turn PWM on in config.txt (`dtoverlay=pwm`, its pin and function), or set the ring's line"
                .into(),
        })?;
        return Ok(Box::new(dimmer));
    }
    let failed =
        |error: gpio::GpioError| LightError { device: error.device, cause: error.cause, cure: error.cure };
    let line = driven.line.ok_or_else(|| LightError {
        device: format!("light.{}", ring.name()),
        cause: "it has neither a line nor a PWM channel".into(),
        cure: "set one in the configuration".into(),
    })?;
    let chip = gpio::find_chip(&config.chip).map_err(failed)?;
    let pin = OutputLine::take(&chip, line, "light").map_err(failed)?;
    Ok(Box::new(Switch(pin)))
}

impl Light {
    /// The configured rings, dark at first.
    pub fn new(config: &LightConfig) -> Self {
        Self::opened_by(config, open)
    }

    fn opened_by(config: &LightConfig, open: fn(&LightConfig, Ring) -> Result<Lamp, LightError>) -> Self {
        let fitted = |ring| Fitted { ring, lamp: None, patience: Patience::default(), is_lit: false };
        let lamps = config.fitted().into_iter().map(fitted).collect();
        Self { config: config.clone(), open, lamps, chosen: 0 }
    }

    /// Lights the ring that is in use, or puts it out; nothing is written where it is so already.
    pub fn set(&mut self, lit: bool) {
        for (place, fitted) in self.lamps.iter_mut().enumerate() {
            let percent = self.config.percent(fitted.ring);
            let open = || (self.open)(&self.config, fitted.ring);
            let wanted = lit && place == self.chosen;
            if fitted.is_lit == wanted || !fitted.patience.is_due() {
                continue;
            }
            match light(&mut fitted.lamp, open, if wanted { percent } else { 0 }) {
                Ok(()) => {
                    fitted.is_lit = wanted;
                    fitted.patience.succeed();
                }
                Err(complaint) => {
                    fitted.lamp = None;
                    fitted.is_lit = false;
                    fitted.patience.complain(complaint);
                }
            }
        }
    }

    /// Takes the other ring into use, where two are fitted.
    pub fn switch(&mut self) {
        self.chosen = (self.chosen + 1) % self.lamps.len().max(1);
    }

    /// The ring in use, where there is another to choose.
    pub fn choice(&self) -> Option<Ring> {
        self.lamps.get(self.chosen).filter(|_| self.lamps.len() > 1).map(|fitted| fitted.ring)
    }

    /// What is wrong with a ring, while something is.
    pub fn complaint(&self) -> Option<&str> {
        self.lamps.iter().find_map(|fitted| fitted.patience.complaint())
    }

    /// What lights a picture that is taken now.
    pub fn lit(&self) -> Option<Lit> {
        let fitted = self.lamps.get(self.chosen).filter(|fitted| fitted.is_lit)?;
        Some(Lit { ring: fitted.ring, percent: self.config.percent(fitted.ring) })
    }
}

impl Drop for Light {
    fn drop(&mut self) {
        self.set(false);
    }
}

fn light(
    lamp: &mut Option<Lamp>,
    open: impl FnOnce() -> Result<Lamp, LightError>,
    percent: u8,
) -> Result<(), String> {
    let lamp = match lamp {
        Some(lamp) => lamp,
        None => lamp.insert(open().map_err(|error| error.to_string())?),
    };
    lamp.set(percent).map_err(|cause| format!("light: {cause}"))
}

#[cfg(test)]
mod tests;
