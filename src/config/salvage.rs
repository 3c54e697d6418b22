//! What still holds of a configuration that is wrong: what cannot be used is left out, line by line, until the rest is
//! right. The device starts with that, and tells what it left out.

use std::io;
use std::path::Path;

use super::lines::section_at;
use super::{Config, ConfigError};

/// No configuration is larger, in bytes: a file that is was meant for something else.
const MOST: u64 = 1 << 20;
/// What has more mistakes is no configuration at all, and looking for the next one would keep the device from starting.
const MOST_MISTAKES: usize = 100;

/// What a configuration comes to, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What holds; all else is at its default.
    pub config: Config,
    /// What was left out, and why.
    pub problems: Vec<ConfigError>,
}

/// The sections that decide what a reading says. Where something of them is left out, nothing is read: nobody has chosen
/// what stands in its place.
const DECIDING: [&str; 2] = ["model", "quality"];

impl Config {
    /// Reads a configuration file, whatever is wrong with it. Never fails: without a file all is at its default.
    pub fn salvage(path: &Path) -> Loaded {
        match read(path) {
            Ok(text) => Self::salvage_text(&text, path),
            Err(cause) => {
                let mut loaded = Loaded::default();
                // Where there never was one, the defaults are what is meant.
                if cause.kind() != io::ErrorKind::NotFound {
                    loaded.config.model.unusable = Some(cause.to_string());
                }
                loaded.problems.push(ConfigError::Read { path: path.into(), cause });
                loaded
            }
        }
    }

    /// What holds of a configuration's text; `path` is for the messages.
    pub fn salvage_text(text: &str, path: &Path) -> Loaded {
        let mut lines: Vec<&str> = text.lines().collect();
        let (mut problems, mut unusable): (Vec<ConfigError>, _) = (Vec::new(), None);
        let mut mistakes = 0;
        loop {
            let left = lines.join("\n");
            let problem = match Self::parse(&left, path) {
                Ok(mut config) => {
                    config.model.unusable = unusable;
                    return Loaded { config, problems };
                }
                Err(problem) => problem,
            };
            mistakes += 1;
            if mistakes > MOST_MISTAKES {
                unusable.get_or_insert(problem.to_string());
                lines.fill("");
            }
            for line in lines_to_leave_out(&problem, &left) {
                if DECIDING.contains(&section_at(&left, line)) && unusable.is_none() {
                    unusable = Some(problem.to_string());
                }
                lines[line - 1] = "";
            }
            let is_new = |known: &ConfigError| known.message() != problem.message();
            if problems.iter().all(is_new) {
                problems.push(problem);
            }
        }
    }
}

impl ConfigError {
    /// In few words, for the strip below the screen.
    pub fn brief(&self) -> String {
        let (path, line) = match self {
            Self::Read { path, .. } => (path, None),
            Self::Wrong { path, line, .. } => (path, *line),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        line.map_or_else(|| format!("Settings: {name}"), |line| format!("Settings: {name}:{line}"))
    }

    fn message(&self) -> String {
        match self {
            Self::Read { cause, .. } => cause.to_string(),
            Self::Wrong { message, .. } => message.clone(),
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let size = std::fs::metadata(path)?.len();
    if size > MOST {
        return Err(io::Error::other(format!("it has {size} bytes; no configuration has more than {MOST}")));
    }
    // A letter in another encoding, in a comment say, costs that letter and no more.
    Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
}

/// The lines, from 1, without which the problem is gone or another one comes to light; at least one, unless all are
/// empty.
fn lines_to_leave_out(problem: &ConfigError, text: &str) -> Vec<usize> {
    let lines: Vec<_> = text.lines().collect();
    let is_left = |line: &usize| !lines[line - 1].trim().is_empty();
    let is_header = |line: usize| lines[line - 1].trim_start().starts_with('[');
    let at = match problem {
        ConfigError::Wrong { line: Some(line), .. } => Some((*line).min(lines.len())),
        // It names no key that is written: then the section that it begins with.
        ConfigError::Wrong { message, line: None, .. } => {
            (1..=lines.len()).find(|line| is_header(*line) && message.starts_with(section_at(text, *line)))
        }
        ConfigError::Read { .. } => None,
    };
    let chosen: Vec<_> = match at {
        // Without its header a section's keys would be another section's.
        Some(line) if line > 0 && is_header(line) => {
            let end = (line + 1..=lines.len()).find(|line| is_header(*line)).unwrap_or(lines.len() + 1);
            (line..end).filter(is_left).collect()
        }
        // An error at the end of a line that was left open is of the last one with anything on it.
        Some(line) => (1..=line).rev().find(is_left).into_iter().collect(),
        None => Vec::new(),
    };
    if chosen.is_empty() { (1..=lines.len()).filter(is_left).collect() } else { chosen }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::camera::CameraKind;
    use crate::config::DEFAULT;

    fn salvage(text: &str) -> Loaded {
        Config::salvage_text(text, Path::new("device.toml"))
    }

    fn told(loaded: &Loaded) -> Vec<String> {
        loaded.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_is_left_out_of_a_configuration_that_is_right() {
        let loaded = salvage(DEFAULT);
        assert!(loaded.problems.is_empty());
        assert_eq!(loaded.config, Config::default());
    }

    #[test]
    fn each_wrong_key_is_told_with_its_line_and_all_others_hold() {
        let loaded = salvage(
            "[camera]\nkind = \"folder\"\nframe_rat = 10\nframe_rate = 12\n[kamera]\nframe_rate = 3\n\
             [panel]\nkind = \"virtual\"\nwidth = \"wide\"\nheight = 320\n[buttons]\nlong_ms = 5\n",
        );
        let told = told(&loaded);
        assert_eq!(told.len(), 4, "{told:?}");
        for (line, word) in [(3, "frame_rat"), (5, "kamera"), (9, "invalid type"), (12, "long_ms is 5")] {
            let place = format!("device.toml:{line}: ");
            assert!(told.iter().any(|told| told.starts_with(&place) && told.contains(word)), "{told:?}");
        }
        let Config { camera, panel, buttons, .. } = loaded.config;
        assert_eq!((camera.kind, camera.frame_rate, panel.height), (CameraKind::Folder, 12, 320));
        assert_eq!(buttons, Config::default().buttons);
    }

    #[test]
    fn what_is_no_toml_costs_its_own_lines() {
        for broken in ["frame_rate = ", "frame_rate 10", "frame_rate = 1 0", "kind = \"uvc", "= 3", "[camera"]
        {
            let text = format!("[panel]\nbrightness = 40\n[camera]\n{broken}\n[battery]\nwarn_below = 33\n");
            let loaded = salvage(&text);
            assert!(told(&loaded)[0].starts_with("device.toml:4: "), "{broken}: {:?}", told(&loaded));
            let Config { panel, battery, .. } = loaded.config;
            assert_eq!((panel.brightness, battery.warn_below), (40, 33), "{broken}");
        }
    }

    #[test]
    fn of_keys_that_collide_the_panel_keeps_its_own() {
        let loaded = salvage("[panel]\ndc = 5\n[buttons]\nmain = 5\n");
        assert!(
            told(&loaded)[0].starts_with("device.toml:4: buttons.main and panel.dc"),
            "{:?}",
            told(&loaded)
        );
        assert_eq!((loaded.config.panel.dc, loaded.config.buttons.main), (5, Config::default().buttons.main));
    }

    #[test]
    fn an_address_that_would_be_open_to_anyone_falls_with_its_token() {
        let loaded = salvage("[http]\nlisten = \"0.0.0.0:8080\"\ntoken_sha256 = \"swordfish\"\n");
        assert_eq!(loaded.problems.len(), 2, "{:?}", told(&loaded));
        assert_eq!(loaded.config.http, Config::default().http);
    }

    #[test]
    fn what_decides_a_reading_is_not_guessed() {
        for text in [
            "[model]\nthreads = 0\n",
            "[quality]\nmin_sharpness = nan\n",
            "[model]\noperating_poin = \"a\"\n",
        ] {
            assert!(salvage(text).config.model.unusable.is_some(), "{text}");
        }
        let unusable = |loaded: Loaded| loaded.config.model.unusable;
        assert_eq!(unusable(salvage("[camera]\nkind = \"webcam\"\n")), None);
        assert_eq!(unusable(Config::salvage(Path::new("/nowhere/device.toml"))), None, "there never was one");
        assert!(unusable(Config::salvage(Path::new("/"))).is_some(), "what it says is not known");
    }

    #[test]
    fn a_file_that_is_something_else_costs_the_device_its_settings_and_not_its_start() {
        // Each of its lines would be one more search.
        let loaded = salvage(&"not a setting\n".repeat(100_000));
        assert_eq!(loaded.config.camera, Config::default().camera);
        assert!(loaded.config.model.unusable.is_some());
        assert!(!loaded.problems.is_empty());
    }

    #[test]
    fn letters_of_another_encoding_cost_nothing_in_a_comment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.toml");
        std::fs::write(&path, b"# Ger\xe4t\n[panel]\nbrightness = 40\n").unwrap();
        let loaded = Config::salvage(&path);
        assert!(loaded.problems.is_empty());
        assert_eq!(loaded.config.panel.brightness, 40);
    }

    proptest! {
        #[test]
        fn whatever_is_written_something_holds_and_what_is_wrong_is_told(
            lines in proptest::collection::vec("[ -~]{0,24}", 0..12),
            at in 0_usize..200,
        ) {
            let mut text: Vec<&str> = DEFAULT.lines().collect();
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            text.splice(at.min(text.len())..at.min(text.len()), lines);
            let text = text.join("\n");
            let loaded = salvage(&text);
            prop_assert_eq!(loaded.problems.is_empty(), Config::parse(&text, Path::new("a")).is_ok());
            prop_assert!(loaded.config.check().is_ok());
        }
    }
}
