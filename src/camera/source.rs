//! The seam to cameras: a source of shots, and what can go wrong with one.

use std::time::Duration;

use image::RgbImage;

use crate::picture::{Encoded, Foreign};

/// What a camera gives for one frame, before it is decoded and cropped.
#[derive(Clone, Debug)]
pub enum Shot {
    /// A file format's bytes (JPEG or PNG), complete.
    Encoded(Encoded),
    /// Raw pixels, already converted to RGB.
    Pixels(RgbImage),
}

/// A source of frames. It stays on the thread that opened it.
pub trait Camera {
    /// Waits for the next frame and gives it. May block for as long as the driver does: the stream calls it on
    /// a thread that it can give up. After [`CameraError::BadFrame`] it may be called again;
    /// after any other error the camera is to be dropped and opened anew.
    fn next_shot(&mut self) -> Result<Shot, CameraError>;

    /// How long ago the shot was taken that [`Self::next_shot`] gave last: by the driver's own time where it tells, else
    /// by what may lie in buffers on the way. A capture is of the light that was on then.
    fn age(&self) -> Duration {
        Duration::ZERO
    }

    /// What it is, for logs, records and the doctor: "folder pictures/", "uvc /dev/video0 1280x720 MJPEG".
    fn describe(&self) -> String;
}

/// What can go wrong with a camera. Each message names the device and the cure.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// The camera cannot be had.
    #[error("{device}: cannot open the camera: {cause}; {cure}")]
    Open {
        /// Its device node, program or folder.
        device: String,
        /// What the driver or the system said.
        cause: String,
        /// What the person can do about it.
        cure: String,
    },
    /// It was opened and gives nothing.
    #[error("{device}: the camera gave no frame for {:.1} s; {cure}", waited.as_secs_f32())]
    Stalled {
        /// Its device node, program or folder.
        device: String,
        /// How long no frame came.
        waited: Duration,
        /// What the person can do about it.
        cure: &'static str,
    },
    /// It gives files of a format that is not read.
    #[error("{device}: {foreign}")]
    Foreign {
        /// Its device node, program or folder.
        device: String,
        /// Which format, and the way out.
        foreign: Foreign,
    },
    /// It was there and is not any more.
    #[error("{device}: the camera is gone: {cause}")]
    Gone {
        /// Its device node, program or folder.
        device: String,
        /// What the driver or the system said.
        cause: String,
    },
    /// One frame is torn or damaged; the next may be whole.
    #[error("{device}: a frame was refused: {cause}")]
    BadFrame {
        /// Its device node, program or folder.
        device: String,
        /// What is wrong with the frame.
        cause: String,
    },
}
