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
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Read(#[from] std::io::Error),
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// There are more than [`MAX_FILE`] bytes.
    #[error("the file is larger than {} MiB: save it smaller, or as a JPEG", MAX_FILE >> 20)]
    TooLarge,
    /// The bytes are in another format than JPEG or PNG; which one, where its signature is known.
    #[error("{}", .0.map_or("not a JPEG or PNG picture".into(), |foreign| foreign.to_string()))]
    Format(Option<Foreign>),
    /// A side is longer than [`MAX_SIDE`], or there are more than [`MAX_PIXELS`].
    #[error("the picture is too large: at most {MAX_SIDE} pixels a side and {} megapixels", MAX_PIXELS / 1_000_000)]
    TooManyPixels,
    /// Decoding it would take more than [`MAX_MEMORY`].
    #[error(
        "the picture is too large for its kind: {megapixels:.1} megapixels take more than {} MB to decode; save it \
         smaller, or as a baseline JPEG",
        MAX_MEMORY / 1_000_000
    )]
    TooMuchMemory {
        /// Millions of pixels that it has.
        megapixels: f64,
    },
    /// The bytes end before the picture does.
    #[error("the picture is cut off: its end is missing")]
    Truncated,
    /// The bytes are not what the format says, and why.
    #[error("the picture is damaged: {0}")]
    Damaged(String),
    /// The colour profile in it cannot be read, and why.
    #[error(
        "the picture's colours are not known, since its colour profile cannot be read: {0}; save it as sRGB"
    )]
    Profile(String),
    /// The decoder panicked, and what it said: a fault of the program.
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
