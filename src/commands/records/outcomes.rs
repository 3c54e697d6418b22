//! `dermascope records outcomes`: what became of the lesions, noted from a table.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Map, Value};

use crate::evaluation::Table;
use crate::outcome::Outcome;
use crate::records::{Reader, RecordsConfig, Store};

/// Note what became of lesions, from a table with one row a record
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records outcomes histology.csv
  dermascope records outcomes --dry-run histology.csv
  dermascope records outcomes              # prints all that was noted

The table is a CSV (comma, semicolon or tab) with a header. Its columns, of which `sequence` and one more are needed:
  sequence       the record's number
  device         the device's id: a row of another device is an error
  diagnosis      the ISIC Archive's word, such as melanoma or nevus, or a code: mel, nv, bcc, scc, akiec, bkl, df, vasc
  malignant      true or false, where the diagnosis does not say it (\"other\")
  confirmed_by   histopathology, confocal microscopy with consensus dermoscopy, serial imaging showing no change, single
                 image expert consensus, or single contributor clinical assessment
  on             the day, such as 2026-05-01
  by, note       who says so, and what else there is to say
  review         true: somebody shall look at it
  look_again     the day from which on the lesion shall be looked at again

Every row is an entry of its own in the chain and replaces what was noted of its record before; a row that says what holds
already is passed over. Nothing is noted where any row is wrong. Research use only. Not a diagnosis.")]
pub struct OutcomesArgs {
    /// The table; without one, what was noted is printed
    #[arg(value_name = "FILE.csv")]
    file: Option<PathBuf>,
    /// Check the table, and note nothing
    #[arg(long, requires = "file")]
    dry_run: bool,
    /// Print one JSON object a line
    #[arg(long, conflicts_with = "file")]
    json: bool,
}

/// A row that holds.
#[derive(Debug)]
struct Row {
    sequence: u64,
    outcome: Outcome,
}

pub fn run(config: &RecordsConfig, args: &OutcomesArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    // Opening to read first makes no folder where there is none.
    let reader = Reader::open(config)?;
    let Some(file) = &args.file else { return print(&reader, args.json, out) };
    let rows = read(file, &reader)?;
    let in_force = reader.outcomes_in_force()?;
    let holds = |row: &Row| in_force.get(&row.sequence).is_some_and(|noted| noted.outcome == row.outcome);
    let (held, new): (Vec<_>, Vec<_>) = rows.into_iter().partition(holds);
    if !args.dry_run {
        let mut store = Store::open(config)?;
        for row in &new {
            store.note_outcome(row.sequence, &row.outcome)?;
        }
    }
    let done = if args.dry_run { "would be noted" } else { "noted" };
    writeln!(out, "{} outcomes {done}, {} hold already", new.len(), held.len())?;
    Ok(ExitCode::SUCCESS)
}

fn print(reader: &Reader, json: bool, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    for noted in reader.all_outcomes()? {
        if json {
            writeln!(out, "{}", serde_json::to_string(&noted)?)?;
            continue;
        }
        let outcome = &noted.outcome;
        let on = outcome.on.map_or(String::new(), |day| format!(", {day}"));
        let by = outcome.by.as_ref().map_or(String::new(), |by| format!(", {by}"));
        let review = if outcome.review { ", for review" } else { "" };
        writeln!(out, "{:>6}  {}{on}{by}{review}", noted.sequence, outcome.words())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Columns that say which record a row is of.
const WHICH: [&str; 2] = ["sequence", "device"];
/// Columns of what is noted: the keys of an outcome.
const SAID: [&str; 8] =
    ["diagnosis", "malignant", "confirmed_by", "on", "by", "note", "review", "look_again"];
/// Rows that are named where many are wrong.
const MOST_NAMED: usize = 20;

/// All the rows, or everything that is wrong with them.
fn read(file: &Path, reader: &Reader) -> anyhow::Result<Vec<Row>> {
    let place = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("{place}: cannot be read"))?;
    let table = Table::of(&bytes).with_context(|| format!("{place}: is no table"))?;
    let known = |name: &String| WHICH.iter().chain(&SAID).any(|known| known.eq_ignore_ascii_case(name));
    if let Some(strange) = table.headers.iter().find(|name| !known(name)) {
        bail!(
            "{place}: no column is called `{strange}`; there are {}, {}",
            WHICH.join(", "),
            SAID.join(", ")
        );
    }
    let sequence =
        table.column("sequence").with_context(|| format!("{place}: there is no column `sequence`"))?;
    let device = table.column("device");
    let said: Vec<_> = SAID.iter().filter_map(|name| Some((*name, table.column(name)?))).collect();
    if said.is_empty() {
        bail!("{place}: no column says an outcome; there are {}", SAID.join(", "));
    }
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (line, cells) in &table.rows {
        let cell = |column: usize| cells.get(column).map_or("", String::as_str);
        let whose = device.map(cell).filter(|device| !device.is_empty());
        let row = match whose {
            Some(whose) if whose != reader.device() => {
                Err(format!("it is of device {whose}; these are the records of {}", reader.device()))
            }
            _ => row(cell(sequence), said.iter().map(|(name, column)| (*name, cell(*column))), reader),
        };
        match row {
            Ok(row) => rows.push(row),
            Err(cause) => wrong.push(format!("line {line}: {cause}")),
        }
    }
    if wrong.is_empty() {
        return Ok(rows);
    }
    let more = wrong.len().saturating_sub(MOST_NAMED);
    wrong.truncate(MOST_NAMED);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    bail!("{place}: nothing was noted, since rows are wrong:\n  {}{more}", wrong.join("\n  "))
}

fn row<'a>(
    sequence: &str,
    said: impl Iterator<Item = (&'a str, &'a str)>,
    reader: &Reader,
) -> Result<Row, String> {
    let number = sequence.parse().map_err(|_| format!("`{sequence}` is no record's number"))?;
    if !reader.has(number).map_err(|error| error.to_string())? {
        return Err(format!("there is no record {number}"));
    }
    let mut object = Map::new();
    for (name, cell) in said.filter(|(_, cell)| !cell.is_empty()) {
        let value = match name {
            "malignant" | "review" => Value::Bool(truth(name, cell)?),
            _ => Value::String(unquoted(cell).into()),
        };
        object.insert(name.into(), value);
    }
    let outcome: Outcome = serde_json::from_value(object.into()).map_err(|error| error.to_string())?;
    Ok(Row { sequence: number, outcome: outcome.checked().map_err(|error| error.to_string())? })
}

/// As our own tables write what a spreadsheet would take for a formula.
fn unquoted(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@'])).unwrap_or(cell)
}

/// As spreadsheets and people write it.
fn truth(name: &str, cell: &str) -> Result<bool, String> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("{name} is `{cell}`; say true or false")),
    }
}
