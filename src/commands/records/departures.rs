//! `dermascope records departures`: what has left the device, and what has not.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::filter::FilterArgs;
use crate::records::{Departure, Filter, Reader, Scope, Standing};

/// List what has left the device, by which way and when, and what has not left yet
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records departures
  dermascope records departures --not-left
  dermascope records departures --json | jq 'select(.departures == []) | .sequence'

A record has left once its receiver proved to have it (`dermascope pull`), or once it was synced to a file (`dermascope
records export --new`). Only what has left with its picture is ever removed to make room. The newest first.")]
pub struct DeparturesArgs {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Only those that have not left with their pictures
    #[arg(long)]
    not_left: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

pub fn run(reader: &Reader, args: &DeparturesArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let not_left = args.not_left.then_some(Scope::Picture);
    let page = reader.list_departures(&Filter { not_left, ..args.filter.filter() }, args.limit)?;
    if !args.json {
        writeln!(out, "{:>6}  {:20}  LEFT", "NUMBER", "CAPTURED (UTC)")?;
    }
    for record in &page.records {
        if args.json {
            writeln!(out, "{}", serde_json::to_string(record)?)?;
            continue;
        }
        let ways: Vec<_> = record.departures.iter().map(words).collect();
        let left = if ways.is_empty() { "NOT YET".into() } else { ways.join("; ") };
        let captured = record.captured_at.strftime("%Y-%m-%d %H:%M:%S").to_string();
        writeln!(out, "{:>6}  {captured:20}  {left}", record.sequence)?;
    }
    for bad in &page.unreadable {
        eprintln!("record {} is passed over: {}", bad.sequence, bad.cause);
    }
    if !args.json {
        let Standing { records, not_left, pictures_not_left } = reader.standing()?;
        let more = if page.next_before.is_some() { "; more with --limit or --before" } else { "" };
        writeln!(out, "{} of {records} records{more}", page.records.len())?;
        writeln!(
            out,
            "{not_left} records have not left the device, {pictures_not_left} not with their pictures"
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

fn words(Departure { way, picture, at }: &Departure) -> String {
    format!("{way} {at}{}", if *picture { "" } else { " without its picture" })
}
