//! Cameras: the trait and its table.

use std::time::Duration;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::frame::Encoded;

/// What a camera gives for one frame, before it is decoded and cropped.
#[derive(Clone, Debug)]
pub enum Shot {
    /// A file format's bytes (JPEG or PNG), complete.
    Encoded(Encoded),
    /// Raw pixels, already converted to RGB.
    Pixels(RgbImage),
}

/// A source of frames.
pub trait Camera: Send {
    /// Waits for the next frame and gives it. May block for as long as the driver does: it is called on a
    /// thread of its own that the stream can give up.
    fn next_shot(&mut self) -> Result<Shot, CameraError>;

    /// What it is, for logs, records and the doctor: "folder pictures/", "uvc /dev/video0 1280x720 MJPG".
    fn describe(&self) -> String;
}

/// What can go wrong with a camera. Each message names the device and the cure.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    #[error("no camera called `{0}`; it is one of {1}")]
    Unknown(String, String),
    #[error("{device}: cannot open the camera: {cause}; {cure}")]
    Open { device: String, cause: String, cure: String },
    #[error("{device}: the camera gave no frame for {waited:?}")]
    Stalled { device: String, waited: Duration },
    #[error("{device}: the camera is gone: {cause}")]
    Gone { device: String, cause: String },
    #[error("{device}: a frame was refused: {cause}")]
    BadFrame { device: String, cause: String },
}

/// `[camera]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CameraConfig {
    /// Which camera of [`CAMERAS`].
    pub kind: String,
    /// Frames a second: asked of a real camera, kept by the folder.
    pub frame_rate: u32,
    /// The share of the picture's shorter side that the field of view covers, above 0 and up to 1.
    pub field_of_view: f32,
}

impl Default for CameraConfig {
    fn default() -> Self {
        Self { kind: "uvc".into(), frame_rate: 15, field_of_view: 1.0 }
    }
}

/// Opens a camera.
pub type Opener = fn(&CameraConfig) -> Result<Box<dyn Camera>, CameraError>;

/// Every camera by name, the default first.
pub const CAMERAS: &[(&str, Opener)] = &[];
