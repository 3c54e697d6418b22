//! What an export proves itself by, on any computer and without the device: the entries of the chain, and how far the
//! device signed that it went.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::exported::ExportError;
use crate::records::chain::{self, Entry, Kind};
use crate::records::{Head, Reader};

/// Entries that are read at once.
const PAGE: usize = 200;
const PAGE_BYTES: usize = 1 << 20;

/// `proof.json`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// The entry before the first of `chain.jsonl`: at position 0 where the chain begins.
    pub from: From,
    /// How far the chain went, as the device signed it; none where it could not.
    pub head: Option<Head>,
}

/// A place of the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct From {
    pub device: String,
    pub position: u64,
    pub chain_sha256: String,
}

impl Proof {
    /// Of an export of some records.
    pub fn of(reader: &Reader, head: Option<Head>, exported: &BTreeSet<u64>) -> Result<Self, ExportError> {
        let device = reader.device().to_string();
        let first = match exported.first() {
            Some(first) => reader.position_of(*first)?,
            None => reader.head()?.0 + 1,
        };
        let (position, chain_sha256) = match first.saturating_sub(1) {
            0 => (0, chain::start(&device)),
            before => {
                let entry = reader.entries(before - 1, 1, 0)?.into_iter().next();
                entry.map_or((0, chain::start(&device)), |entry| (entry.position, entry.chain_sha256))
            }
        };
        Ok(Self { from: From { device, position, chain_sha256 }, head })
    }

    /// `chain.jsonl`: every entry from there on, one a line; of records and their outcomes only those that are exported with their bodies.
    pub fn write_chain(
        &self,
        reader: &Reader,
        exported: &BTreeSet<u64>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let mut after = self.from.position;
        loop {
            let page = reader.entries(after, PAGE, PAGE_BYTES)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.position;
            for mut entry in page {
                if matches!(entry.kind, Kind::Record | Kind::Outcome) && !exported.contains(&entry.sequence) {
                    entry.body = None;
                }
                write_line::<Entry>(&entry, out)?;
            }
        }
    }
}

fn write_line<T: Serialize>(line: &T, out: &mut dyn Write) -> Result<(), ExportError> {
    serde_json::to_writer(&mut *out, line).map_err(io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}
