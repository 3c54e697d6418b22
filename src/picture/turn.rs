//! Turning a stored picture upright and cutting out the part that is looked at, in the memory that it has.

use image::imageops::{flip_horizontal_in_place, flip_vertical_in_place, rotate180_in_place};
use image::metadata::Orientation::{self, *};
use image::{DynamicImage, RgbImage};

use super::frame::Region;

/// Whether width and height change places.
pub fn is_on_side(orientation: Orientation) -> bool {
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// The part `region`, given in the upright picture, of a stored picture, turned upright.
pub fn upright(stored: RgbImage, orientation: Orientation, region: Region) -> RgbImage {
    let place = where_stored(region, orientation, stored.dimensions());
    let mut part = cut(stored, place);
    if is_on_side(orientation) && part.width() == part.height() {
        transpose(&mut part);
        match orientation {
            Rotate90 => flip_horizontal_in_place(&mut part),
            Rotate270 => flip_vertical_in_place(&mut part),
            Rotate270FlipH => rotate180_in_place(&mut part),
            _ => {}
        }
        return part;
    }
    let mut part = DynamicImage::ImageRgb8(part);
    part.apply_orientation(orientation);
    part.into_rgb8()
}

/// Where a region of the upright picture lies in the stored one of this size.
fn where_stored(region: Region, orientation: Orientation, (width, height): (u32, u32)) -> Region {
    let Region { x, y, width: across, height: down } = region;
    // From the right and from below, in the upright picture.
    let (wide, high) = if is_on_side(orientation) { (height, width) } else { (width, height) };
    let (right, below) = (wide - x - across, high - y - down);
    let (x, y) = match orientation {
        NoTransforms => (x, y),
        FlipHorizontal => (right, y),
        FlipVertical => (x, below),
        Rotate180 => (right, below),
        Rotate90 => (y, right),
        Rotate270 => (below, x),
        Rotate90FlipH => (y, x),
        Rotate270FlipH => (below, right),
    };
    let (width, height) = if is_on_side(orientation) { (down, across) } else { (across, down) };
    Region { x, y, width, height }
}

/// A part of a picture, in the picture's own memory.
fn cut(picture: RgbImage, Region { x, y, width, height }: Region) -> RgbImage {
    if (x, y, width, height) == (0, 0, picture.width(), picture.height()) {
        return picture;
    }
    let (stride, length) = (3 * picture.width() as usize, 3 * width as usize);
    let mut values = picture.into_raw();
    for row in 0..height as usize {
        let start = (y as usize + row) * stride + 3 * x as usize;
        values.copy_within(start..start + length, row * length);
    }
    values.truncate(length * height as usize);
    values.shrink_to_fit();
    // As many values as the size says, by construction.
    RgbImage::from_raw(width, height, values).expect("the rows of the part")
}

/// Rows become columns, in a square.
fn transpose(square: &mut RgbImage) {
    let side = square.width();
    let pixels = square.as_flat_samples_mut().samples.as_chunks_mut::<3>().0;
    for row in 0..side as usize {
        for column in row + 1..side as usize {
            pixels.swap(row * side as usize + column, column * side as usize + row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_upright_picture_is_what_would_be_cut_from_it_whole() {
        let stored = RgbImage::from_fn(7, 5, |x, y| image::Rgb([x as u8, y as u8, 9]));
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let mut whole = DynamicImage::ImageRgb8(stored.clone());
            whole.apply_orientation(orientation);
            let whole = whole.into_rgb8();
            for region in [
                Region { x: 1, y: 0, width: 3, height: 3 },
                Region { x: 0, y: 1, width: 4, height: 2 },
                Region { x: 0, y: 0, width: whole.width(), height: whole.height() },
                Region { x: whole.width() - 2, y: whole.height() - 1, width: 2, height: 1 },
            ] {
                let Region { x, y, width, height } = region;
                let expected = image::imageops::crop_imm(&whole, x, y, width, height).to_image();
                assert_eq!(upright(stored.clone(), orientation, region), expected, "{exif} {region:?}");
            }
        }
    }
}
