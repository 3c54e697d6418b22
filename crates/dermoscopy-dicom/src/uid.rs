//! Identifiers that are the same whenever they are made again.

use sha2::{Digest, Sha256};

/// A UID of a text: `2.25.` and a UUID (PS3.5, B.2).
pub fn of(text: &str) -> String {
    format!("2.25.{}", uuid(text))
}

/// The UUID of a text (version 8 of RFC 9562), of its SHA-256.
pub fn uuid(text: &str) -> u128 {
    let hash = Sha256::digest(text.as_bytes());
    let first = hash.iter().take(16).fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    let version = (first & !(0xf << 76)) | (8 << 76);
    (version & !(0b11 << 62)) | (0b10 << 62)
}
