//! The daemon: threads and channels that turn hardware into events and effects into hardware.
//!
//! The main thread owns the device's state. Around it: the camera's stream, an [`analyst`] that judges and
//! reads captures, an [`archivist`] that makes readings durable, a [`painter`] that draws and shows screens,
//! a thread that waits for the buttons, and the links. They talk by channels; nothing on the way from the
//! button to the screen waits for a disk or a link.

mod analyst;
mod archivist;
mod notices;
mod painter;
mod settings;
mod supervisor;
mod turn;

use std::time::{Duration, Instant};

use anyhow::Context;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::buttons::{self, ButtonError, Buttons, ButtonsConfig, ButtonsKind, Edge, VirtualButtons};
use crate::camera::Stream;
use crate::clock::{self, Clock};
use crate::config::Loaded;
use crate::control;
use crate::feed::ScreenFeed;
use crate::health::Health;
use crate::http;
use crate::panel::VirtualScreen;
use crate::panics::contain;
use crate::patience::Patience;
use crate::power::{self, BatteryConfig, Charge};
use crate::serial;
use notices::{Inputs, spawn};
use painter::Painter;
use turn::Device;

/// How long buttons that broke are left alone before they are opened again.
const REOPEN_AFTER: Duration = Duration::from_secs(1);
/// How often the battery is asked.
const CHARGE_PACE: Duration = Duration::from_secs(10);
/// How often it is asked whether something keeps the clock.
const CLOCK_PACE: Duration = Duration::from_secs(60);

/// Runs the device until it is shut down by its button, SIGTERM or SIGINT.
/// Parts that are missing or broken, and what was left out of the configuration, are told on the screen; an error is only
/// what leaves nothing to run.
pub fn run(loaded: &Loaded) -> anyhow::Result<()> {
    let Loaded { config, problems } = loaded;
    problems.iter().for_each(|problem| tracing::error!("left out: {problem}"));
    let started = Instant::now();
    let stop = stop_signal()?;
    let feed = ScreenFeed::new(VirtualScreen::new(config.panel.size()));
    // This end stays: without any the device would hear that nobody will ever say anything.
    let (remote, base) = control::pair();
    let health = base.health.clone();
    let painter = Painter::start(&config.panel, feed.clone(), health.clone(), started)?;
    let stream = Stream::start(&config.camera);
    let (notices, inbox) = unbounded();
    let analyst = analyst::start(config, health.clone(), notices.clone())?;
    let archivist = archivist::start(config, notices)?;
    let virtual_buttons = VirtualButtons::default();
    let inputs = Inputs {
        edges: watch_buttons(&config.buttons, &virtual_buttons, health.clone())?,
        charges: watch_battery(&config.battery)?,
        changes: base.changes(),
        inbox,
        stop,
    };
    let presses = (config.buttons.kind == ButtonsKind::Virtual).then_some(virtual_buttons);
    let (records, model, quality) = (config.records.clone(), config.model.clone(), config.quality.clone());
    let served = http::Device { records, model, quality, feed, presses, remote: remote.clone() };
    let server = http::serve(&config.http, config.usb.address.into(), served);
    let server = or_trouble(&health, "http", server.map_err(Into::into));
    for address in server.iter().flat_map(|server| server.addresses()) {
        println!("listening on http://{address}");
    }
    watch_clock()?;
    let serial = serial::start(&config.serial, &config.records, Box::new(Clock::default()), remote.clone());
    let serial = or_trouble(&health, "serial", serial.context("cannot start the serial link"));
    let https = server.as_ref().and_then(|server| server.fingerprint()).map(str::to_string);
    let mut device = Device::new(loaded, https, stream, painter, analyst, archivist, base);
    let turned = device.turn_until_off(&inputs);
    // What is being written is finished first: no link that hangs may hold that up.
    let finished = device.finish();
    drop((server, serial));
    turned.and(finished)
}

/// A link that was started, if it is wanted and can be: the device works without.
fn or_trouble<T>(health: &Health, link: &'static str, started: anyhow::Result<Option<T>>) -> Option<T> {
    started.unwrap_or_else(|error| {
        tracing::error!("{error:#}");
        health.trouble(link, Some(format!("{error:#}")));
        None
    })
}

/// Becomes readable when the process is asked to stop.
fn stop_signal() -> anyhow::Result<Receiver<()>> {
    let mut signals =
        signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT])
            .context("cannot listen for signals")?;
    let (sender, receiver) = bounded(1);
    spawn("signals", move || {
        if signals.forever().next().is_some() {
            // Fails only where the daemon has stopped already.
            let _ = sender.send(());
        }
    })?;
    Ok(receiver)
}

/// Waits for the buttons on a thread of its own. Without buttons the device still shows what it sees.
fn watch_buttons(
    config: &ButtonsConfig,
    handle: &VirtualButtons,
    health: Health,
) -> anyhow::Result<Receiver<(Edge, Instant)>> {
    let (config, handle) = (config.clone(), handle.clone());
    let (sender, receiver) = bounded(64);
    spawn("buttons", move || {
        let open = || {
            let opened = buttons::open(&config, &handle);
            health.trouble("buttons", opened.as_ref().err().map(|error| format!("No buttons: {error}")));
            opened
        };
        while let Some(cause) = watch_until_broken(open, &sender) {
            tracing::error!("the buttons are opened again: {cause}");
            std::thread::sleep(REOPEN_AFTER);
        }
    })?;
    Ok(receiver)
}

/// Opens the buttons, for as long as it takes, and passes on what they do until they break: why they did. None when
/// nobody listens any more.
fn watch_until_broken(
    open: impl Fn() -> Result<Box<dyn Buttons>, ButtonError>,
    sender: &Sender<(Edge, Instant)>,
) -> Option<String> {
    let watch = || {
        let mut source = Patience::insist(&open);
        loop {
            match source.next_edge(Duration::from_secs(1)) {
                Ok(Some(edge)) if sender.send((edge, Instant::now())).is_err() => return None,
                Ok(_) => {}
                Err(error) => return Some(error.to_string()),
            }
        }
    };
    // What a panic leaves behind is dropped with the source.
    contain(watch).unwrap_or_else(Some)
}

/// Asks now and then whether something keeps the clock, from a thread of its own, until it does: the answer may take its
/// time.
fn watch_clock() -> anyhow::Result<()> {
    let ask = || {
        while !clock::ask_kernel() {
            std::thread::sleep(CLOCK_PACE);
        }
    };
    spawn("clock", ask).map(drop)
}

/// Tells the battery's charge now and then, from a thread of its own: a fuel gauge may take its time.
fn watch_battery(config: &BatteryConfig) -> anyhow::Result<Receiver<Option<Charge>>> {
    let supplies = config.supplies.clone();
    let (sender, receiver) = bounded(1);
    spawn("battery", move || {
        while sender.send(power::charge(&supplies)).is_ok() {
            std::thread::sleep(CHARGE_PACE);
        }
    })?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::buttons::Button;

    /// Buttons that break after one press: by an error, then by a panic, then not at all.
    struct Worn {
        turn: u32,
        pressed: bool,
    }

    impl Buttons for Worn {
        fn next_edge(&mut self, _timeout: Duration) -> Result<Option<Edge>, ButtonError> {
            if !std::mem::replace(&mut self.pressed, true) {
                return Ok(Some(Edge { button: Button::Main, pressed: true }));
            }
            match self.turn {
                0 => Err(ButtonError::Read { device: "gpiochip0".into(), cause: "gone".into() }),
                _ => panic!("overflow"),
            }
        }
    }

    #[test]
    fn buttons_that_break_are_opened_again_and_lose_no_press_of_before() {
        let (sender, presses) = bounded(64);
        let opened = Cell::new(0);
        let open = || {
            let turn = opened.replace(opened.get() + 1);
            Ok(Box::new(Worn { turn, pressed: false }) as Box<dyn Buttons>)
        };
        let causes: Vec<_> = (0..2).filter_map(|_| watch_until_broken(open, &sender)).collect();
        assert!(causes[0].contains("gone") && causes[1] == "overflow", "{causes:?}");
        assert_eq!(presses.try_iter().count(), 2);
        drop(presses);
        assert_eq!(watch_until_broken(open, &sender), None, "nobody listens any more");
    }
}
