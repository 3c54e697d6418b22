//! Looks through a folder that was pulled to: the chain from its first entry on, every record, every picture. Needs no
//! device.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::folder::{Folder, Mark, body_name, read_links, read_mark, read_picture};
use super::known::Known;
use crate::records::chain::{Entry, Kind};

/// What stands in a device's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The folder's name.
    pub folder: String,
    /// The device whose records they are, by its id; empty where the mark cannot be read.
    pub device: String,
    /// Records that are here, as the chain covers them.
    pub records: u64,
    /// Pictures that are here, with the hashes that their records say.
    pub images: u64,
    /// Of the newest entry.
    pub position: u64,
    /// The chain's hash there, in hexadecimal digits.
    pub head: String,
    /// What is missing or altered; empty where all is well.
    pub problems: Vec<String>,
}

impl Entry {
    /// Whether a text is its body.
    pub(super) fn covers(&self, body: &str) -> bool {
        crate::digest::sha256_hex(body.as_bytes()) == self.body_sha256
    }
}

/// The JSON of an entry's record or outcome, where it is here and as the chain covers it.
pub fn whole_body(folder: &Folder, link: &Entry) -> io::Result<Option<String>> {
    let Some(name) = body_name(link) else { return Ok(None) };
    Ok(folder.text(&name)?.filter(|body| link.covers(body)))
}

/// Looks through every device's folder below `dir`.
pub fn verify(dir: &Path) -> io::Result<Vec<Checked>> {
    let mut names = Vec::new();
    for file in fs::read_dir(dir)? {
        let file = file?;
        if file.path().join("chain.json").exists() {
            names.push(file.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    names.iter().map(|name| check(dir, name)).collect()
}

fn check(dir: &Path, name: &str) -> io::Result<Checked> {
    let root = dir.join(name);
    let mut checked = Checked { folder: name.into(), ..Checked::default() };
    let Some(Mark { device, position, chain_sha256 }) = read_mark(&root)? else {
        checked.problems.push("chain.json cannot be read".into());
        return Ok(checked);
    };
    let (links, _, _) = read_links(&root.join("chain.jsonl"), &device, position)?;
    let end = links.last().map(|last| (last.position, last.chain_sha256.clone()));
    if position > 0 && end.as_ref() != Some(&(position, chain_sha256)) {
        let there = end.as_ref().map_or(0, |(position, _)| *position);
        let words = format!("chain.jsonl holds up to entry {there}, and should up to {position}: pull again");
        checked.problems.push(words);
    }
    (checked.position, checked.head) = end.unwrap_or_default();
    checked.device = device;
    // What was deleted before it was pulled is not here, and what was after it stays.
    let deleted: Vec<u64> =
        links.iter().filter(|link| link.kind == Kind::Deletion).map(|link| link.sequence).collect();
    let folder = Folder::to_read(dir, name);
    for link in links.iter().filter(|link| body_name(link).is_some()) {
        check_body(&folder, &root, link, deleted.contains(&link.sequence), &mut checked)?;
    }
    Ok(checked)
}

fn check_body(
    folder: &Folder,
    root: &Path,
    link: &Entry,
    deleted: bool,
    checked: &mut Checked,
) -> io::Result<()> {
    let Some(name) = body_name(link) else { return Ok(()) };
    let Some(body) = whole_body(folder, link)? else {
        let there = root.join(&name).exists();
        if there || !deleted {
            checked.problems.push(format!("{name}: {}", if there { "altered" } else { "missing" }));
        }
        return Ok(());
    };
    if link.kind != Kind::Record {
        return Ok(());
    }
    checked.records += 1;
    let Ok(known) = serde_json::from_str::<Known>(&body) else { return Ok(()) };
    match read_picture(root, &known)? {
        Some(_) => checked.images += 1,
        None => {
            let name = format!("images/{}", known.image_name());
            let there = root.join(&name).exists();
            checked.problems.push(format!("{name}: {}", if there { "altered" } else { "missing" }));
        }
    }
    Ok(())
}
