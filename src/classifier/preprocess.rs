//! Preprocessing: a picture to the network's input, the same as the training pipeline's.

use image::RgbImage;

use super::manifest::Input;
use crate::picture::Region;
use crate::picture::resize;

/// Crops the central square, resizes it with an antialiased bilinear filter (Pillow's BILINEAR) and normalises:
/// 3 x height x width values, channel by channel.
pub fn preprocess(picture: &RgbImage, input: &Input) -> Vec<f32> {
    let square = Region::centre_square(picture.width(), picture.height(), 1.0);
    let plane = input.width as usize * input.height as usize;
    // A picture without pixels is black.
    let pixels = resize(picture, square, input.width, input.height).unwrap_or_else(|| vec![0; 3 * plane]);
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
    resize(picture, whole, width, picture.height())
        .and_then(|pixels| RgbImage::from_raw(width, picture.height(), pixels))
        .unwrap_or_else(|| picture.clone())
}
