//! Exposure, gain and white balance held at values of the configuration, by V4L2's own controls, so that the same
//! skin has the same colours in every picture.

use std::path::Path;

use v4l::Device;
use v4l::control::{Control, Value};

use super::CameraConfig;

// The kernel's numbers, from linux/v4l2-controls.h.
const AUTO_WHITE_BALANCE: u32 = 0x0098_090c;
const AUTOGAIN: u32 = 0x0098_0912;
const GAIN: u32 = 0x0098_0913;
const WHITE_BALANCE_TEMPERATURE: u32 = 0x0098_091a;
const EXPOSURE_AUTO: u32 = 0x009a_0901;
const EXPOSURE_ABSOLUTE: u32 = 0x009a_0902;
/// EXPOSURE_AUTO's choice "manual".
const MANUAL: i64 = 1;

/// Holds what the configuration names, as far as the driver has the controls; the log says what it has not.
pub fn hold(path: &Path, config: &CameraConfig) {
    let locks = wanted(config);
    if locks.is_empty() {
        return;
    }
    let refused = match Device::with_path(path) {
        Ok(device) => set(locks, |control| device.set_control(control)),
        Err(error) => vec![error.to_string()],
    };
    for refused in refused {
        tracing::warn!("{}: {refused}", path.display());
    }
}

/// Something to be held: its key, what turns its automatic off, the control and its value.
type Lock = (&'static str, (u32, Value), u32, u32);

fn wanted(config: &CameraConfig) -> Vec<Lock> {
    let locks = [
        ("exposure", (EXPOSURE_AUTO, Value::Integer(MANUAL)), EXPOSURE_ABSOLUTE, config.exposure),
        ("gain", (AUTOGAIN, Value::Boolean(false)), GAIN, config.gain),
        (
            "white_balance",
            (AUTO_WHITE_BALANCE, Value::Boolean(false)),
            WHITE_BALANCE_TEMPERATURE,
            config.white_balance,
        ),
    ];
    let named =
        locks.into_iter().filter_map(|(key, automatic, id, value)| Some((key, automatic, id, value?)));
    named.collect()
}

/// Sets each lock by `set_control`; returns what was refused.
fn set(locks: Vec<Lock>, set_control: impl Fn(Control) -> std::io::Result<()>) -> Vec<String> {
    let mut refused = Vec::new();
    for (key, (automatic, off), id, value) in locks {
        // Many cameras have no automatic for what they let be set.
        let _ = set_control(Control { id: automatic, value: off });
        if let Err(error) = set_control(Control { id, value: Value::Integer(value.into()) }) {
            refused.push(format!(
                "camera.{key} cannot be held at {value}: {error}; `v4l2-ctl --list-ctrls` shows what the camera has"
            ));
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn config() -> CameraConfig {
        CameraConfig { exposure: Some(157), white_balance: Some(4600), ..CameraConfig::default() }
    }

    #[test]
    fn only_what_the_configuration_names_is_held_and_its_automatic_goes_off_first() {
        assert!(wanted(&CameraConfig::default()).is_empty());
        let ids = RefCell::new(Vec::new());
        let refused = set(wanted(&config()), |control| {
            ids.borrow_mut().push((control.id, control.value));
            Ok(())
        });
        assert!(refused.is_empty());
        let expected = [
            (EXPOSURE_AUTO, Value::Integer(MANUAL)),
            (EXPOSURE_ABSOLUTE, Value::Integer(157)),
            (AUTO_WHITE_BALANCE, Value::Boolean(false)),
            (WHITE_BALANCE_TEMPERATURE, Value::Integer(4600)),
        ];
        assert_eq!(format!("{:?}", ids.into_inner()), format!("{expected:?}"));
    }

    #[test]
    fn what_the_driver_has_not_is_told_by_its_key_and_the_rest_is_held() {
        let refused = set(wanted(&config()), |control| match control.id {
            EXPOSURE_AUTO | EXPOSURE_ABSOLUTE => Err(std::io::Error::from_raw_os_error(22)),
            _ => Ok(()),
        });
        assert_eq!(refused.len(), 1);
        assert!(refused[0].starts_with("camera.exposure cannot be held at 157"), "{refused:?}");
    }
}
