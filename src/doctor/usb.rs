//! USB: whether the device's own port can be a device to a computer.

use super::{Doctor, Finding};

/// The kernel's controllers that can be the device's end of a cable.
const CONTROLLERS: &str = "/sys/class/udc";

pub(super) fn gadget(doctor: &mut Doctor) -> Finding {
    let folder = std::fs::read_dir(doctor.path(CONTROLLERS));
    let mut names: Vec<_> =
        folder.into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    if let Some(name) = names.first() {
        let state = doctor.path(CONTROLLERS).join(name).join("state");
        let state = std::fs::read_to_string(state).unwrap_or_default();
        return Finding::ok(format!("{name}: {}", state.trim())).on(CONTROLLERS);
    }
    let (has_overlay, file) = doctor.boot_has("dtoverlay=dwc2");
    let cure = if has_overlay {
        format!(
            "the port of this Raspberry Pi is a host: in {file} make the line `dtoverlay=dwc2,dr_mode=peripheral`, \
             outside of the [cm4] and [cm5] parts, and restart"
        )
    } else {
        format!("put `dtoverlay=dwc2,dr_mode=peripheral` into {file}, below [all], and restart")
    };
    Finding::warning("no port that a computer can read records from by cable", cure).on(CONTROLLERS)
}
