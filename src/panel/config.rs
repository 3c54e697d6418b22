//! `[panel]` of the configuration.

use std::path::PathBuf;

use embedded_graphics::geometry::Size;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::models::PanelModel;

/// Which panel there is, how it is wired and how it hangs. A board file fills it in for a known board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PanelConfig {
    /// Where it is.
    pub kind: PanelKind,
    /// The controller of an SPI panel.
    pub model: PanelModel,
    /// Pixels across as a person sees it, after rotation: 96 to 480.
    #[schemars(range(min = 96, max = 480))]
    pub width: u32,
    /// Pixels down as a person sees it, after rotation: 96 to 480.
    #[schemars(range(min = 96, max = 480))]
    pub height: u32,
    /// Clockwise turn of the picture in degrees: 0, 90, 180 or 270.
    pub rotation: Rotation,
    /// Mirrors the picture left to right.
    pub mirrored: bool,
    /// Where the glass begins in the controller's memory, in pixels before rotation: 0 to 320.
    #[schemars(range(min = 0, max = 320))]
    pub offset_x: u16,
    /// As `offset_x`, downwards.
    #[schemars(range(min = 0, max = 320))]
    pub offset_y: u16,
    /// Inverts the colours in the controller; IPS panels need it.
    pub invert: bool,
    /// The glass has blue and red swapped.
    pub bgr: bool,
    /// The SPI device.
    pub spi: String,
    /// SPI clock in hertz: 1000000 to 125000000.
    #[schemars(range(min = 1_000_000, max = 125_000_000))]
    pub spi_hz: u32,
    /// The GPIO chip of the pins below: a label such as `pinctrl-bcm2711`, a path such as `/dev/gpiochip0`,
    /// or `auto` for the one of the 40-pin header.
    pub chip: String,
    /// Line of the data/command pin (BCM number).
    pub dc: u32,
    /// Line of the reset pin, where the board has one; without it the controller is reset by a command.
    pub reset: Option<u32>,
    /// Line of the backlight pin, where the board has one.
    pub backlight: Option<u32>,
    /// A PWM channel of the kernel on that pin, such as `/sys/class/pwm/pwmchip0/pwm1`: dims instead of switching.
    pub backlight_pwm: Option<PathBuf>,
    /// Backlight while awake, in percent: 1 to 100. A backlight on a plain pin only switches on and off.
    #[schemars(range(min = 1, max = 100))]
    pub brightness: u8,
}

/// Where a panel can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PanelKind {
    /// On the SPI bus.
    #[default]
    Spi,
    /// On the page alone.
    Virtual,
}

/// How far the picture is turned clockwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u16", into = "u16")]
#[schemars(with = "u16", extend("enum" = [0, 90, 180, 270]))]
pub enum Rotation {
    /// As the glass hangs.
    #[default]
    Deg0,
    /// A quarter turn.
    Deg90,
    /// Upside down.
    Deg180,
    /// Three quarters of a turn.
    Deg270,
}

impl TryFrom<u16> for Rotation {
    type Error = String;

    fn try_from(degrees: u16) -> Result<Self, String> {
        match degrees {
            0 => Ok(Self::Deg0),
            90 => Ok(Self::Deg90),
            180 => Ok(Self::Deg180),
            270 => Ok(Self::Deg270),
            other => Err(format!("rotation is {other}, but must be 0, 90, 180 or 270")),
        }
    }
}

impl From<Rotation> for u16 {
    fn from(rotation: Rotation) -> Self {
        match rotation {
            Rotation::Deg0 => 0,
            Rotation::Deg90 => 90,
            Rotation::Deg180 => 180,
            Rotation::Deg270 => 270,
        }
    }
}

impl Default for PanelConfig {
    fn default() -> Self {
        Self {
            kind: PanelKind::default(),
            model: PanelModel::default(),
            width: 240,
            height: 240,
            rotation: Rotation::Deg0,
            mirrored: false,
            offset_x: 0,
            offset_y: 0,
            invert: true,
            bgr: false,
            spi: "/dev/spidev0.0".into(),
            spi_hz: 40_000_000,
            chip: "auto".into(),
            dc: 25,
            reset: None,
            backlight: None,
            backlight_pwm: None,
            brightness: 100,
        }
    }
}

impl PanelConfig {
    /// Pixels across and down, after rotation.
    pub fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// What is wrong with it, by key.
    pub fn check(&self) -> Result<(), String> {
        let ranges = [
            ("width", self.width, 96..=480),
            ("height", self.height, 96..=480),
            ("offset_x", self.offset_x.into(), 0..=320),
            ("offset_y", self.offset_y.into(), 0..=320),
            ("spi_hz", self.spi_hz, 1_000_000..=125_000_000),
            ("brightness", self.brightness.into(), 1..=100),
        ];
        for (key, value, range) in ranges {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(format!("panel.{key} is {value}, but must be from {least} to {most}"));
            }
        }
        self.check_glass()
    }

    /// That the glass lies within the controller's memory.
    fn check_glass(&self) -> Result<(), String> {
        if self.kind == PanelKind::Virtual {
            return Ok(());
        }
        let (columns, rows) = self.model.memory();
        let (width, height) = match self.rotation {
            Rotation::Deg0 | Rotation::Deg180 => (self.width, self.height),
            Rotation::Deg90 | Rotation::Deg270 => (self.height, self.width),
        };
        let sides = [("offset_x", width, self.offset_x, columns), ("offset_y", height, self.offset_y, rows)];
        for (key, side, offset, most) in sides {
            if side + u32::from(offset) > u32::from(most) {
                return Err(format!(
                    "panel: before rotation, {side} pixels from {key} {offset} on do not fit into the {most} of \
                     the {}",
                    self.model.name()
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass() {
        assert_eq!(PanelConfig::default().check(), Ok(()));
    }

    #[test]
    fn a_value_out_of_range_is_refused_by_its_key() {
        let refused = |config: PanelConfig| config.check().unwrap_err();
        assert!(refused(PanelConfig { width: 95, ..PanelConfig::default() }).contains("panel.width is 95"));
        assert!(
            refused(PanelConfig { brightness: 0, ..PanelConfig::default() }).contains("panel.brightness")
        );
    }

    #[test]
    fn glass_that_reaches_out_of_the_controllers_memory_is_refused() {
        let lying =
            PanelConfig { width: 320, height: 240, rotation: Rotation::Deg90, ..PanelConfig::default() };
        assert_eq!(lying.check(), Ok(()));
        let standing = PanelConfig { rotation: Rotation::Deg0, ..lying };
        assert!(
            standing.check().unwrap_err().contains("320 pixels from offset_x 0 on do not fit into the 240")
        );
        let shifted = PanelConfig { offset_y: 81, ..PanelConfig::default() };
        assert!(shifted.check().unwrap_err().contains("offset_y 81"));
    }

    #[test]
    fn a_slanted_rotation_is_refused() {
        let error = toml::from_str::<PanelConfig>("rotation = 45").unwrap_err();
        assert!(error.to_string().contains("must be 0, 90, 180 or 270"), "{error}");
    }
}
