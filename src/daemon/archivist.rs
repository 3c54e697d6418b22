//! The archivist: a thread that makes readings durable and brings past ones back.

mod lesions;

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use jiff::civil::Date;

use super::notices::{Notice, spawn, tell};
use super::supervisor::AtIt;
use crate::case::Case;
use crate::clock::Clock;
use crate::config::Config;
use crate::device::{Event, Part, Past, PastReading};
use crate::panics::contain;
use crate::reading::{Reading, Saved};
use crate::records::{self, RecordError, RecordsConfig, Scope, Store};
use crate::screens::About;

/// How often saving is tried again while it fails.
const RETRY: Duration = Duration::from_secs(10);
/// How many readings wait in memory for a disk that takes them again; then the oldest is given up.
const MOST_WAITING: usize = 32;
/// Pictures removed to make room before anything else is looked at.
const PRUNE_AT_ONCE: u32 = 20;

/// How often it is looked for records whose time is over.
const KEEP_PACE: Duration = Duration::from_secs(3600);

/// Tasks that may wait for a disk that hangs.
const MOST_TASKS: usize = 64;

/// What the archivist is asked to do.
#[derive(Clone, Debug)]
pub enum StoreTask {
    /// Open the store; answered by `Checked`.
    Open,
    /// Answered by `Stored`: at once, and again when a failed one is saved after all.
    Save(Arc<Reading>),
    /// Answered by `Recalled` or `RecallFailed`.
    Recall(u64),
    /// Answered by a notice: the newest reading of a case's lesion.
    Earlier(Case),
    /// Answered by `DueListed` or `RecallFailed`.
    ListDue,
    /// Answered by `Introduced`.
    Introduce,
    /// Answered by `Wiped`.
    Wipe,
    /// A person has seen what was found of the records.
    Seen,
    /// Tell how many records there are, and by `Deleted` where the one of this number is no more.
    Look(Option<u64>),
}

impl StoreTask {
    /// What is told of one that could not be done, and why; nothing of a look, which is repeated.
    pub fn failed(self, cause: String) -> Option<Event> {
        Some(match self {
            Self::Open => Event::Checked(Part::Storage, Err(cause)),
            Self::Save(reading) => Event::Stored(reading, Saved::Failed(cause)),
            Self::Recall(_) | Self::ListDue => Event::RecallFailed(cause),
            Self::Introduce => Event::Introduced(Err(cause)),
            Self::Wipe => Event::Wiped(Err(cause)),
            Self::Look(_) | Self::Seen | Self::Earlier(_) => return None,
        })
    }
}

/// The thread and the way to it.
pub struct Archivist {
    tasks: Sender<StoreTask>,
    /// Since when it has been at what it does now.
    pub at_it: AtIt,
    thread: JoinHandle<()>,
}

impl Archivist {
    /// Asks for a task; gives it back where so many wait that the disk must hang.
    pub fn ask(&self, task: StoreTask) -> Result<(), StoreTask> {
        self.tasks.try_send(task).map_err(TrySendError::into_inner)
    }

    /// Waits until everything asked for is on disk, or cannot be.
    pub fn finish(self) {
        drop(self.tasks);
        if self.thread.join().is_err() {
            tracing::error!("the archivist stopped by a panic");
        }
    }
}

/// Starts the thread. It ends when the sender is dropped, after a last try for what waits.
pub fn start(config: &Config, notices: Sender<Notice>) -> anyhow::Result<Archivist> {
    let (sender, tasks) = bounded(MOST_TASKS);
    let at_it = AtIt::default();
    let worker = Worker {
        config: config.records.clone(),
        config_sha256: config.sha256(),
        store: None,
        waiting: VecDeque::new(),
        device: None,
        kept_time_at: None,
        overdue: 0,
        free: None,
        due_at: None,
        broken: None,
        looked_after_at: Instant::now(),
        notices,
    };
    let thread = spawn("archivist", {
        let at_it = at_it.clone();
        move || worker.work(&tasks, &at_it)
    })?;
    Ok(Archivist { tasks: sender, at_it, thread })
}

struct Worker {
    config: RecordsConfig,
    /// Of the configuration in force, which every record names.
    config_sha256: String,
    store: Option<Store>,
    /// Readings that could not be saved yet, oldest first.
    waiting: VecDeque<Arc<Reading>>,
    /// The id under which they were taken; none until the store was open.
    device: Option<String>,
    /// When it was last looked for records whose time is over; none where some were left.
    kept_time_at: Option<Instant>,
    /// Records whose time is over, and that are only here.
    overdue: u64,
    /// On the disk, in MiB; none where that is not known.
    free: Option<u64>,
    /// The newest entry and the day at which what is due was counted last.
    due_at: Option<(u64, Date)>,
    /// Why the store cannot be opened, while it cannot.
    broken: Option<String>,
    /// When waiting readings and the space were last looked after.
    looked_after_at: Instant,
    notices: Sender<Notice>,
}

impl Worker {
    fn work(mut self, tasks: &Receiver<StoreTask>, at_it: &AtIt) {
        loop {
            let task = match tasks.recv_timeout(RETRY.saturating_sub(self.looked_after_at.elapsed())) {
                Ok(task) => Some(task),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let asked = task.clone();
            at_it.begin();
            // A panic may have left the store half way: it is closed, and opened anew for the next task.
            if let Err(panic) = contain(|| self.carry_out(task)) {
                let cause = format!("the store's code failed: {panic}");
                tracing::error!("{cause}");
                self.store = None;
                asked.and_then(|task| task.failed(cause)).into_iter().for_each(|event| self.tell(event));
            }
            at_it.end();
        }
        self.save_waiting();
        if !self.waiting.is_empty() {
            tracing::error!("{} readings could not be saved and are lost", self.waiting.len());
        }
    }

    /// A task, or else what is to be done now and then.
    fn carry_out(&mut self, task: Option<StoreTask>) {
        match task {
            Some(StoreTask::Open) => {
                let opened = self.store().map(|_| ()).map_err(|error| error.to_string());
                self.tell(Event::Checked(Part::Storage, opened));
            }
            Some(StoreTask::Save(reading)) => self.save(reading),
            Some(StoreTask::Recall(age)) => return self.recall(age),
            Some(StoreTask::Introduce) => {
                let about = self.about().map_err(|error| error.to_string());
                return self.tell(Event::Introduced(about));
            }
            Some(StoreTask::Wipe) => self.wipe(),
            Some(StoreTask::Look(sequence)) => return self.look(sequence),
            Some(StoreTask::ListDue) => return self.list_due(),
            Some(StoreTask::Earlier(case)) => return self.earlier(case),
            Some(StoreTask::Seen) => return self.seen(),
            None => self.save_waiting(),
        }
        self.look_after_space();
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
        let saved = self.store()?.save(reading);
        if matches!(saved, Err(RecordError::Wiping { .. })) {
            // Opening it anew finishes what was cut off.
            self.store = None;
            return self.store()?.save(reading);
        }
        saved
    }

    fn saved(&mut self, reading: Arc<Reading>, sequence: u64) {
        let case = reading.capture.case.clone();
        self.tell(Event::Stored(reading, Saved::Saved(sequence)));
        if case.lesion.is_some() {
            // The next picture of the lesion follows this one.
            self.earlier(case);
        }
        if let Ok(count) = self.store().and_then(|store| store.count()) {
            tell(&self.notices, Notice::Records(count));
        }
    }

    fn save_waiting(&mut self) {
        self.forget_wiped();
        while let Some(reading) = self.waiting.front().cloned() {
            let Ok(sequence) = self.try_save(&reading) else { return };
            self.waiting.pop_front();
            self.saved(reading, sequence);
            self.warn();
        }
    }

    /// Where the records were wiped by another process, what waits is of before.
    fn forget_wiped(&mut self) {
        let Ok(device) = self.store().and_then(|store| store.current_device()) else { return };
        if self.device.replace(device.clone()).is_some_and(|before| before != device) {
            self.waiting.clear();
        }
    }

    fn recall(&mut self, age: u64) {
        let event = match self.past(age) {
            Ok(past) => Event::Recalled(age, past),
            Err(error) => Event::RecallFailed(error.to_string()),
        };
        self.tell(event);
    }

    /// One bad record hides no other: it has its place among them, with what is wrong with it.
    fn past(&mut self, age: u64) -> Result<Option<Past>, RecordError> {
        let store = self.store()?;
        let total = store.count()?;
        let (shown, sequence) = match store.recent(age) {
            Ok(None) => return Ok(None),
            Ok(Some(record)) => {
                let reading = store.past_reading(&record);
                let picture_fault = reading.as_ref().err().map(RecordError::brief);
                let mut reading = reading.unwrap_or_else(|_| store.without_picture(&record));
                let earlier = store.earlier_reading(&record.case(), record.sequence)?;
                Arc::make_mut(&mut reading.capture).earlier = earlier.map(Arc::new);
                let reading = Arc::new(reading);
                (Ok(PastReading { reading, picture_fault }), Some(record.sequence))
            }
            // It is there, and cannot be read.
            Err(error) if age < total => (Err(error.to_string()), None),
            Err(error) => return Err(error),
        };
        Ok(Some(Past { shown, sequence, age, total }))
    }

    fn about(&mut self) -> Result<About, RecordError> {
        let store = self.store()?;
        let public_key = store.signed_head()?.map(|head| head.public_key).unwrap_or_default();
        let only_here = store.count_not_left(Scope::Picture)?;
        Ok(About { device: store.device().into(), public_key, records: store.count()?, only_here })
    }

    /// Erases all, and what waits to be saved too.
    fn wipe(&mut self) {
        self.store = None;
        self.waiting.clear();
        let wiped = records::wipe(&self.config, "the device's screen");
        if let Ok(wiped) = &wiped {
            tracing::warn!("all records are wiped; the device is {} from now on", wiped.device);
            wiped
                .left
                .iter()
                .for_each(|path| tracing::warn!("{}: not the device's, left there", path.display()));
        }
        self.tell(Event::Wiped(wiped.map(|_| ()).map_err(|error| error.to_string())));
    }

    /// Others delete records too.
    fn look(&mut self, sequence: Option<u64>) {
        let Some(store) = &self.store else { return };
        if let Ok(count) = store.count() {
            tell(&self.notices, Notice::Records(count));
        }
        if let Some(sequence) = sequence
            && let Ok(None) = store.get(sequence)
        {
            self.tell(Event::Deleted(sequence));
        }
    }

    /// Removes pictures that have left the device while there is too little room, where the configuration asks for it,
    /// and warns while there is little. Few at a time: the next reading comes first.
    fn look_after_space(&mut self) {
        self.looked_after_at = Instant::now();
        match self.store() {
            Ok(store) => {
                self.free = store.space().ok().map(|space| space.free >> 20);
                self.broken = None;
            }
            Err(error) => self.broken = Some(error.brief()),
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
        self.keep_time();
        let erased = self.store().and_then(Store::erase_owed);
        // Tried again the next time.
        let _ = erased.inspect_err(|error| tracing::debug!("{error}"));
        self.warn();
        self.tell_found();
        self.look_for_due();
    }

    /// Deletes records that were kept for as long as the configuration says, few at a time, and then now and then.
    fn keep_time(&mut self) {
        let (now, clock_set) = Clock::default().now();
        let is_due = self.kept_time_at.is_none_or(|at| at.elapsed() > KEEP_PACE);
        // A clock that nobody has set would end the time of all.
        let Some(days) = self.config.keep_days().filter(|_| clock_set && is_due) else { return };
        let expired = self.store().and_then(|store| {
            let expired = store.expire(days, now, PRUNE_AT_ONCE as usize)?;
            Ok((expired, store.count_overdue(days, now)?))
        });
        match expired {
            Ok((expired, overdue)) => {
                self.overdue = overdue;
                self.kept_time_at = (expired < u64::from(PRUNE_AT_ONCE)).then(Instant::now);
                if expired > 0 {
                    tracing::info!("{expired} records are deleted: they were kept for {days} days");
                }
            }
            Err(error) => {
                self.kept_time_at = Some(Instant::now());
                tracing::error!("cannot delete records whose time is over: {error}");
            }
        }
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
        let warning = match (self.waiting.len(), &self.broken, little) {
            (0, Some(broken), _) => Some(format!("Nothing is saved: {broken}")),
            (0, None, Some(free)) => Some(format!("Disk: {free} MB left")),
            (0, None, None) if unanchored => Some("Records not anchored".into()),
            (0, None, None) => (self.overdue > 0).then(|| format!("{} to pull, then delete", self.overdue)),
            (waiting, ..) => Some(format!("{waiting} not saved")),
        };
        tell(&self.notices, Notice::Warning(warning));
    }

    fn tell(&self, event: Event) {
        tell(&self.notices, Notice::Event(event));
    }
}
