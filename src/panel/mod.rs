//! Panels: the display and the code that drives it.

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use serde::{Deserialize, Serialize};

/// A picture in memory that screens are drawn on once, before it goes to a panel in one sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canvas {
    size: Size,
    pixels: Vec<Rgb565>,
}

impl Canvas {
    /// A black canvas.
    pub fn new(size: Size) -> Self {
        Self { size, pixels: vec![Rgb565::BLACK; size.width as usize * size.height as usize] }
    }

    /// Row by row, top left first.
    pub fn pixels(&self) -> &[Rgb565] {
        &self.pixels
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        self.size
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb565;
    type Error = std::convert::Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Self::Error>
    where
        I: IntoIterator<Item = Pixel<Self::Color>>,
    {
        for Pixel(point, colour) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(point.x), u32::try_from(point.y)) else { continue };
            if x < self.size.width && y < self.size.height {
                self.pixels[(y * self.size.width + x) as usize] = colour;
            }
        }
        Ok(())
    }
}

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
}

/// `[panel]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PanelConfig {
    /// Which panel of the table: `spi` or `virtual`.
    pub kind: String,
    pub width: u32,
    pub height: u32,
}

impl Default for PanelConfig {
    fn default() -> Self {
        Self { kind: "spi".into(), width: 240, height: 240 }
    }
}
