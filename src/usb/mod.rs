//! The USB cable: what a host sees of the device on it. A network (NCM), a serial port, and a read-only drive that holds
//! the newest records as an export.

mod drive;
mod gadget;

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use drive::{Drive, make as make_drive};
pub use gadget::{CONFIGFS, Gadget, NAME, Step, change_drive, down};

/// Where the kernel lists USB device controllers.
pub const CONTROLLERS: &str = "/sys/class/udc";
/// The network interface of the cable.
pub const INTERFACE: &str = "usb0";

/// `[usb]` of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UsbConfig {
    /// The device's address on the cable. A host without a DHCP server on it gives itself one of 169.254.0.0/16, and
    /// then finds the device there.
    pub address: Ipv4Addr,
    /// The largest image of the drive, in MiB: 16 to 4095, or 0 for no drive.
    #[schemars(range(min = 0, max = 4095))]
    pub drive_mib: u64,
}

impl Default for UsbConfig {
    fn default() -> Self {
        Self { address: Ipv4Addr::new(169, 254, 55, 1), drive_mib: 256 }
    }
}

impl UsbConfig {
    /// That the values are in range.
    pub fn check(&self) -> Result<(), String> {
        if !self.address.is_link_local() && !self.address.is_private() {
            return Err(format!("usb.address is {}; it must be private, such as 169.254.55.1", self.address));
        }
        if self.drive_mib == 0 || (16..=4095).contains(&self.drive_mib) {
            Ok(())
        } else {
            Err("usb.drive_mib is from 16 to 4095, or 0 for no drive".into())
        }
    }

    /// The address with the length of its network.
    pub fn network(&self) -> String {
        let length = if self.address.is_link_local() { 16 } else { 24 };
        format!("{}/{length}", self.address)
    }
}

/// The controllers that there are, by name.
pub fn controllers(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = match fs::read_dir(folder) {
        Ok(files) => files
            .map(|file| Ok(file?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<Vec<_>>>()?,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(cause) => return Err(cause),
    };
    names.sort();
    Ok(names)
}

/// Whether the gadget is there, and a host on the cable uses it. A controller alone may say "configured" of one that was
/// taken away.
pub fn is_connected(controllers_folder: &Path, configfs: &Path) -> bool {
    let names = controllers(controllers_folder).unwrap_or_default();
    let state =
        |name: &String| fs::read_to_string(controllers_folder.join(name).join("state")).unwrap_or_default();
    configfs.join(NAME).exists() && names.iter().any(|name| state(name).trim() == "configured")
}
