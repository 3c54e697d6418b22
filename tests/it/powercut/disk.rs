//! A disk after a power cut, put together from the changes that a program made on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::recording::Step;

/// What a disk writes as a whole.
const SECTOR: usize = 512;

/// Which of the changes that are not durable are on the disk.
#[derive(Clone, Copy, Debug)]
pub enum Luck {
    None,
    All,
    Some(u64),
}

/// A disk: its files' contents, and its names.
#[derive(Default)]
pub struct Disk {
    contents: BTreeMap<usize, Vec<u8>>,
    files: BTreeMap<PathBuf, usize>,
    folders: BTreeSet<PathBuf>,
}

impl Disk {
    /// After a power cut behind some steps.
    pub fn after(steps: &[Step], luck: Luck) -> Self {
        let kept = kept_names(steps, luck);
        let mut random = match luck {
            Luck::Some(seed) => Some(ChaCha8Rng::seed_from_u64(seed)),
            _ => None,
        };
        let mut disk = Self::default();
        for (index, step) in steps.iter().enumerate() {
            if step.inode().is_some() {
                let sync =
                    |later: &Step| matches!(later, Step::Sync { inode } if Some(*inode) == step.inode());
                if matches!(luck, Luck::All) || steps[index..].iter().any(sync) {
                    disk.write(step, |_| true);
                } else if let Some(random) = &mut random {
                    disk.write(step, |_| random.random());
                }
            } else if kept[index] {
                disk.name(step);
            }
        }
        disk
    }

    /// Changes a file's contents, sector by sector as `reached` says.
    fn write(&mut self, step: &Step, mut reached: impl FnMut(usize) -> bool) {
        match step {
            Step::Truncate { inode, length } => {
                let file = self.contents.entry(*inode).or_default();
                if reached(0) {
                    file.resize(*length, 0);
                }
            }
            Step::Write { inode, at, bytes } => {
                let file = self.contents.entry(*inode).or_default();
                let mut at = *at;
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    let (sector, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
                    if reached(at) {
                        file.resize(file.len().max(at + sector.len()), 0);
                        file[at..at + sector.len()].copy_from_slice(sector);
                    }
                    at += sector.len();
                    rest = after;
                }
            }
            _ => {}
        }
    }

    fn name(&mut self, step: &Step) {
        match step {
            Step::Make { name, inode } => {
                self.files.insert(name.clone(), *inode);
            }
            Step::MakeFolder { name } => {
                self.folders.insert(name.clone());
            }
            Step::Rename { from, to, inode } => {
                // The old name may never have reached the disk.
                self.files.remove(from);
                self.files.insert(to.clone(), *inode);
            }
            Step::Remove { name } => {
                self.files.remove(name);
            }
            _ => {}
        }
    }

    pub fn put(&self, root: &Path) {
        std::fs::create_dir_all(root).expect("makes");
        for folder in &self.folders {
            // A folder whose own folder is not there yet is not there either.
            let _ = std::fs::create_dir(root.join(folder));
        }
        for (name, inode) in &self.files {
            let contents = self.contents.get(inode).map_or(&[][..], |contents| contents);
            let path = root.join(name);
            if path.parent().is_some_and(Path::exists) {
                std::fs::write(path, contents).expect("writes");
            }
        }
    }
}

/// Which changes of names are on the disk: those of a synced folder, and of another the first few.
fn kept_names(steps: &[Step], luck: Luck) -> Vec<bool> {
    let mut pending: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        for folder in step.folders() {
            pending.entry(folder).or_default().push(index);
        }
        if let Step::SyncFolder { name } = step {
            pending.remove(name);
        }
    }
    let mut kept = vec![true; steps.len()];
    let mut random = match luck {
        Luck::All => return kept,
        Luck::None => None,
        Luck::Some(seed) => Some(ChaCha8Rng::seed_from_u64(!seed)),
    };
    let mut cuts: BTreeMap<_, _> = pending
        .iter()
        .map(|(folder, indices)| {
            let first = random.as_mut().map_or(0, |random| random.random_range(0..=indices.len()));
            (folder.clone(), indices.get(first).copied().unwrap_or(usize::MAX))
        })
        .collect();
    // A rename is on the disk in both folders or in neither, and with it what follows it there.
    loop {
        let before = cuts.clone();
        for (index, step) in steps.iter().enumerate() {
            let lost = step.folders().iter().any(|folder| cuts.get(folder).is_some_and(|cut| index >= *cut));
            kept[index] = !lost;
            for folder in step.folders().iter().filter(|_| lost) {
                let is_pending = pending.get(folder).is_some_and(|indices| indices.contains(&index));
                if is_pending && cuts[folder] > index {
                    cuts.insert(folder.clone(), index);
                }
                // A sync of one of its folders made the whole of it durable.
                kept[index] |= !is_pending;
            }
        }
        if cuts == before {
            return kept;
        }
    }
}
