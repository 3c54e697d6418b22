//! `dermascope records wipe`: all that the device has kept, erased.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use crate::records::{Reader, RecordError, RecordsConfig, Scope, wipe};

/// Erase all records, pictures and the device's key: what is left is as before the first start
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records wipe
  dermascope records wipe --confirm 0123456789abcdef

Says what would go, and asks for the device's id. Nothing brings back what was erased; copies elsewhere stay. The device
may run meanwhile: it goes on as a new one, with another id and another key. What tells of the wipe is the first entry of
the new chain. On the device itself: hold the button on the live picture for the past results, again for the device's id,
again for the question, and then for ten seconds.")]
pub struct WipeArgs {
    /// The device's id, instead of asking for it
    #[arg(long, value_name = "ID")]
    confirm: Option<String>,
}

/// What is typed where the records are so damaged that the id cannot be read.
const UNKNOWN: &str = "wipe";

pub fn run(config: &RecordsConfig, args: &WipeArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let word = match Reader::open(config) {
        Ok(reader) => {
            let (count, only_here) = (reader.count()?, reader.count_not_left(Scope::Picture)?);
            writeln!(out, "device {}: {count} records, of which {only_here} are only here", reader.device())?;
            reader.device().to_string()
        }
        Err(error @ (RecordError::Missing { .. } | RecordError::Foreign { .. })) => return Err(error.into()),
        Err(error) => {
            writeln!(out, "the records cannot be read: {error}")?;
            UNKNOWN.into()
        }
    };
    let typed = match &args.confirm {
        Some(typed) => typed.clone(),
        None => {
            write!(out, "This erases all of it for good. Type `{word}` to go on: ")?;
            out.flush()?;
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line)?;
            line
        }
    };
    if typed.trim() != word {
        bail!("`{}` is not `{word}`: nothing is erased", typed.trim());
    }
    let wiped = wipe(config, "the command")?;
    writeln!(out, "all is erased; this is the device {} now, with a key of its own", wiped.device)?;
    for path in wiped.left {
        writeln!(out, "{}: not the device's, left there", path.display())?;
    }
    writeln!(
        out,
        "a memory card may keep what was erased until it is written over: `fstrim` tells it not to"
    )?;
    Ok(ExitCode::SUCCESS)
}
