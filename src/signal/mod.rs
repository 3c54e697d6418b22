//! The signal: a buzzer or a vibration motor that tells by pulses what a person who looks at the skin would miss on the
//! screen.

mod config;

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use embedded_hal::digital::OutputPin;

pub use config::SignalConfig;

use crate::device::Cue;
use crate::gpio::{self, GpioError, OutputLine};
use crate::health::Health;
use crate::panics::contain;
use crate::patience::Patience;

/// A pulse and the pause after it, in milliseconds.
type Pulse = (u64, u64);

/// How each cue feels: by number and length, so that they are told apart without counting.
fn pulses(cue: Cue) -> &'static [Pulse] {
    match cue {
        Cue::Ready => &[(40, 0)],
        Cue::Taken => &[(120, 0)],
        Cue::Retake => &[(120, 120), (120, 0)],
        Cue::Fault => &[(400, 200), (400, 200), (400, 0)],
    }
}

/// The way to the thread that gives signals; nothing is done where none is fitted.
pub struct Signal(Option<Sender<Cue>>);

impl Signal {
    /// Starts the thread, where a line is configured. One that cannot be had is told and tried again.
    pub fn start(config: &SignalConfig, health: Health) -> Self {
        let Some(line) = config.line else { return Self(None) };
        let config = config.clone();
        let open = move || {
            let chip = gpio::find_chip(&config.chip)?;
            let pin = OutputLine::take(&chip, line, "signal")?;
            Ok(Sounder { pin, active_low: config.active_low })
        };
        Self::start_with(open, health)
    }

    fn start_with<P: OutputPin + Send + 'static>(
        open: impl Fn() -> Result<Sounder<P>, GpioError> + Send + 'static,
        health: Health,
    ) -> Self {
        // One waits while one is given: what comes beside it is late, and left out.
        let (sender, cues) = bounded(1);
        let work = move || play(&open, &cues, &health);
        match std::thread::Builder::new().name("signal".into()).spawn(work) {
            Ok(_) => Self(Some(sender)),
            Err(cause) => {
                tracing::error!("no signals: cannot start the thread: {cause}");
                Self(None)
            }
        }
    }

    /// Gives a signal, unless one still waits.
    pub fn give(&self, cue: Cue) {
        if let Some(Err(TrySendError::Disconnected(_))) = self.0.as_ref().map(|cues| cues.try_send(cue)) {
            tracing::debug!("the signal's thread has ended");
        }
    }
}

/// A line, and which way it sounds.
struct Sounder<P> {
    pin: P,
    active_low: bool,
}

impl<P: OutputPin> Sounder<P> {
    fn set(&mut self, sounds: bool) -> Result<(), String> {
        self.pin.set_state((sounds != self.active_low).into()).map_err(|cause| format!("{cause:?}"))
    }

    fn give(&mut self, cue: Cue) -> Result<(), String> {
        for (on, off) in pulses(cue) {
            self.set(true)?;
            std::thread::sleep(Duration::from_millis(*on));
            self.set(false)?;
            std::thread::sleep(Duration::from_millis(*off));
        }
        Ok(())
    }
}

fn play<P: OutputPin>(
    open: &impl Fn() -> Result<Sounder<P>, GpioError>,
    cues: &Receiver<Cue>,
    health: &Health,
) {
    let (mut sounder, mut patience) = (None, Patience::default());
    // Taken at once, so that it is silent: a line may be either way before.
    let first = std::iter::once(None);
    for cue in first.chain(cues.iter().map(Some)) {
        if sounder.is_none() && !patience.is_due() {
            continue;
        }
        let given = contain(|| {
            let sounder = match &mut sounder {
                Some(sounder) => sounder,
                empty => empty.insert(open().map_err(|error| error.to_string())?),
            };
            match cue {
                Some(cue) => sounder.give(cue),
                None => sounder.set(false),
            }
        });
        match given.and_then(|given| given) {
            Ok(()) => {
                patience.succeed();
                health.trouble("signal", None);
            }
            Err(complaint) => {
                sounder = None;
                health.trouble("signal", Some(format!("No signal: {complaint}")));
                patience.complain(complaint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A pin that remembers: the twin of a line.
    #[derive(Clone, Default)]
    struct Remembered(Arc<Mutex<Vec<bool>>>);

    impl embedded_hal::digital::ErrorType for Remembered {
        type Error = Infallible;
    }

    impl OutputPin for Remembered {
        fn set_low(&mut self) -> Result<(), Infallible> {
            self.remember(false);
            Ok(())
        }

        fn set_high(&mut self) -> Result<(), Infallible> {
            self.remember(true);
            Ok(())
        }
    }

    impl Remembered {
        fn remember(&self, high: bool) {
            self.0.lock().unwrap().push(high);
        }

        /// What it was set to, in order.
        fn states(&self) -> Vec<bool> {
            self.0.lock().unwrap().clone()
        }
    }

    const ALL: [Cue; 4] = [Cue::Ready, Cue::Taken, Cue::Retake, Cue::Fault];

    /// What a line was set to by these cues.
    fn line(active_low: bool, given: &[Cue]) -> Vec<bool> {
        let pin = Remembered::default();
        let (sender, cues) = bounded(9);
        given.iter().for_each(|cue| sender.send(*cue).unwrap());
        drop(sender);
        let open = || Ok(Sounder { pin: pin.clone(), active_low });
        play(&open, &cues, &Health::default());
        pin.states()
    }

    #[test]
    fn cues_are_told_apart_and_each_ends_silent() {
        for cue in ALL {
            let others = ALL.into_iter().filter(|other| *other != cue);
            assert!(others.clone().all(|other| pulses(other) != pulses(cue)));
            let states = line(false, &[cue]);
            let expected: Vec<_> =
                std::iter::once(false).chain(pulses(cue).iter().flat_map(|_| [true, false])).collect();
            assert_eq!(states, expected, "{cue:?}: silent from the start, and at the end");
            let turned: Vec<_> = states.iter().map(|high| !high).collect();
            assert_eq!(line(true, &[cue]), turned, "{cue:?}, on while the line is low");
        }
    }

    #[test]
    fn a_line_that_is_not_there_is_told_and_tried_again() {
        let health = Health::default();
        let tries = Cell::new(0);
        let open = || -> Result<Sounder<Remembered>, GpioError> {
            tries.set(tries.get() + 1);
            Err(GpioError {
                device: "gpiochip0 line 12".into(),
                cause: "busy".into(),
                cure: "free it".into(),
            })
        };
        let (sender, cues) = bounded(1);
        drop(sender);
        play(&open, &cues, &health);
        assert_eq!(tries.get(), 1);
        assert!(health.words().is_some_and(|words| words.contains("gpiochip0 line 12")));
    }

    #[test]
    fn who_gives_a_signal_never_waits_for_it() {
        let open = || -> Result<Sounder<Remembered>, GpioError> {
            loop {
                std::thread::park();
            }
        };
        let signal = Signal::start_with(open, Health::default());
        (0..100).for_each(|_| signal.give(Cue::Fault));
        let none = Signal::start(&SignalConfig::default(), Health::default());
        none.give(Cue::Taken);
        assert!(none.0.is_none(), "off unless it is asked for");
    }
}
