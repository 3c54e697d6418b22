//! Decoding JPEG by libjpeg-turbo, which is what most pictures in the world are looked at with. Whatever it warns of is
//! a refusal here: it would go on with pixels of its own making. Why this library: docs/decisions/jpeg.md.

use std::borrow::Cow;

use image::RgbImage;
use image::metadata::Orientation;
use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

use super::colour::{self, Colours};
use super::error::{MAX_MEMORY, PictureError, check_size, too_many};
use super::markers::{Step, Walker, segments, start_of_jpeg};

/// The most scans of one picture: ten are usual, and each walks over all its pixels.
const MAX_SCANS: u32 = 100;
/// So many bytes of padding before the end marker are let pass: some webcams fill up to a whole word.
const MAX_PADDING: usize = 4;

/// A JPEG whose markers are in order, not yet decoded.
pub(super) struct Jpeg<'a> {
    bytes: &'a [u8],
    pub width: u32,
    pub height: u32,
    pub orientation: Orientation,
    colours: Colours,
    decoder: Decompressor,
    /// Ink instead of light.
    is_cmyk: bool,
    /// What libjpeg-turbo keeps until the last scan has come, in bytes.
    coefficients: u64,
}

impl<'a> Jpeg<'a> {
    /// Looks at everything but the pixels.
    pub fn open(bytes: &'a [u8]) -> Result<Self, PictureError> {
        let bytes = &bytes[start_of_jpeg(bytes)..];
        let mut walker = Walker::default();
        let bytes = match walker.feed(bytes) {
            Step::End(end) => &bytes[..end],
            Step::More => return Err(PictureError::Truncated),
            Step::Broken(at) => {
                return Err(damaged(format!("no marker at byte {at}, where one must be")));
            }
        };
        if walker.scans() > MAX_SCANS {
            return Err(damaged(format!("it has {} scans; at most {MAX_SCANS} are read", walker.scans())));
        }
        let mut decoder = Decompressor::new().map_err(damaged)?;
        let head = decoder.read_header(bytes).map_err(damaged)?;
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let (width, height) = (side(head.width), side(head.height));
        check_size(width, height)?;
        let is_whole_kept = head.is_progressive || walker.scans() > 1;
        let orientation = exif(bytes).and_then(Orientation::from_exif_chunk);
        Ok(Self {
            bytes,
            width,
            height,
            orientation: orientation.unwrap_or(Orientation::NoTransforms),
            colours: Colours::of_profile(icc_profile(bytes)?)?,
            decoder,
            is_cmyk: matches!(head.colorspace, Colorspace::CMYK | Colorspace::YCCK),
            coefficients: if is_whole_kept { coefficients(bytes) } else { 0 },
        })
    }

    /// The pixels as they are stored, at `1 / reduction` of their size (1, 2, 4 or 8), rounded up.
    pub fn decode(mut self, reduction: u32) -> Result<RgbImage, PictureError> {
        let (width, height) = (self.width.div_ceil(reduction), self.height.div_ceil(reduction));
        let format = if self.is_cmyk { PixelFormat::CMYK } else { PixelFormat::RGB };
        let pixels = u64::from(width) * u64::from(height);
        if pixels * format.size() as u64 + self.coefficients > MAX_MEMORY {
            return Err(too_many(u64::from(self.width) * u64::from(self.height)));
        }
        self.decoder.set_scaling_factor(ScalingFactor::new(1, reduction as usize)).map_err(damaged)?;
        let mut values = vec![0; pixels as usize * format.size()];
        let mut attempt = |bytes: &[u8]| {
            let (width, height) = (width as usize, height as usize);
            let pitch = width * format.size();
            self.decoder.decompress(bytes, Image { pixels: &mut values[..], width, pitch, height, format })
        };
        if let Err(cause) = attempt(self.bytes) {
            // Without the padding it must be without fault.
            let padding = padding(&cause.to_string()).ok_or_else(|| damaged(cause))?;
            attempt(&without_padding(self.bytes, padding)).map_err(damaged)?;
        }
        if self.is_cmyk {
            self.colours.light_of_ink(&mut values)?;
        } else {
            self.colours.convert(&mut values, width as usize)?;
        }
        RgbImage::from_raw(width, height, values).ok_or_else(|| damaged("it has too few pixels"))
    }
}

fn damaged(cause: impl std::fmt::Display) -> PictureError {
    PictureError::Damaged(cause.to_string().lines().next().unwrap_or_default().into())
}

/// How many bytes too many libjpeg-turbo found before the end marker, where that is all that it warned of first.
fn padding(warning: &str) -> Option<usize> {
    let (_, count) = warning.strip_suffix(" extraneous bytes before marker 0xd9")?.rsplit_once(' ')?;
    count.parse().ok().filter(|count| *count <= MAX_PADDING)
}

fn without_padding(jpeg: &[u8], padding: usize) -> Vec<u8> {
    let end = jpeg.len() - 2;
    [&jpeg[..end - padding.min(end)], &jpeg[end..]].concat()
}

/// The EXIF block, from its byte order on.
fn exif(jpeg: &[u8]) -> Option<&[u8]> {
    segments(jpeg).find_map(|(code, held)| held.strip_prefix(b"Exif\0\0").filter(|_| code == 0xe1))
}

/// The colour profile, put together from its parts (ICC.1:2022, annex B.4). `None` where there is none.
fn icc_profile(jpeg: &[u8]) -> Result<Option<Cow<'_, [u8]>>, PictureError> {
    let parts = segments(jpeg).filter(|(code, _)| *code == 0xe2);
    let mut parts: Vec<_> = parts
        .filter_map(|(_, held)| match held.strip_prefix(b"ICC_PROFILE\0")? {
            [number, count, part @ ..] => Some((*number, *count, part)),
            _ => None,
        })
        .collect();
    parts.sort_by_key(|(number, ..)| *number);
    let Some((_, count, first)) = parts.first().copied() else { return Ok(None) };
    let in_order = parts.iter().zip(1..).all(|((number, of, _), place)| (*number, *of) == (place, count));
    if !in_order || parts.len() != usize::from(count) {
        return Err(colour::unreadable("parts of it are missing"));
    }
    Ok(Some(match parts[..] {
        [_] => Cow::Borrowed(first),
        _ => Cow::Owned(parts.iter().flat_map(|(_, _, part)| *part).copied().collect()),
    }))
}

/// The memory of all coefficients: two bytes for each sample of each component's whole blocks.
fn coefficients(jpeg: &[u8]) -> u64 {
    let is_frame = |code: u8| matches!(code, 0xc0..=0xcf) && !matches!(code, 0xc4 | 0xc8 | 0xcc);
    let Some((_, frame)) = segments(jpeg).find(|(code, _)| is_frame(*code)) else { return 0 };
    let [_, high, low, left, right, _, components @ ..] = frame else { return 0 };
    let (height, width) = (u16::from_be_bytes([*high, *low]), u16::from_be_bytes([*left, *right]));
    let samplings = components.chunks_exact(3).map(|component| (component[1] >> 4, component[1] & 15));
    let samplings: Vec<_> = samplings.map(|(across, down)| (u64::from(across), u64::from(down))).collect();
    let most =
        samplings.iter().fold((1, 1), |most, sampling| (most.0.max(sampling.0), most.1.max(sampling.1)));
    let blocks = |pixels: u16, share: u64, of: u64| {
        (u64::from(pixels) * share).div_ceil(8 * of).next_multiple_of(share.max(1))
    };
    let blocks =
        samplings.iter().map(|(across, down)| blocks(width, *across, most.0) * blocks(height, *down, most.1));
    blocks.sum::<u64>() * 64 * 2
}
