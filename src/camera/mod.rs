//! Cameras: the trait and its table, and what turns a shot into a view.
//!
//! A camera only waits for frames. The [`Stream`] around it decodes, keeps the newest frames, and notices
//! when a camera stalls, breaks or comes back.

mod command;
mod config;
mod folder;
mod formats;
mod locks;
mod newest;
mod splitter;
mod stream;
mod uvc;
mod v4l2;

use std::time::Duration;

use image::RgbImage;
use image::imageops::crop_imm;

use crate::picture::{self, PictureError};
use crate::picture::{Encoded, Region};

pub use config::CameraConfig;
pub use splitter::Splitter;
pub use stream::{CameraState, Stream, StreamEvent};

/// What a camera gives for one frame, before it is decoded and cropped.
#[derive(Clone, Debug)]
pub enum Shot {
    /// A file format's bytes (JPEG or PNG), complete.
    Encoded(Encoded),
    /// Raw pixels, already converted to RGB.
    Pixels(RgbImage),
}

/// A source of frames. It stays on the thread that opened it.
pub trait Camera {
    /// Waits for the next frame and gives it. May block for as long as the driver does: the stream calls it on
    /// a thread that it can give up. After [`CameraError::BadFrame`] it may be called again;
    /// after any other error the camera is to be dropped and opened anew.
    fn next_shot(&mut self) -> Result<Shot, CameraError>;

    /// What it is, for logs, records and the doctor: "folder pictures/", "uvc /dev/video0 1280x720 MJPEG".
    fn describe(&self) -> String;
}

/// What can go wrong with a camera. Each message names the device and the cure.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    #[error("no camera called `{0}`; it is one of {1}")]
    Unknown(String, String),
    #[error("{device}: cannot open the camera: {cause}; {cure}")]
    Open { device: String, cause: String, cure: String },
    #[error("{device}: the camera gave no frame for {:.1} s; check its cable", waited.as_secs_f32())]
    Stalled { device: String, waited: Duration },
    #[error("{device}: the camera is gone: {cause}")]
    Gone { device: String, cause: String },
    #[error("{device}: a frame was refused: {cause}")]
    BadFrame { device: String, cause: String },
}

/// Opens a camera.
pub type Opener = fn(&CameraConfig) -> Result<Box<dyn Camera>, CameraError>;

/// Every camera by name, the default first.
pub const CAMERAS: &[(&str, Opener)] =
    &[("uvc", uvc::open), ("command", command::open), ("folder", folder::open)];

/// Opens the camera that the configuration names.
pub fn open(config: &CameraConfig) -> Result<Box<dyn Camera>, CameraError> {
    let found = CAMERAS.iter().find(|(name, _)| *name == config.kind);
    let (_, opener) = found.ok_or_else(|| {
        let names: Vec<_> = CAMERAS.iter().map(|(name, _)| *name).collect();
        CameraError::Unknown(config.kind.clone(), names.join(", "))
    })?;
    opener(config)
}

/// A shot, decoded and cropped: what becomes a [`Frame`](crate::picture::Frame).
#[derive(Clone, Debug)]
pub struct View {
    /// The field of view.
    pub pixels: RgbImage,
    /// Where `pixels` lie in the decoded picture of `encoded`; all of `pixels` for a raw shot, whose record
    /// will hold these pixels alone.
    pub field_of_view: Region,
    /// The camera's own bytes, where it gave a file format.
    pub encoded: Option<Encoded>,
}

/// Decodes a shot and crops it to the field of view.
pub fn decode(shot: Shot, config: &CameraConfig) -> Result<View, PictureError> {
    let (picture, encoded) = match shot {
        Shot::Encoded(encoded) => (picture::decode(&encoded.bytes)?.0, Some(encoded)),
        Shot::Pixels(pixels) => (pixels, None),
    };
    let (width, height) = picture.dimensions();
    if width == 0 || height == 0 {
        return Err(PictureError::Damaged("it has no pixels".into()));
    }
    let view = Region::centre_square(width, height, config.field_of_view);
    let pixels = crop_imm(&picture, view.x, view.y, view.width, view.height).to_image();
    let field_of_view = if encoded.is_some() { view } else { Region { x: 0, y: 0, ..view } };
    Ok(View { pixels, field_of_view, encoded })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{picture::Encoding, synthetic};

    fn png(pixels: &RgbImage) -> Shot {
        Shot::Encoded(picture::encode_png(pixels).unwrap())
    }

    #[test]
    fn the_view_is_the_field_of_view_of_the_decoded_bytes() {
        let picture = synthetic::picture(5, 80, 60);
        let config = CameraConfig { field_of_view: 0.5, ..CameraConfig::default() };
        let view = decode(png(&picture), &config).unwrap();
        assert_eq!(view.field_of_view, Region { x: 25, y: 15, width: 30, height: 30 });
        assert_eq!(view.pixels.get_pixel(0, 29), picture.get_pixel(25, 44));
        let (again, encoding) = picture::decode(&view.encoded.unwrap().bytes).unwrap();
        assert_eq!((again, encoding), (picture, Encoding::Png));
    }

    #[test]
    fn raw_pixels_are_their_own_view() {
        let picture = synthetic::picture(5, 80, 60);
        let view = decode(Shot::Pixels(picture), &CameraConfig::default()).unwrap();
        assert_eq!(view.field_of_view, Region { x: 0, y: 0, width: 60, height: 60 });
        assert!(view.encoded.is_none());
    }

    #[test]
    fn a_shot_without_pixels_is_refused() {
        assert!(decode(Shot::Pixels(RgbImage::new(0, 4)), &CameraConfig::default()).is_err());
    }

    #[test]
    fn a_camera_that_does_not_exist_is_named_with_those_that_do() {
        let config = CameraConfig { kind: "webcam".into(), ..CameraConfig::default() };
        let message = open(&config).err().unwrap().to_string();
        assert_eq!(message, "no camera called `webcam`; it is one of uvc, command, folder");
    }
}
