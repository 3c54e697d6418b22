//! What is seen: the camera and the panel.

use super::{Doctor, Finding};
use crate::camera::{self, CameraError, CameraKind};
use crate::panel::{self, PanelError, PanelKind};
use crate::picture::{PictureError, Region};
use crate::screens::Screen;

/// Opens the camera as the daemon does and takes one frame.
pub(super) fn camera(doctor: &mut Doctor) -> Finding {
    let config = &doctor.config.camera;
    let taken = camera::open(config).and_then(|mut camera| {
        // The first frames of a camera may be torn.
        let shot = (0..5).find_map(|_| match camera.next_shot() {
            Err(CameraError::BadFrame { .. }) => None,
            other => Some(other),
        });
        let gone =
            || CameraError::BadFrame { device: camera.describe(), cause: "none of five was whole".into() };
        let shot = shot.unwrap_or_else(|| Err(gone()))?;
        let bad = |cause: PictureError| CameraError::BadFrame {
            device: camera.describe(),
            cause: cause.to_string(),
        };
        camera::live(shot, config).map(|view| (camera.describe(), view)).map_err(bad)
    });
    let node = match config.kind {
        CameraKind::Uvc => {
            Some(if config.device.is_empty() { "/dev/video*".into() } else { config.device.clone() })
        }
        CameraKind::Command => config.command.first().cloned(),
        CameraKind::Folder => None,
    };
    let finding = match taken {
        Ok((name, view)) => {
            let Region { width, height, .. } = view.field_of_view;
            Finding::ok(format!("{name}: a field of view of {width}x{height}"))
        }
        Err(CameraError::Open { device, cause, cure }) => return Finding::failed(cause, cure).on(device),
        Err(error) => {
            let (has_camera, file) = doctor.boot_has("camera_auto_detect=1");
            let cure = match (config.kind, has_camera) {
                (CameraKind::Command, false) => format!("put `camera_auto_detect=1` into {file} and restart"),
                (CameraKind::Command, true) => {
                    "press the ribbon in at both ends, contacts towards the board; `rpicam-hello --list-cameras` must \
                     name the camera"
                        .into()
                }
                _ => "plug the camera in again, by a short cable and without a hub".into(),
            };
            Finding::failed(error.to_string(), cure)
        }
    };
    match node {
        Some(node) => finding.on(node),
        None => finding,
    }
}

/// Opens the panel and shows the test card; what was found so far follows.
pub(super) fn panel(doctor: &mut Doctor) -> Finding {
    let config = doctor.config.panel.clone();
    let shown = panel::open(&config).and_then(|mut panel| {
        panel.set_backlight(config.brightness)?;
        doctor.panel = Some(panel);
        Ok(())
    });
    match shown {
        Ok(()) => {
            doctor.show(&Screen::TestCard);
            if doctor.panel.is_none() {
                let cure = "check the wires and `panel.spi_hz`; the kernel's log (`dmesg`) says more";
                return Finding::failed("the panel takes no picture", cure).on(&config.spi);
            }
            let found =
                format!("{} of {}x{}, shows its test card", config.model.name(), config.width, config.height);
            doctor.linger();
            if config.kind == PanelKind::Spi {
                Finding::ok(found).on(&config.spi)
            } else {
                Finding::ok(found)
            }
        }
        Err(PanelError::Open { device, cause, cure }) => Finding::failed(cause, cure).on(device),
        Err(error) => Finding::failed(error.to_string(), "check [panel] in the configuration"),
    }
}
