//! Pictures from outside: bytes to upright 8-bit RGB, with limits, and a clear error for anything else.

use std::io::Cursor;
use std::path::Path;

use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, Limits, RgbImage};

mod frame;
mod jpeg;
mod resize;

pub use frame::{Encoded, Encoding, Frame, Region};
pub use jpeg::{Step, Walker, end_of_jpeg};
pub use resize::resize;

/// The longest side that is accepted, in pixels.
pub const MAX_SIDE: u32 = 16_384;
/// The most pixels that are accepted. Decoding one may take up to 12 bytes (a progressive JPEG's coefficients
/// and two copies of its RGB).
pub const MAX_PIXELS: u64 = 50_000_000;
/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 64 << 20;

/// Why bytes are not a picture that can be read.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("cannot read the file: {0}")]
    Read(#[from] std::io::Error),
    #[error("the file is empty")]
    Empty,
    #[error("the file is larger than {} MiB", MAX_FILE >> 20)]
    TooLarge,
    #[error("not a JPEG or PNG picture")]
    Format,
    #[error("the picture is too large: at most {MAX_SIDE} pixels a side and {} megapixels", MAX_PIXELS / 1_000_000)]
    TooManyPixels,
    #[error("the picture is cut off: its end is missing")]
    Truncated,
    #[error("the picture is damaged: {0}")]
    Damaged(String),
}

/// Reads and decodes a picture file.
pub fn read(path: &Path) -> Result<(RgbImage, Encoded), PictureError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that grows meanwhile is seen too.
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(PictureError::TooLarge);
    }
    let (pixels, encoding) = decode(&bytes)?;
    Ok((pixels, Encoded { encoding, bytes: bytes.into() }))
}

/// Decodes JPEG or PNG bytes of any colour type to upright 8-bit RGB. Transparent parts are laid on white,
/// 16-bit values are rounded to 8, CMYK and grey become RGB, and the EXIF orientation is applied.
pub fn decode(bytes: &[u8]) -> Result<(RgbImage, Encoding), PictureError> {
    decode_within(bytes, MAX_PIXELS)
}

/// Like [`decode`], for at most `max_pixels` (and never more than [`MAX_PIXELS`]).
pub fn decode_within(bytes: &[u8], max_pixels: u64) -> Result<(RgbImage, Encoding), PictureError> {
    let max_pixels = max_pixels.min(MAX_PIXELS);
    let encoding = encoding_of(bytes)?;
    let pixels = match encoding {
        Encoding::Jpeg => jpeg::decode(bytes, max_pixels)?,
        Encoding::Png => decode_png(bytes, max_pixels)?,
    };
    Ok((pixels, encoding))
}

/// Which format the bytes begin as.
fn encoding_of(bytes: &[u8]) -> Result<Encoding, PictureError> {
    match bytes {
        [] => Err(PictureError::Empty),
        [0xff, 0xd8, 0xff, ..] => Ok(Encoding::Jpeg),
        [0x89, b'P', b'N', b'G', ..] => Ok(Encoding::Png),
        _ => Err(PictureError::Format),
    }
}

/// The last chunk of every PNG: no data, its name and its checksum.
const PNG_END: &[u8] = b"\0\0\0\0IEND\xae\x42\x60\x82";

fn check_size(width: u32, height: u32, max_pixels: u64) -> Result<(), PictureError> {
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || pixels > max_pixels {
        Err(PictureError::TooManyPixels)
    } else {
        Ok(())
    }
}

fn decode_png(bytes: &[u8], max_pixels: u64) -> Result<RgbImage, PictureError> {
    let mut limits = Limits::default();
    // 16-bit RGBA is the widest format.
    limits.max_alloc = Some(max_pixels * 8);
    let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(explain)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height, max_pixels)?;
    // The decoder is content once it has all pixels; a file without its end chunk was still cut off.
    if !bytes.windows(PNG_END.len()).any(|window| window == PNG_END) {
        return Err(PictureError::Truncated);
    }
    let orientation = decoder.orientation().map_err(explain)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(explain)?;
    picture.apply_orientation(orientation);
    Ok(to_rgb(picture))
}

fn explain(error: ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::TooManyPixels,
        ImageError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated
        }
        other => PictureError::Damaged(other.to_string()),
    }
}

fn to_rgb(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [red, green, blue, alpha] = rgba.get_pixel(x, y).0.map(u16::from);
        let on_white = |value: u16| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        image::Rgb([on_white(red), on_white(green), on_white(blue)])
    })
}

/// Encodes pixels without loss, for a record of a camera that gives raw pixels.
pub fn encode_png(pixels: &RgbImage) -> Result<Encoded, PictureError> {
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    pixels.write_with_encoder(encoder).map_err(explain)?;
    Ok(Encoded { encoding: Encoding::Png, bytes: bytes.into() })
}
