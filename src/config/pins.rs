//! Every pin that the configuration uses, in one table: no two parts share one, and the header has all of them.

use crate::buttons::{ButtonsConfig, ButtonsKind};
use crate::light::{LightConfig, Ring};
use crate::panel::{PanelConfig, PanelKind};
use crate::signal::SignalConfig;

/// The largest BCM number on the 40-pin header of every Raspberry Pi with one.
const LAST_PIN: u32 = 27;

/// The pins that an SPI device sends by: its path, MOSI, SCLK and its chip select (the BCM2835 datasheet, 6.2; the
/// selects are those of Raspberry Pi OS without an overlay for others). MISO is free: a panel is only written to, and
/// some boards have their data/command line there.
const SPI: &[(&str, [u32; 3])] = &[
    ("/dev/spidev0.0", [10, 11, 8]),
    ("/dev/spidev0.1", [10, 11, 7]),
    ("/dev/spidev1.0", [20, 21, 18]),
    ("/dev/spidev1.1", [20, 21, 17]),
    ("/dev/spidev1.2", [20, 21, 16]),
];

/// A pin that a key of the configuration uses.
struct Pin<'a> {
    key: &'static str,
    chip: &'a str,
    line: u32,
}

/// That the header has every pin, and that no two keys use the same.
pub(super) fn check(
    panel: &PanelConfig,
    buttons: &ButtonsConfig,
    signal: &SignalConfig,
    light: &LightConfig,
) -> Result<(), String> {
    let pins = pins(panel, buttons, signal, light);
    for (index, Pin { key, chip, line }) in pins.iter().enumerate() {
        if *chip == "auto" && *line > LAST_PIN {
            return Err(format!(
                "{key} is {line}, but the header has the lines 0 to {LAST_PIN} (BCM numbers)"
            ));
        }
        let other = pins[..index].iter().find(|other| (other.chip, other.line) == (*chip, *line));
        if let Some(Pin { key: other, .. }) = other {
            return Err(format!("{key} and {other} are both on line {line}; each needs one of its own"));
        }
    }
    Ok(())
}

fn pins<'a>(
    panel: &'a PanelConfig,
    buttons: &'a ButtonsConfig,
    signal: &'a SignalConfig,
    light: &'a LightConfig,
) -> Vec<Pin<'a>> {
    let mut pins = Vec::new();
    let mut add = |key, chip, line: Option<u32>| pins.extend(line.map(|line| Pin { key, chip, line }));
    if panel.kind == PanelKind::Spi {
        let bus = SPI.iter().find(|(path, _)| *path == panel.spi);
        for line in bus.into_iter().flat_map(|(_, lines)| lines) {
            add("panel.spi", "auto", Some(*line));
        }
        add("panel.dc", &panel.chip, Some(panel.dc));
        add("panel.reset", &panel.chip, panel.reset);
        add("panel.backlight", &panel.chip, panel.backlight);
    }
    if buttons.kind == ButtonsKind::Gpio {
        add("buttons.main", &buttons.chip, Some(buttons.main));
        add("buttons.next", &buttons.chip, buttons.next);
        add("buttons.previous", &buttons.chip, buttons.previous);
        add("buttons.back", &buttons.chip, buttons.back);
    }
    add("signal.line", &signal.chip, signal.line);
    for (key, ring) in
        [("light.polarised.line", Ring::Polarised), ("light.unpolarised.line", Ring::Unpolarised)]
    {
        let ring = light.of(ring);
        // A channel goes before the line.
        add(key, &light.chip, ring.line.filter(|_| ring.pwm.is_none()));
    }
    pins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boards::BOARDS;
    use crate::config::Config;

    fn error(text: &str) -> Option<String> {
        toml::from_str::<Config>(text)
            .map_err(|error| error.to_string())
            .and_then(|Config { panel, buttons, signal, light, .. }| check(&panel, &buttons, &signal, &light))
            .err()
    }

    #[test]
    fn every_board_has_its_pins_to_itself() {
        assert_eq!(error(""), None);
        for (name, text) in BOARDS {
            assert_eq!(error(text), None, "{name}");
        }
    }

    #[test]
    fn pins_that_collide_across_sections_are_named() {
        for (text, one, other) in [
            ("[panel]\ndc = 21\n", "buttons.main", "panel.dc"),
            ("[panel]\ndc = 10\n", "panel.dc", "panel.spi"),
            ("[panel]\nbacklight = 8\n", "panel.backlight", "panel.spi"),
            ("[panel]\nreset = 25\n", "panel.reset", "panel.dc"),
            ("[panel]\nspi = \"/dev/spidev1.0\"\n", "buttons.main", "panel.spi"),
            ("[buttons]\nnext = 25\n", "buttons.next", "panel.dc"),
            ("[buttons]\nback = 21\n", "buttons.back", "buttons.main"),
            ("[light.polarised]\nline = 21\n", "light.polarised.line", "buttons.main"),
            ("[light.unpolarised]\nline = 11\n", "light.unpolarised.line", "panel.spi"),
            ("[signal]\nline = 25\n", "signal.line", "panel.dc"),
            ("[signal]\nline = 12\n[light.polarised]\nline = 12\n", "light.polarised.line", "signal.line"),
        ] {
            let error = error(text).expect(text);
            assert!(error.starts_with(&format!("{one} and {other} are both")), "{error}");
        }
    }

    #[test]
    fn pins_that_are_not_used_or_are_of_another_chip_do_not_collide() {
        for text in [
            "[panel]\nkind = \"virtual\"\ndc = 21\n",
            "[buttons]\nkind = \"virtual\"\nmain = 25\n",
            "[buttons]\nchip = \"/dev/gpiochip7\"\nmain = 25\nnext = 99\n",
            "[light.polarised]\nline = 21\npwm = \"/sys/class/pwm/pwmchip0/pwm0\"\n",
            "[panel]\ndc = 9\n",
        ] {
            assert_eq!(error(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_that_the_header_does_not_have_is_refused() {
        for text in [
            "[panel]\ndc = 99\n",
            "[buttons]\nmain = 28\n",
            "[light.polarised]\nline = 40\n",
            "[signal]\nline = 30\n",
        ] {
            assert!(error(text).expect(text).contains("0 to 27"), "{text}");
        }
    }
}
