//! What a picture's numbers mean: profiles and other words about colour are followed, and never left out in silence.

use std::io::Cursor;

use dermascope::picture::{PictureError, decode};
use dermascope::synthetic;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ImageEncoder, Rgb, RgbImage};
use moxcms::{ColorProfile, Layout, TransformOptions};

fn lesion() -> RgbImage {
    synthetic::lesion(4, 96)
}

/// The same colours as numbers of another space.
fn in_space(picture: &RgbImage, space: &ColorProfile) -> RgbImage {
    let options = TransformOptions::default();
    let transform =
        ColorProfile::new_srgb().create_transform_8bit(Layout::Rgb, space, Layout::Rgb, options).unwrap();
    let mut values = vec![0; picture.as_raw().len()];
    transform.transform(picture.as_raw(), &mut values).unwrap();
    RgbImage::from_raw(picture.width(), picture.height(), values).unwrap()
}

fn png(picture: &RgbImage, profile: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(profile).unwrap();
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

/// A JPEG with its profile in so many parts.
fn jpeg(picture: &RgbImage, profile: &[u8], parts: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 98)).unwrap();
    let parts: Vec<_> = profile.chunks(profile.len().div_ceil(parts)).collect();
    let mut held = bytes[..2].to_vec();
    for (number, part) in (1..).zip(&parts) {
        let length = u16::try_from(part.len() + 16).unwrap().to_be_bytes();
        held.extend(
            [&[0xff, 0xe2], &length[..], b"ICC_PROFILE\0", &[number, parts.len() as u8], part].concat(),
        );
    }
    [&held, &bytes[2..]].concat()
}

/// The mean and the largest difference, in levels.
fn apart(a: &RgbImage, b: &RgbImage) -> (f32, u8) {
    assert_eq!(a.dimensions(), b.dimensions());
    let differences = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| a.abs_diff(*b));
    let (sum, most) =
        differences.fold((0u64, 0), |(sum, most), each| (sum + u64::from(each), most.max(each)));
    (sum as f32 / a.as_raw().len() as f32, most)
}

#[test]
fn the_same_colours_in_any_space_are_the_same_picture() {
    let picture = lesion();
    for (name, space) in [
        ("Display P3", ColorProfile::new_display_p3()),
        ("Adobe RGB", ColorProfile::new_adobe_rgb()),
        ("ProPhoto", ColorProfile::new_pro_photo_rgb()),
        ("BT.2020", ColorProfile::new_bt2020()),
    ] {
        let numbers = in_space(&picture, &space);
        assert!(apart(&picture, &numbers).0 > 1.0, "{name}: other numbers, or nothing is proved");
        let profile = space.encode().unwrap();
        let (mean, most) = apart(&picture, &decode(&png(&numbers, profile.clone())).unwrap().0);
        assert!(mean < 1.0 && most <= 6, "{name}: {mean} {most}");
        for parts in [1, 3] {
            let (mean, _) = apart(&picture, &decode(&jpeg(&numbers, &profile, parts)).unwrap().0);
            assert!(mean < 3.0, "{name} in {parts} parts: {mean}");
        }
    }
}

#[test]
fn srgb_by_its_profile_is_as_without() {
    let picture = lesion();
    let profile = ColorProfile::new_srgb().encode().unwrap();
    assert!(decode(&png(&picture, profile.clone())).unwrap().0 == picture);
    let (with, without) = (jpeg(&picture, &profile, 1), jpeg(&picture, &profile, 1));
    assert!(decode(&with).unwrap().0 == decode(&without).unwrap().0);
}

#[test]
fn a_grey_picture_is_read_by_its_gamma() {
    let grey = image::GrayImage::from_fn(64, 8, |x, _| image::Luma([x as u8 * 4]));
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(ColorProfile::new_gray_with_gamma(1.0).encode().unwrap()).unwrap();
    grey.write_with_encoder(encoder).unwrap();
    let read = decode(&bytes).unwrap().0;
    // Half the light, 128, is 188 in sRGB.
    let half = read.get_pixel(32, 3).0;
    assert!(half.iter().all(|value| value.abs_diff(188) <= 2), "{half:?}");
}

#[test]
fn the_gamma_of_a_png_is_followed_unless_it_is_that_of_srgb() {
    let picture = RgbImage::from_pixel(4, 4, Rgb([128; 3]));
    for (gamma, expected) in [(1.0, 188u8), (0.45455, 128), (1.0 / 1.8, 146)] {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = png::Encoder::new(&mut bytes, 4, 4);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_source_gamma(png::ScaledFloat::new(gamma));
        encoder.write_header().unwrap().write_image_data(picture.as_raw()).unwrap();
        let read = decode(&bytes.into_inner()).unwrap().0.get_pixel(1, 1).0;
        assert!(read.iter().all(|value| value.abs_diff(expected) <= 3), "{gamma}: {read:?}");
    }
}

#[test]
fn a_profile_that_cannot_be_read_is_a_refusal() {
    let picture = lesion();
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let refused = |bytes: &[u8]| matches!(decode(bytes), Err(PictureError::Profile(_)));
    assert!(refused(&png(&picture, b"no profile".to_vec())));
    assert!(refused(&jpeg(&picture, &profile[..60], 1)));
    // The second of three parts is gone.
    let whole = jpeg(&picture, &profile, 3);
    let length = profile.len().div_ceil(3) + 18;
    let missing = [&whole[..2 + length], &whole[2 + 2 * length..]].concat();
    assert!(decode(&whole).is_ok(), "{:?}", decode(&whole).err());
    // Whoever notices first: the decoder, or who puts the parts together.
    assert!(decode(&missing).is_err());
    // A profile of grey says nothing of colours.
    assert!(refused(&png(&picture, ColorProfile::new_gray_with_gamma(2.2).encode().unwrap())));
}
