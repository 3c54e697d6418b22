//! The laptop's end of the serial link: pulls what is new from a device into a folder, and proves that it is all there
//! and unaltered, by the device's own hash chain. Cut anywhere, it goes on where it was.
//!
//! Before anything is pulled, what is here is looked at ([`check`]) and the device is asked for the entry at the mark
//! ([`fork`]): where it is another one, the device's records were altered, or it is another device. What the device says
//! is bounded: entries by its head, a picture by its size, each answer by its time.

mod check;
mod find;
mod folder;
mod fork;
mod parts;
mod peer;
mod run;

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde::Deserialize;
use serde_json::{Value, json};
use serial2::SerialPort;

pub use check::{Checked, verify};
pub use find::find;
use folder::Folder;
pub use folder::Mark;
pub use fork::Fork;
use peer::Peer;
pub use peer::{Patience, PeerError, clean};
use run::Pull;

use crate::picture::Encoding;
use crate::records::carried_name;
use crate::serial::PROTOCOL;

/// Why a pull did not end well.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error(transparent)]
    Peer(#[from] PeerError),
    #[error("what answers there is not a dermascope that this program knows: {0}")]
    Stranger(String),
    #[error("the device has no records yet: it was never started")]
    NoRecords,
    #[error(
        "entry {position} of the device's chain does not follow from what came before: it is altered; nothing from there \
         on was kept"
    )]
    Chain { position: u64 },
    #[error("the device says that it has {0} entries: more than this program takes")]
    TooMany(u64),
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
    pub device: String,
    /// The name of the folder that it went to.
    pub folder: Option<String>,
    /// New here.
    pub records: u64,
    pub images: u64,
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

#[derive(Deserialize)]
struct Hello {
    product: String,
    protocol: u64,
    device: Option<String>,
    head: Head,
    clock_set: bool,
}

#[derive(Deserialize)]
struct Head {
    position: u64,
}

/// What a pull needs to know of a record.
#[derive(Clone, Deserialize)]
struct Known {
    sequence: u64,
    device: String,
    image_sha256: String,
    image_size: u64,
    image_encoding: Encoding,
}

impl Known {
    fn image_name(&self) -> String {
        carried_name(self.sequence, self.image_encoding)
    }
}

/// Entries that a device may say it has.
const MOST_ENTRIES: u64 = 2_000_000;

/// Pulls what is new from the device at the other end of `port` into `dir`. `report` counts on over several tries.
pub fn pull(
    port: SerialPort,
    dir: &Path,
    patience: Patience,
    report: &mut Report,
    progress: Progress,
) -> Result<(), PullError> {
    let mut peer = Peer::new(port, patience);
    let hello: Hello = peer.call("hello", &Value::Null)?;
    if hello.product != "dermascope" || hello.protocol != PROTOCOL {
        let product = clean(&hello.product);
        return Err(PullError::Stranger(format!("{product} with protocol {}", hello.protocol)));
    }
    let device = hello.device.ok_or(PullError::NoRecords)?;
    if device.len() != 16 || !device.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(PullError::Stranger(format!("its name is {:?}", clean(&device))));
    }
    if !hello.clock_set {
        report.clock_set |= set_clock(&mut peer)?;
    }
    if hello.head.position > MOST_ENTRIES {
        return Err(PullError::TooMany(hello.head.position));
    }
    report.device.clone_from(&device);
    let (folder, fork) = fork::choose(&mut peer, dir, &device, hello.head.position)?;
    report.fork = fork.or(report.fork.take());
    report.folder = Some(folder.name().into());
    std::thread::scope(|scope| {
        let (work, tasks) = channel();
        let (done, results) = channel();
        scope.spawn(|| settle_all(&folder, tasks, done));
        Pull { peer: &mut peer, folder: &folder, work, results, report, progress, newest: 0 }
            .run(device, hello.head.position)
    })
}

/// Tells the device the time; an older kernel or a device without the right to do so is no reason not to pull.
fn set_clock(peer: &mut Peer) -> Result<bool, PeerError> {
    match peer.call::<Value>("time.set", &json!({"now": jiff::Timestamp::now()})) {
        Ok(_) => Ok(true),
        Err(PeerError::Fault(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A picture that is complete in its part.
struct Task {
    sequence: u64,
    name: String,
    sha256: String,
}

/// Checks pictures and makes them durable, on a thread of its own, so that the line does not wait for the disk.
fn settle_all(folder: &Folder, tasks: Receiver<Task>, done: Sender<io::Result<Option<u64>>>) {
    for task in tasks {
        let settled = folder.settle(&task.name, &task.sha256);
        // Fails only where nobody waits for it any more.
        let _ = done.send(settled.map(|whole| (!whole).then_some(task.sequence)));
    }
}
