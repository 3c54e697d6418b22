//! The hash chain over the entries: how an alteration of any row, any column, or any order is found.
//!
//! An entry has five columns: `position` (1, 2, 3, ... without gaps), `kind`, `sequence` (the record that it
//! makes, deletes or prunes, or that an outcome is of; of a finding the highest number given until then; of a wipe 0), `body` (JSON text) and two hashes. All hashes are SHA-256 as 64 lower-case
//! hexadecimal digits, over UTF-8 text:
//!
//! ```text
//! body_sha256  = sha256(body, byte for byte as stored)
//! chain_sha256 = sha256(previous \n position \n kind \n sequence \n body_sha256 \n)
//! previous     = the chain_sha256 of the entry before; for the first: sha256("dermascope 1\n" device "\n")
//! ```
//!
//! Since a body takes part by its hash alone, deleting a record empties its body and leaves the chain whole.
//! A chain without a secret proves nothing against someone who rewrites all of it. How far it went and its hash
//! therefore lie outside the database too ([`super::anchor`]), and wherever it was pulled to; and whoever notes the
//! newest `chain_sha256` (`records verify` prints it) can prove later that all up to there is as it was
//! (`records verify --contains`).

use serde::{Deserialize, Serialize};

use crate::digest::sha256_hex;

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Kind {
    /// Makes a record; its body is the record's JSON.
    Record,
    /// The tombstone of a record: its body and its picture are gone from here on.
    Deletion,
    /// A record's picture is gone from here on; the record stays.
    Pruning,
    /// The device found that its records are not as it left them; its body is a [`Finding`](super::Finding).
    Finding,
    /// The chain begins here because all before it was wiped; its body is a [`Wipe`].
    Wipe,
    /// What became of a record's lesion; its body is a [`Noted`](super::Noted).
    Outcome,
    /// Of a later program: kept as it is, and passed over.
    Other(String),
}

impl Kind {
    /// As it stands in the database.
    pub fn word(&self) -> &str {
        match self {
            Self::Record => "record",
            Self::Deletion => "deletion",
            Self::Pruning => "pruning",
            Self::Finding => "finding",
            Self::Wipe => "wipe",
            Self::Outcome => "outcome",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for Kind {
    fn from(word: String) -> Self {
        let known = [Self::Record, Self::Deletion, Self::Pruning, Self::Finding, Self::Wipe, Self::Outcome];
        known.into_iter().find(|kind| kind.word() == word).unwrap_or(Self::Other(word))
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.word().into()
    }
}

/// One row of `entries`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the chain, from 1, without gaps.
    pub position: u64,
    /// What it does.
    pub kind: Kind,
    /// The number of the record that it makes, deletes or prunes; of a finding, the highest number given until then.
    pub sequence: u64,
    /// Empty where the record was deleted, also of its outcomes.
    pub body: Option<String>,
    /// SHA-256 of the body as it was written, in hexadecimal digits; it stays when the body goes.
    pub body_sha256: String,
    /// The chain's hash up to here, in hexadecimal digits.
    pub chain_sha256: String,
}

/// The body of a deletion or pruning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    /// The number of the record whose data or picture goes.
    pub sequence: u64,
    /// When it was removed, by the device's clock.
    pub removed_at: jiff::Timestamp,
    /// The operator's words.
    pub reason: String,
    /// Of the picture that is gone.
    pub image_sha256: String,
}

/// The body of a wipe: that one happened, and nothing of what was wiped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wipe {
    /// Of this body: [`WIPE_FORMAT`].
    pub format: u32,
    /// When it was asked for, by the device's clock.
    pub wiped_at: jiff::Timestamp,
    /// What was asked to: the command, or the device's screen.
    pub by: String,
}

/// The format of wipes that this program writes.
pub const WIPE_FORMAT: u32 = 1;

impl Entry {
    /// The entry that follows `previous`, the chain's hash so far.
    pub fn following(previous: &str, position: u64, kind: Kind, sequence: u64, body: String) -> Self {
        let body_sha256 = sha256_hex(body.as_bytes());
        let chain_sha256 = link(previous, position, &kind, sequence, &body_sha256);
        Self { position, kind, sequence, body: Some(body), body_sha256, chain_sha256 }
    }

    /// Whether the body, where there is one, is the one that the chain covers.
    pub fn body_holds(&self) -> bool {
        self.body.as_ref().is_none_or(|body| sha256_hex(body.as_bytes()) == self.body_sha256)
    }

    /// Whether it is the very entry that was written after `previous`.
    pub fn follows(&self, previous: &str) -> bool {
        link(previous, self.position, &self.kind, self.sequence, &self.body_sha256) == self.chain_sha256
    }
}

/// Where a device's chain begins.
pub fn start(device: &str) -> String {
    sha256_hex(format!("dermascope 1\n{device}\n").as_bytes())
}

fn link(previous: &str, position: u64, kind: &Kind, sequence: u64, body_sha256: &str) -> String {
    let kind = kind.word();
    sha256_hex(format!("{previous}\n{position}\n{kind}\n{sequence}\n{body_sha256}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out once by hand with `printf ... | sha256sum`: the form must never change.
    #[test]
    fn the_form_of_the_chain_is_as_documented() {
        let first = Entry::following(&start("d"), 1, Kind::Record, 1, "{}".into());
        assert_eq!(first.body_sha256, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        assert_eq!(start("d"), START);
        assert_eq!(first.chain_sha256, FIRST);
        assert!(first.follows(&start("d")) && first.body_holds());
    }

    const START: &str = "65438d135888a8eb01c3deb675d4a3a0185cec699ac0245a7ac52572de4cbbd0";
    const FIRST: &str = "6632aa4c0a5dc60052fe1598484b54c56e2bba8beb8afd58c97b17075efed27f";
}
