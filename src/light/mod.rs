//! The light: a ring of LEDs around the lens, by a pin that switches or a PWM channel that dims.

mod config;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use config::{LightConfig, Ring};

use crate::gpio::{self, OutputLine};
use crate::panel::backlight::{Backlight, Dimmer, Switch};

/// What lit a capture, as its record keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lit {
    pub ring: Ring,
    /// 1 to 100; a ring on a plain pin is always full.
    pub percent: u8,
}

/// The ring. One that cannot be had is tried again now and then: at the start of the computer its pins may be
/// somebody else's for a while.
pub struct Light {
    config: LightConfig,
    open: fn(&LightConfig) -> Result<Option<Lamp>, LightError>,
    lamp: Option<Lamp>,
    /// When a ring that cannot be had is tried again.
    retry_at: Option<Instant>,
    /// The last complaint, so that each is logged once.
    complaint: String,
    is_lit: bool,
}

/// How long to wait before a ring that cannot be had is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// What lights the ring.
pub type Lamp = Box<dyn Backlight>;

/// Why the ring cannot be had. Names the device and the cure.
#[derive(Debug, thiserror::Error)]
#[error("{device}: cannot drive the light: {cause}; {cure}")]
pub struct LightError {
    pub device: String,
    pub cause: String,
    pub cure: String,
}

/// Takes the configured ring, dark at first; `None` where none is fitted.
pub fn open(config: &LightConfig) -> Result<Option<Lamp>, LightError> {
    if let Some(channel) = &config.pwm {
        let dimmer = Dimmer::open(channel).map_err(|cause| LightError {
            device: channel.display().to_string(),
            cause: cause.to_string(),
            cure: "turn PWM on in config.txt (`dtoverlay=pwm`, its pin and function), or set light.line"
                .into(),
        })?;
        return Ok(Some(Box::new(dimmer)));
    }
    let Some(line) = config.line else { return Ok(None) };
    let failed =
        |error: gpio::GpioError| LightError { device: error.device, cause: error.cause, cure: error.cure };
    let chip = gpio::find_chip(&config.chip).map_err(failed)?;
    let pin = OutputLine::take(&chip, line, "light").map_err(failed)?;
    Ok(Some(Box::new(Switch(pin))))
}

impl Light {
    /// The configured ring, dark at first.
    pub fn new(config: &LightConfig) -> Self {
        Self::opened_by(config, open)
    }

    fn opened_by(config: &LightConfig, open: fn(&LightConfig) -> Result<Option<Lamp>, LightError>) -> Self {
        let complaint = String::new();
        Self { config: config.clone(), open, lamp: None, retry_at: None, complaint, is_lit: false }
    }

    /// Lights the ring or puts it out; nothing is written where it is so already.
    pub fn set(&mut self, lit: bool) {
        if self.is_lit == lit || !self.config.is_fitted() {
            return;
        }
        match self.try_set(lit) {
            Ok(()) => self.is_lit = lit && self.lamp.is_some(),
            Err(complaint) => {
                self.lamp = None;
                self.is_lit = false;
                self.retry_at = Some(Instant::now() + RETRY);
                if self.complaint != complaint {
                    tracing::error!("{complaint}");
                    self.complaint = complaint;
                }
            }
        }
    }

    fn try_set(&mut self, lit: bool) -> Result<(), String> {
        if self.lamp.is_none() {
            if self.retry_at.is_some_and(|at| Instant::now() < at) {
                return Ok(());
            }
            self.lamp = (self.open)(&self.config).map_err(|error| error.to_string())?;
        }
        let percent = if lit { self.config.lit().percent } else { 0 };
        self.lamp.as_mut().map_or(Ok(()), |lamp| lamp.set(percent)).map_err(|cause| format!("light: {cause}"))
    }

    /// What lights a picture that is taken now.
    pub fn lit(&self) -> Option<Lit> {
        self.is_lit.then(|| self.config.lit())
    }
}

impl Drop for Light {
    fn drop(&mut self) {
        self.set(false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A lamp that remembers, and that breaks when told to be 13 % bright.
    #[derive(Clone, Default)]
    struct Record(Arc<Mutex<Vec<u8>>>);

    impl Backlight for Record {
        fn set(&mut self, percent: u8) -> Result<(), String> {
            self.0.lock().unwrap().push(percent);
            if percent == 13 { Err("burnt out".into()) } else { Ok(()) }
        }
    }

    fn light(percent: u8) -> (Light, Record) {
        let record = Record::default();
        let config = LightConfig { pwm: Some("pwm0".into()), brightness: percent, ..LightConfig::default() };
        let mut light = Light::opened_by(&config, |_| panic!("it is open already"));
        light.lamp = Some(Box::new(record.clone()));
        (light, record)
    }

    #[test]
    fn a_ring_is_written_to_only_when_it_changes_and_is_dark_in_the_end() {
        let (mut light, lamp) = light(60);
        assert_eq!(light.lit(), None);
        for lit in [false, true, true, false, true] {
            light.set(lit);
        }
        assert_eq!(light.lit(), Some(Lit { ring: Ring::Polarised, percent: 60 }));
        drop(light);
        assert_eq!(*lamp.0.lock().unwrap(), [60, 0, 60, 0]);
    }

    #[test]
    fn a_ring_that_breaks_lights_no_picture() {
        let (mut light, _) = light(13);
        light.set(true);
        assert_eq!(light.lit(), None);
    }

    #[test]
    fn a_ring_that_cannot_be_had_at_first_is_tried_again() {
        let config = LightConfig { line: Some(12), ..LightConfig::default() };
        static TRIES: AtomicUsize = AtomicUsize::new(0);
        let mut light = Light::opened_by(&config, |_| match TRIES.fetch_add(1, Ordering::SeqCst) {
            0 => Err(LightError { device: "pin".into(), cause: "busy".into(), cure: "wait".into() }),
            _ => Ok(Some(Box::new(Record::default()))),
        });
        light.set(true);
        light.set(true);
        assert_eq!((light.lit(), TRIES.load(Ordering::SeqCst)), (None, 1), "not at once");
        light.retry_at = Some(Instant::now());
        light.set(true);
        assert_eq!(light.lit(), Some(Lit { ring: Ring::Polarised, percent: 100 }));
    }

    #[test]
    fn without_a_ring_nothing_is_lit() {
        let mut light = Light::new(&LightConfig::default());
        light.set(true);
        assert_eq!(light.lit(), None);
    }

    #[test]
    fn a_channel_that_is_not_there_is_named_with_its_cure() {
        let config = LightConfig { pwm: Some("/no/such/chip/pwm0".into()), ..LightConfig::default() };
        let error = open(&config).err().unwrap().to_string();
        assert!(
            error.contains("/no/such/chip/pwm0: cannot drive the light") && error.contains("dtoverlay=pwm"),
            "{error}"
        );
    }
}
