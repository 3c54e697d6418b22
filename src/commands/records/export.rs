//! `dermascope records export`: records into a file that needs no software of ours.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::FilterArgs;
use crate::records::export::{Export, FORMATS, export};
use crate::records::{Filter, Reader, RecordsConfig, Store};

/// Export records to a file: a ZIP with pictures and a page to open, or a table
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records export records.zip
  dermascope records export --new monday.zip
  dermascope records export --since 2026-05-01T00:00:00Z may.csv
  dermascope records export --format isic challenge.csv

The same records give the same bytes. Research use only. Not a diagnosis.")]
pub struct ExportArgs {
    /// The file to write; its extension says the format: .zip, .csv or .jsonl
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// zip, csv, jsonl, or isic (the ISIC 2018 challenge's CSV), whatever the extension
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Only what no earlier export with --new has given out
    #[arg(long, conflicts_with_all = ["before", "after", "since", "until", "verdict", "class", "usable", "case"])]
    new: bool,
    #[command(flatten)]
    filter: FilterArgs,
}

pub fn run(config: &RecordsConfig, args: &ExportArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let reader = Reader::open(config)?;
    let (format, writer) = find_format(args)?;
    let newest = reader.newest()?;
    // A table gives out no pictures, so an archive takes up where the last archive ended.
    let given_out = if format == "zip" { reader.pictures_exported()? } else { reader.exported()? };
    let filter = match args.new {
        true => Filter { after: Some(given_out), before: Some(newest + 1), ..Filter::default() },
        false => args.filter.filter(),
    };
    if args.new && filter.after == Some(newest) {
        writeln!(out, "nothing new since the last export")?;
        return Ok(ExitCode::SUCCESS);
    }
    write_file(&reader, &filter, writer, &args.file)?;
    if args.new {
        let mut store = Store::open(config)?;
        store.set_exported(newest)?;
        if format == "zip" {
            store.set_pictures_exported(filter.after.unwrap_or(0), newest)?;
        }
    }
    writeln!(out, "exported to {}", args.file.display())?;
    Ok(ExitCode::SUCCESS)
}

/// The format's name, and what writes it.
fn find_format(args: &ExportArgs) -> anyhow::Result<(&'static str, Export)> {
    let extension = args.file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let wanted = args.format.as_deref().unwrap_or(extension);
    let known = FORMATS.iter().find(|(name, _, _)| *name == wanted);
    known.map(|(name, _, format)| (*name, *format)).with_context(|| {
        let names = FORMATS.iter().map(|(name, _, _)| *name).collect::<Vec<_>>().join(", ");
        format!("{}: no format called `{wanted}`; choose one with --format: {names}", args.file.display())
    })
}

/// Writes under a temporary name first: the file is whole or not there.
fn write_file(reader: &Reader, filter: &Filter, format: Export, path: &Path) -> anyhow::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = write_part(reader, filter, format, &part)
        .and_then(|()| Ok(fs::rename(&part, path)?))
        .with_context(|| format!("{}: cannot export", path.display()));
    if written.is_err() {
        // The first error says more than a second one could.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write_part(reader: &Reader, filter: &Filter, format: Export, part: &Path) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(part)?);
    export(reader, filter, format, &mut file)?;
    Ok(file.into_inner()?.sync_all()?)
}
