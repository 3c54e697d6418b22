//! Bad and unusual pictures: each is read as it should be, or refused with the reason.

use std::io::Cursor;

use dermascope::picture::Encoding;
use dermascope::picture::{self, MAX_FILE, PictureError, decode};
use dermascope::synthetic;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, Rgb, RgbImage, Rgba};

fn jpeg(pixels: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    pixels.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90)).unwrap();
    bytes
}

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The JPEG with an APP1 segment of these bytes behind its start.
fn with_app1(jpeg: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, payload, &jpeg[2..]].concat()
}

/// EXIF with one entry: the orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [&b"Exif\0\0MM\0*\0\0\0\x08\0\x01"[..], &entry, &[0, 0, 0, 0]].concat()
}

fn refused(bytes: &[u8]) -> PictureError {
    decode(bytes).map(|(pixels, _)| pixels.dimensions()).expect_err("this must be refused")
}

fn near(pixel: &Rgb<u8>, wanted: [u8; 3]) -> bool {
    pixel.0.iter().zip(wanted).all(|(value, wanted)| value.abs_diff(wanted) <= 12)
}

#[test]
fn an_empty_file_is_refused() {
    assert!(matches!(refused(&[]), PictureError::Empty));
}

#[test]
fn what_is_not_a_picture_is_refused() {
    for bytes in [&b"GIF89a"[..], b"hello", b"\xff\xd8", b"%PDF-1.7", &[0; 4096]] {
        assert!(matches!(refused(bytes), PictureError::Format(_)));
    }
}

#[test]
fn a_truncated_jpeg_is_refused_wherever_it_is_cut() {
    let whole = jpeg(&synthetic::lesion(1, 64));
    decode(&whole).unwrap();
    for cut in 3..whole.len() {
        refused(&whole[..cut]);
    }
    assert!(matches!(refused(&whole[..whole.len() - 1]), PictureError::Truncated));
    assert!(matches!(refused(&whole[..whole.len() / 2]), PictureError::Truncated));
}

#[test]
fn a_truncated_jpeg_whose_thumbnail_is_whole_is_refused() {
    let thumbnail = jpeg(&synthetic::lesion(2, 16));
    let whole = with_app1(&jpeg(&synthetic::lesion(1, 64)), &[exif(1), thumbnail].concat());
    decode(&whole).unwrap();
    for cut in [whole.len() - 2, whole.len() * 3 / 4] {
        assert!(matches!(refused(&whole[..cut]), PictureError::Truncated));
    }
}

#[test]
fn a_jpeg_with_a_hole_is_refused_although_its_end_is_there() {
    let whole = jpeg(&synthetic::lesion(1, 256));
    let holed = [&whole[..whole.len() / 2], &whole[whole.len() - 2..]].concat();
    assert!(matches!(refused(&holed), PictureError::Damaged(_)));
}

#[test]
fn padding_behind_a_jpeg_is_not_part_of_it() {
    let mut bytes = jpeg(&synthetic::lesion(1, 32));
    let clean = decode(&bytes).unwrap().0;
    bytes.extend([0; 64]);
    assert_eq!(decode(&bytes).unwrap().0, clean);
}

#[test]
fn a_truncated_png_is_refused_wherever_it_is_cut() {
    let whole = png(synthetic::lesion(1, 32));
    decode(&whole).unwrap();
    for cut in 4..whole.len() {
        refused(&whole[..cut]);
    }
    assert!(matches!(refused(&whole[..whole.len() - 12]), PictureError::Truncated));
}

#[test]
fn a_png_with_a_flipped_bit_is_refused() {
    let mut bytes = png(synthetic::lesion(1, 64));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    assert!(matches!(refused(&bytes), PictureError::Damaged(_)));
}

#[test]
fn a_header_of_20000_by_20000_is_refused_before_anything_is_allocated() {
    let side = 20_000u16.to_be_bytes();
    let mut jpeg = jpeg(&RgbImage::new(8, 8));
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&side);
    jpeg[frame + 7..frame + 9].copy_from_slice(&side);
    assert!(matches!(refused(&jpeg), PictureError::TooManyPixels));

    let mut png = png(RgbImage::new(8, 8));
    for at in [18, 22] {
        png[at..at + 2].copy_from_slice(&side);
    }
    let checksum = crc32(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&checksum);
    assert!(matches!(refused(&png), PictureError::TooManyPixels));
}

/// The checksum of a PNG chunk.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

#[test]
fn a_file_that_is_too_large_is_refused_without_reading_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(MAX_FILE + 1).unwrap();
    assert!(matches!(picture::read(file.path()), Err(PictureError::TooLarge)));
}

#[test]
fn a_missing_file_and_a_folder_are_refused_with_the_cause() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(picture::read(&dir.path().join("none.jpg")), Err(PictureError::Read(_))));
    assert!(matches!(picture::read(dir.path()), Err(PictureError::Read(_))));
}

#[test]
fn a_picture_of_one_pixel_is_read() {
    let pixel = RgbImage::from_pixel(1, 1, Rgb([200, 40, 40]));
    assert_eq!(decode(&png(pixel.clone())).unwrap().0, pixel);
    let (read, encoding) = decode(&jpeg(&pixel)).unwrap();
    assert_eq!((read.dimensions(), encoding), ((1, 1), Encoding::Jpeg));
    assert!(near(read.get_pixel(0, 0), [200, 40, 40]));
}

#[test]
fn sixteen_bit_values_are_rounded_to_eight() {
    let picture = ImageBuffer::from_pixel(2, 1, Rgb([0xffffu16, 0x8080, 0x0000]));
    assert_eq!(decode(&png(picture)).unwrap().0.get_pixel(1, 0).0, [255, 128, 0]);
}

#[test]
fn grey_becomes_rgb() {
    let grey = ImageBuffer::from_pixel(8, 8, Luma([90u8]));
    assert_eq!(decode(&png(grey.clone())).unwrap().0.get_pixel(3, 3).0, [90; 3]);
    let mut bytes = Vec::new();
    grey.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 95)).unwrap();
    assert!(near(decode(&bytes).unwrap().0.get_pixel(3, 3), [90; 3]));
}

#[test]
fn transparent_parts_are_laid_on_white() {
    let picture = ImageBuffer::from_fn(3, 1, |x, _| Rgba([100, 0, 200, [0u8, 128, 255][x as usize]]));
    let read = decode(&png(picture)).unwrap().0;
    assert_eq!(read.get_pixel(0, 0).0, [255; 3]);
    assert!(near(read.get_pixel(1, 0), [177, 127, 227]));
    assert_eq!(read.get_pixel(2, 0).0, [100, 0, 200]);
}

#[test]
fn cmyk_and_progressive_jpegs_are_read_in_their_colours() {
    for bytes in [&include_bytes!("../pictures/cmyk.jpg")[..], include_bytes!("../pictures/progressive.jpg")]
    {
        let read = decode(bytes).unwrap().0;
        assert_eq!(read.dimensions(), (16, 16));
        assert!(near(read.get_pixel(8, 8), [200, 40, 40]), "{:?}", read.get_pixel(8, 8));
    }
}

#[test]
fn the_exif_orientation_turns_the_picture_upright() {
    // The left half is dark: turned right by 90 degrees (6), the upper half is.
    let picture = RgbImage::from_fn(32, 16, |x, _| Rgb([if x < 16 { 20 } else { 230 }; 3]));
    let bytes = jpeg(&picture);
    assert_eq!(decode(&with_app1(&bytes, &exif(1))).unwrap().0.dimensions(), (32, 16));
    let turned = decode(&with_app1(&bytes, &exif(6))).unwrap().0;
    assert_eq!(turned.dimensions(), (16, 32));
    assert!(near(turned.get_pixel(8, 4), [20; 3]) && near(turned.get_pixel(8, 28), [230; 3]));
    // An orientation that does not exist changes nothing.
    assert_eq!(decode(&with_app1(&bytes, &exif(9))).unwrap().0.dimensions(), (32, 16));
}

#[test]
fn a_png_written_for_a_record_decodes_to_the_same_pixels() {
    let pixels = synthetic::lesion(3, 48);
    let encoded = picture::encode_png(&pixels).unwrap();
    assert_eq!(decode(&encoded.bytes).unwrap(), (pixels, Encoding::Png));
}
