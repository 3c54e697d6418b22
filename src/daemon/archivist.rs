//! The archivist: a thread that makes readings durable and brings past ones back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use super::notices::{Notice, spawn, tell};
use crate::config::Config;
use crate::device::{Event, Part, Past};
use crate::reading::{Reading, Saved};
use crate::records::{RecordError, RecordsConfig, Store};

/// How often saving is tried again while it fails.
const RETRY: Duration = Duration::from_secs(10);
/// How many readings wait in memory for a disk that takes them again; then the oldest is given up.
const MOST_WAITING: usize = 32;
/// Pictures removed to make room before anything else is looked at.
const PRUNE_AT_ONCE: u32 = 20;

/// What the archivist is asked to do.
#[derive(Debug)]
pub enum Deed {
    /// Open the store; answered by `Checked`.
    Open,
    /// Answered by `Stored`: at once, and again when a failed one is saved after all.
    Save(Arc<Reading>),
    /// Answered by `Recalled` or `RecallFailed`.
    Recall(u64),
    /// A person has seen what was found of the records.
    Seen,
}

/// The thread and the way to it.
pub struct Archivist {
    pub deeds: Sender<Deed>,
    thread: JoinHandle<()>,
}

impl Archivist {
    /// Waits until everything asked for is on disk, or cannot be.
    pub fn finish(self) {
        drop(self.deeds);
        if self.thread.join().is_err() {
            tracing::error!("the archivist stopped by a panic");
        }
    }
}

/// Starts the thread. It ends when the sender is dropped, after a last try for what waits.
pub fn start(config: &Config, notices: Sender<Notice>) -> anyhow::Result<Archivist> {
    let (sender, deeds) = unbounded();
    let worker = Worker {
        config: config.records.clone(),
        config_sha256: config.sha256(),
        store: None,
        waiting: VecDeque::new(),
        free: None,
        notices,
    };
    let thread = spawn("archivist", move || worker.work(&deeds))?;
    Ok(Archivist { deeds: sender, thread })
}

struct Worker {
    config: RecordsConfig,
    /// Of the configuration in force, which every record names.
    config_sha256: String,
    store: Option<Store>,
    /// Readings that could not be saved yet, oldest first.
    waiting: VecDeque<Arc<Reading>>,
    /// On the disk, in MiB; none where that is not known.
    free: Option<u64>,
    notices: Sender<Notice>,
}

impl Worker {
    fn work(mut self, deeds: &Receiver<Deed>) {
        loop {
            match deeds.recv_timeout(RETRY) {
                Ok(Deed::Open) => {
                    let opened = self.store().map(|_| ()).map_err(|error| error.to_string());
                    self.tell(Event::Checked(Part::Storage, opened));
                    self.look_after_space();
                }
                Ok(Deed::Save(reading)) => {
                    self.save(reading);
                    self.look_after_space();
                }
                Ok(Deed::Recall(age)) => self.recall(age),
                Ok(Deed::Seen) => self.seen(),
                Err(RecvTimeoutError::Timeout) => {
                    self.save_waiting();
                    self.look_after_space();
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.save_waiting();
        if !self.waiting.is_empty() {
            tracing::error!("{} readings could not be saved and are lost", self.waiting.len());
        }
    }

    /// The store, opened if it is not yet.
    fn store(&mut self) -> Result<&mut Store, RecordError> {
        let store = match self.store.take() {
            Some(store) => store,
            None => {
                let mut store = Store::open(&self.config)?;
                store.set_config(self.config_sha256.clone());
                tell(&self.notices, Notice::Records(store.count()?));
                store
            }
        };
        Ok(self.store.insert(store))
    }

    fn save(&mut self, reading: Arc<Reading>) {
        match self.try_save(&reading) {
            Ok(sequence) => self.saved(reading, sequence),
            Err(error) => {
                tracing::error!("{error}");
                self.tell(Event::Stored(reading.clone(), Saved::Failed(error.brief())));
                if self.waiting.len() == MOST_WAITING {
                    tracing::error!("too many readings wait to be saved: the oldest is lost");
                    self.waiting.pop_front();
                }
                self.waiting.push_back(reading);
                self.warn();
            }
        }
    }

    fn try_save(&mut self, reading: &Reading) -> Result<u64, RecordError> {
        self.store()?.save(reading)
    }

    fn saved(&mut self, reading: Arc<Reading>, sequence: u64) {
        self.tell(Event::Stored(reading, Saved::Saved(sequence)));
        if let Ok(count) = self.store().and_then(|store| store.count()) {
            tell(&self.notices, Notice::Records(count));
        }
    }

    fn save_waiting(&mut self) {
        while let Some(reading) = self.waiting.front().cloned() {
            let Ok(sequence) = self.try_save(&reading) else { return };
            self.waiting.pop_front();
            self.saved(reading, sequence);
            self.warn();
        }
    }

    fn recall(&mut self, age: u64) {
        let event = match self.past(age) {
            Ok(past) => Event::Recalled(age, past),
            Err(error) => Event::RecallFailed(error.to_string()),
        };
        self.tell(event);
    }

    fn past(&mut self, age: u64) -> Result<Option<Past>, RecordError> {
        let store = self.store()?;
        let Some((age, record)) = store.recent_from(age)? else { return Ok(None) };
        let reading = Arc::new(store.past_reading(&record)?);
        Ok(Some(Past { reading, sequence: record.sequence, age, total: store.count()? }))
    }

    /// Removes pictures that have left the device while there is too little room, where the configuration asks for it,
    /// and warns while there is little. Few at a time: the next reading comes first.
    fn look_after_space(&mut self) {
        if let Ok(store) = self.store() {
            self.free = store.space().ok().map(|space| space.free >> 20);
        }
        let wanted = self.config.prune_free_mib;
        if self.free.is_some_and(|free| free < wanted) {
            let mut left = PRUNE_AT_ONCE;
            let pruned = self.store().and_then(|store| {
                store.prune("the disk is full", |reader, _| {
                    left = left.saturating_sub(1);
                    Ok(left > 0 && reader.space()?.free >> 20 < wanted)
                })
            });
            match pruned {
                Ok(0) => {}
                Ok(pruned) => {
                    tracing::info!("{pruned} pictures that had been exported are removed to make room")
                }
                Err(error) => tracing::error!("cannot make room: {error}"),
            }
        }
        self.warn();
        self.tell_found();
    }

    /// Tells what was found of the records, until a person has seen it.
    fn tell_found(&mut self) {
        match self.store().and_then(|store| store.unseen()) {
            Ok(Some(finding)) => self.tell(Event::Found(finding.what.words().into())),
            Ok(None) => {}
            Err(error) => tracing::debug!("cannot look for findings: {error}"),
        }
    }

    fn seen(&mut self) {
        if let Err(error) = self.store().and_then(Store::set_seen) {
            tracing::error!("cannot note that a finding was seen: {error}");
        }
    }

    /// Tells the screen what is wrong with the records for as long as it is.
    fn warn(&mut self) {
        let unanchored = self.store.as_mut().and_then(Store::anchor_trouble).is_some();
        let little = self.free.filter(|free| *free < self.config.warn_free_mib);
        let warning = match (self.waiting.len(), little) {
            (0, None) if unanchored => Some("Records not anchored".into()),
            (0, None) => None,
            (0, Some(free)) => Some(format!("Disk: {free} MB left")),
            (waiting, _) => Some(format!("{waiting} not saved")),
        };
        tell(&self.notices, Notice::Warning(warning));
    }

    fn tell(&self, event: Event) {
        tell(&self.notices, Notice::Event(event));
    }
}
