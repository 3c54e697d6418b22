//! `[buttons]` of the configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::Button;

/// Which buttons there are, how they are wired and how long is long. A board file fills it in for a known board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ButtonsConfig {
    /// Where they are.
    pub kind: ButtonsKind,
    /// The GPIO chip: a label such as `pinctrl-bcm2711`, a path such as `/dev/gpiochip0`, or `auto` for the one
    /// of the 40-pin header.
    pub chip: String,
    /// Line of the shutter (BCM number).
    pub main: u32,
    /// Lines of the other buttons, where the board has them.
    pub next: Option<u32>,
    /// As `next`: BCM number, none where the board has no such button.
    pub previous: Option<u32>,
    /// As `next`.
    pub back: Option<u32>,
    /// Pressed pulls the line low, as on all known boards.
    pub active_low: bool,
    /// The resistor that the Pi itself lays on the lines: `pull-up`, `pull-down` or `none`.
    pub bias: Bias,
    /// How long a line must rest before the kernel believes it, in milliseconds: 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub debounce_ms: u16,
    /// From when on a press is long, in milliseconds: 200 to 3000.
    #[schemars(range(min = 200, max = 3000))]
    pub long_ms: u16,
    /// From when on it is very long, in milliseconds: more than `long_ms`, at most 20000.
    #[schemars(range(min = 201, max = 20_000))]
    pub very_long_ms: u16,
}

/// Where buttons can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ButtonsKind {
    /// On lines of a GPIO chip.
    #[default]
    Gpio,
    /// On the page.
    Virtual,
}

/// The resistor on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Bias {
    /// Holds an open line high: for buttons that pull it low.
    PullUp,
    /// Holds an open line low: for buttons that pull it high.
    PullDown,
    /// None: the board has one of its own.
    None,
}

impl Default for ButtonsConfig {
    fn default() -> Self {
        Self {
            kind: ButtonsKind::default(),
            chip: "auto".into(),
            main: 21,
            next: None,
            previous: None,
            back: None,
            active_low: true,
            bias: Bias::PullUp,
            debounce_ms: 10,
            long_ms: 800,
            very_long_ms: 4000,
        }
    }
}

impl ButtonsConfig {
    /// Each wired button with its line.
    pub fn lines(&self) -> Vec<(Button, u32)> {
        let others =
            [(Button::Next, self.next), (Button::Previous, self.previous), (Button::Back, self.back)];
        let others = others.into_iter().filter_map(|(button, line)| Some((button, line?)));
        std::iter::once((Button::Main, self.main)).chain(others).collect()
    }

    /// What is wrong with it, by key.
    pub fn check(&self) -> Result<(), String> {
        let ranges = [
            ("debounce_ms", self.debounce_ms, 0..=100),
            ("long_ms", self.long_ms, 200..=3000),
            ("very_long_ms", self.very_long_ms, self.long_ms + 1..=20_000),
        ];
        for (key, value, range) in ranges {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(format!("buttons.{key} is {value}, but must be from {least} to {most}"));
            }
        }
        let lines = self.lines();
        for (index, (button, line)) in lines.iter().enumerate() {
            if let Some((other, _)) = lines[..index].iter().find(|(_, earlier)| earlier == line) {
                return Err(format!("buttons: {other:?} and {button:?} are both on line {line}"));
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
        assert_eq!(ButtonsConfig::default().check(), Ok(()));
    }

    #[test]
    fn two_buttons_on_one_line_are_refused() {
        let config = ButtonsConfig { main: 5, back: Some(5), ..ButtonsConfig::default() };
        assert!(config.check().unwrap_err().contains("both on line 5"));
    }

    #[test]
    fn a_very_long_press_must_be_longer_than_a_long_one() {
        let config = ButtonsConfig { long_ms: 900, very_long_ms: 900, ..ButtonsConfig::default() };
        assert!(config.check().unwrap_err().contains("buttons.very_long_ms is 900"));
    }
}
