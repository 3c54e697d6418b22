//! What a pull needs to know of a record.

use serde::Deserialize;

use crate::picture::Encoding;
use crate::records::carried_name;

/// What a pull needs to know of a record.
#[derive(Clone, Deserialize)]
pub(super) struct Known {
    pub sequence: u64,
    pub device: String,
    pub image_sha256: String,
    pub image_size: u64,
    pub image_encoding: Encoding,
}

impl Known {
    pub fn image_name(&self) -> String {
        carried_name(self.sequence, self.image_encoding)
    }
}
