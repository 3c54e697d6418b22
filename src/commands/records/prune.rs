//! `dermascope records prune`: room for new readings, by removing pictures that have left the device.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::records::{Reader, RecordError, RecordsConfig, Store};

/// Remove pictures that were pulled or exported, the oldest first; their records stay
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records prune --free 2000
  dermascope records prune --all

Only pictures that `dermascope pull` or `dermascope records export --new FILE.zip` has brought elsewhere are removed, and
never a record. records.prune_free_mib in the configuration has the device do it by itself.")]
#[group(required = true, multiple = false)]
pub struct PruneArgs {
    /// Until so much is free on the disk, in MiB
    #[arg(long, value_name = "MIB")]
    free: Option<u64>,
    /// All that have left the device
    #[arg(long)]
    all: bool,
}

pub fn run(config: &RecordsConfig, args: &PruneArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    // Opening to read first makes no folder where there is none.
    Reader::open(config)?;
    let mut store = Store::open(config)?;
    let wanted = args.free.map(|mib| mib << 20);
    let pruned = store.prune("records prune", |reader, _| -> Result<bool, RecordError> {
        Ok(wanted.is_none_or(|wanted| reader.space().is_ok_and(|space| space.free < wanted)))
    })?;
    let free = store.space()?.free;
    writeln!(out, "{pruned} pictures are removed, {} MiB are free", free >> 20)?;
    if wanted.is_some_and(|wanted| free < wanted) {
        writeln!(
            out,
            "all other pictures are only here: `dermascope pull` or `records export --new FILE.zip` first"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
