//! The folder that records are pulled to. Below it one folder a device, so that many devices' records lie side by side:
//!
//! ```text
//! DIR/DEVICE/records/000017.json   the record, byte for byte as the device's chain covers it
//! DIR/DEVICE/images/000017.jpg     its picture, checked against its hash
//! DIR/DEVICE/outcomes/000031.json  what became of a lesion, by its entry's position, byte for byte
//! DIR/DEVICE/chain.json            up to where the chain was pulled and checked
//! DIR/DEVICE/chain.jsonl           its entries without their bodies: what all of it is verified by, without the device
//! DIR/DEVICE/parts/                pictures under way: where a cut pull goes on
//! ```
//!
//! Where a device's chain does not go on from what is here, the new chain gets a folder of its own beside it:
//! `DIR/DEVICE-2`, `DIR/DEVICE-3`.
//!
//! What stands in `records` and `images` is whole: it is written elsewhere, made durable, and then renamed.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::known::Known;
use crate::digest::sha256_hex;
use crate::records::chain::{self, Entry, Kind};

/// How far a device's chain was pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The device, by its id.
    pub device: String,
    /// Of the last entry that is here.
    pub position: u64,
    /// The chain's hash there, in hexadecimal digits.
    pub chain_sha256: String,
}

pub struct Folder {
    name: String,
    root: PathBuf,
    /// Held, so that two pulls do not write at once.
    _lock: Option<File>,
}

impl Folder {
    /// Opens a device's folder below `dir`, making what is missing.
    pub fn open(dir: &Path, name: &str) -> io::Result<Self> {
        let root = dir.join(name);
        for name in ["records", "images", OUTCOMES, "parts"] {
            fs::create_dir_all(root.join(name))?;
        }
        let lock = File::create(root.join("parts/lock"))?;
        lock.try_lock().map_err(|_| io::Error::other("another pull into this folder is under way"))?;
        Ok(Self { name: name.into(), root, _lock: Some(lock) })
    }

    /// A device's folder, to look at: nothing is made or locked.
    pub fn to_read(dir: &Path, name: &str) -> Self {
        Self { name: name.into(), root: dir.join(name), _lock: None }
    }

    /// The names of the folders that a device has below `dir`, and of the next one that it may get.
    pub fn names(dir: &Path, device: &str) -> (Vec<String>, String) {
        let name = |number: u64| if number == 1 { device.into() } else { format!("{device}-{number}") };
        let there = (1..).map(name).take_while(|name| dir.join(name).join("chain.json").exists());
        let there: Vec<String> = there.collect();
        let next = name(there.len() as u64 + 1);
        (there, next)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The entries up to the mark, without their bodies, and as many as follow from where the chain begins. What a cut
    /// left behind the mark, and what does not follow, is taken off the file.
    pub fn links(&self, device: &str, mark: &Mark) -> io::Result<Vec<Entry>> {
        let path = self.root.join("chain.jsonl");
        let (links, whole, length) = read_links(&path, device, mark.position)?;
        if whole < length {
            File::options().write(true).open(&path)?.set_len(whole)?;
        }
        Ok(links)
    }

    /// Adds entries behind those that are there; durable once the mark is set.
    pub fn add_links(&self, entries: &[Entry]) -> io::Result<()> {
        let mut file = File::options().create(true).append(true).open(self.root.join("chain.jsonl"))?;
        let mut text = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut text, &Entry { body: None, ..entry.clone() })
                .map_err(io::Error::from)?;
            text.push(b'\n');
        }
        file.write_all(&text)?;
        file.sync_all()
    }

    /// A record's JSON, byte for byte as the chain covers it, where it is here.
    pub fn body(&self, sequence: u64) -> io::Result<Option<String>> {
        self.text(&record_name(sequence))
    }

    /// What a small file says.
    pub fn text(&self, name: &str) -> io::Result<Option<String>> {
        match read_small(&self.root.join(name))? {
            Some(bytes) => {
                Ok(String::from_utf8(bytes).ok().and_then(|text| Some(text.strip_suffix('\n')?.into())))
            }
            None => Ok(None),
        }
    }

    /// A picture, where it is here, is a file of that size, and has that hash.
    pub fn picture(&self, known: &Known) -> io::Result<Option<Vec<u8>>> {
        read_picture(&self.root, known)
    }

    /// Takes a file away that is not what it should be.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.root.join(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            // A folder in its place may hold something of a person's.
            Err(_) => fs::rename(&path, path.with_extension("aside")),
        }
    }

    /// How far the device was pulled; none where nothing was.
    pub fn mark(&self) -> io::Result<Option<Mark>> {
        read_mark(&self.root)
    }

    /// Notes how far it was pulled, after making all that was written before durable.
    pub fn set_mark(&self, mark: &Mark) -> io::Result<()> {
        for name in ["records", "images", OUTCOMES] {
            File::open(self.root.join(name))?.sync_all()?;
        }
        let mut text = serde_json::to_vec_pretty(mark).map_err(io::Error::from)?;
        text.push(b'\n');
        self.put("chain.json", &text)?;
        File::open(&self.root)?.sync_all()
    }

    /// Writes a small file as a whole.
    pub fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let part = self.root.join("parts").join(format!("{}.new", name.replace('/', "-")));
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(part, self.root.join(name))
    }

    /// The picture under way for a record, to go on with, and how much of it there is.
    pub fn part(&self, name: &str) -> io::Result<(File, u64)> {
        let file = File::options().create(true).append(true).open(self.part_path(name))?;
        let length = file.metadata()?.len();
        Ok((file, length))
    }

    /// Throws a picture under way away: it is not the one that was asked for.
    pub fn drop_part(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.part_path(name)) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
            _ => Ok(()),
        }
    }

    /// Moves a picture that is complete to its place, if it has the hash; says whether it had.
    pub fn settle(&self, name: &str, sha256: &str) -> io::Result<bool> {
        let part = self.part_path(name);
        if sha256_hex(&fs::read(&part)?) != sha256 {
            return Ok(false);
        }
        File::open(&part)?.sync_all()?;
        fs::rename(part, self.root.join("images").join(name))?;
        Ok(true)
    }

    fn part_path(&self, name: &str) -> PathBuf {
        self.root.join("parts").join(name)
    }
}

/// How far a device's folder was pulled; none where nothing was, or its mark was edited into none.
pub fn read_mark(root: &Path) -> io::Result<Option<Mark>> {
    Ok(read_small(&root.join("chain.json"))?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Holds the outcomes.
const OUTCOMES: &str = "outcomes";

/// The name of the file that holds the body of an entry that has one here.
pub fn body_name(entry: &Entry) -> Option<String> {
    match entry.kind {
        Kind::Record => Some(record_name(entry.sequence)),
        Kind::Outcome => Some(format!("{OUTCOMES}/{:06}.json", entry.position)),
        _ => None,
    }
}

/// The name of a record's JSON.
pub fn record_name(sequence: u64) -> String {
    format!("records/{sequence:06}.json")
}

/// Larger than any record's JSON, in bytes.
const LARGEST_RECORD: u64 = 4 << 20;

/// Reads a file of at most so much; none where it is not there or no file.
fn read_small(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::metadata(path) {
        Ok(about) if about.is_file() && about.len() <= LARGEST_RECORD => fs::read(path).map(Some),
        Ok(_) => Ok(None),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// As [`Folder::picture`], of a device's folder that is not open.
pub fn read_picture(root: &Path, known: &Known) -> io::Result<Option<Vec<u8>>> {
    let path = root.join("images").join(known.image_name());
    match fs::metadata(&path) {
        Ok(about) if about.is_file() && about.len() == known.image_size => {}
        Ok(_) => return Ok(None),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(cause),
    }
    Ok(fs::read(&path).ok().filter(|bytes| sha256_hex(bytes) == known.image_sha256))
}

/// The entries of a `chain.jsonl` that follow from where the device's chain begins, up to a position; the length of
/// their lines, and that of the file.
pub fn read_links(path: &Path, device: &str, end: u64) -> io::Result<(Vec<Entry>, u64, u64)> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0, 0)),
        Err(cause) => return Err(cause),
    };
    let length = file.metadata()?.len();
    let mut lines = BufReader::new(file);
    let (mut links, mut whole, mut previous, mut line) = (Vec::new(), 0, chain::start(device), Vec::new());
    while (links.len() as u64) < end {
        line.clear();
        let read = lines.by_ref().take(LARGEST_RECORD).read_until(b'\n', &mut line)?;
        let Ok(entry) = serde_json::from_slice::<Entry>(&line) else { break };
        if !line.ends_with(b"\n") || entry.position != links.len() as u64 + 1 || !entry.follows(&previous) {
            break;
        }
        whole += read as u64;
        previous.clone_from(&entry.chain_sha256);
        links.push(entry);
    }
    Ok((links, whole, length))
}
