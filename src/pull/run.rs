//! What a pull does, once it is known where it goes on.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender};

use serde::Deserialize;
use serde_json::{Value, json};

use super::folder::{Folder, Mark, body_name, record_name};
use super::known::Known;
use super::parts::WantedPicture;
use super::peer::{Peer, PeerError, clean};
use super::report::{Progress, PullError, Report};
use super::{Task, check};
use crate::records::chain::{self, Entry, Kind};
use crate::records::proof;
use crate::serial::MOST_PROVED;
use crate::serial::message::{DAMAGED, NO_RECORD, PRUNED, RpcError};

/// The largest picture that is taken, in bytes: a camera's are a few megabytes.
const LARGEST_PICTURE: u64 = 64 << 20;
/// How often a refused proof is tried anew: the answer to the one before may have been lost.
const PROOF_TRIES: u32 = 3;

pub(super) struct Pull<'a> {
    pub peer: &'a mut Peer,
    pub folder: &'a Folder,
    pub work: Sender<Task>,
    pub results: Receiver<io::Result<Option<u64>>>,
    pub report: &'a mut Report,
    pub progress: Progress<'a>,
    /// The highest number of a record that is here.
    pub newest: u64,
    /// Records that came without their data, and of which no deletion was seen yet.
    pub emptied: BTreeSet<u64>,
}

impl Pull<'_> {
    pub fn run(mut self, device: String, end: u64) -> Result<(), PullError> {
        let start = || Mark { device: device.clone(), position: 0, chain_sha256: chain::start(&device) };
        let mark = self.folder.mark()?.filter(|mark| mark.device == device).unwrap_or_else(start);
        let links = self.folder.links(&device, &mark)?;
        // Where the file of entries ends sooner, what is behind it is read again and compared with what is here.
        let mut mark = match links.last() {
            Some(last) => Mark {
                device: device.clone(),
                position: last.position,
                chain_sha256: last.chain_sha256.clone(),
            },
            None => start(),
        };
        let first = mark.position;
        self.newest = links.iter().map(|link| link.sequence).max().unwrap_or(0);
        self.repair(&links)?;
        drop(links);
        while mark.position < end {
            (self.progress)(mark.position - first, end.saturating_sub(first), self.report.bytes);
            let after = mark.position;
            let params = |bytes| json!({"after": after, "bytes": bytes});
            let page: Page = self.peer.call_sized("chain.read", params)?;
            if page.entries.is_empty() {
                return Err(PullError::Chain { position: after + 1 });
            }
            mark = self.batch(&page.entries, mark)?;
        }
        let emptied = std::mem::take(&mut self.emptied).into_iter();
        let words = "its data is gone from the device, and nothing says that it was deleted";
        self.report.missing.extend(emptied.map(|sequence| (sequence, words.into())));
        self.prove()
    }

    /// Fetches again what was edited or is missing here.
    fn repair(&mut self, links: &[Entry]) -> Result<(), PullError> {
        let mut wanted = Vec::new();
        for link in links {
            let Some(name) = body_name(link) else { continue };
            let mut body = check::whole_body(self.folder, link)?;
            if body.is_none() {
                body = self.fetch_body(link)?;
                if let Some(body) = &body {
                    self.put_body(&name, body)?;
                    self.report.repaired += 1;
                }
            }
            if link.kind != Kind::Record {
                continue;
            }
            let Some(known) = body.and_then(|body| self.known(link, &body)) else { continue };
            if self.folder.picture(&known)?.is_none() {
                self.folder.remove(&format!("images/{}", known.image_name()))?;
                wanted.push(known);
            }
        }
        let before = self.report.images;
        self.fetch(wanted)?;
        self.report.repaired += self.report.images - before;
        Ok(())
    }

    /// A record's JSON again; none where the device has deleted it meanwhile.
    fn fetch_body(&mut self, link: &Entry) -> Result<Option<String>, PullError> {
        let params = json!({"after": link.position - 1, "bytes": 0});
        let page: Page = self.peer.call("chain.read", &params)?;
        let entry = page.entries.into_iter().next();
        let same = entry.filter(|entry| entry.chain_sha256 == link.chain_sha256 && entry.body_holds());
        Ok(same.and_then(|entry| entry.body).filter(|body| link.covers(body)))
    }

    fn put_body(&self, name: &str, body: &str) -> Result<(), PullError> {
        self.folder.remove(name)?;
        Ok(self.folder.put(name, format!("{body}\n").as_bytes())?)
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
        self.folder.add_links(entries)?;
        self.folder.set_mark(&mark)?;
        Ok(mark)
    }

    /// Keeps an entry's record, and gives it where its picture is wanted.
    fn keep(&mut self, entry: &Entry) -> Result<Option<Known>, PullError> {
        let here = self.folder.body(entry.sequence)?;
        match (&entry.kind, &entry.body) {
            (Kind::Record, None) => {
                self.emptied.insert(entry.sequence);
            }
            (Kind::Deletion, _) => {
                self.emptied.remove(&entry.sequence);
            }
            _ => {}
        }
        let body = match (&entry.kind, &entry.body) {
            (Kind::Record, Some(body)) => body,
            (Kind::Deletion, _) if here.is_some() => {
                self.report.deleted.push(entry.sequence);
                return Ok(None);
            }
            (Kind::Outcome, Some(body)) => {
                if let Some(name) = body_name(entry) {
                    self.put_body(&name, body)?;
                }
                return Ok(None);
            }
            (Kind::Other(_), _) => {
                self.report.unknown += 1;
                return Ok(None);
            }
            _ => return Ok(None),
        };
        self.newest = self.newest.max(entry.sequence);
        if here.as_ref() != Some(body) {
            self.put_body(&record_name(entry.sequence), body)?;
            self.report.records += 1;
        }
        let Some(known) = self.known(entry, body) else { return Ok(None) };
        Ok(self.folder.picture(&known)?.is_none().then_some(known))
    }

    /// What a record says of its picture. One that says nothing that this program knows is kept and told: the others go
    /// on.
    fn known(&mut self, entry: &Entry, body: &str) -> Option<Known> {
        let sequence = entry.sequence;
        let cause = match serde_json::from_str::<Known>(body) {
            Ok(known) if known.sequence != sequence || known.device != self.report.device => {
                "its data names another record".into()
            }
            Ok(known) if known.image_size > LARGEST_PICTURE => {
                format!("its picture has {} bytes, which is too many", known.image_size)
            }
            Ok(known) if known.image_size == 0 => "its picture is empty".into(),
            Ok(known) => return Some(known),
            Err(cause) => format!("its data cannot be read by this program: {}", clean(&cause.to_string())),
        };
        self.report.missing.push((sequence, cause));
        None
    }

    /// Proves to the device what is here, so that it knows what it may make room of.
    fn prove(&mut self) -> Result<(), PullError> {
        let (mut after, mut refused) = (0, 0);
        loop {
            let asked = match self.peer.call::<Unproved>("records.unproved", &json!({"after": after})) {
                // An older device does not ask for proofs; one with a damaged database cannot.
                Err(PeerError::Refused(_)) => return Ok(()),
                answered => answered?,
            };
            // Only numbers that are here can be proved, and each once.
            let numbers = || asked.sequences.iter().copied().take(MOST_PROVED);
            let is_new = |last: &u64| *last > after && numbers().any(|number| number <= self.newest);
            let Some(last) = numbers().max().filter(is_new) else { return Ok(()) };
            let mut proofs = Vec::new();
            for sequence in numbers() {
                proofs.extend(self.proof_of(sequence, &asked.nonce)?);
            }
            if !proofs.is_empty() {
                match self.peer.call::<Proved>("records.pulled", &json!({"proofs": proofs})) {
                    Ok(proved) => self.report.proved += proved.proved,
                    // The nonce was used up by a call whose answer was lost, or the device cannot note it.
                    Err(PeerError::Refused(_)) if refused < PROOF_TRIES => {
                        refused += 1;
                        continue;
                    }
                    Err(PeerError::Refused(_)) => return Ok(()),
                    Err(error) => return Err(error.into()),
                }
            }
            after = last;
        }
    }

    fn proof_of(&self, sequence: u64, nonce: &str) -> Result<Option<Value>, PullError> {
        let Some(body) = self.folder.body(sequence)? else { return Ok(None) };
        let Ok(known) = serde_json::from_str::<Known>(&body) else { return Ok(None) };
        let picture = self.folder.picture(&known)?;
        Ok(picture.map(|picture| json!({"sequence": sequence, "proof": proof(nonce, &body, Some(&picture))})))
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
            let (_, mut from) = self.folder.part(&known.image_name())?;
            if from > known.image_size {
                self.folder.drop_part(&known.image_name())?;
                from = 0;
            }
            pictures.push(WantedPicture { sequence: known.sequence, from, size: known.image_size });
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
    fn refuse(&mut self, known: &Known, fault: RpcError) -> Result<(), PullError> {
        self.folder.drop_part(&known.image_name())?;
        match fault.code {
            PRUNED | NO_RECORD => {}
            DAMAGED => self.report.missing.push((known.sequence, fault.message)),
            _ => return Err(PeerError::Refused(fault).into()),
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

/// Numbers of records that the device does not know to be elsewhere.
#[derive(Deserialize)]
struct Unproved {
    sequences: Vec<u64>,
    nonce: String,
}

#[derive(Deserialize)]
struct Proved {
    proved: u64,
}
