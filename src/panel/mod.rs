//! Panels: the display and the code that drives it.

pub mod backlight;
mod canvas;
mod config;
mod display;
mod models;
pub mod spi;
mod virtual_panel;

pub use canvas::Canvas;
pub use config::{PanelConfig, PanelKind, Rotation};
pub use display::{Panel, PanelError};
pub use models::PanelModel;
pub use virtual_panel::{Shown, VirtualPanel, VirtualScreen};

/// Opens the panel that the configuration names.
pub fn open(config: &PanelConfig) -> Result<Box<dyn Panel>, PanelError> {
    match config.kind {
        PanelKind::Spi => spi::open(config),
        PanelKind::Virtual => virtual_panel::open(config),
    }
}
