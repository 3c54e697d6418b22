//! `[camera]` of the configuration.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[camera]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CameraConfig {
    /// Which camera.
    pub kind: CameraKind,
    /// Width asked of the camera, in pixels; it may give the nearest it has. From 64 to 8192.
    #[schemars(range(min = 64, max = 8192))]
    pub width: u32,
    /// Height asked of the camera, in pixels. From 64 to 8192.
    #[schemars(range(min = 64, max = 8192))]
    pub height: u32,
    /// Frames a second: asked of a real camera, kept by the folder. From 1 to 120.
    #[schemars(range(min = 1, max = 120))]
    pub frame_rate: u32,
    /// The share of the picture's shorter side that the field of view covers, above 0 and up to 1.
    #[schemars(extend("exclusiveMinimum" = 0.0), range(max = 1.0))]
    pub field_of_view: f32,
    /// A press takes the sharpest of this many last frames. From 1 to 30.
    #[schemars(range(min = 1, max = 30))]
    pub sharpest_of: usize,
    /// A camera that gives no good frame for this long has stalled and is opened anew, in milliseconds. From
    /// 200 to 60000.
    #[schemars(range(min = 200, max = 60_000))]
    pub stall_after_ms: u64,
    /// The device of a `uvc` camera, such as `/dev/video0` or `/dev/v4l/by-id/...`; empty for the first one.
    pub device: String,
    /// Exposure, gain and white balance of a `uvc` camera are held at these values where its driver can; automatic
    /// without them. Exposure in units of 100 microseconds, gain in the camera's own, white balance in kelvin.
    pub exposure: Option<u32>,
    /// In the camera's own units; see `exposure`.
    pub gain: Option<u32>,
    /// In kelvin; see `exposure`.
    pub white_balance: Option<u32>,
    /// The program of a `command` camera and its arguments: it writes JPEG after JPEG to its standard output.
    /// `{width}`, `{height}` and `{frame_rate}` stand for the keys above.
    pub command: Vec<String>,
    /// The pictures of a `folder` camera.
    pub folder: PathBuf,
    /// How long a `folder` camera shows each picture, in seconds. Above 0 and up to 3600.
    #[schemars(extend("exclusiveMinimum" = 0.0), range(max = 3600.0))]
    pub seconds_per_picture: f32,
}

/// The cameras there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CameraKind {
    /// A USB camera, or any other that V4L2 reaches.
    #[default]
    Uvc,
    /// A program that writes JPEG after JPEG, such as `rpicam-vid` for ribbon cameras.
    Command,
    /// A folder of pictures, shown one after the other.
    Folder,
}

impl CameraKind {
    /// As the configuration writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uvc => "uvc",
            Self::Command => "command",
            Self::Folder => "folder",
        }
    }

    /// What to do about one that gives no frames.
    pub(super) fn cure_of_stalls(self) -> &'static str {
        match self {
            Self::Uvc => "check its cable",
            Self::Command => "run camera.command by hand: it must write JPEG after JPEG; check the ribbon",
            Self::Folder => "check the disk that camera.folder is on",
        }
    }

    /// What to do about one whose frames are all damaged.
    pub(super) fn cure_of_bad_frames(self) -> &'static str {
        match self {
            Self::Uvc => "check the camera's cable, and try another camera.width and camera.height",
            Self::Command => "camera.command must write JPEG after JPEG, each one whole",
            Self::Folder => "put other pictures into camera.folder",
        }
    }
}

impl Default for CameraConfig {
    fn default() -> Self {
        let command = "rpicam-vid --codec mjpeg --quality 90 --width {width} --height {height} \
                       --framerate {frame_rate} --timeout 0 --nopreview --flush --output -";
        Self {
            kind: CameraKind::default(),
            width: 1280,
            height: 720,
            frame_rate: 15,
            field_of_view: 1.0,
            sharpest_of: 5,
            stall_after_ms: 2000,
            device: String::new(),
            exposure: None,
            gain: None,
            white_balance: None,
            command: command.split_whitespace().map(String::from).collect(),
            folder: "pictures".into(),
            seconds_per_picture: 8.0,
        }
    }
}

impl CameraConfig {
    /// Whether every value is in its range.
    pub fn check(&self) -> Result<(), String> {
        within("camera.width", self.width, 64, 8192)?;
        within("camera.height", self.height, 64, 8192)?;
        within("camera.frame_rate", self.frame_rate, 1, 120)?;
        within("camera.sharpest_of", self.sharpest_of, 1, 30)?;
        within("camera.stall_after_ms", self.stall_after_ms, 200, 60_000)?;
        above_zero("camera.field_of_view", self.field_of_view, 1.0)?;
        above_zero("camera.seconds_per_picture", self.seconds_per_picture, 3600.0)?;
        match self.command.first() {
            Some(program) if !program.is_empty() => Ok(()),
            _ => Err("camera.command is empty; it is a program and its arguments".into()),
        }
    }

    /// The time from one frame to the next.
    pub(super) fn frame_time(&self) -> Duration {
        Duration::from_secs(1) / self.frame_rate.max(1)
    }

    /// How long a camera may take for its first frame: sensors and programs need a while to start.
    pub(super) fn opening_patience(&self) -> Duration {
        self.stall_after().max(Duration::from_secs(5))
    }

    pub(super) fn stall_after(&self) -> Duration {
        Duration::from_millis(self.stall_after_ms)
    }
}

fn within<T: PartialOrd + std::fmt::Display>(key: &str, value: T, least: T, most: T) -> Result<(), String> {
    if (&least..=&most).contains(&&value) {
        return Ok(());
    }
    Err(format!("{key} = {value} is not from {least} to {most}"))
}

fn above_zero(key: &str, value: f32, most: f32) -> Result<(), String> {
    if value > 0.0 && value <= most {
        Ok(())
    } else {
        Err(format!("{key} = {value} is not above 0 and up to {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_pass_their_own_check() {
        CameraConfig::default().check().unwrap();
    }

    #[test]
    fn each_value_out_of_its_range_is_refused_by_its_name() {
        type Break = fn(&mut CameraConfig);
        let breakages: &[(&str, Break)] = &[
            ("camera.width", |config| config.width = 0),
            ("camera.height", |config| config.height = 10_000),
            ("camera.frame_rate", |config| config.frame_rate = 0),
            ("camera.field_of_view", |config| config.field_of_view = f32::NAN),
            ("camera.field_of_view", |config| config.field_of_view = 1.5),
            ("camera.sharpest_of", |config| config.sharpest_of = 0),
            ("camera.stall_after_ms", |config| config.stall_after_ms = 10),
            ("camera.command", |config| config.command.clear()),
            ("camera.seconds_per_picture", |config| config.seconds_per_picture = 0.0),
        ];
        for (key, break_it) in breakages {
            let mut config = CameraConfig::default();
            break_it(&mut config);
            let message = config.check().unwrap_err();
            assert!(message.starts_with(key), "{key}: {message}");
        }
    }
}
