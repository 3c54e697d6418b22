//! Decoding PNG row by row: never more than the RGB picture and a few rows are in memory, whatever the file's own depth.

use std::io::Cursor;

use image::RgbImage;
use image::metadata::Orientation;
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, MatrixCoefficients,
    TransferCharacteristics, curve_from_gamma,
};
use png::{
    BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Info, InterlaceInfo, Limits, Reader,
    Transformations,
};

use super::colour::{self, Colours};
use super::error::{MAX_MEMORY, PictureError, check_size, too_many};

/// What the decoder may keep besides the rows: a colour profile and EXIF.
const MAX_CHUNKS: usize = 16 << 20;
/// The decoding exponent of sRGB, nearly, and how far another may be from it to be taken for it (a tenth of a level).
const SRGB_GAMMA: f32 = 0.45455;
const NEAR: f32 = 0.01;

/// A PNG whose chunks are in order, not yet decoded.
pub(super) struct Png<'a> {
    pub width: u32,
    pub height: u32,
    pub orientation: Orientation,
    reader: Reader<Cursor<&'a [u8]>>,
    colours: Colours,
}

impl<'a> Png<'a> {
    /// Looks at everything but the pixels.
    pub fn open(bytes: &'a [u8]) -> Result<Self, PictureError> {
        let mut options = DecodeOptions::default();
        options.set_ignore_text_chunk(true);
        // A profile whose checksum is wrong is not to be left out in silence.
        options.set_skip_ancillary_crc_failures(false);
        let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
        decoder.set_limits(Limits { bytes: MAX_CHUNKS });
        decoder.set_transformations(Transformations::EXPAND);
        let head = decoder.read_header_info().map_err(explain)?;
        let (width, height) = (head.width, head.height);
        check_size(width, height)?;
        // The decoder is content once it has all pixels; a file without its end chunk was still cut off.
        if !chunks(bytes).any(|name| name == b"IEND") {
            return Err(PictureError::Truncated);
        }
        let reader = decoder.read_info().map_err(explain)?;
        let info = reader.info();
        if info.icc_profile.is_none() && chunks(bytes).any(|name| name == b"iCCP") {
            return Err(colour::unreadable("it is damaged"));
        }
        let orientation = info.exif_metadata.as_deref().and_then(Orientation::from_exif_chunk);
        let (orientation, colours) = (orientation.unwrap_or(Orientation::NoTransforms), colours(info)?);
        Ok(Self { width, height, orientation, reader, colours })
    }

    /// The pixels as they are stored.
    pub fn decode(mut self) -> Result<RgbImage, PictureError> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        if 3 * pixels > MAX_MEMORY {
            return Err(too_many(pixels));
        }
        let kind = self.reader.output_color_type();
        let stride = 3 * self.width as usize;
        let mut values = vec![0; stride * self.height as usize];
        let (mut line, mut rgb) = (0, Vec::with_capacity(stride));
        while let Some(row) = self.reader.next_interlaced_row().map_err(explain)? {
            rgb.clear();
            to_rgb(row.data(), kind, &self.colours, &mut rgb)?;
            match row.interlace() {
                InterlaceInfo::Null(_) => {
                    let place = values
                        .get_mut(line * stride..(line + 1) * stride)
                        .filter(|place| place.len() == rgb.len());
                    place
                        .ok_or_else(|| PictureError::Damaged("it has too many rows".into()))?
                        .copy_from_slice(&rgb);
                    line += 1;
                }
                InterlaceInfo::Adam7(pass) => png::expand_interlaced_row(&mut values, stride, &rgb, pass, 24),
            }
        }
        // What follows the pixels is damaged or not.
        self.reader.finish().map_err(explain)?;
        RgbImage::from_raw(self.width, self.height, values)
            .ok_or_else(|| PictureError::Damaged("it has too few pixels".into()))
    }
}

/// The names of the chunks, in order, up to where the file is no longer one.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let chunk = rest.get(..length.checked_add(12)?)?;
        rest = &rest[chunk.len()..];
        Some(&chunk[4..8])
    })
}

/// A row in RGB, 8 bits a channel: 16 bits are rounded, transparent parts are laid on white.
fn to_rgb(
    row: &[u8],
    (kind, depth): (ColorType, BitDepth),
    colours: &Colours,
    rgb: &mut Vec<u8>,
) -> Result<(), PictureError> {
    let wide = depth == BitDepth::Sixteen;
    let channels = kind.samples();
    let value = |samples: &[u8], channel: usize| {
        if wide {
            let value = u16::from_be_bytes([samples[2 * channel], samples[2 * channel + 1]]);
            ((u32::from(value) + 128) / 257) as u8
        } else {
            samples[channel]
        }
    };
    let size = channels * if wide { 2 } else { 1 };
    let is_grey = matches!(kind, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    for samples in row.chunks_exact(size) {
        rgb.extend([0, 1, 2].map(|channel| value(samples, if is_grey { 0 } else { channel })));
    }
    colours.convert(rgb, row.len() / size)?;
    if matches!(kind, ColorType::GrayscaleAlpha | ColorType::Rgba) {
        for (samples, pixel) in row.chunks_exact(size).zip(rgb.as_chunks_mut::<3>().0) {
            let alpha = u16::from(value(samples, channels - 1));
            *pixel = pixel.map(|value| ((u16::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8);
        }
    }
    Ok(())
}

/// What the numbers mean, by the chunk that counts most (PNG specification, third edition, section 4.3).
fn colours(info: &Info) -> Result<Colours, PictureError> {
    if let Some(points) = &info.coding_independent_code_points {
        return code_points(points);
    }
    if let Some(profile) = &info.icc_profile {
        return Colours::of_profile(Some(profile));
    }
    let (gamma, colorants) = (info.gama_chunk.map(|gamma| gamma.into_value()), info.chrm_chunk);
    let is_usual = gamma.is_none_or(|gamma| (gamma - SRGB_GAMMA).abs() < NEAR);
    if info.srgb.is_some() || (is_usual && colorants.is_none()) {
        return Ok(Colours::Srgb);
    }
    let mut profile = ColorProfile::new_srgb();
    if let Some(colorants) = colorants {
        let point = |(x, y): (png::ScaledFloat, png::ScaledFloat)| Chromaticity {
            x: x.into_value(),
            y: y.into_value(),
        };
        let (red, green, blue) = (point(colorants.red), point(colorants.green), point(colorants.blue));
        let is_flat = |point: &Chromaticity| point.y.is_nan() || point.y <= 0.0;
        if [red, green, blue, point(colorants.white)].iter().any(is_flat) {
            return Err(colour::unreadable("its primaries are none"));
        }
        profile.update_rgb_colorimetry(point(colorants.white).to_xyyb(), ColorPrimaries { red, green, blue });
    }
    if let Some(gamma) = gamma.filter(|_| !is_usual) {
        if !(0.05..=5.0).contains(&gamma) {
            return Err(colour::unreadable(format!("a gamma of {gamma} is none")));
        }
        let curve = Some(curve_from_gamma(1.0 / gamma));
        (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    }
    profile.cicp = None;
    Colours::of(&profile)
}

/// Colours by the numbers of ITU-T H.273.
fn code_points(points: &png::CodingIndependentCodePoints) -> Result<Colours, PictureError> {
    let unknown = |_| colour::unreadable("its code points are not known");
    let profile = CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(points.color_primaries).map_err(unknown)?,
        transfer_characteristics: TransferCharacteristics::try_from(points.transfer_function)
            .map_err(unknown)?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    };
    let mut known = ColorProfile::new_srgb();
    if !points.is_video_full_range_image || !known.update_rgb_colorimetry_from_cicp(profile) {
        return Err(colour::unreadable("its code points are not of a full-range RGB picture"));
    }
    Colours::of(&known)
}

fn explain(error: DecodingError) -> PictureError {
    match error {
        DecodingError::LimitsExceeded => {
            PictureError::Damaged("what it holds beside its pixels is too large".into())
        }
        DecodingError::IoError(cause) if cause.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated
        }
        other => PictureError::Damaged(other.to_string()),
    }
}
