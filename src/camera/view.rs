//! From a shot to what is seen of it: its field of view.

use image::RgbImage;
use image::imageops::crop_imm;

use super::CameraConfig;
use super::source::Shot;
use crate::picture::{self, Encoded, PictureError, Region};

/// The shorter side that a live picture has at least, in pixels: as much as panels show of it, and more than quality is
/// measured on.
const LIVE_SIDE: u32 = 320;

/// A shot, decoded and cropped: what becomes a [`Frame`](crate::picture::Frame).
#[derive(Clone, Debug)]
pub struct View {
    /// The field of view: at its full size, or smaller for a live picture.
    pub pixels: RgbImage,
    /// Where it lies in the decoded picture of `encoded`, at its full size; all of `pixels` for a raw shot, whose record
    /// will hold these pixels alone.
    pub field_of_view: Region,
    /// The camera's own bytes, where it gave a file format.
    pub encoded: Option<Encoded>,
}

/// Decodes a shot for the live picture: no larger than that needs, where its format can be decoded at a part of its size.
pub fn live(shot: Shot, config: &CameraConfig) -> Result<View, PictureError> {
    let look = |width, height| Region::centre_square(width, height, config.field_of_view);
    match shot {
        Shot::Encoded(encoded) => {
            let picture::Decoded { pixels, region, .. } = picture::preview(&encoded.bytes, look, LIVE_SIDE)?;
            Ok(View { pixels, field_of_view: region, encoded: Some(encoded) })
        }
        Shot::Pixels(pixels) => {
            let (width, height) = pixels.dimensions();
            if width == 0 || height == 0 {
                return Err(PictureError::Damaged("it has no pixels".into()));
            }
            let Region { x, y, width, height } = look(width, height);
            let pixels = crop_imm(&pixels, x, y, width, height).to_image();
            Ok(View { pixels, field_of_view: Region { x: 0, y: 0, width, height }, encoded: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;

    use super::*;
    use crate::picture::Encoding;
    use crate::synthetic;

    fn png(pixels: &RgbImage) -> Shot {
        Shot::Encoded(picture::encode_png(pixels).unwrap())
    }

    #[test]
    fn the_view_is_the_field_of_view_of_the_decoded_bytes() {
        let picture = synthetic::picture(5, 80, 60);
        let config = CameraConfig { field_of_view: 0.5, ..CameraConfig::default() };
        let view = live(png(&picture), &config).unwrap();
        assert_eq!(view.field_of_view, Region { x: 25, y: 15, width: 30, height: 30 });
        assert_eq!(view.pixels.get_pixel(0, 29), picture.get_pixel(25, 44));
        let (again, encoding) = picture::decode(&view.encoded.unwrap().bytes).unwrap();
        assert_eq!((again, encoding), (picture, Encoding::Png));
    }

    #[test]
    fn a_large_jpeg_is_decoded_no_larger_than_a_live_picture_needs() {
        let mut bytes = Vec::new();
        synthetic::picture(5, 1280, 720).write_with_encoder(JpegEncoder::new(&mut bytes)).unwrap();
        let encoded = Encoded { encoding: Encoding::Jpeg, bytes: bytes.into() };
        let view = live(Shot::Encoded(encoded.clone()), &CameraConfig::default()).unwrap();
        assert_eq!(view.field_of_view, Region { x: 280, y: 0, width: 720, height: 720 });
        assert_eq!(view.pixels.dimensions(), (360, 360));
        let whole = picture::decode_view(&encoded.bytes, |_, _| view.field_of_view).unwrap().pixels;
        let part = Region { x: 0, y: 0, width: 720, height: 720 };
        let expected = picture::resize(&whole, part, 360, 360).unwrap();
        let apart: u64 =
            view.pixels.as_raw().iter().zip(&expected).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(apart < 4 * expected.len() as u64, "{}", apart as f64 / expected.len() as f64);
    }

    #[test]
    fn raw_pixels_are_their_own_view() {
        let picture = synthetic::picture(5, 80, 60);
        let view = live(Shot::Pixels(picture), &CameraConfig::default()).unwrap();
        assert_eq!(view.field_of_view, Region { x: 0, y: 0, width: 60, height: 60 });
        assert!(view.encoded.is_none());
    }

    #[test]
    fn a_shot_without_pixels_is_refused() {
        assert!(live(Shot::Pixels(RgbImage::new(0, 4)), &CameraConfig::default()).is_err());
    }
}
