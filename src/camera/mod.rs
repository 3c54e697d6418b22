//! Cameras, and the stream around one.
//!
//! A camera only waits for frames. The [`Stream`] around it decodes, keeps the newest frames, and notices
//! when a camera stalls, breaks or comes back.

mod command;
mod config;
mod folder;
mod formats;
mod keeper;
mod kept;
mod locks;
mod newest;
mod reader;
mod source;
mod splitter;
mod stream;
mod uvc;
mod v4l2;
mod view;

pub use config::{CameraConfig, CameraKind};
pub use kept::{CameraState, Demand, StreamEvent};
pub use source::{Camera, CameraError, Shot};
pub use splitter::Splitter;
pub use stream::Stream;
pub use view::{View, live};

/// Opens the camera that the configuration names.
pub fn open(config: &CameraConfig) -> Result<Box<dyn Camera>, CameraError> {
    match config.kind {
        CameraKind::Uvc => uvc::open(config),
        CameraKind::Command => command::open(config),
        CameraKind::Folder => folder::open(config),
    }
}
