//! QR codes that name a case and a lesion: what is said before a press, held before the camera.
//!
//! [`Label`] has a form in text, which the README defines; [`scan`] reads it from a frame; [`sheets`] and [`wrist_band`]
//! print it. A code that is torn or says something else is an error: nothing is guessed.

mod label;
mod print;
mod scan;

pub use label::{Label, LabelError};
pub use print::{PrintError, sheets, wrist_band};
pub use scan::{ScanError, scan};
