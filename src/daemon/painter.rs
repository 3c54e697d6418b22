//! The painter: a thread that draws screens and shows them, newest first. A slow panel skips screens; it never
//! holds up the device.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{RETRY, spawn};
use crate::links::http::ScreenFeed;
use crate::panel::{self, Canvas, Panel, PanelConfig};
use crate::screens::{self, Screen, Status};

/// One picture to paint.
#[derive(Clone, Debug)]
pub struct Painting {
    /// `None` for a dark panel.
    pub screen: Option<Screen>,
    pub status: Status,
    /// When the button was pressed that led here, to time the way to the result.
    pub pressed_at: Option<Instant>,
}

/// The way to the painter's thread.
pub struct Painter {
    slot: Arc<Slot>,
    thread: JoinHandle<()>,
}

/// Holds the newest painting until the thread takes it.
#[derive(Default)]
struct Slot {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    next: Option<Painting>,
    /// Since when the thread has been at the painting that it took last, if it still is.
    painting_since: Option<Instant>,
    finished: bool,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A painting is replaced as a whole, so a panic elsewhere cannot leave half of one.
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Painter {
    /// Starts the thread, which opens the panel. A panel that cannot be opened is an error in the log only, and is
    /// tried again: the feed still shows everything to the links.
    pub fn start(config: &PanelConfig, feed: ScreenFeed, started: Instant) -> anyhow::Result<Self> {
        let slot = Arc::new(Slot::default());
        let easel = Easel {
            canvas: Canvas::new(config.size()),
            config: config.clone(),
            panel: None,
            retry_at: None,
            complaint: String::new(),
            lit: None,
            feed,
            started,
            begun: false,
            live: false,
            timed: None,
        };
        let thread = spawn("painter", {
            let slot = slot.clone();
            move || easel.work(&slot)
        })?;
        Ok(Self { slot, thread })
    }

    /// Paints this next, instead of anything that still waits.
    pub fn paint(&self, painting: Painting) {
        self.slot.lock().next = Some(painting);
        self.slot.changed.notify_one();
    }

    /// For how long the thread has been at one painting, if it is at one.
    pub fn at_it(&self) -> Option<Duration> {
        self.slot.lock().painting_since.map(|since| since.elapsed())
    }

    /// Paints what waits and stops.
    pub fn finish(self) {
        self.slot.lock().finished = true;
        self.slot.changed.notify_one();
        if self.thread.join().is_err() {
            tracing::error!("the painter stopped by a panic");
        }
    }
}

/// What the thread holds.
struct Easel {
    canvas: Canvas,
    config: PanelConfig,
    panel: Option<Box<dyn Panel>>,
    /// When a panel that cannot be had is tried again.
    retry_at: Option<Instant>,
    /// The last complaint, so that each is logged once.
    complaint: String,
    lit: Option<u8>,
    feed: ScreenFeed,
    started: Instant,
    /// Something has been shown, and a live picture has.
    begun: bool,
    live: bool,
    /// The press whose way to the screen was timed last.
    timed: Option<Instant>,
}

impl Easel {
    fn work(mut self, slot: &Slot) {
        loop {
            let painting = {
                let mut inner = slot.lock();
                inner.painting_since = None;
                while inner.next.is_none() && !inner.finished {
                    inner = slot.changed.wait(inner).unwrap_or_else(|poisoned| poisoned.into_inner());
                }
                inner.painting_since = inner.next.is_some().then(Instant::now);
                inner.next.take()
            };
            match painting {
                Some(painting) => self.paint(&painting),
                None => return,
            }
        }
    }

    fn paint(&mut self, painting: &Painting) {
        match &painting.screen {
            Some(screen) => {
                screens::draw(screen, &painting.status, &mut self.canvas);
                self.feed.show(screen, &painting.status, &self.canvas);
                self.show();
                self.light(self.config.brightness);
                self.time(screen, painting.pressed_at);
            }
            None => self.light(0),
        }
    }

    fn show(&mut self) {
        self.open_panel();
        if let Some(panel) = &mut self.panel
            && let Err(error) = panel.show(&self.canvas)
        {
            self.complain(error.to_string());
        }
    }

    /// Opens the panel where that is still to be done.
    fn open_panel(&mut self) {
        let waits = self.retry_at.is_some_and(|at| Instant::now() < at);
        if self.panel.is_some() || self.config.kind == "virtual" || waits {
            return;
        }
        match panel::open(&self.config) {
            Ok(panel) => {
                self.panel = Some(panel);
                self.lit = None;
            }
            Err(error) => {
                self.retry_at = Some(Instant::now() + RETRY);
                self.complain(error.to_string());
            }
        }
    }

    fn complain(&mut self, complaint: String) {
        if self.complaint != complaint {
            tracing::error!("{complaint}");
            self.complaint = complaint;
        }
    }

    fn light(&mut self, percent: u8) {
        if self.lit == Some(percent) {
            return;
        }
        self.lit = Some(percent);
        self.feed.set_backlight(percent);
        if let Some(panel) = &mut self.panel
            && let Err(error) = panel.set_backlight(percent)
        {
            tracing::error!("{error}");
        }
    }

    /// Logs the times that a person feels, when what they wait for is on the panel.
    fn time(&mut self, screen: &Screen, pressed_at: Option<Instant>) {
        if !self.begun && (self.panel.is_some() || self.config.kind == "virtual") {
            self.begun = true;
            tracing::info!("first screen {} ms after the start", self.started.elapsed().as_millis());
        }
        if !self.live && matches!(screen, Screen::Viewfinder { frame: Some(_), .. }) {
            self.live = true;
            tracing::info!("first live picture {} ms after the start", self.started.elapsed().as_millis());
        }
        if let (Some(pressed_at), Screen::Result { .. }) = (pressed_at, screen)
            && self.timed != Some(pressed_at)
        {
            self.timed = Some(pressed_at);
            tracing::info!("result {} ms after the press", pressed_at.elapsed().as_millis());
        }
    }
}
