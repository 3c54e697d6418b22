//! The controllers of SPI panels, and how many pixels each remembers.

use mipidsi::models::{GC9A01, ILI9341Rgb565, Model, ST7735s, ST7789};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PanelModel {
    /// Sitronix ST7789, up to 240 x 320 pixels.
    #[default]
    St7789,
    /// Sitronix ST7735S, up to 132 x 162 pixels.
    St7735s,
    /// Ilitek ILI9341, up to 240 x 320 pixels.
    Ili9341,
    /// Galaxycore GC9A01, round, 240 x 240 pixels.
    Gc9a01,
}

impl PanelModel {
    /// All that can be driven.
    pub const ALL: [PanelModel; 4] = [Self::St7789, Self::St7735s, Self::Ili9341, Self::Gc9a01];

    /// As the configuration writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::St7789 => "st7789",
            Self::St7735s => "st7735s",
            Self::Ili9341 => "ili9341",
            Self::Gc9a01 => "gc9a01",
        }
    }

    /// Columns and rows of its memory, in pixels, before rotation.
    pub fn memory(self) -> (u16, u16) {
        match self {
            Self::St7789 => ST7789::FRAMEBUFFER_SIZE,
            Self::St7735s => ST7735s::FRAMEBUFFER_SIZE,
            Self::Ili9341 => ILI9341Rgb565::FRAMEBUFFER_SIZE,
            Self::Gc9a01 => GC9A01::FRAMEBUFFER_SIZE,
        }
    }
}
