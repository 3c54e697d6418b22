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
mod known;
mod parts;
mod peer;
mod report;
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
pub use report::{Progress, PullError, Report};
use run::Pull;

use crate::serial::PROTOCOL;

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
        let (newest, emptied) = Default::default();
        Pull { peer: &mut peer, folder: &folder, work, results, report, progress, newest, emptied }
            .run(device, hello.head.position)
    })
}

/// Tells the device the time; an older kernel or a device without the right to do so is no reason not to pull.
fn set_clock(peer: &mut Peer) -> Result<bool, PeerError> {
    match peer.call::<Value>("time.set", &json!({"now": jiff::Timestamp::now()})) {
        Ok(_) => Ok(true),
        Err(PeerError::Refused(_)) => Ok(false),
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
