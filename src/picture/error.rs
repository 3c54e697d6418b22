//! The limits of pictures from outside, the same at every door, and why bytes are not a picture that can be read.

use super::foreign::Foreign;

/// The longest side that is accepted, in pixels.
pub const MAX_SIDE: u32 = 16_384;
/// The most pixels that are accepted: what phones and cameras take, and what fits into [`MAX_MEMORY`].
pub const MAX_PIXELS: u64 = 26_000_000;
/// The largest file that is read, in bytes: a phone's pictures have 2 to 15 MB.
pub const MAX_FILE: u64 = 20 << 20;
/// The most memory that decoding one picture may take, its pixels included: a progressive JPEG's coefficients take twice
/// what its pixels do.
pub const MAX_MEMORY: u64 = 80_000_000;

/// Why bytes are not a picture that can be read.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("cannot read the file: {0}")]
    Read(#[from] std::io::Error),
    #[error("the file is empty")]
    Empty,
    #[error("the file is larger than {} MiB: save it smaller, or as a JPEG", MAX_FILE >> 20)]
    TooLarge,
    #[error("{}", .0.map_or("not a JPEG or PNG picture".into(), |foreign| foreign.to_string()))]
    Format(Option<Foreign>),
    #[error("the picture is too large: at most {MAX_SIDE} pixels a side and {} megapixels", MAX_PIXELS / 1_000_000)]
    TooManyPixels,
    #[error(
        "the picture is too large for its kind: {megapixels:.1} megapixels take more than {} MB to decode; save it \
         smaller, or as a baseline JPEG",
        MAX_MEMORY / 1_000_000
    )]
    TooMuchMemory { megapixels: f64 },
    #[error("the picture is cut off: its end is missing")]
    Truncated,
    #[error("the picture is damaged: {0}")]
    Damaged(String),
    #[error(
        "the picture's colours are not known, since its colour profile cannot be read: {0}; save it as sRGB"
    )]
    Profile(String),
    #[error("the decoder failed on it: {0}")]
    Decoder(String),
}

/// Refuses what is larger than pictures may be.
pub(super) fn check_size(width: u32, height: u32) -> Result<(), PictureError> {
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || pixels > MAX_PIXELS {
        Err(PictureError::TooManyPixels)
    } else {
        Ok(())
    }
}

pub(super) fn too_many(pixels: u64) -> PictureError {
    PictureError::TooMuchMemory { megapixels: pixels as f64 / 1e6 }
}
