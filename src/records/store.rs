//! Writing records: [`Store`].

use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::anchor::{Anchor, Head};
use super::chain::{self, Entry, Kind, Removal};
use super::error::{io, sql};
use super::finding::{Finding, KnownChain, What};
use super::images::{Images, sync_folder};
use super::key::DeviceKey;
use super::reader::{Reader, database_path};
use super::record::{Making, image_name};
use super::rows::{head, newest};
use super::{Record, RecordError, RecordsConfig, schema, wiping};
use crate::digest::sha256_hex;
use crate::reading::Reading;

/// The records, to read and write. Several processes may have one open: each write takes a lock.
pub struct Store {
    reader: Reader,
    lock: PathBuf,
    making: Making,
    /// None where it can neither be read nor made: then the anchor is not signed.
    key: Option<DeviceKey>,
    /// The database says that there was an anchor.
    anchored: bool,
    /// Why the anchor could not be written after the last entry.
    anchor_trouble: Option<String>,
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Store {
    /// Opens the folder, making what is missing, clears away what a crash left half done, and compares the chain with
    /// its anchor: what differs becomes an entry of its own.
    pub fn open(config: &RecordsConfig) -> Result<Self, RecordError> {
        let images = Images::at(&config.folder);
        images.make_folders()?;
        let lock = config.folder.join("lock");
        let held = lock_file(&lock)?;
        let database = database_path(config);
        let wiped = wiping::clear(&config.folder, &database)?;
        let connection = schema::open(&database)?;
        sync_folder(&config.folder)?;
        let reader = Reader::over(connection, config)?;
        reader.images.sweep(|name| reader.has_picture(name))?;
        let key = DeviceKey::of(&config.folder)
            .inspect_err(|error| tracing::error!("{error}; the records are not signed"))
            .ok();
        let anchored = reader.noted("anchored")?.is_some();
        let issuer = Some(config.issuer.clone()).filter(|issuer| !issuer.is_empty());
        let making = Making { dermoscopy: config.dermoscopy.clone(), issuer, config_sha256: None };
        let mut store = Self { reader, lock, making, key, anchored, anchor_trouble: None };
        store.look()?;
        if let Some(wiped) = &wiped {
            store.begin_anew(wiped)?;
        }
        let _ = store.erase_owed().inspect_err(|error| tracing::warn!("{error}"));
        drop(held);
        Ok(store)
    }

    /// The SHA-256 of the configuration in force, to keep with the records from now on.
    pub fn set_config(&mut self, sha256: String) {
        self.making.config_sha256 = Some(sha256);
    }

    /// Saves a reading and returns its record's sequence number. On return it is on disk; on an error nothing
    /// of it is, and the store can be used further.
    pub fn save(&mut self, reading: &Reading) -> Result<u64, RecordError> {
        let _held = self.hold()?;
        let encoded = &reading.capture.encoded;
        let name = image_name(&sha256_hex(&encoded.bytes), encoded.encoding);
        let images = self.images.clone();
        let written = images.mark(&name).and_then(|()| images.write(&name, &encoded.bytes));
        let saved = written.and_then(|()| self.append_record(reading));
        match &saved {
            Ok(_) => images.settle(&name),
            // Whether a commit that failed for another reason than space reached the disk is not known before
            // the next opening, so the picture keeps its mark till then.
            Err(RecordError::Database { action: COMMIT, .. }) => {}
            Err(_) => self.discard_unless_recorded(&images, &name),
        }
        saved
    }

    fn discard_unless_recorded(&self, images: &Images, name: &str) {
        if self.has_picture(name).is_ok_and(|kept| !kept) {
            images.discard(name);
        }
    }

    fn append_record(&mut self, reading: &Reading) -> Result<u64, RecordError> {
        let (device, making) = (self.device.clone(), self.making.clone());
        self.append(|newest_sequence| {
            let sequence = newest_sequence + 1;
            let record = Record::new(sequence, &device, reading, &making);
            Ok((Kind::Record, sequence, lossless_json(&record)?))
        })
    }

    /// Notes a word beside the entries.
    pub(super) fn note(&mut self, key: &str, value: &str) -> Result<(), RecordError> {
        let query = "INSERT OR REPLACE INTO meta VALUES (?, ?)";
        let noted = self.connection.execute(query, params![key, value]);
        noted.map(|_| ()).map_err(sql("write to", &self.database))
    }

    /// Notes that a person has seen what was found so far.
    pub fn set_seen(&mut self) -> Result<(), RecordError> {
        let _held = self.hold()?;
        let position = self.head()?.0;
        self.note("seen", &position.to_string())
    }

    /// Why the anchor does not tell the newest entry, where it does not; and tries again to have it do so.
    pub fn anchor_trouble(&mut self) -> Option<String> {
        if self.anchor_trouble.is_some()
            && let Ok(_held) = self.hold()
        {
            self.drop_anchor();
        }
        self.anchor_trouble.clone()
    }

    /// Waits until no other process writes; until dropped none does. Where another has wiped the records meanwhile, they
    /// are those of the new device from here on.
    pub(super) fn hold(&mut self) -> Result<File, RecordError> {
        let held = lock_file(&self.lock)?;
        if wiping::is_begun(&self.folder) {
            return Err(RecordError::Wiping { path: self.folder.clone() });
        }
        if !self.is_current()? {
            self.reader.device = self.current_device()?;
            self.key = DeviceKey::of(&self.folder).ok();
            self.anchored = self.noted("anchored")?.is_some();
        }
        Ok(held)
    }

    /// Looks whether all is as it was left, says so in the chain where it is not, and sets the anchor.
    fn look(&mut self) -> Result<(), RecordError> {
        let anchor = Anchor::of(&self.folder)?;
        let adopted = self.adopt(&anchor)?;
        let strange = schema::strange(&self.connection, &self.database)?;
        let database = self.database.clone();
        let failed = |cause| sql("write to", &database)(cause);
        let transaction = begin(&self.reader.connection).map_err(failed)?;
        let known = KnownChain { pictures: self.images.any(), ..self.with_anchor(&anchor) };
        let mut found = known.untold(&transaction).map_err(failed)?;
        if let Some(found) = found.as_mut().filter(|_| adopted) {
            found.what = What::DatabaseGone;
        }
        if found.is_none() && !strange.is_empty() {
            found = known.untold_of(What::SchemaAltered, strange, &transaction).map_err(failed)?;
        }
        if let Some(finding) = &found {
            append_finding(&transaction, &self.device, finding)?;
        }
        transaction.commit().map_err(sql(COMMIT, &database))?;
        let up_to_date = matches!(&anchor, Anchor::There(head) if self.head()?.0 == head.position);
        if found.is_some() || !up_to_date || !self.anchored {
            self.drop_anchor();
        }
        Ok(())
    }

    /// A database without an entry goes on as the device of the anchor beside it.
    fn adopt(&mut self, anchor: &Anchor) -> Result<bool, RecordError> {
        let Anchor::There(head) = anchor else { return Ok(false) };
        if head.device == self.device || self.head()?.0 > 0 {
            return Ok(false);
        }
        self.note("device", &head.device)?;
        self.reader.device.clone_from(&head.device);
        Ok(true)
    }

    /// What is known of the chain before it is compared.
    fn with_anchor<'a>(&'a self, anchor: &'a Anchor) -> KnownChain<'a> {
        KnownChain {
            anchor,
            device: &self.reader.device,
            anchored: self.anchored,
            pictures: false,
            public_key: self.key.as_ref().map(DeviceKey::public),
        }
    }

    /// Sets the anchor at the newest entry. Where that cannot be, what was saved is saved all the same: the anchor lags,
    /// and is tried again.
    fn drop_anchor(&mut self) {
        let set = self.try_drop_anchor();
        self.anchor_trouble = set.err().map(|error| {
            tracing::error!("{error}; the records are safe, but not anchored");
            error.to_string()
        });
    }

    fn try_drop_anchor(&mut self) -> Result<(), RecordError> {
        let (position, chain_sha256) = self.head()?;
        let (device, sequence) = (self.device.clone(), self.newest()?);
        let (public_key, signature) = Default::default();
        let head = Head { device, position, chain_sha256, sequence, public_key, signature };
        head.signed(self.key.as_ref()).write(&self.folder)?;
        if !self.anchored {
            // Only now: an anchor that was never there must not be missed.
            self.note("anchored", "yes")?;
            self.anchored = true;
        }
        Ok(())
    }

    /// Removes a record's picture, and says so in the chain.
    pub(super) fn remove(&mut self, kind: Kind, record: &Record, reason: &str) -> Result<(), RecordError> {
        let _held = self.hold()?;
        let sequence = record.sequence;
        // Another process may have done it meanwhile.
        if self.get(sequence)?.is_none() || (kind == Kind::Pruning && self.is_pruned(sequence)?) {
            return Err(RecordError::NoRecord { path: self.database.clone(), sequence });
        }
        let images = self.images.clone();
        images.mark(&record.image_name())?;
        self.append_removal(kind, record, reason)?;
        images.sweep(|name| self.has_picture(name))
    }

    fn append_removal(&mut self, kind: Kind, record: &Record, reason: &str) -> Result<u64, RecordError> {
        let removal = Removal {
            sequence: record.sequence,
            removed_at: Timestamp::now(),
            reason: reason.into(),
            image_sha256: record.image_sha256.clone(),
        };
        self.append(|_| Ok((kind, removal.sequence, lossless_json(&removal)?)))
    }

    /// Appends the entry that `make` gives for the newest record's sequence number, in one transaction, with what is
    /// found of the chain before; then sets the anchor.
    pub(super) fn append(
        &mut self,
        make: impl FnOnce(u64) -> Result<(Kind, u64, String), RecordError>,
    ) -> Result<u64, RecordError> {
        let database = self.database.clone();
        let failed = |cause| sql("write to", &database)(cause);
        // Where it cannot be read now, it is compared the next time.
        let anchor = Anchor::of(&self.folder).inspect_err(|error| tracing::warn!("{error}")).ok();
        let transaction = begin(&self.reader.connection).map_err(failed)?;
        if let Some(anchor) = &anchor
            && let Some(finding) = self.with_anchor(anchor).untold(&transaction).map_err(failed)?
        {
            append_finding(&transaction, &self.device, &finding)?;
        }
        let (position, previous) = head(&transaction, chain::start(&self.device)).map_err(failed)?;
        let (kind, sequence, body) = make(newest(&transaction).map_err(failed)?)?;
        let entry = Entry::following(&previous, position + 1, kind, sequence, body);
        insert(&transaction, &entry).map_err(failed)?;
        transaction.commit().map_err(sql(COMMIT, &database))?;
        self.drop_anchor();
        Ok(sequence)
    }
}

fn append_finding(connection: &Connection, device: &str, finding: &Finding) -> Result<(), RecordError> {
    tracing::error!("{finding}");
    let path = Path::new("records.sqlite");
    let failed = |cause| sql("write to", path)(cause);
    let (position, previous) = head(connection, chain::start(device)).map_err(failed)?;
    let body = lossless_json(finding)?;
    let entry = Entry::following(&previous, position + 1, Kind::Finding, finding.sequence, body);
    insert(connection, &entry).map_err(failed)
}

/// A transaction that writes. The lock of the folder is held, so that nobody else's is under way here.
fn begin(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
}

/// What a failed commit was about to do.
const COMMIT: &str = "commit to";

/// Writes an entry and notes it as the newest, so that one that is cut off the end is missed.
fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    if entry.kind == Kind::Deletion {
        for kind in [Kind::Record, Kind::Outcome] {
            // Each kind has its own index.
            let kind = kind.word();
            let empty = format!(
                "UPDATE entries SET body = NULL WHERE kind = '{kind}' AND body IS NOT NULL AND sequence = ?"
            );
            connection.execute(&empty, [entry.sequence as i64])?;
        }
        connection.execute("DELETE FROM given_out WHERE sequence = ?", [entry.sequence as i64])?;
    }
    connection.execute(
        "INSERT INTO entries (position, kind, sequence, body, body_sha256, chain_sha256)
         VALUES (?, ?, ?, ?, ?, ?)",
        params![
            entry.position as i64,
            entry.kind.word(),
            entry.sequence as i64,
            entry.body,
            entry.body_sha256,
            entry.chain_sha256
        ],
    )?;
    let newest = "INSERT OR REPLACE INTO meta VALUES ('newest', ?)";
    connection.execute(newest, [format!("{} {}", entry.position, entry.chain_sha256)]).map(|_| ())
}

/// JSON that reads back as the very same value: what is not finite would not.
pub(super) fn lossless_json<T>(value: &T) -> Result<String, RecordError>
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq,
{
    let unrepresentable =
        |cause: serde_json::Error| RecordError::Unrepresentable { cause: cause.to_string() };
    let text = serde_json::to_string(value).map_err(unrepresentable)?;
    if serde_json::from_str::<T>(&text).map_err(unrepresentable)? != *value {
        return Err(RecordError::Unrepresentable { cause: "it reads back differently".into() });
    }
    Ok(text)
}

/// Waits until no other process writes; held until dropped.
pub(super) fn lock_file(path: &Path) -> Result<File, RecordError> {
    let file = File::create(path).map_err(io("make", path))?;
    file.lock().map_err(io("lock", path))?;
    Ok(file)
}
