//! Verifies an export on any computer: every file against the manifest, the chain up to the head that the device signed,
//! every record against the chain, and every picture against its record.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::proof::Proof;
use crate::digest::{hex, sha256_hex};
use crate::records::chain::{self, Entry, Kind};
use crate::records::{Record, carried_name};

/// The longest line of `chain.jsonl`, and the largest of the small files, in bytes.
const LONGEST_LINE: u64 = 4 << 20;
const LARGEST_TEXT: u64 = 64 << 20;

/// What a verification of an archive found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unpacked {
    /// The device that exported it, by its id.
    pub device: String,
    /// Records whose data the chain covers.
    pub records: u64,
    /// Pictures that are there and whole.
    pub images: u64,
    /// Pictures that were not on the device when it exported.
    pub missing: u64,
    /// Of the head that the device signed; empty where it signed none.
    pub public_key: String,
    /// Of the head that the device signed; 0 where it signed none.
    pub position: u64,
    /// The chain's hash at that position, in hexadecimal digits; empty where the device signed none.
    pub head: String,
    /// Empty where all is well.
    pub problems: Vec<String>,
}

#[derive(Deserialize)]
struct Manifest {
    device: String,
    files: Vec<Listed>,
    missing: Vec<Absent>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    size: u64,
    sha256: String,
}

#[derive(Deserialize)]
struct Absent {
    sequence: u64,
}

impl fmt::Display for Unpacked {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let Self { device, records, images, public_key, position, head, .. } = self;
        writeln!(formatter, "device {device}: {records} records, {images} pictures")?;
        match public_key.is_empty() {
            true => write!(formatter, "the device signed nothing"),
            false => write!(formatter, "signed by the key {public_key}\nchain {position}:{head}"),
        }
    }
}

/// Verifies a ZIP file. An error is one of reading it at all.
pub fn verify_archive(path: &Path) -> io::Result<Unpacked> {
    verify_zip(BufReader::new(File::open(path)?))
}

/// Verifies a ZIP, wherever its bytes are.
pub fn verify_zip(bytes: impl Read + Seek) -> io::Result<Unpacked> {
    let mut archive = ZipArchive::new(bytes).map_err(io::Error::from)?;
    let manifest: Manifest = serde_json::from_slice(&text(&mut archive, "manifest.json")?)?;
    let proof: Proof = serde_json::from_slice(&text(&mut archive, "proof.json")?)?;
    let mut check = Check { archive, found: Unpacked::default(), images: BTreeMap::new() };
    check.found.device.clone_from(&manifest.device);
    check.files(&manifest)?;
    let records = check.chain(&manifest, &proof)?;
    check.pictures(&manifest, &records);
    check.lines(&records)?;
    Ok(check.found)
}

struct Check<R> {
    archive: ZipArchive<R>,
    found: Unpacked,
    /// The hash of each file that was read.
    images: BTreeMap<String, String>,
}

impl<R: Read + Seek> Check<R> {
    fn problem(&mut self, words: impl Into<String>) {
        self.found.problems.push(words.into());
    }

    /// Every file against the manifest, and the manifest against the files.
    fn files(&mut self, manifest: &Manifest) -> io::Result<()> {
        let mut listed = BTreeMap::new();
        for file in &manifest.files {
            if listed.insert(file.name.as_str(), file).is_some() {
                self.problem(format!("{}: the manifest names it twice", file.name));
            }
        }
        for index in 0..self.archive.len() {
            let mut file = self.archive.by_index(index).map_err(io::Error::from)?;
            let name = file.name().map_err(io::Error::from)?.into_owned();
            let known = listed.remove(name.as_str());
            let read = known.map(|known| (known, digest(&mut file, known.size)));
            drop(file);
            match read {
                Some((known, Ok(sha256))) if known.sha256 == sha256 => {
                    self.images.insert(name, sha256);
                }
                Some((_, Ok(_))) => self.problem(format!("{name}: altered")),
                Some((_, Err(cause))) => self.problem(format!("{name}: cannot be read: {cause}")),
                None if name == "manifest.json" => {}
                None => self.problem(format!("{name}: the manifest does not name it")),
            }
        }
        for name in listed.keys() {
            self.problem(format!("{name}: missing"));
        }
        Ok(())
    }

    /// The chain up to the head that is signed; gives the records that it covers.
    fn chain(&mut self, manifest: &Manifest, proof: &Proof) -> io::Result<Vec<Brief>> {
        let from = &proof.from;
        if from.device != manifest.device
            || (from.position == 0 && from.chain_sha256 != chain::start(&from.device))
        {
            self.problem("proof.json: its chain does not begin as this device's");
        }
        let (mut previous, mut position) = (from.chain_sha256.clone(), from.position);
        let (mut records, mut problems) = (Vec::new(), Vec::new());
        let mut reached = proof.head.as_ref().is_some_and(|head| is_at(head, position, &previous));
        let file = self.archive.by_name("chain.jsonl").map_err(io::Error::from)?;
        let mut lines = BufReader::new(file);
        let mut line = String::new();
        while lines.by_ref().take(LONGEST_LINE).read_line(&mut line)? > 0 {
            let entry: Entry = serde_json::from_str(&line)?;
            position += 1;
            if entry.position != position || !entry.follows(&previous) || !entry.body_holds() {
                problems.push(format!("chain.jsonl: entry {position} or the one before was altered"));
                position = entry.position;
            }
            previous.clone_from(&entry.chain_sha256);
            reached |= proof.head.as_ref().is_some_and(|head| is_at(head, position, &previous));
            if let (Kind::Record, Some(body)) = (&entry.kind, &entry.body) {
                match serde_json::from_str::<Record>(body) {
                    Ok(record) if record.sequence == entry.sequence => records.push(Brief::of(&record)),
                    Ok(_) => problems.push(format!("entry {position}: its body names another record")),
                    Err(cause) => problems.push(format!("record {}: {cause}", entry.sequence)),
                }
            }
            line.clear();
        }
        drop(lines);
        self.found.problems.extend(problems);
        self.found.records = records.len() as u64;
        match &proof.head {
            None => self.problem("proof.json: the device signed nothing"),
            Some(head) if !head.holds() || head.device != manifest.device => {
                self.problem("proof.json: its signature does not hold");
            }
            Some(_) if !reached => self.problem("proof.json: the head that is signed is not in chain.jsonl"),
            Some(head) => {
                self.found.public_key.clone_from(&head.public_key);
                self.found.position = head.position;
                self.found.head.clone_from(&head.chain_sha256);
            }
        }
        Ok(records)
    }

    /// Every picture against its record.
    fn pictures(&mut self, manifest: &Manifest, records: &[Brief]) {
        let mut images = std::mem::take(&mut self.images);
        for record in records {
            let name = &record.image;
            match images.remove(name) {
                Some(sha256) if sha256 == record.image_sha256 => self.found.images += 1,
                Some(_) => self.problem(format!("{name}: not the picture of record {}", record.sequence)),
                None if manifest.missing.iter().any(|absent| absent.sequence == record.sequence) => {
                    self.found.missing += 1;
                }
                None => self.problem(format!("{name}: missing")),
            }
        }
        for name in images.into_keys().filter(|name| name.starts_with("images/")) {
            self.problem(format!("{name}: of no record"));
        }
    }

    /// That `records.jsonl` says what the chain covers.
    fn lines(&mut self, records: &[Brief]) -> io::Result<()> {
        let file = self.archive.by_name("records.jsonl").map_err(io::Error::from)?;
        let mut lines = BufReader::new(file);
        let (mut line, mut differing, mut count) = (String::new(), Vec::new(), 0);
        while lines.by_ref().take(LONGEST_LINE).read_line(&mut line)? > 0 {
            let said: Option<Record> = serde_json::from_str(&line).ok();
            if said.is_none_or(|said| Some(&Brief::of(&said)) != records.get(count)) {
                differing.push(format!("records.jsonl: line {} is not what the chain covers", count + 1));
            }
            count += 1;
            line.clear();
        }
        drop(lines);
        if count != records.len() {
            differing.push(format!("records.jsonl: {count} lines of {} records", records.len()));
        }
        self.found.problems.extend(differing);
        Ok(())
    }
}

/// What is kept of a record while others are read: whole ones of a hundred thousand would fill the memory.
#[derive(PartialEq, Eq)]
struct Brief {
    sequence: u64,
    /// The name of its picture.
    image: String,
    image_sha256: String,
    /// Of all that it says.
    sha256: String,
}

impl Brief {
    fn of(record: &Record) -> Self {
        // A record that was read from JSON can be written as such.
        let text = serde_json::to_vec(record).unwrap_or_default();
        Self {
            sequence: record.sequence,
            image: format!("images/{}", carried_name(record.sequence, record.image_encoding)),
            image_sha256: record.image_sha256.clone(),
            sha256: sha256_hex(&text),
        }
    }
}

fn is_at(head: &crate::records::Head, position: u64, chain_sha256: &str) -> bool {
    head.position == position && head.chain_sha256 == chain_sha256
}

/// The SHA-256 of a file that should have some size: no more than that is read.
fn digest(file: &mut impl Read, size: u64) -> io::Result<String> {
    let (mut hash, mut read, mut block) = (Sha256::new(), 0, [0; 64 << 10]);
    loop {
        match file.read(&mut block)? {
            0 => break,
            some => {
                read += some as u64;
                hash.update(&block[..some]);
            }
        }
        if read > size {
            return Err(io::Error::other("it is longer than the manifest says"));
        }
    }
    Ok(hex(&hash.finalize()))
}

fn text(archive: &mut ZipArchive<impl Read + Seek>, name: &str) -> io::Result<Vec<u8>> {
    let file = archive.by_name(name).map_err(|cause| io::Error::other(format!("{name}: {cause}")))?;
    let mut text = Vec::new();
    file.take(LARGEST_TEXT).read_to_end(&mut text)?;
    Ok(text)
}
