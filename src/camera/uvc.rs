//! USB cameras and everything else that speaks V4L2, by nokhwa; what nokhwa refuses, by [`v4l2`].

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use image::RgbImage;
use nokhwa::pixel_format::RgbFormat;
use nokhwa::utils::{CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType};
use nokhwa::{FormatDecoder, NokhwaError};

use super::{Camera, CameraConfig, CameraError, Shot, formats, locks, v4l2};
use crate::picture::first_jpeg;
use crate::picture::{Encoded, Encoding};

/// Where the kernel describes video devices.
const VIDEO_CLASS: &str = "/sys/class/video4linux";

/// Opens the camera of `camera.device`, or the first that there is.
pub fn open(config: &CameraConfig) -> Result<Box<dyn Camera>, CameraError> {
    let devices =
        if config.device.is_empty() { list(Path::new(VIDEO_CLASS)) } else { vec![resolve(&config.device)?] };
    let mut refused = CameraError::Open {
        device: "uvc".into(),
        cause: "there is no camera".into(),
        cure: "plug one in; for a CSI camera set camera.kind = \"command\"".into(),
    };
    for (index, device) in devices {
        match open_node(index, &device, config) {
            Ok(camera) => return Ok(camera),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn open_node(index: u32, device: &Path, config: &CameraConfig) -> Result<Box<dyn Camera>, CameraError> {
    if v4l2::suits_nokhwa(device) {
        match Uvc::open(index, device, config) {
            Ok(camera) => return Ok(Box::new(camera)),
            Err(error) => tracing::debug!("nokhwa: {error}"),
        }
    }
    Ok(Box::new(v4l2::Node::open(device, config)?))
}

/// The cameras of this computer, those on USB first: their numbers and device nodes. Nodes that only carry a
/// camera's metadata have an index above 0 and are left out.
fn list(class: &Path) -> Vec<(u32, PathBuf)> {
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let names = std::fs::read_dir(class)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut found: Vec<_> = names
        .filter_map(|name| {
            let index: u32 = name.strip_prefix("video")?.parse().ok()?;
            let node = class.join(&name);
            let bus = std::fs::canonicalize(node.join("device/subsystem")).unwrap_or_default();
            (read(node.join("index")).trim() == "0").then_some((!bus.ends_with("usb"), index))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, index)| (index, PathBuf::from(format!("/dev/video{index}")))).collect()
}

/// The number behind a device's name, through the links of `/dev/v4l`.
fn resolve(device: &str) -> Result<(u32, PathBuf), CameraError> {
    let error =
        |cause: String, cure: &str| CameraError::Open { device: device.into(), cause, cure: cure.into() };
    let node = std::fs::canonicalize(device).map_err(|cause| {
        error(
            cause.to_string(),
            "plug the camera in, or set camera.device (`ls /dev/v4l/by-id` names those that are there)",
        )
    })?;
    let number = node.file_name().and_then(|name| name.to_str()?.strip_prefix("video")?.parse().ok());
    let number = number.ok_or_else(|| {
        error(
            format!("{} is not a video device", node.display()),
            "set camera.device to /dev/videoN or a link to one",
        )
    })?;
    Ok((number, node))
}

struct Uvc {
    device: PathBuf,
    camera: nokhwa::Camera,
    /// How old the last frame was.
    age: Duration,
}

impl Uvc {
    fn open(index: u32, device: &Path, config: &CameraConfig) -> Result<Self, CameraError> {
        let explain = |error: NokhwaError| open_error(device, error.to_string());
        let mut camera = first_accepted(index, config).map_err(explain)?;
        locks::hold(device, config);
        camera.open_stream().map_err(explain)?;
        let format = camera.camera_format();
        tracing::info!("{}: {} {format}", device.display(), camera.info().human_name());
        Ok(Self { device: device.into(), camera, age: Duration::ZERO })
    }
}

/// Opens the camera with the best format that its driver accepts as asked.
fn first_accepted(index: u32, config: &CameraConfig) -> Result<nokhwa::Camera, NokhwaError> {
    let mut refused = None;
    for format in offered(index, config)? {
        let exact = RequestedFormatType::Exact(format);
        match nokhwa::Camera::new(
            CameraIndex::Index(index),
            RequestedFormat::with_formats(exact, formats::FRAME_FORMATS),
        ) {
            Ok(camera) => return Ok(camera),
            Err(error) if refused.is_none() => refused = Some(error),
            Err(_) => {}
        }
    }
    let none = || NokhwaError::GeneralError("it offers no format that can be read".into());
    Err(refused.unwrap_or_else(none))
}

/// The formats worth trying, the best first.
fn offered(index: u32, config: &CameraConfig) -> Result<Vec<CameraFormat>, NokhwaError> {
    // Any format will do to ask for the list; a driver may refuse even that.
    let any = RequestedFormat::with_formats(RequestedFormatType::None, formats::FRAME_FORMATS);
    let listed = match nokhwa::Camera::new(CameraIndex::Index(index), any) {
        Ok(mut camera) => camera.compatible_camera_formats(),
        Err(error @ NokhwaError::OpenDeviceError(..)) => return Err(error),
        Err(error) => Err(error),
    };
    let listed = listed.unwrap_or_else(|error| {
        tracing::debug!("/dev/video{index}: its formats cannot be listed: {error}");
        Vec::new()
    });
    Ok([formats::by_preference(&listed, config), formats::usual(config)].concat())
}

/// What the driver said, as a person can act on it.
pub(super) fn open_error(device: &Path, cause: String) -> CameraError {
    let cure = if cause.contains("os error 13") || cause.contains("ermission denied") {
        "add this user to the group video (`usermod -aG video NAME`) and log in again"
    } else if cause.contains("os error 16") || cause.contains("busy") {
        "another program uses the camera: end it (`fuser -v /dev/video*` names it)"
    } else if cause.contains("os error 19") || cause.contains("os error 2)") {
        "plug the camera in again"
    } else {
        "check camera.device, and that `v4l2-ctl --list-formats-ext` shows MJPG or YUYV; for a CSI camera set \
         camera.kind = \"command\""
    };
    CameraError::Open { device: device.display().to_string(), cause, cure: cure.into() }
}

impl Camera for Uvc {
    fn next_shot(&mut self) -> Result<Shot, CameraError> {
        let device = || self.device.display().to_string();
        let format = self.camera.camera_format();
        match self.camera.frame() {
            Ok(buffer) => {
                self.age = age(buffer.capture_timestamp());
                to_shot(buffer.buffer(), format)
                    .map_err(|cause| CameraError::BadFrame { device: device(), cause })
            }
            Err(error) => Err(CameraError::Gone { device: device(), cause: error.to_string() }),
        }
    }

    fn age(&self) -> Duration {
        self.age
    }

    fn describe(&self) -> String {
        let format = self.camera.camera_format();
        let (width, height, kind) = (format.width(), format.height(), format.format());
        format!("uvc {} {width}x{height} {kind}", self.device.display())
    }
}

/// How long ago a frame was taken whose driver says when, by the wall clock. One that says nothing, or nonsense, is of
/// now.
fn age(taken_at: Option<Duration>) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let age = taken_at.and_then(|taken_at| now.checked_sub(taken_at)).unwrap_or_default();
    if age < v4l2::OLDEST { age } else { Duration::ZERO }
}

/// MJPEG keeps its bytes, up to the end of the picture: the buffer is longer, and what lies behind is old.
pub(super) fn to_shot(bytes: &[u8], format: CameraFormat) -> Result<Shot, String> {
    if format.format() == FrameFormat::MJPEG {
        let jpeg = first_jpeg(bytes).ok_or("the picture is cut off")?;
        return Ok(Shot::Encoded(Encoded { encoding: Encoding::Jpeg, bytes: jpeg.into() }));
    }
    let values = RgbFormat::write_output(format.format(), format.resolution(), bytes)
        .map_err(|error| error.to_string())?;
    let pixels = RgbImage::from_raw(format.width(), format.height(), values);
    pixels.map(Shot::Pixels).ok_or_else(|| format!("{} bytes are too few for {format}", bytes.len()))
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use nokhwa::utils::Resolution;

    use super::*;
    use crate::synthetic;

    #[test]
    fn a_device_that_is_not_there_is_named_with_the_cure() {
        let message = resolve("/dev/v4l/by-id/usb-none").unwrap_err().to_string();
        assert!(message.starts_with("/dev/v4l/by-id/usb-none: cannot open the camera"), "{message}");
        assert!(message.contains("camera.device"), "{message}");
        assert!(resolve("/dev/null").unwrap_err().to_string().contains("is not a video device"));
    }

    #[test]
    fn a_link_is_followed_to_its_number() {
        let dir = tempfile::tempdir().unwrap();
        let (node, link) = (dir.path().join("video12"), dir.path().join("usb-Camera-index0"));
        std::fs::write(&node, "").unwrap();
        std::os::unix::fs::symlink(&node, &link).unwrap();
        assert_eq!(resolve(link.to_str().unwrap()).unwrap().0, 12);
    }

    #[test]
    fn cameras_are_listed_without_metadata_nodes_and_usb_first() {
        let class = tempfile::tempdir().unwrap();
        for (name, index, bus) in
            [("video0", "0", "platform"), ("video2", "0", "usb"), ("video3", "1", "usb")]
        {
            let bus = class.path().join("bus").join(bus);
            std::fs::create_dir_all(&bus).unwrap();
            let device = class.path().join(name).join("device");
            std::fs::create_dir_all(&device).unwrap();
            std::fs::write(class.path().join(name).join("index"), format!("{index}\n")).unwrap();
            std::os::unix::fs::symlink(&bus, device.join("subsystem")).unwrap();
        }
        let numbers: Vec<_> = list(class.path()).into_iter().map(|(index, _)| index).collect();
        assert_eq!(numbers, [2, 0]);
    }

    #[test]
    fn refusals_by_the_kernel_name_their_cure() {
        let cure = |cause: &str| open_error(Path::new("/dev/video0"), cause.into()).to_string();
        assert!(cure("V4L2 Error: Permission denied (os error 13)").contains("group video"));
        assert!(cure("Device or resource busy (os error 16)").contains("another program"));
        assert!(cure("No such device (os error 19)").contains("plug the camera in"));
        assert!(cure("Failed to Fufill").contains("v4l2-ctl"));
    }

    fn format(width: u32, height: u32, kind: FrameFormat) -> CameraFormat {
        CameraFormat::new(Resolution::new(width, height), kind, 15)
    }

    #[test]
    fn an_mjpeg_buffer_is_cut_at_the_end_of_the_picture() {
        let mut jpeg = Vec::new();
        synthetic::lesion(1, 32).write_with_encoder(JpegEncoder::new(&mut jpeg)).unwrap();
        let stale = [&jpeg[..], &jpeg[100..], &[0; 500]].concat();
        let shot = to_shot(&stale, format(32, 32, FrameFormat::MJPEG)).unwrap();
        assert!(matches!(shot, Shot::Encoded(encoded) if *encoded.bytes == *jpeg));
        let cut = to_shot(&jpeg[..jpeg.len() - 1], format(32, 32, FrameFormat::MJPEG));
        assert!(cut.is_err());
    }

    #[test]
    fn what_lies_before_the_picture_and_a_start_marker_that_comes_twice_are_left_out() {
        let mut jpeg = Vec::new();
        synthetic::lesion(1, 32).write_with_encoder(JpegEncoder::new(&mut jpeg)).unwrap();
        for before in [&b""[..], &[0xff, 0xd8], &[0; 64], b"\xff\xd8junk\xff\xd8", b"\xff\xd8\xff\xd8"] {
            let buffer = [before, &jpeg, &[0; 100]].concat();
            let shot = to_shot(&buffer, format(32, 32, FrameFormat::MJPEG)).unwrap();
            assert!(matches!(shot, Shot::Encoded(encoded) if *encoded.bytes == *jpeg), "{before:?}");
        }
    }

    #[test]
    fn a_driver_that_tells_no_time_or_nonsense_is_taken_for_now() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        assert_eq!(age(None), Duration::ZERO);
        assert_eq!(age(Some(Duration::from_secs(7))), Duration::ZERO);
        assert_eq!(age(Some(now + Duration::from_secs(3600))), Duration::ZERO);
        let known = age(Some(now - Duration::from_millis(250)));
        assert!((250..9_000).contains(&known.as_millis()), "{known:?}");
    }

    #[test]
    fn raw_buffers_become_rgb_or_are_refused() {
        let grey = [128u8; 4 * 2 * 2];
        let shot = to_shot(&grey, format(4, 2, FrameFormat::YUYV)).unwrap();
        let Shot::Pixels(pixels) = shot else { panic!("raw pixels are wanted") };
        assert_eq!(pixels.dimensions(), (4, 2));
        assert!(
            pixels.pixels().all(|pixel| pixel.0.iter().all(|value| value.abs_diff(130) <= 3)),
            "{pixels:?}"
        );
        assert!(to_shot(&grey[..7], format(4, 2, FrameFormat::YUYV)).is_err());
    }
}
