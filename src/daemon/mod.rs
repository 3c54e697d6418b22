//! The daemon: threads and channels that turn hardware into events and effects into hardware.
//!
//! The main thread owns the device's state. Around it: the camera's stream, an [`analyst`] that judges and
//! reads captures, an [`archivist`] that makes readings durable, a [`painter`] that draws and shows screens,
//! a thread that waits for the buttons, and the links. They talk by channels; nothing on the way from the
//! button to the screen waits for a disk or a link.

mod analyst;
mod archivist;
mod clock;
mod config;
mod painter;
mod turn;

use std::time::{Duration, Instant};

use anyhow::Context;
use crossbeam_channel::{Receiver, Sender, bounded, never, unbounded};

pub use config::DeviceConfig;

use crate::buttons::{self, ButtonsConfig, Edge, VirtualButtons};
use crate::camera::Stream;
use crate::config::Config;
use crate::device::Event;
use crate::links::http::{self, ScreenFeed};
use crate::links::serial;
use crate::panel::VirtualScreen;
use painter::Painter;
use turn::Device;

/// What the threads tell the main thread.
#[derive(Debug)]
enum Notice {
    Event(Event),
    /// How many records there are.
    Records(u64),
    /// Something that the screen warns of for as long as it lasts, such as a full disk.
    Warning(Option<String>),
}

/// Runs the device until it is shut down by its button, SIGTERM or SIGINT.
/// Parts that are missing or broken are told on the screen; an error is only what leaves nothing to run.
pub fn run(config: &Config) -> anyhow::Result<()> {
    let started = Instant::now();
    let stop = stop_signal()?;
    let feed = ScreenFeed::new(VirtualScreen::new(config.panel.size()));
    let painter = Painter::start(&config.panel, feed.clone(), started)?;
    let stream = Stream::start(&config.camera);
    let (notices, inbox) = unbounded();
    let analyst = analyst::start(config, notices.clone())?;
    let archivist = archivist::start(config, notices)?;
    let virtual_buttons = VirtualButtons::default();
    let edges = watch_buttons(&config.buttons, &virtual_buttons)?;
    let presses = (config.buttons.kind == "virtual").then_some(virtual_buttons);
    let server = http::serve(&config.http, &config.records, feed, presses)?;
    if let Some(server) = &server {
        println!("listening on {}", server.url());
    }
    let serial = serial::start(&config.serial, &config.records, Box::new(clock::SystemClock))
        .context("cannot start the serial link")?;
    let mut device = Device::new(config, stream, painter, analyst, archivist);
    device.turn_until_off(&edges, &inbox, &stop);
    // Links first, so that nobody is shown a device that is half gone; then what is being written is finished.
    drop((server, serial));
    device.finish()
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
fn watch_buttons(config: &ButtonsConfig, handle: &VirtualButtons) -> anyhow::Result<Receiver<Edge>> {
    let mut source = match buttons::open(config, handle) {
        Ok(source) => source,
        Err(error) => {
            tracing::error!("{error}");
            return Ok(never());
        }
    };
    let (sender, receiver) = bounded(64);
    spawn("buttons", move || {
        loop {
            match source.next_edge(Duration::from_secs(1)) {
                Ok(Some(edge)) if sender.send(edge).is_err() => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!("{error}");
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        }
    })?;
    Ok(receiver)
}

/// A named thread, so that it is known in logs and debuggers.
fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> anyhow::Result<std::thread::JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(body);
    thread.with_context(|| format!("cannot start the thread `{name}`"))
}

/// Tells the main thread. Fails only where that has stopped already, and then nobody needs to know.
fn tell(notices: &Sender<Notice>, notice: Notice) {
    let _ = notices.send(notice);
}
