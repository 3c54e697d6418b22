//! `[serial]` of the configuration.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[serial]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SerialConfig {
    /// A terminal such as "/dev/ttyAMA0"; "auto" for the USB cable's, while there is one; "off" for none.
    pub device: String,
    /// Bits a second, for a real UART: 1200 to 4000000.
    #[schemars(range(min = 1200, max = 4_000_000))]
    pub baud: u32,
}

impl Default for SerialConfig {
    /// Only over the USB cable: whoever holds that holds the device. Another port may lead to a radio or a console, so
    /// a person has to name it.
    fn default() -> Self {
        Self { device: "auto".into(), baud: 115_200 }
    }
}

/// The terminal of the USB gadget's serial function.
const USB_SERIAL: &str = "/dev/ttyGS0";

impl SerialConfig {
    /// That the values are in range.
    pub fn check(&self) -> Result<(), String> {
        if !(1200..=4_000_000).contains(&self.baud) {
            return Err("serial.baud is from 1200 to 4000000".into());
        }
        match self.device.as_str() {
            "auto" | "off" => Ok(()),
            path if Path::new(path).is_absolute() => Ok(()),
            other => Err(format!(
                "serial.device is \"{other}\"; it is \"auto\", \"off\" or a path such as /dev/ttyAMA0"
            )),
        }
    }

    /// Where to listen, if anywhere.
    pub(super) fn path(&self) -> Option<PathBuf> {
        match self.device.as_str() {
            "off" => None,
            "auto" => Some(USB_SERIAL.into()),
            path => Some(path.into()),
        }
    }
}
