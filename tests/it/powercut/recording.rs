//! What a program changed on a disk, read from what strace wrote of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One change on the disk, or something said.
#[derive(Debug)]
pub enum Step {
    Make { name: PathBuf, inode: usize },
    MakeFolder { name: PathBuf },
    Write { inode: usize, at: usize, bytes: Vec<u8> },
    Truncate { inode: usize, length: usize },
    Rename { from: PathBuf, to: PathBuf, inode: usize },
    Remove { name: PathBuf },
    Sync { inode: usize },
    SyncFolder { name: PathBuf },
    Said(String),
}

impl Step {
    /// The folders whose names it changes.
    pub fn folders(&self) -> Vec<PathBuf> {
        let parent = |name: &Path| name.parent().unwrap_or(Path::new("")).to_path_buf();
        match self {
            Self::Make { name, .. } | Self::MakeFolder { name } | Self::Remove { name } => vec![parent(name)],
            Self::Rename { from, to, .. } => vec![parent(from), parent(to)],
            _ => Vec::new(),
        }
    }

    /// The file whose contents it changes.
    pub fn inode(&self) -> Option<usize> {
        match self {
            Self::Write { inode, .. } | Self::Truncate { inode, .. } => Some(*inode),
            _ => None,
        }
    }
}

/// Reads what strace wrote into steps.
pub struct Recording {
    root: PathBuf,
    pub steps: Vec<Step>,
    /// The files that have names now.
    names: BTreeMap<PathBuf, usize>,
    files: usize,
    /// How far each file was written without saying where.
    ends: BTreeMap<usize, usize>,
}

impl Recording {
    pub fn of(root: &Path, log: &str) -> Self {
        let mut recording = Self {
            root: root.to_path_buf(),
            steps: Vec::new(),
            names: BTreeMap::new(),
            files: 0,
            ends: BTreeMap::new(),
        };
        for line in whole_lines(log) {
            recording.line(&line);
        }
        recording
    }

    fn line(&mut self, line: &str) {
        let Some((call, rest)) = line.split_once('(') else { return };
        let Some((arguments, result)) = rest.rsplit_once(" = ") else { return };
        if result.starts_with('-') {
            return;
        }
        // What is in quotes and in angle brackets is all in hexadecimal digits.
        let texts: Vec<Vec<u8>> = arguments.split('"').skip(1).step_by(2).map(unescape).collect();
        let number = |index: usize| -> usize {
            let last = arguments.rsplit(", ").nth(index).unwrap_or_default();
            last.trim_end_matches(')').parse().unwrap_or_else(|_| panic!("no number {index} in {line:.200}"))
        };
        let name = |index: usize| self.inside(&texts[index]);
        let opened = arguments
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map(|(path, _)| unescape(path));
        let file = opened.as_deref().and_then(|path| self.inside(path));
        match call {
            "write" if arguments.starts_with("1<") => self.said(&texts[0]),
            "openat" => {
                if let Some(name) =
                    name(0).filter(|_| arguments.contains("O_CREAT") || arguments.contains("O_TRUNC"))
                {
                    self.open(name, arguments.contains("O_TRUNC"));
                }
            }
            "mkdir" => self.steps.extend(name(0).map(|name| Step::MakeFolder { name })),
            "rename" => {
                if let (Some(from), Some(to)) = (name(0), name(1)) {
                    let inode = self.names.remove(&from).expect("what is renamed is there");
                    self.names.insert(to.clone(), inode);
                    self.steps.push(Step::Rename { from, to, inode });
                }
            }
            "unlink" => {
                if let Some(name) = name(0).filter(|name| !is_shared_memory(name)) {
                    self.names.remove(&name);
                    self.steps.push(Step::Remove { name });
                }
            }
            "fsync" | "fdatasync" => self.sync(file),
            "write" | "pwrite64" | "ftruncate" => {
                let Some(inode) = file.and_then(|name| self.names.get(&name).copied()) else { return };
                let step = match call {
                    "ftruncate" => Step::Truncate { inode, length: number(0) },
                    "pwrite64" => Step::Write { inode, at: number(0), bytes: texts[0].clone() },
                    _ => {
                        let end = self.ends.entry(inode).or_default();
                        let at = *end;
                        *end += texts[0].len();
                        Step::Write { inode, at, bytes: texts[0].clone() }
                    }
                };
                self.steps.push(step);
            }
            _ => {}
        }
    }

    /// A path below the folder of the records; what SQLite keeps in memory alone is not on the disk.
    fn inside(&self, path: &[u8]) -> Option<PathBuf> {
        let path = Path::new(std::str::from_utf8(path).ok()?);
        let name = path.strip_prefix(&self.root).ok()?.to_path_buf();
        (!is_shared_memory(&name)).then_some(name)
    }

    fn said(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let words = text.lines().filter_map(|line| line.split_once("CHILD "));
        self.steps.extend(words.map(|(_, words)| Step::Said(words.into())));
    }

    fn open(&mut self, name: PathBuf, truncate: bool) {
        match self.names.get(&name) {
            Some(inode) if truncate => {
                self.ends.remove(inode);
                self.steps.push(Step::Truncate { inode: *inode, length: 0 });
            }
            Some(_) => {}
            None => {
                let inode = self.files;
                self.files += 1;
                self.names.insert(name.clone(), inode);
                self.steps.push(Step::Make { name, inode });
            }
        }
    }

    fn sync(&mut self, file: Option<PathBuf>) {
        let Some(name) = file else { return };
        match self.names.get(&name) {
            Some(inode) => self.steps.push(Step::Sync { inode: *inode }),
            None => self.steps.push(Step::SyncFolder { name }),
        }
    }
}

fn is_shared_memory(name: &Path) -> bool {
    name.to_string_lossy().ends_with("-shm")
}

/// The calls of a log, each on one line: where threads take turns, strace writes a call in two halves.
fn whole_lines(log: &str) -> Vec<String> {
    let (mut lines, mut halves) = (Vec::new(), BTreeMap::new());
    for line in log.lines() {
        let Some((process, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(half) = call.strip_suffix(" <unfinished ...>") {
            halves.insert(process, half.to_string());
        } else if let Some((_, rest)) =
            call.strip_prefix("<... ").and_then(|call| call.split_once(" resumed>"))
        {
            lines.extend(halves.remove(process).map(|half| half + rest));
        } else {
            lines.push(call.to_string());
        }
    }
    lines
}

/// `\x41\x42` to bytes.
fn unescape(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|digits| u8::from_str_radix(digits, 16).expect("two digits")).collect()
}
