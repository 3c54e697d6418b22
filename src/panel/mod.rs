//! Panels: the display and the code that drives it.

pub mod backlight;
mod canvas;
mod config;
pub mod spi;
mod virtual_panel;

use embedded_graphics::geometry::Size;

pub use canvas::Canvas;
pub use config::{PanelConfig, Rotation};
pub use virtual_panel::{Shown, VirtualPanel, VirtualScreen};

/// A display.
pub trait Panel: Send {
    /// Pixels across and down, after rotation.
    fn size(&self) -> Size;

    /// Shows a canvas of exactly [`Panel::size`].
    fn show(&mut self, canvas: &Canvas) -> Result<(), PanelError>;

    /// Sets the backlight: 0 is off, 100 full. Panels that only switch turn on for anything above 0.
    fn set_backlight(&mut self, percent: u8) -> Result<(), PanelError>;
}

/// What can go wrong with a panel. Each message names the device and the cure.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    #[error("no panel called `{0}`; it is one of {1}")]
    Unknown(String, String),
    #[error("{device}: cannot open the panel: {cause}; {cure}")]
    Open { device: String, cause: String, cure: String },
    #[error("{device}: cannot write to the panel: {cause}")]
    Write { device: String, cause: String },
    #[error("{device}: the canvas is {}x{}, but the panel {}x{}", canvas.width, canvas.height, panel.width, panel.height)]
    Size { device: String, canvas: Size, panel: Size },
}

/// Opens a panel.
pub type PanelBuilder = fn(&PanelConfig) -> Result<Box<dyn Panel>, PanelError>;

/// The panels by name; the first is the default.
pub const PANELS: &[(&str, PanelBuilder)] = &[("spi", spi::open), ("virtual", virtual_panel::open)];

/// Opens the panel that the configuration names.
pub fn open(config: &PanelConfig) -> Result<Box<dyn Panel>, PanelError> {
    let Some((_, builder)) = PANELS.iter().find(|(name, _)| *name == config.kind) else {
        let known = PANELS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        return Err(PanelError::Unknown(config.kind.clone(), known));
    };
    builder(config)
}
