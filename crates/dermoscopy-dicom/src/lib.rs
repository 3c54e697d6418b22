//! Writes a dermatoscopic picture and its reading as DICOM, for archives and viewers.
//!
//! [`image`] is a Dermoscopic Photography Image (PS3.3, A.32.11): the camera's JPEG goes in byte by byte, with how it was
//! taken, of what, by which device. [`report`] is the reading beside it, an Enhanced SR (PS3.3, A.35.2), which viewers show
//! as text: numbers as numbers, and nothing that looks like a diagnosis by a person.
//!
//! The same [`Instance`] gives the same bytes and the same identifiers: what is sent twice is one thing in the archive.
//! No private elements are written; concepts for which there is no code have one of the scheme `99DERMASCOPE`.

mod element;
mod image;
mod instance;
mod jpeg;
mod report;
mod uid;

pub use image::{Pixels, image};
pub use instance::{Code, Instance, Laterality, Reading, Taken, Tracking};
pub use jpeg::Jpeg;
pub use report::report;
pub use uid::uuid;

/// Why no file was made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pixels are not as many as width and height say, or more than DICOM can count.
    #[error("a picture of {width} x {height} pixels with {bytes} bytes cannot be written as DICOM")]
    Pixels {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// Those that were given.
        bytes: usize,
    },
    /// A value that DICOM cannot hold.
    #[error("cannot be written as DICOM: {0}")]
    Write(String),
}
