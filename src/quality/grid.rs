//! The copy of the field of view that is measured.

/// Pixels a side of it, whatever the camera gives: the numbers mean the same for every camera.
pub(super) const SIDE: usize = 224;
