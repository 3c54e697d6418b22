//! The anchor: how far the chain went, in a small file beside the database. Whoever cuts, rolls back, rewrites or takes
//! away the database leaves it behind, and the next opening or saving finds that the two differ ([`super::finding`]).
//!
//! `anchor.json` is replaced as a whole, by a synced rename, after each commit and before anybody is told that it is
//! saved. So after a cut of the power it may lag behind the database, by what was under way, and is never before it:
//! entries behind the anchor that follow from it are no finding; an anchor whose entry is not there is.
//!
//! The text that is signed, so that an anchor is also the proof of an export ([`super::key`]):
//!
//! ```text
//! dermascope head 1 \n device \n position \n chain_sha256 \n sequence \n
//! ```

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RecordError;
use super::error::io;
use super::images::sync_folder;
use super::key::{DeviceKey, give_to_owner, is_signed};

pub(super) const NAME: &str = "anchor.json";
/// Every name that it may lie under.
pub(super) const NAMES: &[&str] = &[NAME, PART, ASIDE];
const PART: &str = "anchor.json.part";
const ASIDE: &str = "anchor.json.aside";
/// Larger than any anchor, in bytes.
const LARGEST: u64 = 4096;

/// How far a device's chain went, signed by the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The device whose chain it is, by its id.
    pub device: String,
    /// Of the newest entry; 0 before the first.
    pub position: u64,
    /// Of the newest entry; before the first, what the chain begins with ([`super::chain::start`]).
    pub chain_sha256: String,
    /// The highest number ever given to a record.
    pub sequence: u64,
    /// In hexadecimal digits; empty where the device could not sign.
    #[serde(default)]
    pub public_key: String,
    /// Ed25519 signature of all of these but `public_key`, in hexadecimal digits; empty where the device could not sign.
    #[serde(default)]
    pub signature: String,
}

/// What lies where the anchor should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    There(Head),
    Gone,
    /// It is not one, or its signature does not hold.
    Altered,
}

impl Head {
    /// What is signed.
    fn text(&self) -> String {
        let Self { device, position, chain_sha256, sequence, .. } = self;
        format!("dermascope head 1\n{device}\n{position}\n{chain_sha256}\n{sequence}\n")
    }

    /// Whether the device with this public key says so.
    pub fn holds(&self) -> bool {
        is_signed(&self.text(), &self.public_key, &self.signature)
    }

    pub(super) fn signed(mut self, key: Option<&DeviceKey>) -> Self {
        if let Some(key) = key {
            self.signature = key.sign(&self.text());
            self.public_key = key.public();
        }
        self
    }

    /// Puts it in the place of the one before. On return it is durable.
    pub(super) fn write(&self, folder: &Path) -> Result<(), RecordError> {
        let (path, part) = (folder.join(NAME), folder.join(PART));
        let failed = |cause| io("write the anchor", &path)(cause);
        let mut text = serde_json::to_vec(self).map_err(|cause| failed(cause.into()))?;
        text.push(b'\n');
        let mut file = File::create(&part).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
        give_to_owner(folder, &part);
        if path.is_dir() {
            // Somebody's: it is moved, not removed.
            fs::rename(&path, folder.join(ASIDE)).map_err(failed)?;
        }
        fs::rename(&part, &path).map_err(failed)?;
        sync_folder(folder)
    }
}

/// The public half of the key that signed the anchor of a folder, as 64 hexadecimal digits; none where nothing is signed.
pub fn public_key(folder: &Path) -> Option<String> {
    match Anchor::of(folder) {
        Ok(Anchor::There(head)) if !head.public_key.is_empty() => Some(head.public_key),
        _ => None,
    }
}

impl Anchor {
    /// Reads the anchor of a records folder.
    pub fn of(folder: &Path) -> Result<Self, RecordError> {
        let path = folder.join(NAME);
        match fs::metadata(&path) {
            Ok(about) if !about.is_file() || about.len() > LARGEST => return Ok(Self::Altered),
            Ok(_) => {}
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Self::Gone),
            Err(cause) => return Err(io("read the anchor", &path)(cause)),
        }
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
        read.map_err(io("read the anchor", &path))?;
        match serde_json::from_slice::<Head>(&text) {
            Ok(head) if head.signature.is_empty() || head.holds() => Ok(Self::There(head)),
            _ => Ok(Self::Altered),
        }
    }
}
