//! Finding the device among a computer's terminals.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Terminals below `dev` (usually `/dev`) that may lead to a dermascope, the surest first: those that name it, then USB
/// modems, as which it shows itself. Other terminals are not spoken to: they may be something that moves or heats.
pub fn find(dev: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = names(&dev.join("serial/by-id"), "dermascope")?;
    let known: Vec<_> = found.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let modems = names(dev, "ttyACM")?;
    found.extend(
        modems.into_iter().filter(|path| path.canonicalize().is_ok_and(|path| !known.contains(&path))),
    );
    Ok(found)
}

/// Files of a folder with a word in their names, whatever its case; none where there is no folder.
fn names(folder: &Path, word: &str) -> io::Result<Vec<PathBuf>> {
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(cause),
    };
    let mut found = Vec::new();
    for file in files {
        let file = file?;
        let name = file.file_name().to_string_lossy().to_lowercase();
        if name.contains(&word.to_lowercase()) {
            found.push(file.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_names_the_device_comes_first_and_once() {
        let dev = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(dev.path().join("serial/by-id")).expect("makes");
        for name in ["ttyACM0", "ttyACM1", "ttyUSB0", "ttyS0"] {
            fs::write(dev.path().join(name), b"").expect("writes");
        }
        let named = dev.path().join("serial/by-id/usb-dermascope_dermascope_0011-if00");
        std::os::unix::fs::symlink("../../ttyACM1", &named).expect("links");
        assert_eq!(find(dev.path()).expect("finds"), [named, dev.path().join("ttyACM0")]);
    }

    #[test]
    fn a_computer_without_terminals_has_none() {
        let dev = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(find(dev.path()).expect("looks"), Vec::<PathBuf>::new());
    }
}
