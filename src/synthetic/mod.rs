//! Synthetic lesions: pictures that the project draws itself, for the demo and the tests.
//!
//! Procedural and seeded: the same seed gives the same picture. They look roughly like what a dermatoscope
//! sees, belong to no class, and carry the word SYNTHETIC.

mod hair;
mod label;
mod lesion;
mod noise;

use std::io;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Rgb, RgbImage};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::picture::Region;
use lesion::DrawnLesion;

/// A colour in sRGB, each value from 0 to 255.
type Colour = [f32; 3];

/// The size of the pictures that [`folder`] writes: 4:3, as most small cameras give.
const FOLDER_SIZE: (u32, u32) = (800, 600);

/// Draws a skin lesion that never was, the same for the same seed. `size` is the side in pixels.
pub fn lesion(seed: u64, size: u32) -> RgbImage {
    picture(seed, size, size)
}

/// Draws the same lesion as [`lesion`] in the central square of a picture of any shape, with skin around it.
pub fn picture(seed: u64, width: u32, height: u32) -> RgbImage {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let lesion = DrawnLesion::random(&mut random);
    let square = Region::centre_square(width, height, 1.0);
    let half = square.width as f32 / 2.0;
    let mut picture = RgbImage::from_fn(width, height, |x, y| {
        let across = (x as f32 + 0.5 - width as f32 / 2.0) / half;
        let down = (y as f32 + 0.5 - height as f32 / 2.0) / half;
        Rgb(lesion.colour(across, down).map(|value| value.clamp(0.0, 255.0).round() as u8))
    });
    hair::grow(&mut picture, square, &mut random);
    label::write(&mut picture, square);
    picture
}

/// Writes `count` pictures of 800x600 into `dir` (made if missing), as JPEG and every fourth as PNG, for the
/// folder camera. Gives their paths in the order that the camera shows them.
pub fn folder(dir: &Path, count: usize) -> io::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(dir)?;
    (0..count).map(|index| write_one(dir, index)).collect()
}

fn write_one(dir: &Path, index: usize) -> io::Result<PathBuf> {
    let picture = picture(index as u64, FOLDER_SIZE.0, FOLDER_SIZE.1);
    let mut bytes = io::Cursor::new(Vec::new());
    let (extension, written) = if index % 4 == 3 {
        ("png", picture.write_to(&mut bytes, ImageFormat::Png))
    } else {
        ("jpg", picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 92)))
    };
    written.map_err(io::Error::other)?;
    let path = dir.join(format!("synthetic-{index:03}.{extension}"));
    std::fs::write(&path, bytes.into_inner())?;
    Ok(path)
}

/// From `from` to `to` by `share` (0 to 1).
fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    std::array::from_fn(|channel| from[channel] + (to[channel] - from[channel]) * share)
}

/// 0 below `from`, 1 above `to`, smooth between.
fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let share = ((value - from) / (to - from)).clamp(0.0, 1.0);
    share * share * (3.0 - 2.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_picture_and_another_seed_another() {
        assert_eq!(lesion(7, 64), lesion(7, 64));
        assert_ne!(lesion(7, 64), lesion(8, 64));
    }

    #[test]
    fn a_picture_has_the_size_asked_for_however_small() {
        for (width, height) in [(1, 1), (3, 2), (17, 64), (64, 17), (240, 135)] {
            assert_eq!(picture(1, width, height).dimensions(), (width, height));
        }
    }

    #[test]
    fn the_lesion_is_darker_than_the_skin_around_it() {
        let mean = |picture: &RgbImage, x: u32, y: u32| {
            let values = (0..1600).map(|i| picture.get_pixel(x + i % 40, y + i / 40).0[1]);
            values.map(f32::from).sum::<f32>() / 1600.0
        };
        for seed in 0..24 {
            let picture = lesion(seed, 160);
            let (middle, right) = (mean(&picture, 60, 60), mean(&picture, 118, 60));
            assert!(middle + 8.0 < right, "seed {seed}: {middle} in the middle, {right} at the right");
        }
    }

    #[test]
    fn every_picture_is_labelled_within_its_central_square() {
        for (width, height) in [(240, 240), (800, 600), (600, 800)] {
            let square = Region::centre_square(width, height, 1.0);
            let mut labelled = RgbImage::new(width, height);
            label::write(&mut labelled, square);
            let inside = |x: u32, y: u32| {
                (square.x..square.x + square.width).contains(&x)
                    && (square.y..square.y + square.height).contains(&y)
            };
            let white = labelled.enumerate_pixels().filter(|(.., pixel)| pixel.0 == [255; 3]);
            let (within, outside): (Vec<_>, Vec<_>) = white.partition(|(x, y, _)| inside(*x, *y));
            assert!(within.len() > 100 && outside.is_empty());
        }
    }

    #[test]
    fn a_folder_holds_pictures_that_decode_in_the_order_given() {
        let dir = tempfile::tempdir().unwrap();
        let paths = folder(dir.path(), 4).unwrap();
        assert!(paths.is_sorted() && paths.len() == 4);
        for path in paths {
            let (pixels, _) = crate::picture::read(&path).unwrap();
            assert_eq!(pixels.dimensions(), FOLDER_SIZE);
        }
    }
}
