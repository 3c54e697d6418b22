//! V4L2 without nokhwa, for what nokhwa refuses: drivers whose frame time is no whole fraction of a second, such as
//! 1001/30000 s, as HDMI and TV inputs have, and those that list no sizes.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use nokhwa::utils::{CameraFormat, FrameFormat, Resolution};
use v4l::buffer::{Flags, Metadata, Type};
use v4l::framesize::FrameSizeEnum;
use v4l::io::mmap::Stream;
use v4l::io::traits::CaptureStream;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC};

use super::uvc::{open_error, to_shot};
use super::{Camera, CameraConfig, CameraError, CameraKind, Shot, locks};

/// The kinds of pixels, the best first, by the kernel's names.
const KINDS: [(FrameFormat, [u8; 4]); 6] = [
    (FrameFormat::MJPEG, *b"MJPG"),
    (FrameFormat::YUYV, *b"YUYV"),
    (FrameFormat::NV12, *b"NV12"),
    (FrameFormat::RAWRGB, *b"RGB3"),
    (FrameFormat::RAWBGR, *b"BGR3"),
    (FrameFormat::GRAY, *b"GREY"),
];
/// No buffer lies in a driver for so long: a time from before is none.
pub(super) const OLDEST: Duration = Duration::from_secs(10);
/// Frames in the kernel's hands at a time.
const BUFFERS: u32 = 4;

/// Whether nokhwa can open a node, and in time: it takes only whole frame rates, and asks a driver that has any size
/// for the rates of thousands.
pub fn suits_nokhwa(path: &Path) -> bool {
    let Ok(device) = Device::with_path(path) else { return true };
    let is_whole = device.params().is_ok_and(|params| params.interval.numerator == 1);
    let kinds = KINDS.iter().filter_map(|(_, name)| device.enum_framesizes(FourCC::new(name)).ok());
    let mut sizes = kinds.flatten();
    is_whole && sizes.all(|size| matches!(size.size, FrameSizeEnum::Discrete(_)))
}

/// A running camera.
pub struct Node {
    path: PathBuf,
    format: CameraFormat,
    stream: Stream<'static>,
    stall_after: Duration,
    /// How old the last frame was.
    age: Duration,
}

impl Node {
    /// Opens a node with the best kind of pixels that it has, at the size nearest to the one asked for.
    pub fn open(path: &Path, config: &CameraConfig) -> Result<Self, CameraError> {
        let failed = |cause: std::io::Error| open_error(path, cause.to_string());
        let device = Device::with_path(path).map_err(failed)?;
        let offered: Vec<_> =
            device.enum_formats().map_err(failed)?.into_iter().map(|kind| kind.fourcc).collect();
        let mut known = KINDS.iter().filter(|(_, name)| offered.contains(&FourCC::new(name)));
        let (kind, given) = known
            .find_map(|(kind, name)| {
                let wanted = Format::new(config.width, config.height, FourCC::new(name));
                let given = device.set_format(&wanted).ok()?;
                (given.fourcc == wanted.fourcc).then_some((*kind, given))
            })
            .ok_or_else(|| open_error(path, "it offers no format that can be read".into()))?;
        // A driver may have one rate alone.
        let _ = device.set_params(&Parameters::with_fps(config.frame_rate));
        let rate = device
            .params()
            .map_or(0, |params| params.interval.denominator / params.interval.numerator.max(1));
        let format = CameraFormat::new(Resolution::new(given.width, given.height), kind, rate);
        locks::hold(path, config);
        let mut stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(failed)?;
        stream.set_timeout(config.stall_after());
        tracing::info!("{}: {format}", path.display());
        Ok(Self { path: path.into(), format, stream, stall_after: config.stall_after(), age: Duration::ZERO })
    }
}

/// How long ago a buffer was filled, by the driver's own time. One whose clock is another is taken for new.
fn age(meta: &Metadata) -> Duration {
    let is_monotonic = meta.flags & Flags::TIMESTAMP_MASK == Flags::TIMESTAMP_MONOTONIC;
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default();
    let age = now.checked_sub(Duration::from(meta.timestamp)).unwrap_or_default();
    if is_monotonic && age < OLDEST { age } else { Duration::ZERO }
}

impl Camera for Node {
    fn next_shot(&mut self) -> Result<Shot, CameraError> {
        let device = || self.path.display().to_string();
        match self.stream.next() {
            Ok((_, meta)) if meta.flags.contains(Flags::ERROR) => Err(CameraError::BadFrame {
                device: device(),
                cause: "the driver says that it is damaged".into(),
            }),
            Ok((bytes, meta)) => {
                self.age = age(meta);
                let used = bytes.len().min(meta.bytesused as usize);
                to_shot(&bytes[..used], self.format)
                    .map_err(|cause| CameraError::BadFrame { device: device(), cause })
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(CameraError::Stalled {
                device: device(),
                waited: self.stall_after,
                cure: CameraKind::Uvc.cure_of_stalls(),
            }),
            Err(error) => Err(CameraError::Gone { device: device(), cause: error.to_string() }),
        }
    }

    fn age(&self) -> Duration {
        self.age
    }

    fn describe(&self) -> String {
        let (width, height, kind) = (self.format.width(), self.format.height(), self.format.format());
        format!("uvc {} {width}x{height} {kind}", self.path.display())
    }
}
