//! Boards: known wirings of panel and buttons, by name. `board = "waveshare-1.3"` in the configuration stands for
//! the `[panel]` and `[buttons]` of that board's file; what the configuration says itself goes before it.

use toml::{Table, Value};

/// Every board's name and file.
pub const BOARDS: &[(&str, &str)] = &[
    ("pimoroni-display-hat-mini", include_str!("../config/boards/pimoroni-display-hat-mini.toml")),
    ("pimoroni-pirate-audio", include_str!("../config/boards/pimoroni-pirate-audio.toml")),
    ("waveshare-1.3", include_str!("../config/boards/waveshare-1.3.toml")),
    ("waveshare-1.44", include_str!("../config/boards/waveshare-1.44.toml")),
    ("adafruit-bonnet-1.3", include_str!("../config/boards/adafruit-bonnet-1.3.toml")),
    ("adafruit-minipitft-1.3", include_str!("../config/boards/adafruit-minipitft-1.3.toml")),
    ("adafruit-minipitft-1.14", include_str!("../config/boards/adafruit-minipitft-1.14.toml")),
];

/// Why a board cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// There is no board of the first name; the second names those that are known.
    #[error(
        "no board called `{0}`; it is one of {1}, or leave `board` out and fill in [panel] and [buttons]"
    )]
    Unknown(String, String),
    /// `board` is a number, a table or the like.
    #[error("`board` must be the name of a board in quotes")]
    NotText,
}

/// Takes `board` out of a configuration and puts the board's keys in, below those that the configuration sets.
/// A configuration without a board stays as it is.
pub fn apply(mut config: Table) -> Result<Table, BoardError> {
    let Some(name) = config.remove("board") else { return Ok(config) };
    let name = name.as_str().ok_or(BoardError::NotText)?;
    Ok(merge(find(name)?, config))
}

/// The keys of a board.
pub fn find(name: &str) -> Result<Table, BoardError> {
    let Some((_, text)) = BOARDS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = BOARDS.iter().map(|(name, _)| *name).collect();
        return Err(BoardError::Unknown(name.into(), known.join(", ")));
    };
    // Cannot fail: a test parses every board's file.
    Ok(text.parse().unwrap_or_default())
}

/// `below` with everything that `above` sets.
fn merge(mut below: Table, above: Table) -> Table {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => *under = merge(std::mem::take(under), over),
            (_, value) => drop(below.insert(key, value)),
        }
    }
    below
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::buttons::{ButtonsConfig, ButtonsKind};
    use crate::panel::{PanelConfig, PanelKind};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Board {
        panel: PanelConfig,
        buttons: ButtonsConfig,
    }

    #[test]
    fn every_board_fits_its_panel_and_its_buttons() {
        for (name, text) in BOARDS {
            let board: Board = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(board.panel.check(), Ok(()), "{name}");
            assert_eq!(board.buttons.check(), Ok(()), "{name}");
            assert_eq!((board.panel.kind, board.buttons.kind), (PanelKind::Spi, ButtonsKind::Gpio), "{name}");
            let pins = [Some(board.panel.dc), board.panel.reset, board.panel.backlight];
            for (button, line) in board.buttons.lines() {
                assert!(!pins.contains(&Some(line)), "{name}: {button:?} is on a line of the panel");
            }
        }
    }

    #[test]
    fn every_board_file_is_in_the_table() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/boards");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut known: Vec<_> = BOARDS.iter().map(|(name, _)| format!("{name}.toml")).collect();
        known.sort();
        assert_eq!(files, known);
    }

    #[test]
    fn the_configuration_goes_before_its_board() {
        let config = "board = \"waveshare-1.3\"\n[panel]\nbrightness = 40\n[camera]\nkind = \"folder\"";
        let config = apply(config.parse().unwrap()).unwrap();
        assert!(!config.contains_key("board"));
        let panel = config["panel"].as_table().unwrap();
        assert_eq!(panel["brightness"].as_integer(), Some(40));
        assert_eq!(panel["dc"].as_integer(), Some(25));
        assert_eq!(config["buttons"]["main"].as_integer(), Some(21));
        assert_eq!(config["camera"]["kind"].as_str(), Some("folder"));
    }

    #[test]
    fn an_unknown_board_is_refused_with_the_known_ones() {
        let error = apply("board = \"tricorder\"".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("tricorder") && error.contains("waveshare-1.3"), "{error}");
        assert!(apply("board = 7".parse().unwrap()).is_err());
    }

    #[test]
    fn a_configuration_without_a_board_stays_as_it_is() {
        let config: Table = "[panel]\nwidth = 320".parse().unwrap();
        assert_eq!(apply(config.clone()).unwrap(), config);
    }
}
