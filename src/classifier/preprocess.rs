//! Preprocessing: a picture to the network's input, the same as the training pipeline's.

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use super::manifest::Input;
use crate::frame::Region;

/// Crops the central square, resizes it with an antialiased bilinear filter (Pillow's BILINEAR) and normalises:
/// 3 x height x width values, channel by channel.
pub fn preprocess(picture: &RgbImage, input: &Input) -> Vec<f32> {
    let square = Region::centre_square(picture.width(), picture.height(), 1.0);
    let pixels = resize(picture, square, input.width, input.height);
    let plane = input.width as usize * input.height as usize;
    let mut tensor = vec![0.0; 3 * plane];
    for channel in 0..3 {
        let (mean, std) = (input.mean[channel], input.std[channel]);
        for (value, pixel) in tensor[channel * plane..][..plane].iter_mut().zip(pixels.chunks_exact(3)) {
            *value = (f32::from(pixel[channel]) - mean) / std;
        }
    }
    tensor
}

/// Stretches a picture that was squashed to a square back to `aspect` (width over height), keeping its height.
pub fn restore_aspect(picture: &RgbImage, aspect: f32) -> RgbImage {
    let whole = Region { x: 0, y: 0, width: picture.width(), height: picture.height() };
    let width = ((picture.height() as f32 * aspect).round() as u32).clamp(1, 32_768);
    let pixels = resize(picture, whole, width, picture.height());
    RgbImage::from_raw(width, picture.height(), pixels).unwrap_or_else(|| picture.clone())
}

/// The region, resized; RGB bytes row by row. A picture without pixels gives black.
pub(crate) fn resize(picture: &RgbImage, region: Region, width: u32, height: u32) -> Vec<u8> {
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).crop(
        region.x.into(),
        region.y.into(),
        region.width.into(),
        region.height.into(),
    );
    let mut resized = Image::new(width, height, PixelType::U8x3);
    // An error means a region without pixels: the black canvas stays.
    if let Err(error) = Resizer::new().resize(picture, &mut resized, &options) {
        tracing::debug!("nothing to resize: {error}");
    }
    resized.into_vec()
}
