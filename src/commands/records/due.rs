//! `dermascope records due`: which lesions shall be looked at again, and when.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::RESEARCH_ONLY;
use crate::records::{Due, Reader, RecordsConfig, day};

/// List the lesions that shall be looked at again, the earliest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records due
  dermascope records due --by 2026-08-01
  dermascope records due --all --csv > next-looks.csv

A lesion is due records.look_again_months after its newest record, or on the day that an outcome names; one with an outcome
by histopathology is not, until it is pictured again. A lesion that has not changed is not known to be benign. Research use
only. Not a diagnosis.")]
pub struct DueArgs {
    /// Those that are due by this day; today where none is given
    #[arg(long, value_name = "DAY", conflicts_with = "all")]
    by: Option<Date>,
    /// All that are to be looked at again, whenever
    #[arg(long)]
    all: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Print a table for spreadsheets
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub fn run(config: &RecordsConfig, args: &DueArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let reader = Reader::open(config)?;
    let by = args.by.unwrap_or_else(|| day(Timestamp::now()));
    let mut due = reader.due(config.look_again_months)?;
    due.retain(|due| args.all || due.is_due(by));
    if args.csv {
        crate::records::export::write_due(&due, out)?;
    } else if args.json {
        for one in &due {
            writeln!(out, "{}", serde_json::to_string(one)?)?;
        }
    } else {
        due.iter().try_for_each(|due| print(due, out))?;
        writeln!(out, "{} lesions. {RESEARCH_ONLY}", due.len())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(due: &Due, out: &mut impl Write) -> std::io::Result<()> {
    let when = due.due.map_or("unknown".into(), |due| due.to_string());
    let place = due.place.as_ref().map_or(String::new(), |place| format!(", {place}"));
    let last = day(due.captured_at);
    let last = if due.due.is_none() { "clock not set".into() } else { last.to_string() };
    writeln!(out, "{when:10}  {} {}{place}  (record {}, {last})", due.case_id, due.lesion, due.sequence)
}
