//! Pictures from outside: bytes to upright 8-bit RGB, with limits, and a clear error for anything else.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::frame::{Encoded, Encoding};

/// The longest side that is accepted, in pixels.
pub const MAX_SIDE: u32 = 16_384;
/// The most memory that decoding one picture may take, in bytes.
pub const MAX_MEMORY: u64 = 512 << 20;
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
    #[error("the picture is too large: at most {MAX_SIDE} pixels a side and {} MiB decoded", MAX_MEMORY >> 20)]
    TooManyPixels,
    #[error("the picture is cut off: its end is missing")]
    Truncated,
    #[error("the picture is damaged: {0}")]
    Damaged(String),
}

/// Reads and decodes a picture file.
pub fn read(path: &Path) -> Result<(RgbImage, Encoded), PictureError> {
    if std::fs::metadata(path)?.len() > MAX_FILE {
        return Err(PictureError::TooLarge);
    }
    let bytes = std::fs::read(path)?;
    let (pixels, encoding) = decode(&bytes)?;
    Ok((pixels, Encoded { encoding, bytes: bytes.into() }))
}

/// Decodes JPEG or PNG bytes of any colour type to upright 8-bit RGB. Transparent parts are laid on white,
/// 16-bit values are rounded to 8, CMYK and grey become RGB, and the EXIF orientation is applied.
pub fn decode(bytes: &[u8]) -> Result<(RgbImage, Encoding), PictureError> {
    let encoding = encoding_of(bytes)?;
    let format = match encoding {
        Encoding::Jpeg => ImageFormat::Jpeg,
        Encoding::Png => ImageFormat::Png,
    };
    if encoding == Encoding::Jpeg && end_of_jpeg(bytes).is_none() {
        return Err(PictureError::Truncated);
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(explain)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(explain)?;
    picture.apply_orientation(orientation);
    Ok((to_rgb(picture), encoding))
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

/// Where a JPEG ends: just behind its last end-of-image marker. Decoders accept a file without one and paint
/// the missing part grey, which must never be read as skin.
pub fn end_of_jpeg(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).rposition(|pair| pair == [0xff, 0xd9]).map(|start| start + 2)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    limits
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
