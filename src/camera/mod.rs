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
mod source;
mod splitter;
mod stream;
mod uvc;
mod v4l2;

use image::RgbImage;
use image::imageops::crop_imm;

use crate::picture::{self, PictureError};
use crate::picture::{Encoded, Region};

pub use config::{CameraConfig, CameraKind};
pub use source::{Camera, CameraError, Shot};
pub use splitter::Splitter;
pub use stream::{CameraState, Stream, StreamEvent};

/// Opens the camera that the configuration names.
pub fn open(config: &CameraConfig) -> Result<Box<dyn Camera>, CameraError> {
    match config.kind {
        CameraKind::Uvc => uvc::open(config),
        CameraKind::Command => command::open(config),
        CameraKind::Folder => folder::open(config),
    }
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
}
