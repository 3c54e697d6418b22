//! Which folder a device's chain goes on from: the device is asked for the entry at the folder's mark.

use std::path::Path;

use serde::Deserialize;
use serde_json::json;

use super::folder::{Folder, Mark, read_links, read_mark};
use super::peer::{Peer, PeerError};
use super::report::PullError;
use crate::records::chain::Entry;

/// The device's chain does not go on from what is in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The folder's name.
    pub folder: String,
    /// The position of the last entry that was pulled to it.
    pub upto: u64,
    /// The first entry that is another one on the device, or is not there any more.
    pub from: u64,
    /// Where the device's own chain is now kept; none where it has nothing that is not in the folder.
    pub new_folder: Option<String>,
}

/// The folder to pull to, and what does not go on from where it was.
pub fn choose(
    peer: &mut Peer,
    dir: &Path,
    device: &str,
    end: u64,
) -> Result<(Folder, Option<Fork>), PullError> {
    let (there, next) = Folder::names(dir, device);
    let mut fork = None;
    // The newest first: it is the one that the last pull went on with.
    for name in there.iter().rev() {
        let mark = read_mark(&dir.join(name))?.filter(|mark| mark.device == device);
        let Some(mark) = mark else {
            // Its mark was edited: all of it is read again and compared.
            return Ok((Folder::open(dir, name)?, fork));
        };
        if has(peer, &mark)? {
            return Ok((Folder::open(dir, name)?, fork));
        }
        let from = first_other(peer, dir, name, &mark)?;
        // A chain that only became shorter has nothing that is not here.
        if from > end {
            fork = Some(Fork { folder: name.clone(), upto: mark.position, from, new_folder: None });
            return Ok((Folder::open(dir, name)?, fork));
        }
        let new_folder = Some(next.clone());
        fork.get_or_insert(Fork { folder: name.clone(), upto: mark.position, from, new_folder });
    }
    Ok((Folder::open(dir, &next)?, fork))
}

#[derive(Deserialize)]
struct Page {
    entries: Vec<Entry>,
}

/// Whether the device has the entry of a mark.
fn has(peer: &mut Peer, mark: &Mark) -> Result<bool, PeerError> {
    if mark.position == 0 {
        return Ok(true);
    }
    Ok(hash_at(peer, mark.position)?.as_ref() == Some(&mark.chain_sha256))
}

/// The hash of the device's entry at a position, where there is one.
fn hash_at(peer: &mut Peer, position: u64) -> Result<Option<String>, PeerError> {
    let page: Page = peer.call("chain.read", &json!({"after": position - 1, "bytes": 0}))?;
    let first = page.entries.into_iter().next().filter(|entry| entry.position == position);
    Ok(first.map(|entry| entry.chain_sha256))
}

/// The first entry of a folder that the device has not: all before one that is the same are the same.
fn first_other(peer: &mut Peer, dir: &Path, name: &str, mark: &Mark) -> Result<u64, PullError> {
    let (links, _, _) = read_links(&dir.join(name).join("chain.jsonl"), &mark.device, mark.position)?;
    let (mut same, mut other) = (0, links.len() as u64 + 1);
    while other - same > 1 {
        let middle = same + (other - same) / 2;
        let here = &links[middle as usize - 1].chain_sha256;
        if hash_at(peer, middle)?.as_ref() == Some(here) { same = middle } else { other = middle }
    }
    Ok(other)
}
