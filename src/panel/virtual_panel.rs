//! The virtual panel: keeps the newest canvas where a page or a test can get it.

use std::sync::Arc;
use std::time::Duration;

use embedded_graphics::prelude::*;
use tokio::sync::watch;

use super::{Canvas, Panel, PanelConfig, PanelError};

/// What a screen shows.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What is drawn, as it stands on the glass.
    pub canvas: Arc<Canvas>,
    /// In percent, as in [`Panel::set_backlight`].
    pub backlight: u8,
    /// Grows by one with every change, from 0 for the black canvas at the start.
    pub version: u64,
}

/// A screen in memory. Clones show the same; what is shown on one is seen on all.
/// The daemon mirrors whatever it shows on a real panel to one of these, for the links.
#[derive(Clone, Debug)]
pub struct VirtualScreen {
    shown: Arc<watch::Sender<Shown>>,
}

impl VirtualScreen {
    /// A black screen.
    pub fn new(size: Size) -> Self {
        let shown = Shown { canvas: Arc::new(Canvas::new(size)), backlight: 100, version: 0 };
        Self { shown: Arc::new(watch::Sender::new(shown)) }
    }

    /// Shows a canvas. Showing the same again changes nothing.
    pub fn show(&self, canvas: &Canvas) {
        self.shown.send_if_modified(|shown| {
            let differs = *shown.canvas != *canvas;
            if differs {
                shown.canvas = Arc::new(canvas.clone());
                shown.version += 1;
            }
            differs
        });
    }

    /// Sets the backlight in percent.
    pub fn set_backlight(&self, percent: u8) {
        self.shown.send_if_modified(|shown| {
            let differs = shown.backlight != percent;
            shown.backlight = percent;
            shown.version += u64::from(differs);
            differs
        });
    }

    /// What is shown now.
    pub fn newest(&self) -> Shown {
        self.shown.borrow().clone()
    }

    /// Waits for anything newer than `version`; at once where there is.
    pub async fn newer_than(&self, version: u64) -> Shown {
        let mut receiver = self.shown.subscribe();
        let newer = receiver.wait_for(|shown| shown.version > version).await.map(|shown| shown.clone());
        // Fails only where the sender is gone, and `self` holds it.
        newer.unwrap_or_else(|_| self.newest())
    }

    /// Like [`Self::newer_than`], for threads without a runtime, up to `timeout`.
    pub fn wait_newer_than(&self, version: u64, timeout: Duration) -> Option<Shown> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
        let newer = async { tokio::time::timeout(timeout, self.newer_than(version)).await };
        runtime.block_on(newer).ok()
    }
}

/// A panel that is only a [`VirtualScreen`].
pub struct VirtualPanel {
    screen: VirtualScreen,
    size: Size,
}

impl VirtualPanel {
    /// A panel of the size of this screen.
    pub fn new(screen: VirtualScreen) -> Self {
        let size = screen.newest().canvas.size();
        Self { screen, size }
    }
}

/// Opens a virtual panel of the configured size.
pub(super) fn open(config: &PanelConfig) -> Result<Box<dyn Panel>, PanelError> {
    Ok(Box::new(VirtualPanel::new(VirtualScreen::new(config.size()))))
}

impl Panel for VirtualPanel {
    fn size(&self) -> Size {
        self.size
    }

    fn show(&mut self, canvas: &Canvas) -> Result<(), PanelError> {
        self.screen.show(canvas);
        Ok(())
    }

    fn set_backlight(&mut self, percent: u8) -> Result<(), PanelError> {
        self.screen.set_backlight(percent);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics::pixelcolor::Rgb565;

    use super::*;

    const SIZE: Size = Size::new(4, 3);

    fn white() -> Canvas {
        let mut canvas = Canvas::new(SIZE);
        canvas.clear(Rgb565::WHITE).unwrap();
        canvas
    }

    #[test]
    fn what_the_panel_shows_is_seen_on_every_clone_of_its_screen() {
        let screen = VirtualScreen::new(SIZE);
        let mut panel = VirtualPanel::new(screen.clone());
        panel.show(&white()).unwrap();
        panel.set_backlight(30).unwrap();
        let shown = screen.newest();
        assert_eq!((&*shown.canvas, shown.backlight, shown.version), (&white(), 30, 2));
    }

    #[test]
    fn showing_the_same_again_is_no_change() {
        let screen = VirtualScreen::new(SIZE);
        screen.show(&white());
        screen.show(&white());
        screen.set_backlight(100);
        assert_eq!(screen.newest().version, 1);
        assert!(screen.wait_newer_than(1, Duration::from_millis(1)).is_none());
    }

    #[test]
    fn one_who_waits_gets_the_change() {
        let screen = VirtualScreen::new(SIZE);
        let waiting = screen.clone();
        let waiter = std::thread::spawn(move || waiting.wait_newer_than(0, Duration::from_secs(60)));
        screen.show(&white());
        assert_eq!(*waiter.join().unwrap().unwrap().canvas, white());
    }
}
