//! The configuration file: what it holds, how it is read, and what is wrong with it.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{lines, pins};
use crate::boards;
use crate::buttons::ButtonsConfig;
use crate::camera::CameraConfig;
use crate::classifier::ModelConfig;
use crate::device::DeviceConfig;
use crate::digest::sha256_hex;
use crate::http::HttpConfig;
use crate::light::LightConfig;
use crate::numbers;
use crate::panel::PanelConfig;
use crate::power::BatteryConfig;
use crate::quality::QualityConfig;
use crate::records::RecordsConfig;
use crate::serial::SerialConfig;
use crate::signal::SignalConfig;
use crate::usb::UsbConfig;

/// The whole configuration. Every key has a default; `config/dermascope.toml` shows and explains them all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A known board, which stands for its `[panel]` and `[buttons]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = boards::BOARDS.iter().map(|(name, _)| name).collect::<Vec<_>>()))]
    pub board: Option<String>,
    /// `[device]`: when it sleeps, and how it switches off.
    pub device: DeviceConfig,
    /// `[model]`: the network, what runs it, and what decides.
    pub model: ModelConfig,
    /// `[camera]`: which camera, and how it is driven.
    pub camera: CameraConfig,
    /// `[quality]`: from which measures on a picture is to be taken again.
    pub quality: QualityConfig,
    /// `[panel]`: the screen and its wiring.
    pub panel: PanelConfig,
    /// `[buttons]`: the buttons and their wiring.
    pub buttons: ButtonsConfig,
    /// `[light]`: the rings of LEDs.
    pub light: LightConfig,
    /// `[signal]`: a buzzer or a vibration motor.
    pub signal: SignalConfig,
    /// `[battery]`: from which charge on to warn and to switch off.
    pub battery: BatteryConfig,
    /// `[records]`: where readings are kept.
    pub records: RecordsConfig,
    /// `[http]`: where the page and the API are served, and to whom.
    pub http: HttpConfig,
    /// `[serial]`: the terminal that records are pulled over.
    pub serial: SerialConfig,
    /// `[usb]`: what the device is on its USB cable.
    pub usb: UsbConfig,
}

/// The configuration that ships, with every key explained.
pub const DEFAULT: &str = include_str!("../../config/dermascope.toml");

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: cannot read the configuration: {cause}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// It is no TOML, has a key or a value that nobody knows, or a value that is out of its range or does not go with
    /// another.
    #[error("{}: {message}", place(path, *line))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where in the file, where that is known; from 1.
        line: Option<usize>,
        /// Which key, what it is, and what it may be.
        message: String,
    },
}

fn place(path: &Path, line: Option<usize>) -> String {
    line.map_or_else(|| path.display().to_string(), |line| format!("{}:{line}", path.display()))
}

impl Config {
    /// Reads and checks a configuration file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|cause| ConfigError::Read { path: path.into(), cause })?;
        Self::parse(&text, path)
    }

    /// Parses and checks a configuration's text; `path` is for the messages.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let written: Self = toml::from_str(text).map_err(|error| explain(&error, text, path))?;
        let wrong = |message: String| {
            let line = lines::line_named(&message, text);
            ConfigError::Wrong { path: path.into(), line, message }
        };
        let config = match &written.board {
            Some(_) => on_board(text).map_err(wrong)?,
            None => written,
        };
        config.check().map_err(wrong)?;
        Ok(config)
    }

    /// The SHA-256 of all the values in force, defaults included, so that a record says what it was made with.
    pub fn sha256(&self) -> String {
        // Every type here can be written as JSON: maps have text keys, and nothing else can fail.
        sha256_hex(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// What a host on the USB cable finds the device by: its address there, with the page's port where it is served.
    pub fn usb_words(&self) -> String {
        let address = self.usb.address;
        let port = self.http.usb_port(address.into());
        port.map_or_else(|| format!("USB {address}"), |port| format!("USB {address}:{port}"))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if let Some(key) = numbers::not_finite(self) {
            return Err(format!("{key} is no number"));
        }
        [
            self.device.check(),
            self.model.check(),
            self.camera.check(),
            self.quality.check(),
            self.panel.check(),
            self.buttons.check(),
            self.light.check(),
            self.battery.check(),
            self.records.check(),
            self.http.check(),
            self.serial.check(),
            self.usb.check(),
            pins::check(&self.panel, &self.buttons, &self.signal, &self.light),
            self.check_stall(),
        ]
        .into_iter()
        .collect()
    }
}

impl Config {
    /// That a camera gets the time for at least one whole frame before it is said to have stalled.
    fn check_stall(&self) -> Result<(), String> {
        let (stall, rate) = (self.camera.stall_after_ms, self.camera.frame_rate);
        if stall * u64::from(rate) > 1000 {
            return Ok(());
        }
        Err(format!(
            "camera.stall_after_ms is {stall}, but at camera.frame_rate = {rate} one frame takes {} ms",
            1000_u64.div_ceil(u64::from(rate.max(1)))
        ))
    }
}

/// The configuration with what its board stands for. `text` is known to be a configuration.
fn on_board(text: &str) -> Result<Config, String> {
    let written: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let board = written.get("board").cloned();
    let mut merged = boards::apply(written).map_err(|error| error.to_string())?;
    merged.extend(board.map(|board| ("board".to_string(), board)));
    merged.try_into().map_err(|error: toml::de::Error| error.to_string())
}

fn explain(error: &toml::de::Error, text: &str, path: &Path) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
    let message = error.message().to_string();
    let hint = nearest_name(&message);
    let message = unknown_variant(&message, &lines::key_at(text, line)).unwrap_or(message) + &hint;
    ConfigError::Wrong { path: path.into(), line: Some(line), message }
}

/// Serde's message for a value that is none of those known, in our words.
fn unknown_variant(message: &str, key: &str) -> Option<String> {
    let mut names = message.strip_prefix("unknown variant")?.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    let known: Vec<_> = names.collect();
    Some(format!("{key} = \"{unknown}\" is not known; it is one of {}", known.join(", ")))
}

/// Serde's message for an unknown key names it first and then every known one, each in backquotes:
/// the known name nearest to it is what was most likely meant.
fn nearest_name(message: &str) -> String {
    if !message.starts_with("unknown field") && !message.starts_with("unknown variant") {
        return String::new();
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let Some(unknown) = names.next() else { return String::new() };
    let nearest =
        names.max_by(|a, b| strsim::jaro_winkler(unknown, a).total_cmp(&strsim::jaro_winkler(unknown, b)));
    nearest.map_or(String::new(), |name| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Config::parse(text, Path::new("device.toml")).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_file_equals_the_built_in_defaults() {
        let path = Path::new("config/dermascope.toml");
        assert_eq!(Config::parse(DEFAULT, path).unwrap(), Config::default());
        // What a board would fill in is commented out, `#key = value`; it shows the defaults all the same.
        let is_shown =
            |line: &str| line.starts_with('#') && line[1..].starts_with(|c: char| c.is_ascii_lowercase());
        let lines = DEFAULT.lines().map(|line| if is_shown(line) { &line[1..] } else { line });
        let shown = lines.collect::<Vec<_>>().join("\n");
        assert!(shown.contains("\nspi_hz = "));
        assert_eq!(Config::parse(&shown, path).unwrap(), Config::default());
    }

    #[test]
    fn the_shipped_file_names_every_key() {
        let text = toml::to_string(&Config::default()).unwrap();
        let table: toml::Table = text.parse().unwrap();
        for (section, keys) in &table {
            assert!(DEFAULT.contains(&format!("[{section}]")), "[{section}] is missing");
            for key in keys.as_table().unwrap().keys() {
                let forms = [format!("{key} ="), format!("[{section}.{key}]")];
                let names = |line: &str| forms.iter().any(|form| line.starts_with(form));
                let named = DEFAULT.lines().any(|line| names(line.trim_start_matches(['#', ' '])));
                assert!(named, "{section}.{key} is missing");
            }
        }
    }

    #[test]
    fn the_screen_says_where_a_host_on_the_cable_finds_the_page() {
        let words = |text: &str| Config::parse(text, Path::new("device.toml")).unwrap().usb_words();
        assert_eq!(words(""), "USB 169.254.55.1:8080");
        assert_eq!(words("[usb]\naddress = \"10.55.0.1\"\n"), "USB 10.55.0.1:8080");
        assert_eq!(words("[http]\nlisten = []\n"), "USB 169.254.55.1");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_name() {
        let message = error("[camera]\nkind = \"folder\"\nframe_rat = 10\n");
        assert!(message.starts_with("device.toml:3: unknown field `frame_rat`"), "{message}");
        assert!(message.ends_with("did you mean `frame_rate`?"), "{message}");
    }

    #[test]
    fn an_unknown_section_is_refused_with_the_nearest_name() {
        assert!(error("[kamera]\n").ends_with("did you mean `camera`?"));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_with_its_line() {
        assert!(error("\n[camera]\nframe_rate = \"fast\"\n").starts_with("device.toml:3: invalid type"));
    }

    #[test]
    fn a_camera_that_does_not_exist_is_refused_with_those_that_do() {
        let message = error("[camera]\nkind = \"webcam\"\n");
        assert!(
            message.contains("camera.kind") && message.contains("webcam") && message.contains("folder"),
            "{message}"
        );
    }

    #[test]
    fn panels_buttons_controllers_and_engines_that_do_not_exist_are_refused_by_key_and_line() {
        for (text, key, nearest) in [
            ("[panel]\nkind = \"spii\"\n", "panel.kind = \"spii\"", "spi"),
            ("[panel]\nmodel = \"st7735\"\n", "panel.model = \"st7735\"", "st7735s"),
            ("[buttons]\nkind = \"gpi\"\n", "buttons.kind = \"gpi\"", "gpio"),
            ("[model]\nengine = \"tracked\"\n", "model.engine = \"tracked\"", "tract"),
        ] {
            let message = error(text);
            assert!(message.starts_with(&format!("device.toml:2: {key} is not known")), "{message}");
            assert!(message.ends_with(&format!("did you mean `{nearest}`?")), "{message}");
        }
    }

    #[test]
    fn a_board_fills_in_panel_and_buttons_and_the_file_goes_before_it() {
        let text = "board = \"adafruit-minipitft-1.14\"\n[panel]\nbrightness = 40\n";
        let config = Config::parse(text, Path::new("device.toml")).unwrap();
        let board: toml::Table = boards::find("adafruit-minipitft-1.14").unwrap();
        assert_eq!(i64::from(config.panel.width), board["panel"]["width"].as_integer().unwrap());
        assert_eq!(i64::from(config.buttons.main), board["buttons"]["main"].as_integer().unwrap());
        assert_eq!(config.panel.brightness, 40);
        assert_eq!(config.board.as_deref(), Some("adafruit-minipitft-1.14"));
    }

    #[test]
    fn a_stall_shorter_than_a_frame_and_numbers_that_are_none_are_refused() {
        let message = error("[camera]\nframe_rate = 2\nstall_after_ms = 500\n");
        assert!(message.contains("camera.stall_after_ms is 500") && message.contains("500 ms"), "{message}");
        assert!(
            Config::parse("[camera]\nframe_rate = 2\nstall_after_ms = 501\n", Path::new("a.toml")).is_ok()
        );
        for text in [
            "[camera]\nfield_of_view = nan\n",
            "[camera]\nseconds_per_picture = nan\n",
            "[camera]\nseconds_per_picture = inf\n",
            "[quality]\nmin_sharpness = nan\n",
            "[quality]\nmax_glare = -inf\n",
        ] {
            error(text);
        }
        let message = error("[panel]\ndc = 21\n");
        assert!(message.contains("buttons.main and panel.dc"), "{message}");
    }

    #[test]
    fn an_unknown_board_is_refused_with_those_that_are_known() {
        let message = error("board = \"tricorder\"\n");
        assert!(message.contains("tricorder") && message.contains("waveshare-1.3"), "{message}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Config::load(Path::new("/nowhere/device.toml")).unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/device.toml: cannot read the configuration"), "{error}");
    }
}
