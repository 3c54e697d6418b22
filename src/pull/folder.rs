//! The folder that records are pulled to. Below it one folder a device, so that many devices' records lie side by side:
//!
//! ```text
//! DIR/DEVICE/records/000017.json   the record, byte for byte as the device's chain covers it
//! DIR/DEVICE/images/000017.jpg     its picture, checked against its hash
//! DIR/DEVICE/chain.json            up to where the chain was pulled and checked
//! DIR/DEVICE/parts/                pictures under way: where a cut pull goes on
//! ```
//!
//! What stands in `records` and `images` is whole: it is written elsewhere, made durable, and then renamed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::sha256_hex;

/// How far a device's chain was pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub device: String,
    /// Of the last entry that is here.
    pub position: u64,
    pub chain_sha256: String,
}

pub struct Folder {
    root: PathBuf,
    /// Held, so that two pulls do not write at once.
    _lock: File,
}

impl Folder {
    /// Opens a device's folder below `dir`, making what is missing.
    pub fn open(dir: &Path, device: &str) -> io::Result<Self> {
        let root = dir.join(device);
        for name in ["records", "images", "parts"] {
            fs::create_dir_all(root.join(name))?;
        }
        let lock = File::create(root.join("parts/lock"))?;
        lock.try_lock().map_err(|_| io::Error::other("another pull into this folder is under way"))?;
        Ok(Self { root, _lock: lock })
    }

    /// How far the device was pulled; none where nothing was.
    pub fn mark(&self) -> io::Result<Option<Mark>> {
        match fs::read(self.root.join("chain.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::from),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// Notes how far it was pulled, after making all that was written before durable.
    pub fn set_mark(&self, mark: &Mark) -> io::Result<()> {
        for name in ["records", "images"] {
            File::open(self.root.join(name))?.sync_all()?;
        }
        let mut text = serde_json::to_vec_pretty(mark).map_err(io::Error::from)?;
        text.push(b'\n');
        self.put("chain.json", &text)?;
        File::open(&self.root)?.sync_all()
    }

    pub fn has(&self, name: &str) -> bool {
        self.root.join(name).exists()
    }

    /// Writes a small file as a whole.
    pub fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let part = self.root.join("parts").join(format!("{}.new", name.replace('/', "-")));
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(part, self.root.join(name))
    }

    /// The picture under way for a record, to go on with, and how much of it there is.
    pub fn part(&self, name: &str) -> io::Result<(File, u64)> {
        let file = File::options().create(true).append(true).open(self.part_path(name))?;
        let length = file.metadata()?.len();
        Ok((file, length))
    }

    /// Throws a picture under way away: it is not the one that was asked for.
    pub fn drop_part(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.part_path(name))
    }

    /// Moves a picture that is complete to its place, if it has the hash; says whether it had.
    pub fn settle(&self, name: &str, sha256: &str) -> io::Result<bool> {
        let part = self.part_path(name);
        if sha256_hex(&fs::read(&part)?) != sha256 {
            return Ok(false);
        }
        File::open(&part)?.sync_all()?;
        fs::rename(part, self.root.join("images").join(name))?;
        Ok(true)
    }

    fn part_path(&self, name: &str) -> PathBuf {
        self.root.join("parts").join(name)
    }

    /// The records that are here and lack their pictures, by file name without its end.
    pub fn without_pictures(&self) -> io::Result<Vec<PathBuf>> {
        let stems = |name: &str| -> io::Result<Vec<PathBuf>> {
            fs::read_dir(self.root.join(name))?.map(|file| Ok(PathBuf::from(file?.file_name()))).collect()
        };
        let images: std::collections::BTreeSet<_> =
            stems("images")?.iter().filter_map(|name| name.file_stem().map(ToOwned::to_owned)).collect();
        let mut lacking = stems("records")?;
        lacking.retain(|name| name.file_stem().is_some_and(|stem| !images.contains(stem)));
        lacking.sort();
        Ok(lacking.into_iter().map(|name| self.root.join("records").join(name)).collect())
    }
}
