//! Which of a camera's formats is the best for what the configuration asks.

use nokhwa::utils::{CameraFormat, FrameFormat, Resolution};

use super::CameraConfig;

/// The formats that become RGB here, the best first: MJPEG keeps the camera's own bytes for the record, and
/// is the only one that fits through USB 2 at a good size and rate.
pub const FRAME_FORMATS: &[FrameFormat] = &[
    FrameFormat::MJPEG,
    FrameFormat::YUYV,
    FrameFormat::NV12,
    FrameFormat::RAWRGB,
    FrameFormat::RAWBGR,
    FrameFormat::GRAY,
];

/// The formats that a camera offers, the best first: fast enough before near enough in size before the kind
/// of pixels before the nearest rate.
pub fn by_preference(offered: &[CameraFormat], config: &CameraConfig) -> Vec<CameraFormat> {
    let mut formats: Vec<_> =
        offered.iter().filter(|format| rank(format.format()).is_some()).copied().collect();
    formats.sort_by_key(|format| {
        let missing = config.frame_rate.saturating_sub(format.frame_rate());
        let apart = format.width().abs_diff(config.width) + format.height().abs_diff(config.height);
        // Half the rate asked for is still a live picture; below, size no longer matters.
        let too_slow = format.frame_rate() * 2 < config.frame_rate;
        (too_slow, apart, rank(format.format()), missing, format.frame_rate())
    });
    formats.dedup();
    formats
}

/// What to try on a camera whose formats cannot be listed: nearly every camera has one of these.
pub fn usual(config: &CameraConfig) -> Vec<CameraFormat> {
    let sizes = [(config.width, config.height), (1280, 720), (640, 480)];
    let rates = [config.frame_rate, 30, 25, 15];
    let kinds = [FrameFormat::MJPEG, FrameFormat::YUYV];
    let every = kinds.into_iter().flat_map(|kind| sizes.into_iter().map(move |size| (kind, size)));
    every
        .flat_map(|(kind, (width, height))| {
            rates.into_iter().map(move |rate| CameraFormat::new(Resolution::new(width, height), kind, rate))
        })
        .collect()
}

fn rank(format: FrameFormat) -> Option<usize> {
    FRAME_FORMATS.iter().position(|known| *known == format)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(width: u32, height: u32, kind: FrameFormat, rate: u32) -> CameraFormat {
        CameraFormat::new(Resolution::new(width, height), kind, rate)
    }

    fn best(offered: &[CameraFormat]) -> Option<CameraFormat> {
        by_preference(offered, &CameraConfig::default()).first().copied()
    }

    #[test]
    fn the_size_asked_for_is_taken_as_mjpeg_where_there_is_a_choice() {
        let wanted = format(1280, 720, FrameFormat::MJPEG, 15);
        let offered = [
            format(640, 480, FrameFormat::MJPEG, 15),
            format(1280, 720, FrameFormat::YUYV, 15),
            format(1280, 720, FrameFormat::MJPEG, 30),
            wanted,
            format(1920, 1080, FrameFormat::MJPEG, 15),
        ];
        assert_eq!(best(&offered), Some(wanted));
    }

    #[test]
    fn a_format_that_is_far_too_slow_is_taken_last() {
        let small = format(640, 480, FrameFormat::YUYV, 30);
        assert_eq!(best(&[format(1280, 720, FrameFormat::YUYV, 5), small]), Some(small));
    }

    #[test]
    fn the_nearest_size_is_taken_where_the_one_asked_for_is_missing() {
        let near = format(1280, 960, FrameFormat::MJPEG, 30);
        assert_eq!(best(&[format(320, 240, FrameFormat::MJPEG, 30), near]), Some(near));
    }

    #[test]
    fn a_camera_without_formats_gives_nothing_to_try() {
        assert_eq!(best(&[]), None);
    }
}
