//! The seam to displays: what a panel can do, and what can go wrong with one.

use embedded_graphics::geometry::Size;

use super::canvas::Canvas;

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
    /// The panel cannot be had, or does not start.
    #[error("{device}: cannot open the panel: {cause}; {cure}")]
    Open {
        /// The SPI device, GPIO chip or PWM channel.
        device: String,
        /// What the kernel or the controller's driver said.
        cause: String,
        /// What the person can do about it.
        cure: String,
    },
    /// The panel ran, and cannot be written to any more.
    #[error("{device}: cannot write to the panel: {cause}")]
    Write {
        /// The SPI device.
        device: String,
        /// What the kernel said.
        cause: String,
    },
    /// The canvas is not of the panel's size.
    #[error("{device}: the canvas is {}x{}, but the panel {}x{}", canvas.width, canvas.height, panel.width, panel.height)]
    Size {
        /// The SPI device.
        device: String,
        /// The canvas, in pixels.
        canvas: Size,
        /// The panel after rotation, in pixels.
        panel: Size,
    },
}
