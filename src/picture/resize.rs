//! Resizing, the same for the network's input and for screens: an antialiased bilinear filter, as Pillow's
//! BILINEAR.

use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use super::Region;

/// The region of a picture at another size: RGB bytes, row by row. `None` where either has no pixels.
//
// By the typed call: the untyped one compiles every pixel format's kernels into this crate, minutes of it.
pub fn resize(picture: &RgbImage, region: Region, width: u32, height: u32) -> Option<Vec<u8>> {
    let Region { x, y, width: across, height: down } = region;
    if [width, height, across, down].contains(&0) {
        return None;
    }
    let source =
        TypedImageRef::<U8x3>::from_buffer(picture.width(), picture.height(), picture.as_raw()).ok()?;
    // Cut first: the filter's own crop would let pixels from outside the region bleed in at its edges.
    let source = TypedCroppedImage::new(source, x, y, across, down).ok()?;
    let mut resized = TypedImage::<U8x3>::new(width, height);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize_typed(&source, &mut resized, &options).ok()?;
    Some(resized.pixels().iter().flat_map(|pixel| pixel.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(picture: &RgbImage) -> Region {
        Region { x: 0, y: 0, width: picture.width(), height: picture.height() }
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let picture = RgbImage::from_fn(7, 5, |x, y| image::Rgb([x as u8, y as u8, 9]));
        assert_eq!(resize(&picture, whole(&picture), 7, 5).unwrap(), picture.as_raw().clone());
    }

    #[test]
    fn halving_averages_over_all_pixels_so_that_nothing_aliases() {
        let stripes = RgbImage::from_fn(64, 64, |x, _| image::Rgb([if x % 2 == 0 { 0 } else { 200 }; 3]));
        let small = resize(&stripes, whole(&stripes), 32, 32).unwrap();
        assert!(
            small[32 * 3 * 8..32 * 3 * 24]
                .chunks(96)
                .all(|row| row[12..84].iter().all(|v| (90..=110).contains(v)))
        );
    }

    #[test]
    fn only_the_region_is_seen() {
        let picture = RgbImage::from_fn(40, 20, |x, _| image::Rgb([if x < 20 { 10 } else { 250 }; 3]));
        let right = Region { x: 20, y: 0, width: 20, height: 20 };
        assert!(resize(&picture, right, 8, 8).unwrap().iter().all(|value| *value == 250));
    }

    #[test]
    fn nothing_to_resize_gives_nothing() {
        let picture = RgbImage::new(4, 4);
        assert_eq!(resize(&picture, whole(&picture), 0, 4), None);
        assert_eq!(resize(&RgbImage::new(0, 0), Region { x: 0, y: 0, width: 0, height: 0 }, 4, 4), None);
    }
}
