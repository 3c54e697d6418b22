//! SPI panels against a controller in memory: what arrives on the bus is decoded as the controller would, and
//! must be the canvas as a person holding the panel sees it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use dermascope::boards;
use dermascope::panel::backlight::{Backlight, Switch};
use dermascope::panel::spi::{Wires, start};
use dermascope::panel::{Canvas, Panel, PanelConfig, PanelError, PanelModel, Rotation};
use embedded_graphics::pixelcolor::Rgb565;
use embedded_graphics::pixelcolor::raw::RawU16;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;
use embedded_hal::digital::{self, OutputPin};
use embedded_hal::spi::{self, Operation, SpiDevice};
use embedded_hal_mock::eh1::delay::NoopDelay;
use proptest::prelude::*;

/// What spidev takes in one write, unless it is told otherwise.
const BUFFER: usize = 4096;

/// A controller of the MIPI display command set: its registers, its memory and what it was sent.
#[derive(Default)]
struct Controller {
    columns: u16,
    rows: u16,
    memory: Vec<u16>,
    is_data: bool,
    command: u8,
    arguments: Vec<u8>,
    /// Address mode (MADCTL): bit 7 reverses rows, 6 columns, 5 swaps them, 3 is blue first.
    mode: u8,
    inverted: bool,
    on: bool,
    window: [u16; 4],
    /// The next pixel within the window.
    next: (u16, u16),
    backlight: bool,
    resets: usize,
    pixel_writes: usize,
    longest_write: usize,
    /// From this write on, all fail.
    fails_after: Option<usize>,
}

impl Controller {
    fn new(config: &PanelConfig) -> Self {
        let (columns, rows) = config.model.memory();
        let memory = vec![0xdead; usize::from(columns) * usize::from(rows)];
        Self { columns, rows, memory, ..Self::default() }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.longest_write = self.longest_write.max(bytes.len());
        if !self.is_data {
            assert_eq!(bytes.len(), 1, "one command at a time");
            self.command = bytes[0];
            self.arguments.clear();
            return self.obey();
        }
        if self.command == 0x2c {
            self.pixel_writes += 1;
            assert_eq!(bytes.len() % 2, 0, "a pixel is torn between two writes");
            bytes.chunks_exact(2).for_each(|pixel| self.put(u16::from_be_bytes([pixel[0], pixel[1]])));
            return;
        }
        self.arguments.extend_from_slice(bytes);
        let address = |first: usize| u16::from_be_bytes([self.arguments[first], self.arguments[first + 1]]);
        match (self.command, self.arguments.len()) {
            (0x36, 1) => self.mode = self.arguments[0],
            (0x2a, 4) => (self.window[0], self.window[1]) = (address(0), address(2)),
            (0x2b, 4) => (self.window[2], self.window[3]) = (address(0), address(2)),
            _ => {}
        }
    }

    fn obey(&mut self) {
        match self.command {
            0x01 => self.resets += 1,
            0x20 => self.inverted = false,
            0x21 => self.inverted = true,
            0x29 => self.on = true,
            0x2c => self.next = (self.window[0], self.window[2]),
            _ => {}
        }
    }

    fn put(&mut self, colour: u16) {
        let (x, y) = self.next;
        let [left, right, _, bottom] = self.window;
        assert!(y <= bottom, "more pixels than the window has");
        let (mut column, mut row) = if self.mode & 0x20 == 0 { (x, y) } else { (y, x) };
        if self.mode & 0x40 != 0 {
            column = self.columns - 1 - column;
        }
        if self.mode & 0x80 != 0 {
            row = self.rows - 1 - row;
        }
        self.memory[usize::from(row) * usize::from(self.columns) + usize::from(column)] = colour;
        self.next = if x == right { (left, y + 1) } else { (x + 1, y) };
    }
}

type Shared = Arc<Mutex<Controller>>;

struct Bus(Shared);

impl spi::ErrorType for Bus {
    type Error = spi::ErrorKind;
}

impl SpiDevice for Bus {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Self::Error> {
        let mut controller = self.0.lock().unwrap();
        if controller.fails_after.is_some_and(|after| controller.pixel_writes >= after) {
            return Err(spi::ErrorKind::Other);
        }
        for operation in operations {
            let Operation::Write(bytes) = operation else { panic!("a panel is only written to") };
            if !bytes.is_empty() {
                controller.take(bytes);
            }
        }
        Ok(())
    }
}

/// What a pin does to the controller.
struct Pin(Shared, fn(&mut Controller, bool));

impl digital::ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.1(&mut self.0.lock().unwrap(), false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.1(&mut self.0.lock().unwrap(), true);
        Ok(())
    }
}

fn started(config: &PanelConfig) -> (Box<dyn Panel>, Shared) {
    let controller = Arc::new(Mutex::new(Controller::new(config)));
    let pin = |action| Pin(controller.clone(), action);
    let reset: fn(&mut Controller, bool) = |controller, high| controller.resets += usize::from(high);
    let wires = Wires {
        spi: Bus(controller.clone()),
        dc: pin(|controller, high| controller.is_data = high),
        reset: config.reset.map(|_| pin(reset)),
        backlight: config.backlight.map(|_| {
            let switch = Switch(pin(|controller, high| controller.backlight = high));
            Box::new(switch) as Box<dyn Backlight>
        }),
    };
    (start(config, wires, BUFFER, &mut NoopDelay).unwrap(), controller)
}

/// What a person sees who holds the panel so that its picture stands upright.
fn seen(controller: &Controller, config: &PanelConfig) -> Canvas {
    let (width, height) = (config.width, config.height);
    let mut canvas = Canvas::new(config.size());
    let pixels: Vec<_> = canvas.bounding_box().points().collect();
    let seen = pixels.into_iter().map(|point| {
        let (x, y) = (point.x as u32, point.y as u32);
        // Where this pixel lies on the glass before it is turned clockwise.
        let (column, row) = match config.rotation {
            Rotation::Deg0 => (x, y),
            Rotation::Deg90 => (height - 1 - y, x),
            Rotation::Deg180 => (width - 1 - x, height - 1 - y),
            Rotation::Deg270 => (y, width - 1 - x),
        };
        let column = column + u32::from(config.offset_x);
        let row = row + u32::from(config.offset_y);
        let colour = controller.memory[(row * u32::from(controller.columns) + column) as usize];
        Pixel(point, Rgb565::from(RawU16::new(colour)))
    });
    canvas.draw_iter(seen).unwrap();
    canvas
}

/// Every pixel another than its neighbours.
fn pattern(size: Size, seed: u32) -> Canvas {
    let mut canvas = Canvas::new(size);
    let pixels: Vec<_> = canvas
        .bounding_box()
        .points()
        .map(|point| {
            let value =
                (point.y as u32 * size.width + point.x as u32).wrapping_mul(40_503).wrapping_add(seed);
            Pixel(point, Rgb565::from(RawU16::new(value as u16)))
        })
        .collect();
    canvas.draw_iter(pixels).unwrap();
    canvas
}

#[test]
fn every_board_shows_the_canvas_upright_and_whole() {
    for (name, _) in boards::BOARDS {
        let config: PanelConfig = boards::find(name).unwrap()["panel"].clone().try_into().unwrap();
        let (mut panel, controller) = started(&config);
        assert_eq!(panel.size(), config.size(), "{name}");
        let canvas = pattern(config.size(), 7);
        panel.show(&canvas).unwrap();
        let controller = controller.lock().unwrap();
        assert!(seen(&controller, &config) == canvas, "{name}");
        assert!(controller.on, "{name}");
        assert_eq!(controller.inverted, config.invert, "{name}");
        assert_eq!(controller.mode & 0x08 != 0, config.bgr, "{name}");
        assert_eq!(controller.resets, 1, "{name}: reset by its pin or by a command");
    }
}

#[test]
fn every_model_shows_the_canvas_upright_at_every_rotation() {
    for model in PanelModel::ALL {
        let (columns, rows) = model.memory();
        for (rotation, lies) in [
            (Rotation::Deg0, false),
            (Rotation::Deg90, true),
            (Rotation::Deg180, false),
            (Rotation::Deg270, true),
        ] {
            let (across, down) = (u32::from(columns) - 3, u32::from(rows) - 2);
            let (width, height) = if lies { (down, across) } else { (across, down) };
            let config = PanelConfig {
                model,
                width,
                height,
                rotation,
                offset_x: 2,
                offset_y: 1,
                ..PanelConfig::default()
            };
            let (mut panel, controller) = started(&config);
            let canvas = pattern(config.size(), 1);
            panel.show(&canvas).unwrap();
            assert!(seen(&controller.lock().unwrap(), &config) == canvas, "{model:?} {rotation:?}");
        }
    }
}

#[test]
fn a_whole_picture_takes_few_writes_none_longer_than_the_kernel_takes() {
    let config = PanelConfig::default();
    let (mut panel, controller) = started(&config);
    panel.show(&pattern(config.size(), 1)).unwrap();
    let controller = controller.lock().unwrap();
    assert_eq!(controller.pixel_writes, (240_usize * 240 * 2).div_ceil(BUFFER));
    assert!(controller.longest_write <= BUFFER);
}

#[test]
fn only_what_changed_is_sent() {
    let config = PanelConfig::default();
    let (mut panel, controller) = started(&config);
    let mut canvas = pattern(config.size(), 1);
    panel.show(&canvas).unwrap();
    let whole = controller.lock().unwrap().pixel_writes;
    panel.show(&canvas).unwrap();
    assert_eq!(controller.lock().unwrap().pixel_writes, whole, "nothing changed, nothing is sent");
    canvas.fill_solid(&Rectangle::new(Point::new(100, 50), Size::new(30, 40)), Rgb565::RED).unwrap();
    panel.show(&canvas).unwrap();
    let controller = controller.lock().unwrap();
    assert_eq!(controller.pixel_writes, whole + 1);
    assert_eq!(controller.window, [100, 129, 50, 89]);
    assert!(seen(&controller, &config) == canvas);
}

#[test]
fn after_a_failed_write_the_whole_picture_is_sent_again() {
    let config = PanelConfig::default();
    let (mut panel, controller) = started(&config);
    panel.show(&pattern(config.size(), 1)).unwrap();
    controller.lock().unwrap().fails_after = Some(40);
    let error = panel.show(&pattern(config.size(), 2)).unwrap_err();
    assert!(matches!(&error, PanelError::Write { device, .. } if device == "/dev/spidev0.0"), "{error}");
    controller.lock().unwrap().fails_after = None;
    let canvas = pattern(config.size(), 2);
    panel.show(&canvas).unwrap();
    assert!(seen(&controller.lock().unwrap(), &config) == canvas);
}

#[test]
fn the_backlight_is_dark_until_it_is_asked_for() {
    let config = PanelConfig { backlight: Some(24), ..PanelConfig::default() };
    let (mut panel, controller) = started(&config);
    assert!(!controller.lock().unwrap().backlight);
    panel.set_backlight(30).unwrap();
    assert!(controller.lock().unwrap().backlight);
    panel.set_backlight(0).unwrap();
    assert!(!controller.lock().unwrap().backlight);
}

#[test]
fn a_canvas_of_another_size_is_refused() {
    let config = PanelConfig::default();
    let (mut panel, controller) = started(&config);
    let error = panel.show(&pattern(Size::new(320, 240), 1)).unwrap_err().to_string();
    assert!(error.contains("320x240") && error.contains("240x240"), "{error}");
    assert_eq!(controller.lock().unwrap().pixel_writes, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_row_of_changes_ends_in_the_last_canvas(
        changes in prop::collection::vec((0_i32..128, 0_i32..128, 1_u32..60, 1_u32..60, any::<u16>()), 1..6),
    ) {
        let config = PanelConfig {
            model: PanelModel::St7735s,
            width: 128,
            height: 128,
            rotation: Rotation::Deg90,
            offset_x: 2,
            offset_y: 1,
            ..PanelConfig::default()
        };
        let (mut panel, controller) = started(&config);
        let mut canvas = pattern(config.size(), 3);
        panel.show(&canvas).unwrap();
        for (x, y, width, height, colour) in changes {
            let area = Rectangle::new(Point::new(x, y), Size::new(width, height));
            canvas.fill_solid(&area, Rgb565::from(RawU16::new(colour))).unwrap();
            panel.show(&canvas).unwrap();
        }
        prop_assert!(seen(&controller.lock().unwrap(), &config) == canvas);
    }
}
