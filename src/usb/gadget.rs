//! The USB gadget as the kernel's configfs takes it: a list of folders to make, files to write and links to set, in
//! order. Linux's `Documentation/usb/gadget_configfs.rst` and `Documentation/ABI/testing/configfs-usb-gadget*` name the
//! files.
//!
//! Written here rather than by the crate usb-gadget, which cannot say the compatible id that Windows needs to bind its
//! NCM driver, and cannot be pointed at a folder for tests.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::digest::sha256_hex;

/// Where the kernel keeps gadgets.
pub const CONFIGFS: &str = "/sys/kernel/config/usb_gadget";
/// The name of our gadget's folder there.
pub const NAME: &str = "dermascope";

/// What the cable offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gadget {
    /// Tells devices apart on a host: the device's id.
    pub serial: String,
    /// The drive's image, where there is one.
    pub drive: Option<PathBuf>,
}

/// One change in configfs; paths are below the gadget's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A folder to make.
    Folder(&'static str),
    /// A file to write, and its text.
    Write(&'static str, String),
    /// A link, and where it leads.
    Link(&'static str, &'static str),
}

/// The Linux Foundation's vendor id and its "multifunction composite gadget"; a composite device whose functions are
/// grouped by association descriptors (USB ECN "Interface Association Descriptors").
const DEVICE: &[(&str, &str)] = &[
    ("idVendor", "0x1d6b"),
    ("idProduct", "0x0104"),
    ("bcdUSB", "0x0200"),
    ("bcdDevice", "0x0100"),
    ("bDeviceClass", "0xef"),
    ("bDeviceSubClass", "0x02"),
    ("bDeviceProtocol", "0x01"),
];

/// The Microsoft OS descriptors 1.0 by which Windows finds its own driver for NCM ("WINNCM").
const WINDOWS: &[(&str, &str)] = &[
    ("os_desc/use", "1"),
    ("os_desc/b_vendor_code", "0xcd"),
    ("os_desc/qw_sign", "MSFT100"),
    ("functions/ncm.usb0/os_desc/interface.ncm/compatible_id", "WINNCM"),
];

impl Gadget {
    /// What makes it, in order; all but the last step, which connects it.
    pub fn steps(&self) -> Vec<Step> {
        use Step::{Folder, Link, Write};
        let write = |(name, value): &(&'static str, &str)| Write(name, (*value).into());
        let mut steps: Vec<_> = DEVICE.iter().map(write).collect();
        let text = |name, value: &str| Write(name, value.into());
        steps.extend([
            Folder("strings/0x409"),
            text("strings/0x409/manufacturer", "dermascope"),
            text("strings/0x409/product", "dermascope"),
            text("strings/0x409/serialnumber", &self.serial),
            Folder("configs/c.1/strings/0x409"),
            text("configs/c.1/strings/0x409/configuration", "network, serial, drive"),
            text("configs/c.1/bmAttributes", "0x80"),
            text("configs/c.1/MaxPower", "500"),
            Folder("functions/ncm.usb0"),
            text("functions/ncm.usb0/dev_addr", &self.address(0x02)),
            text("functions/ncm.usb0/host_addr", &self.address(0x06)),
            Folder("functions/acm.usb0"),
        ]);
        steps.extend(WINDOWS.iter().map(write));
        steps.extend([
            Link("configs/c.1/ncm.usb0", "functions/ncm.usb0"),
            Link("configs/c.1/acm.usb0", "functions/acm.usb0"),
            Link("os_desc/c.1", "configs/c.1"),
        ]);
        if let Some(drive) = &self.drive {
            steps.extend([
                Folder("functions/mass_storage.usb0"),
                text("functions/mass_storage.usb0/lun.0/ro", "1"),
                text("functions/mass_storage.usb0/lun.0/removable", "1"),
                text("functions/mass_storage.usb0/lun.0/inquiry_string", "dermascope"),
                text("functions/mass_storage.usb0/lun.0/file", &drive.display().to_string()),
                Link("configs/c.1/mass_storage.usb0", "functions/mass_storage.usb0"),
            ]);
        }
        steps
    }

    /// A network address of one end, always the same for a device: locally administered, as the first byte says.
    fn address(&self, first: u8) -> String {
        let hash = sha256_hex(self.serial.as_bytes());
        let digits: Vec<_> = (0..5).map(|byte| &hash[2 * byte..2 * byte + 2]).collect();
        format!("{first:02x}:{}", digits.join(":"))
    }

    /// Makes it below `configfs` and connects it to a controller. What was made of it is taken away again on an error.
    pub fn up(&self, configfs: &Path, controller: &str) -> io::Result<()> {
        let root = configfs.join(NAME);
        let made = self.make(&root).and_then(|()| put(&root.join("UDC"), controller));
        if made.is_err() {
            // The first error says more than a second one could.
            let _ = down(configfs);
        }
        made
    }

    fn make(&self, root: &Path) -> io::Result<()> {
        fs::create_dir(root)?;
        for step in self.steps() {
            match step {
                Step::Folder(name) => fs::create_dir_all(root.join(name))?,
                Step::Write(name, value) => put(&root.join(name), &value)?,
                Step::Link(name, to) => symlink(root.join(to), root.join(name))?,
            }
        }
        Ok(())
    }
}

fn put(path: &Path, value: &str) -> io::Result<()> {
    let named = |cause: io::Error| io::Error::new(cause.kind(), format!("{}: {cause}", path.display()));
    // In the kernel's folder it is there already.
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(named)?;
    fs::write(path, value).map_err(named)
}

/// Takes the gadget away, in the order that configfs asks for; none there is fine.
pub fn down(configfs: &Path) -> io::Result<()> {
    let root = configfs.join(NAME);
    if !root.exists() {
        return Ok(());
    }
    // Without a controller there is nothing to disconnect.
    let _ = fs::write(root.join("UDC"), "\n");
    for (folder, is_link) in [("configs/c.1", true), ("os_desc", true), ("configs/c.1/strings", false)] {
        for name in names(&root.join(folder))? {
            match fs::symlink_metadata(&name)?.is_symlink() {
                true if is_link => fs::remove_file(name)?,
                false if !is_link => fs::remove_dir(name)?,
                _ => {}
            }
        }
    }
    for folder in ["configs", "functions", "strings"] {
        for name in names(&root.join(folder))? {
            fs::remove_dir(name)?;
        }
    }
    fs::remove_dir(root)
}

fn names(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect()
}

/// The drive that the host sees, changed for another, as if a card had been.
pub fn change_drive(configfs: &Path, drive: &Path) -> io::Result<()> {
    let lun = configfs.join(NAME).join("functions/mass_storage.usb0/lun.0");
    if !lun.join("file").exists() {
        // What is not there must not be made: half a gadget stops `usb up`.
        let words = format!("{}: the device offers no drive on the cable", lun.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, words));
    }
    // A host that holds on to the old one is not asked.
    put(&lun.join("forced_eject"), "1")?;
    put(&lun.join("file"), &drive.display().to_string())
}
