//! Files that go for good.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use super::RecordError;
use super::error::io;

/// The image of the drive on the USB cable.
pub(super) const DRIVE: &str = "drive.img";

/// Removes whatever lies there, if anything does. A link goes, not what it leads to.
pub(super) fn remove(path: &Path) -> Result<(), RecordError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(cause) => Err(cause),
    };
    match removed {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(io("remove", path)(cause)),
        _ => Ok(()),
    }
}

/// Empties a file, where there is one, before its name goes: whoever has it open sees nothing of it any more.
pub(super) fn erase_file(path: &Path) -> Result<(), RecordError> {
    match File::options().write(true).open(path) {
        Ok(file) => {
            file.set_len(0).and_then(|()| file.sync_all()).map_err(io("erase", path))?;
            fs::remove_file(path).map_err(io("remove", path))
        }
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(io("erase", path)(cause)),
    }
}
