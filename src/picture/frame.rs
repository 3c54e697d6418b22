//! A frame: pixels, when they were captured, their sequence number, and the bytes the camera gave.

use std::sync::Arc;
use std::time::Duration;

use image::RgbImage;
use serde::{Deserialize, Serialize};

/// How a picture's bytes are encoded. Only what can be stored and opened anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// JPEG (ITU-T T.81).
    Jpeg,
    /// PNG (ISO/IEC 15948).
    Png,
}

impl Encoding {
    /// The file name extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// The media type for HTTP.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// A picture as bytes: what a camera gave, and what a record keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The format of the bytes.
    pub encoding: Encoding,
    /// A whole file of it.
    pub bytes: Arc<[u8]>,
}

/// A rectangle in pixels of the decoded, upright picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Columns to the left of it.
    pub x: u32,
    /// Rows above it.
    pub y: u32,
    /// Columns that it covers.
    pub width: u32,
    /// Rows that it covers.
    pub height: u32,
}

impl Region {
    /// The largest centred square that covers `fraction` (0 < fraction <= 1) of the shorter side.
    /// At least one pixel wide for any picture that has pixels.
    pub fn centre_square(width: u32, height: u32, fraction: f32) -> Self {
        let short = width.min(height);
        let side = ((short as f32 * fraction.clamp(0.0, 1.0)).round() as u32).clamp(short.min(1), short);
        Self { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side }
    }
}

/// One picture from a camera, cropped to the field of view.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Counts the frames of one run of the daemon, from 0. Gaps mean frames that were dropped.
    pub sequence: u64,
    /// When the frame was taken, since the stream's start (monotonic): see [`Camera::age`](crate::camera::Camera::age).
    pub captured_at: Duration,
    /// The field of view as the screen shows it live and its sharpness is measured: at a part of its size where its
    /// format gives it so. [`Self::full`] has all of it.
    pub pixels: RgbImage,
    /// Where the field of view lies in the decoded picture of `encoded`, at its full size.
    pub field_of_view: Region,
    /// The bytes the camera gave, where it gave a file format. `None` for raw pixels.
    pub encoded: Option<Encoded>,
}
