//! Every door's way from bytes to pixels. Here foreign code meets foreign bytes: what it does with them is contained
//! ([`contained`]), and bounded in memory ([`MAX_MEMORY`](super::MAX_MEMORY)).

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use image::metadata::Orientation;
use image::{ImageError, RgbImage};

use super::error::{MAX_FILE, PictureError};
use super::foreign::Foreign;
use super::frame::{Encoded, Encoding, Frame, Region};
use super::jpeg::Jpeg;
use super::png::Png;
use super::turn;
use crate::panics::contain;

/// How often a decoder gave up in a way that would have ended the program.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// The part of a picture that is looked at.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Its pixels, upright.
    pub pixels: RgbImage,
    /// Where they lie in the whole upright picture, in pixels of its full size.
    pub region: Region,
    /// The format that the bytes were in.
    pub encoding: Encoding,
}

/// Reads a picture file, whole.
pub fn read(path: &Path) -> Result<(RgbImage, Encoded), PictureError> {
    let bytes = read_file(path)?;
    let (pixels, encoding) = decode(&bytes)?;
    Ok((pixels, Encoded { encoding, bytes: bytes.into() }))
}

/// The bytes of a file that is not larger than pictures are.
pub fn read_file(path: &Path) -> Result<Vec<u8>, PictureError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that grows meanwhile is seen too.
    std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE { Err(PictureError::TooLarge) } else { Ok(bytes) }
}

/// Decodes JPEG or PNG bytes of any colour type to upright 8-bit sRGB. Transparent parts are laid on white,
/// 16-bit values are rounded to 8, CMYK and grey become RGB, and colour profile and EXIF orientation are applied.
pub fn decode(bytes: &[u8]) -> Result<(RgbImage, Encoding), PictureError> {
    let whole = |width, height| Region { x: 0, y: 0, width, height };
    decode_view(bytes, whole).map(|view| (view.pixels, view.encoding))
}

/// Like [`decode`], for a part: `look` picks it, given the size of the upright picture. Takes no more memory than the
/// whole picture once.
pub fn decode_view(bytes: &[u8], look: impl FnOnce(u32, u32) -> Region) -> Result<Decoded, PictureError> {
    contained(|| view(bytes, look, None))
}

/// Like [`decode_view`], at the smallest size at which the part still has `least` pixels on its shorter side, as far as
/// its format gives it smaller in less time: JPEG gives halves, quarters and eighths.
pub fn preview(
    bytes: &[u8],
    look: impl FnOnce(u32, u32) -> Region,
    least: u32,
) -> Result<Decoded, PictureError> {
    contained(|| view(bytes, look, Some(least)))
}

impl Frame {
    /// The field of view at its full size: what a capture is of.
    pub fn full(&self) -> Result<RgbImage, PictureError> {
        match &self.encoded {
            Some(encoded) => decode_view(&encoded.bytes, |_, _| self.field_of_view).map(|view| view.pixels),
            None => Ok(self.pixels.clone()),
        }
    }
}

/// How often a decoder panicked since the program started.
pub fn decoder_panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Runs foreign code on foreign bytes. A panic in it is counted and becomes an error: the thread that reads the next
/// picture lives on.
fn contained<T>(work: impl FnOnce() -> Result<T, PictureError>) -> Result<T, PictureError> {
    // Nothing that the work touched is used after a panic: it owns all that it changes.
    contain(work).unwrap_or_else(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        Err(PictureError::Decoder(panic))
    })
}

fn view(
    bytes: &[u8],
    look: impl FnOnce(u32, u32) -> Region,
    least: Option<u32>,
) -> Result<Decoded, PictureError> {
    let encoding = encoding_of(bytes)?;
    let (region, reduction, orientation, pixels) = match encoding {
        Encoding::Jpeg => {
            let jpeg = Jpeg::open(bytes)?;
            let orientation = jpeg.orientation;
            let region = region(jpeg.width, jpeg.height, orientation, look)?;
            let reduction = reduction(region, least);
            (region, reduction, orientation, jpeg.decode(reduction)?)
        }
        Encoding::Png => {
            let png = Png::open(bytes)?;
            let orientation = png.orientation;
            (region(png.width, png.height, orientation, look)?, 1, orientation, png.decode()?)
        }
    };
    let pixels = turn::upright(pixels, orientation, reduced(region, reduction));
    Ok(Decoded { pixels, region, encoding })
}

/// What `look` picks of the upright picture, which must lie in it.
fn region(
    width: u32,
    height: u32,
    orientation: Orientation,
    look: impl FnOnce(u32, u32) -> Region,
) -> Result<Region, PictureError> {
    let (width, height) = if turn::is_on_side(orientation) { (height, width) } else { (width, height) };
    let region = look(width, height);
    let fits = |start: u32, length: u32, whole: u32| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= whole)
    };
    if fits(region.x, region.width, width) && fits(region.y, region.height, height) {
        Ok(region)
    } else {
        Err(PictureError::Damaged("the field of view reaches over its edge".into()))
    }
}

fn reduction(region: Region, least: Option<u32>) -> u32 {
    let short = region.width.min(region.height);
    let enough = |reduction: &u32| least.is_some_and(|least| short / reduction >= least.max(1));
    [8, 4, 2].into_iter().find(enough).unwrap_or(1)
}

/// A region in the picture at `1 / reduction` of its size.
fn reduced(Region { x, y, width, height }: Region, reduction: u32) -> Region {
    let length = |pixels: u32| (pixels / reduction).max(1);
    Region { x: x / reduction, y: y / reduction, width: length(width), height: length(height) }
}

/// Which format the bytes begin as.
fn encoding_of(bytes: &[u8]) -> Result<Encoding, PictureError> {
    match bytes {
        [] => Err(PictureError::Empty),
        [0xff, 0xd8, 0xff, ..] => Ok(Encoding::Jpeg),
        [0x89, b'P', b'N', b'G', ..] => Ok(Encoding::Png),
        _ => Err(PictureError::Format(Foreign::of(bytes))),
    }
}

/// Encodes pixels without loss, for a record of a camera that gives raw pixels.
pub fn encode_png(pixels: &RgbImage) -> Result<Encoded, PictureError> {
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    let explain = |error: ImageError| PictureError::Damaged(error.to_string());
    pixels.write_with_encoder(encoder).map_err(explain)?;
    Ok(Encoded { encoding: Encoding::Png, bytes: bytes.into() })
}
