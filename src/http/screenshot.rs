//! The newest screen as a PNG.

use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::StatusCode;

use super::problem::Problem;
use crate::panel::Shown;

/// The newest screen as PNG, with its version, so that many watchers cost one encoding.
#[derive(Default)]
pub(super) struct Screenshot(Mutex<Option<(u64, Bytes)>>);

impl Screenshot {
    pub fn of(&self, shown: &Shown) -> Result<Bytes, Problem> {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, png)) = &*newest
            && *version == shown.version
        {
            return Ok(png.clone());
        }
        let png = shown.canvas.to_png();
        let png = png.map_err(|cause| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, cause.to_string()))?;
        let png = Bytes::copy_from_slice(&png.bytes);
        *newest = Some((shown.version, png.clone()));
        Ok(png)
    }
}
