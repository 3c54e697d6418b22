//! What a pull did, or why it did not end well.

use std::io;

use super::fork::Fork;
use super::peer::PeerError;

/// Why a pull did not end well.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// A call to the device was not answered.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// What answers says another protocol or none, and what it said.
    #[error("what answers there is not a dermascope that this program knows: {0}")]
    Stranger(String),
    /// The device has no records' folder or database yet.
    #[error("the device has no records yet: it was never started")]
    NoRecords,
    /// An entry is not the one that its hash says.
    #[error(
        "entry {position} of the device's chain does not follow from what came before: it is altered; nothing from there \
         on was kept"
    )]
    Chain {
        /// Its place in the chain.
        position: u64,
    },
    /// The device claims more entries than any device makes.
    #[error("the device says that it has {0} entries: more than this program takes")]
    TooMany(u64),
    /// The folder, or a file in it, cannot be read or written.
    #[error("cannot write to the folder: {0}")]
    Folder(#[from] io::Error),
}

impl PullError {
    /// Whether plugging the cable in again may help.
    pub fn is_cut(&self) -> bool {
        matches!(self, Self::Peer(PeerError::Cut(_)))
    }
}

/// What a pull did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The device that was pulled from, by its id.
    pub device: String,
    /// The name of the folder that it went to.
    pub folder: Option<String>,
    /// New here.
    pub records: u64,
    /// Pictures that are new here.
    pub images: u64,
    /// What came of pictures, in bytes.
    pub bytes: u64,
    /// Records that the device has deleted since they were pulled; the copies here stay.
    pub deleted: Vec<u64>,
    /// Records whose pictures, or whose data, the device does not have, and why.
    pub missing: Vec<(u64, String)>,
    /// Records and pictures here that were edited or missing, and are whole again.
    pub repaired: u64,
    /// The device's chain does not go on from what is here.
    pub fork: Option<Fork>,
    /// Records that the device now knows to be safe here.
    pub proved: u64,
    /// Entries that only a newer program knows.
    pub unknown: u64,
    /// The device's clock was not set, and now is.
    pub clock_set: bool,
}

/// Is told how it goes: entries of the chain done, all of them, and bytes of pictures so far.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64, u64);
