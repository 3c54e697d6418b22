//! Reading a label from a frame.

use crate::{Label, LabelError};

/// Why a code that is seen is no label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// A code is there and cannot be read: torn, covered, blurred, or at the edge.
    #[error("a code is seen and cannot be read; hold it flat, whole and sharp before the camera")]
    Torn,
    /// It was read and says something else.
    #[error(transparent)]
    NoLabel(#[from] LabelError),
    /// Two labels that differ.
    #[error("two different labels are seen; hold one alone before the camera")]
    Several,
}

/// Looks for a label in the brightness of a frame, row by row. `None` where there is no code at all.
///
/// A pattern in skin may look like a code's corners for a moment: tell [`ScanError::Torn`] to a person only where it is seen in
/// several frames on end.
pub fn scan(width: usize, height: usize, brightness: &[u8]) -> Option<Result<Label, ScanError>> {
    if width == 0 || height == 0 || Some(brightness.len()) != width.checked_mul(height) {
        return None;
    }
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| brightness[y * width + x]);
    let mut found: Option<Result<Label, ScanError>> = None;
    for grid in image.detect_grids() {
        let read = match grid.decode() {
            Ok((_, text)) => Label::parse(&text).map_err(ScanError::from),
            Err(_) => Err(ScanError::Torn),
        };
        found = Some(match (found, read) {
            (Some(Ok(one)), Ok(other)) if one != other => return Some(Err(ScanError::Several)),
            (Some(Ok(one)), _) => Ok(one),
            (_, Ok(label)) => Ok(label),
            // A code of something else says more than one that cannot be read.
            (Some(Err(ScanError::NoLabel(error))), Err(_)) => Err(ScanError::NoLabel(error)),
            (_, Err(error)) => Err(error),
        });
    }
    found
}
