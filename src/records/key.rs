//! The device's own key: 32 random bytes in `device.key`, made at the first start, from which an Ed25519 key pair
//! follows (RFC 8032). The device signs with it how far its chain went ([`super::anchor`]).
//!
//! What a signature proves: who made it held the key. Whoever takes the card out holds the key too, and can sign
//! whatever they like; so a signature tells an export of this device from one that somebody made up, and the heads that
//! were noted elsewhere (by `pull`, by hand) prove that the chain was not rewritten since.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::RecordError;
use super::error::io;
use super::images::sync_folder;
use crate::digest::{hex, unhex};

pub(super) const NAME: &str = "device.key";
/// Every name that it may lie under.
pub(super) const NAMES: &[&str] = &[NAME, PART];
const PART: &str = "device.key.part";

/// The key, both halves.
pub(super) struct DeviceKey(SigningKey);

impl DeviceKey {
    /// Reads the key of a records folder, or makes it.
    pub fn of(folder: &Path) -> Result<Self, RecordError> {
        let path = folder.join(NAME);
        match fs::read(&path) {
            Ok(bytes) => match <[u8; 32]>::try_from(bytes) {
                Ok(seed) => Ok(Self(SigningKey::from_bytes(&seed))),
                // Cut short, or not ours: what it signed can still be checked by the half that is public.
                Err(_) => Self::make(folder),
            },
            Err(cause) if cause.kind() == ErrorKind::NotFound => Self::make(folder),
            Err(cause) => Err(io("read the device's key", &path)(cause)),
        }
    }

    fn make(folder: &Path) -> Result<Self, RecordError> {
        let (path, part) = (folder.join(NAME), folder.join(PART));
        let failed = |cause| io("make the device's key", &path)(cause);
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|cause| failed(std::io::Error::other(cause)))?;
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)
            .map_err(failed)?;
        file.write_all(&seed).and_then(|()| file.sync_all()).map_err(failed)?;
        give_to_owner(folder, &part);
        fs::rename(&part, &path).map_err(failed)?;
        sync_folder(folder)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The public half, as 64 lower-case hexadecimal digits.
    pub fn public(&self) -> String {
        hex(self.0.verifying_key().as_bytes())
    }

    /// The signature of a text, as 128 lower-case hexadecimal digits.
    pub fn sign(&self, text: &str) -> String {
        hex(&self.0.sign(text.as_bytes()).to_bytes())
    }
}

/// Whether `signature` is the one of `text` by the key whose public half is `public`, both in hexadecimal digits.
pub fn is_signed(text: &str, public: &str, signature: &str) -> bool {
    let key = unhex(public).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    let signature = unhex(signature).map(|bytes| Signature::from_bytes(&bytes));
    key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(text.as_bytes(), &signature).is_ok())
}

/// A file that root makes here belongs to whom the folder belongs to: the device must be able to read it.
pub(super) fn give_to_owner(folder: &Path, path: &Path) {
    if let Ok(owner) = fs::metadata(folder) {
        // Only root may, and only root needs to.
        let _ = std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2: the form of keys and signatures is everybody's.
    #[test]
    fn a_signature_is_the_one_of_the_standard() {
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        assert!(is_signed("r", public, signature));
        assert!(!is_signed("s", public, signature));
        assert!(!is_signed("r", public, &signature.replace('9', "8")));
        assert!(!is_signed("r", "zz", signature) && !is_signed("r", public, ""));
    }

    #[test]
    fn a_key_is_made_once_and_is_read_by_nobody_else() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = DeviceKey::of(folder.path()).expect("makes");
        assert_eq!(DeviceKey::of(folder.path()).expect("reads").public(), key.public());
        assert!(is_signed("text", &key.public(), &key.sign("text")));
        let mode = fs::metadata(folder.path().join(NAME)).expect("is there").mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
