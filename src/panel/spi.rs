//! SPI panels: mipidsi's controllers on the kernel's spidev, drawn in one sweep of what has changed.

mod port;

use std::fmt::Debug;

use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::OutputPin;
use embedded_hal::spi::SpiDevice;
use mipidsi::interface::SpiInterface;
use mipidsi::models::{GC9A01, ILI9341Rgb565, Model, ST7735s, ST7789};
use mipidsi::options::{ColorInversion, ColorOrder, Orientation};
use mipidsi::{Builder, Display};

use super::backlight::Backlight;
use super::{Canvas, Panel, PanelConfig, PanelError, PanelModel, Rotation};

pub(super) use port::open;

/// What a panel hangs on. `reset` and `backlight` are there where the board has them.
pub struct Wires<SPI, PIN> {
    /// The bus, with the panel's chip select.
    pub spi: SPI,
    /// The data/command pin: low for commands, high for data.
    pub dc: PIN,
    /// The reset pin; without it the controller is reset by a command.
    pub reset: Option<PIN>,
    /// What switches or dims the backlight.
    pub backlight: Option<Box<dyn Backlight>>,
}

/// Starts a controller. `buffer` is how many bytes one SPI write may have: 2 or more.
pub fn start<SPI, PIN>(
    config: &PanelConfig,
    wires: Wires<SPI, PIN>,
    buffer: usize,
    delay: &mut impl DelayNs,
) -> Result<Box<dyn Panel>, PanelError>
where
    SPI: SpiDevice + Send + 'static,
    PIN: OutputPin + Send + 'static,
{
    match config.model {
        PanelModel::St7789 => start_model(ST7789, config, wires, buffer, delay),
        PanelModel::St7735s => start_model(ST7735s, config, wires, buffer, delay),
        PanelModel::Ili9341 => start_model(ILI9341Rgb565, config, wires, buffer, delay),
        PanelModel::Gc9a01 => start_model(GC9A01, config, wires, buffer, delay),
    }
}

fn start_model<M, SPI, PIN>(
    model: M,
    config: &PanelConfig,
    mut wires: Wires<SPI, PIN>,
    buffer: usize,
    delay: &mut impl DelayNs,
) -> Result<Box<dyn Panel>, PanelError>
where
    M: Model<ColorFormat = Rgb565> + Send + 'static,
    SPI: SpiDevice + Send + 'static,
    PIN: OutputPin + Send + 'static,
{
    let device = config.spi.clone();
    let failed = |cause: &dyn Debug| PanelError::Open {
        device: device.clone(),
        cause: format!("{} does not start: {cause:?}", config.model.name()),
        cure: "check width, height, rotation and offsets against the board's file, and the panel's wiring"
            .into(),
    };
    // Dark until there is something to show: the controller starts with noise in its memory.
    if let Some(backlight) = &mut wires.backlight {
        backlight.set(0).map_err(|cause| failed(&cause))?;
    }
    // mipidsi borrows its buffer for as long as the panel lives, which is as long as the program does.
    let buffer = vec![0; buffer.max(2)].leak();
    let (width, height) = glass(config);
    let builder = Builder::new(model, SpiInterface::new(wires.spi, wires.dc, buffer))
        .display_size(width, height)
        .display_offset(config.offset_x, config.offset_y)
        .orientation(Orientation { rotation: turn(config.rotation), mirrored: config.mirrored })
        .invert_colors(if config.invert { ColorInversion::Inverted } else { ColorInversion::Normal })
        .color_order(if config.bgr { ColorOrder::Bgr } else { ColorOrder::Rgb });
    let backlight = wires.backlight;
    let size = config.size();
    Ok(match wires.reset {
        Some(reset) => {
            let display = builder.reset_pin(reset).init(delay).map_err(|cause| failed(&cause))?;
            Box::new(SpiPanel { device: device.clone(), display, backlight, size, shown: None })
        }
        None => {
            let display = builder.init(delay).map_err(|cause| failed(&cause))?;
            Box::new(SpiPanel { device: device.clone(), display, backlight, size, shown: None })
        }
    })
}

/// Width and height before rotation, as the controller counts.
fn glass(config: &PanelConfig) -> (u16, u16) {
    // No side is longer than a controller's memory: checked by the configuration.
    let (width, height) = (config.width as u16, config.height as u16);
    match config.rotation {
        Rotation::Deg0 | Rotation::Deg180 => (width, height),
        Rotation::Deg90 | Rotation::Deg270 => (height, width),
    }
}

fn turn(rotation: Rotation) -> mipidsi::options::Rotation {
    match rotation {
        Rotation::Deg0 => mipidsi::options::Rotation::Deg0,
        Rotation::Deg90 => mipidsi::options::Rotation::Deg90,
        Rotation::Deg180 => mipidsi::options::Rotation::Deg180,
        Rotation::Deg270 => mipidsi::options::Rotation::Deg270,
    }
}

/// A running panel.
struct SpiPanel<M, SPI, PIN, RST>
where
    M: Model<ColorFormat = Rgb565>,
    SPI: SpiDevice,
    PIN: OutputPin,
    RST: OutputPin,
{
    device: String,
    display: Display<SpiInterface<'static, SPI, PIN>, M, RST>,
    backlight: Option<Box<dyn Backlight>>,
    size: Size,
    /// What the panel shows for certain; nothing after a failed write.
    shown: Option<Canvas>,
}

impl<M, SPI, PIN, RST> Panel for SpiPanel<M, SPI, PIN, RST>
where
    M: Model<ColorFormat = Rgb565> + Send,
    SPI: SpiDevice + Send,
    PIN: OutputPin + Send,
    RST: OutputPin + Send,
{
    fn size(&self) -> Size {
        self.size
    }

    fn show(&mut self, canvas: &Canvas) -> Result<(), PanelError> {
        if canvas.size() != self.size {
            let (device, canvas, panel) = (self.device.clone(), canvas.size(), self.size);
            return Err(PanelError::Size { device, canvas, panel });
        }
        let before = self.shown.take();
        let area = before.as_ref().map_or(canvas.bounding_box(), |before| changed(before, canvas));
        let colours = area.rows().flat_map(|y| {
            let start = (y as u32 * self.size.width) as usize + area.top_left.x as usize;
            canvas.pixels()[start..start + area.size.width as usize].iter().copied()
        });
        self.display.fill_contiguous(&area, colours).map_err(|cause| PanelError::Write {
            device: self.device.clone(),
            cause: format!("{cause:?}"),
        })?;
        self.shown = Some(canvas.clone());
        Ok(())
    }

    fn set_backlight(&mut self, percent: u8) -> Result<(), PanelError> {
        let Some(backlight) = &mut self.backlight else { return Ok(()) };
        backlight.set(percent).map_err(|cause| PanelError::Write { device: self.device.clone(), cause })
    }
}

/// The smallest rectangle around everything that differs between two canvases of one size.
fn changed(before: &Canvas, after: &Canvas) -> Rectangle {
    let width = after.size().width as usize;
    let rows = before.pixels().chunks_exact(width).zip(after.pixels().chunks_exact(width));
    let mut bounds: Option<(Point, Point)> = None;
    for (y, (before, after)) in rows.enumerate() {
        let differs = |(before, after): (&Rgb565, &Rgb565)| before != after;
        let Some(left) = before.iter().zip(after).position(differs) else { continue };
        let right = before.iter().zip(after).rposition(differs).unwrap_or(left);
        let (first, last) = (Point::new(left as i32, y as i32), Point::new(right as i32, y as i32));
        bounds =
            Some(bounds.map_or((first, last), |(top, bottom)| {
                (top.component_min(first), bottom.component_max(last))
            }));
    }
    bounds.map_or(Rectangle::zero(), |(first, last)| Rectangle::with_corners(first, last))
}
