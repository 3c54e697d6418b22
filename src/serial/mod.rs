//! The serial link: records over the USB cable's serial port, or any other. A line is a call in JSON-RPC 2.0
//! ([`service::METHODS`]) or a plain word from a person in a terminal (`help`). A call may end in a checksum, and then
//! so does its answer ([`message::unseal`]); bytes of pictures come in parts with a CRC-32 ([`wire`]).
//!
//! [`session`] is the protocol: bytes in, bytes out. [`edge`] is the terminal around it, on a thread of its own that
//! reads records through a connection of its own: nothing of the device waits for it.

mod clock;
mod edge;
pub mod lines;
pub mod message;
mod outgoing;
mod service;
mod session;
pub mod wire;
mod words;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use clock::{Clock, check as check_time};
pub use edge::{Link, is_wait, open, start};
pub use service::Service;
pub use session::Session;

/// The protocol's version: a change that an older `dermascope pull` cannot live with counts it up.
pub const PROTOCOL: u64 = 1;
/// The longest line that a device takes, and the most bytes of a picture or export in one answer.
pub const LONGEST_CALL: usize = 4096;
pub const LARGEST_PART: usize = 48 * 1024;

/// `[serial]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SerialConfig {
    /// A terminal such as "/dev/ttyAMA0"; "auto" for the USB cable's, while there is one; "off" for none.
    pub device: String,
    /// Bits a second, for a real UART: 1200 to 4000000.
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
    fn path(&self) -> Option<PathBuf> {
        match self.device.as_str() {
            "off" => None,
            "auto" => Some(USB_SERIAL.into()),
            path => Some(path.into()),
        }
    }
}
