//! The painter: a thread that draws screens and shows them, newest first. A slow panel skips screens; it never
//! holds up the device.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::notices::spawn;
use crate::feed::ScreenFeed;
use crate::health::Health;
use crate::panel::{self, Canvas, Panel, PanelConfig, PanelKind};
use crate::panics::contain;
use crate::patience::Patience;
use crate::screens::{self, Hint, Screen, Status};

/// A live picture that is not renewed for so long is live no more. The main loop has a screen painted several times a
/// second, and its frames are judged by the camera's stream: this is for a main loop that hangs.
const STALE: Duration = Duration::from_secs(2);

/// One picture to paint.
#[derive(Clone, Debug)]
pub struct Painting {
    /// `None` for a dark panel.
    pub screen: Option<Screen>,
    pub status: Status,
    /// When the button was pressed that led here, to time the way to the result.
    pub pressed_at: Option<Instant>,
}

impl Painting {
    /// Whether it looks the same as another.
    pub fn is_same(&self, other: &Self) -> bool {
        let screen = match (&self.screen, &other.screen) {
            (Some(screen), Some(other)) => screen.is_same(other),
            (None, None) => true,
            _ => false,
        };
        screen && self.status == other.status && self.pressed_at == other.pressed_at
    }

    /// Whether it shows a live picture.
    pub fn is_live(&self) -> bool {
        matches!(self.screen, Some(Screen::Viewfinder { frame: Some(_), .. }))
    }
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
    pub fn start(
        config: &PanelConfig,
        feed: ScreenFeed,
        health: Health,
        started: Instant,
    ) -> anyhow::Result<Self> {
        let slot = Arc::new(Slot::default());
        let writer = PanelWriter {
            canvas: Canvas::new(config.size()),
            config: config.clone(),
            panel: None,
            patience: Patience::default(),
            lit: None,
            feed,
            health,
            started,
            begun: false,
            live: false,
            shows_live: false,
            timed: None,
            last: None,
        };
        let thread = spawn("painter", {
            let slot = slot.clone();
            move || writer.work(&slot)
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
struct PanelWriter {
    canvas: Canvas,
    config: PanelConfig,
    panel: Option<Box<dyn Panel>>,
    patience: Patience,
    lit: Option<u8>,
    feed: ScreenFeed,
    /// Where it is told that there is no panel.
    health: Health,
    started: Instant,
    /// Something has been shown, and a live picture has.
    begun: bool,
    live: bool,
    /// What is shown now is a live picture.
    shows_live: bool,
    /// The press whose way to the screen was timed last.
    timed: Option<Instant>,
    /// What was painted last.
    last: Option<Painting>,
}

impl PanelWriter {
    fn work(mut self, slot: &Slot) {
        loop {
            let mut inner = slot.lock();
            inner.painting_since = None;
            let waits = |inner: &mut Inner| inner.next.is_none() && !inner.finished;
            let (mut inner, waited) = slot
                .changed
                .wait_timeout_while(inner, STALE, waits)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            inner.painting_since = inner.next.is_some().then(Instant::now);
            let (next, finished) = (inner.next.take(), inner.finished);
            drop(inner);
            match next {
                Some(painting) => {
                    self.paint(&painting);
                    self.last = Some(painting);
                }
                None if finished => return,
                None if waited.timed_out() => {
                    self.withdraw();
                    self.try_again();
                }
                None => {}
            }
        }
    }

    /// Shows what should be seen where the panel is not there yet, or no more.
    fn try_again(&mut self) {
        if self.panel.is_none()
            && self.config.kind != PanelKind::Virtual
            && let Some(last) = self.last.take()
        {
            self.paint(&last);
            self.last = Some(last);
        }
    }

    /// Nobody renews what is shown: a live picture goes.
    fn withdraw(&mut self) {
        if std::mem::take(&mut self.shows_live) {
            tracing::error!("the live picture has not been renewed for {} s", STALE.as_secs());
            let screen = Some(Screen::Viewfinder { frame: None, hint: Hint::NoSignal });
            self.paint(&Painting { screen, status: Status::default(), pressed_at: None });
        }
    }

    /// A panel that fails in its code is opened anew, like any other.
    fn paint(&mut self, painting: &Painting) {
        if let Err(panic) = contain(|| self.draw(painting)) {
            self.panel = None;
            self.complain(format!("painting failed: {panic}"));
        }
    }

    fn draw(&mut self, painting: &Painting) {
        match &painting.screen {
            Some(screen) => {
                self.shows_live = painting.is_live();
                screens::draw(screen, &painting.status, &mut self.canvas);
                self.feed.show(screen, &painting.status, &self.canvas);
                self.show();
                self.light(self.config.brightness);
                self.time(screen, painting.pressed_at);
            }
            None => {
                self.shows_live = false;
                self.light(0);
            }
        }
    }

    fn show(&mut self) {
        self.open_panel();
        if let Some(panel) = &mut self.panel
            && let Err(error) = panel.show(&self.canvas)
        {
            // Opened anew, it is told all that it forgot.
            self.panel = None;
            self.complain(error.to_string());
        }
    }

    /// Told to those who see the screen elsewhere.
    fn complain(&mut self, complaint: String) {
        self.health.trouble("panel", Some(format!("No panel: {complaint}")));
        self.patience.complain(complaint);
    }

    /// Opens the panel where that is still to be done.
    fn open_panel(&mut self) {
        if self.panel.is_some() || self.config.kind == PanelKind::Virtual || !self.patience.is_due() {
            return;
        }
        match panel::open(&self.config) {
            Ok(panel) => {
                self.panel = Some(panel);
                self.lit = None;
                self.patience.succeed();
                self.health.trouble("panel", None);
            }
            Err(error) => self.complain(error.to_string()),
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
        if !self.begun && (self.panel.is_some() || self.config.kind == PanelKind::Virtual) {
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
            tracing::info!("result {:.1} ms after the press", pressed_at.elapsed().as_secs_f64() * 1e3);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::panel::VirtualScreen;
    use crate::picture::{Frame, Region};

    #[test]
    fn a_live_picture_that_is_not_renewed_goes_by_itself() {
        let config = PanelConfig { kind: PanelKind::Virtual, ..PanelConfig::default() };
        let glass = VirtualScreen::new(config.size());
        let painter =
            Painter::start(&config, ScreenFeed::new(glass.clone()), Health::default(), Instant::now())
                .expect("starts");
        let frame = Frame {
            pixels: RgbImage::from_pixel(64, 64, image::Rgb([200, 150, 130])),
            captured_at: Duration::ZERO,
            sequence: 1,
            encoded: None,
            field_of_view: Region { x: 0, y: 0, width: 64, height: 64 },
        };
        let show = |frame| {
            let screen = Screen::Viewfinder { frame, hint: Hint::Ready };
            let mut canvas = Canvas::new(config.size());
            screens::draw(&screen, &Status::default(), &mut canvas);
            painter.paint(Painting { screen: Some(screen), status: Status::default(), pressed_at: None });
            canvas
        };
        let wait_until = |shown: &dyn Fn() -> bool| {
            while !shown() {
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        let live = show(Some(Arc::new(frame)));
        wait_until(&|| *glass.newest().canvas == live);
        wait_until(&|| *glass.newest().canvas != live);
        painter.finish();
    }
}
