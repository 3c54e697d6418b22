//! The laptop's end of the serial link: pulls what is new from a device into a folder, and proves that it is all there
//! and unaltered, by the device's own hash chain. Cut anywhere, it goes on where it was.

mod find;
mod folder;
mod parts;
mod peer;

use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde::Deserialize;
use serde_json::{Value, json};
use serial2::SerialPort;

pub use find::find;
use folder::Folder;
pub use folder::Mark;
use parts::Wanted;
use peer::Peer;
pub use peer::{Patience, PeerError};

use crate::picture::Encoding;
use crate::records::carried_name;
use crate::records::chain::{self, Entry, Kind};
use crate::serial::PROTOCOL;
use crate::serial::message::{DAMAGED, Fault, NO_RECORD, PRUNED};

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
        "entry {position} of the device's chain does not follow from what came before: the records were altered, or \
         this folder holds another device's; nothing of it was kept"
    )]
    Chain { position: u64 },
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
    /// New here.
    pub records: u64,
    pub images: u64,
    pub bytes: u64,
    /// Records that the device has deleted since they were pulled; the copies here stay.
    pub deleted: Vec<u64>,
    /// Records whose pictures the device does not have, and why.
    pub missing: Vec<(u64, String)>,
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
#[derive(Deserialize)]
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
        return Err(PullError::Stranger(format!("{} with protocol {}", hello.product, hello.protocol)));
    }
    let device = hello.device.ok_or(PullError::NoRecords)?;
    if device.len() != 16 || !device.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(PullError::Stranger(format!("its name is {device:?}")));
    }
    if !hello.clock_set {
        report.clock_set |= set_clock(&mut peer)?;
    }
    report.device.clone_from(&device);
    let folder = Folder::open(dir, &device)?;
    std::thread::scope(|scope| {
        let (work, tasks) = channel();
        let (done, results) = channel();
        scope.spawn(|| settle_all(&folder, tasks, done));
        Pull { peer: &mut peer, folder: &folder, work, results, report, progress }
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

struct Pull<'a> {
    peer: &'a mut Peer,
    folder: &'a Folder,
    work: Sender<Task>,
    results: Receiver<io::Result<Option<u64>>>,
    report: &'a mut Report,
    progress: Progress<'a>,
}

impl Pull<'_> {
    fn run(mut self, device: String, end: u64) -> Result<(), PullError> {
        let start = || Mark { device: device.clone(), position: 0, chain_sha256: chain::start(&device) };
        let mut mark = self.folder.mark()?.unwrap_or_else(start);
        let first = mark.position;
        self.fetch_missing()?;
        loop {
            (self.progress)(mark.position - first, end.saturating_sub(first), self.report.bytes);
            let after = mark.position;
            let params = |bytes| json!({"after": after, "bytes": bytes});
            let page: Page = self.peer.call_sized("chain.read", params)?;
            if page.entries.is_empty() {
                break;
            }
            mark = self.batch(&page.entries, mark)?;
        }
        if self.report.missing.is_empty() && mark.position > 0 {
            // So that the device knows what it may make room of.
            let upto = json!({"position": mark.position, "chain_sha256": mark.chain_sha256});
            match self.peer.call::<Value>("records.pulled", &upto) {
                // A device on a full or read-only disk cannot note it; the records are here all the same.
                Ok(_) | Err(PeerError::Fault(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Keeps some entries, their records and pictures, and only then notes that they are here.
    fn batch(&mut self, entries: &[Entry], mut mark: Mark) -> Result<Mark, PullError> {
        let mut wanted = Vec::new();
        for entry in entries {
            let position = mark.position + 1;
            if entry.position != position || !entry.follows(&mark.chain_sha256) || !entry.body_holds() {
                return Err(PullError::Chain { position });
            }
            wanted.extend(self.keep(entry)?);
            (mark.position, mark.chain_sha256) = (position, entry.chain_sha256.clone());
        }
        self.fetch(wanted)?;
        self.folder.set_mark(&mark)?;
        Ok(mark)
    }

    /// Keeps an entry's record, and gives it where its picture is wanted.
    fn keep(&mut self, entry: &Entry) -> Result<Option<Known>, PullError> {
        let name = format!("records/{:06}.json", entry.sequence);
        let body = match (entry.kind, &entry.body) {
            (Kind::Deletion, _) if self.folder.has(&name) => {
                self.report.deleted.push(entry.sequence);
                return Ok(None);
            }
            (Kind::Record, Some(body)) => body,
            _ => return Ok(None),
        };
        let known: Known =
            serde_json::from_str(body).map_err(|_| PullError::Chain { position: entry.position })?;
        if known.sequence != entry.sequence || known.device != self.report.device {
            return Err(PullError::Chain { position: entry.position });
        }
        if !self.folder.has(&name) {
            self.folder.put(&name, format!("{body}\n").as_bytes())?;
            self.report.records += 1;
        }
        Ok((!self.folder.has(&format!("images/{}", known.image_name()))).then_some(known))
    }

    /// Tries again for pictures that an earlier pull did not get.
    fn fetch_missing(&mut self) -> Result<(), PullError> {
        let mut wanted = Vec::new();
        for path in self.folder.without_pictures()? {
            wanted.push(serde_json::from_slice(&std::fs::read(path)?).map_err(io::Error::from)?);
        }
        self.fetch(wanted)
    }

    /// Fetches pictures; one whose hash is wrong is fetched once more, from its beginning.
    fn fetch(&mut self, wanted: Vec<Known>) -> Result<(), PullError> {
        let altered = self.fetch_once(&wanted)?;
        let again: Vec<_> = wanted.into_iter().filter(|known| altered.contains(&known.sequence)).collect();
        for known in &again {
            self.folder.drop_part(&known.image_name())?;
        }
        for sequence in self.fetch_once(&again)? {
            let known = again.iter().find(|known| known.sequence == sequence);
            known.map_or(Ok(()), |known| self.folder.drop_part(&known.image_name()))?;
            self.report.missing.push((sequence, "the device's picture was altered".into()));
        }
        Ok(())
    }

    /// Gives the numbers of those whose hashes are wrong.
    fn fetch_once(&mut self, wanted: &[Known]) -> Result<Vec<u64>, PullError> {
        let mut pictures = Vec::new();
        for known in wanted {
            let (_, from) = self.folder.part(&known.image_name())?;
            pictures.push(Wanted { sequence: known.sequence, from, size: known.image_size });
        }
        let (mut under_way, mut refused, mut open) = (0, Vec::new(), None);
        // A pull may have been cut between the last byte and the check.
        for (known, _) in wanted.iter().zip(&pictures).filter(|(_, picture)| picture.from >= picture.size) {
            hand_over(&self.work, known)?;
            under_way += 1;
        }
        let Self { peer, folder, work, report, .. } = self;
        peer.read_pictures(&pictures, |index, piece| {
            let known = &wanted[index];
            let bytes = match piece {
                Ok(bytes) => bytes,
                Err(fault) => {
                    refused.push((known, fault));
                    return Ok(());
                }
            };
            let (mut file, have) = match open.take() {
                Some((at, file, have)) if at == index => (file, have),
                _ => folder.part(&known.image_name())?,
            };
            file.write_all(bytes)?;
            report.bytes += bytes.len() as u64;
            let have: u64 = have + bytes.len() as u64;
            if have >= known.image_size {
                under_way += 1;
                return hand_over(work, known);
            }
            open = Some((index, file, have));
            Ok(())
        })?;
        for (known, fault) in refused {
            self.refuse(known, fault)?;
        }
        self.settled(under_way)
    }

    /// Waits until so many pictures are checked, and gives the numbers of those whose hashes are wrong.
    fn settled(&mut self, under_way: u64) -> Result<Vec<u64>, PullError> {
        let mut altered = Vec::new();
        for _ in 0..under_way {
            // The thread ends only after the sender of tasks, which is here.
            let settled = self.results.recv().map_err(|_| stopped())?;
            altered.extend(settled?);
        }
        self.report.images += under_way - altered.len() as u64;
        Ok(altered)
    }

    /// The device does not have a picture.
    fn refuse(&mut self, known: &Known, fault: Fault) -> Result<(), PullError> {
        self.folder.drop_part(&known.image_name())?;
        match fault.code {
            PRUNED | NO_RECORD => {}
            DAMAGED => self.report.missing.push((known.sequence, fault.message)),
            _ => return Err(PeerError::Fault(fault).into()),
        }
        Ok(())
    }
}

/// Gives a picture that is complete in its part to the thread that checks and keeps it.
fn hand_over(work: &Sender<Task>, known: &Known) -> io::Result<()> {
    let (sequence, name, sha256) = (known.sequence, known.image_name(), known.image_sha256.clone());
    work.send(Task { sequence, name, sha256 }).map_err(|_| stopped())
}

fn stopped() -> io::Error {
    io::Error::other("the thread that writes has stopped")
}

#[derive(Deserialize)]
struct Page {
    entries: Vec<Entry>,
}
