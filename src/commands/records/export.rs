//! `dermascope records export`: records into a file that needs no software of ours.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::filter::FilterArgs;
use crate::records::export::{Export, Exported, FORMATS, Missing, export};
use crate::records::{Filter, Reader, RecordsConfig, Scope, Store};

/// Export records to a file: a ZIP with pictures and a page to open, or a table
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records export records.zip
  dermascope records export --new monday.zip
  dermascope records export --since 2026-05-01T00:00:00Z may.csv
  dermascope records export --format isic challenge.csv
  dermascope records export --excel for-the-office.csv
  dermascope records export --format zip - | ssh clinic 'cat > records.zip'

`-` is the standard output. Only an export with --new to a file counts as given out, and of it only what arrived: what is
missing is named, and the exit code is 1. The same records give the same bytes. Research use only. Not a diagnosis.")]
pub struct ExportArgs {
    /// The file to write, or `-`; its extension says the format: .zip, .csv or .jsonl
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// zip, csv, excel (csv with a byte-order mark), jsonl, or isic (the ISIC 2018 challenge's CSV), whatever the
    /// extension
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// The same as --format excel: spreadsheets then read every letter right
    #[arg(long, conflicts_with = "format")]
    excel: bool,
    /// Only what no earlier export with --new has given out
    #[arg(long, conflicts_with_all = ["before", "after", "since", "until", "verdict", "class", "usable", "case", "review"])]
    new: bool,
    #[command(flatten)]
    filter: FilterArgs,
}

/// The way of an export as the device notes it.
fn way(format: &str) -> String {
    format!("export {format}")
}

/// Exits with 1 where anything that should be in the export is missing.
pub fn run(config: &RecordsConfig, args: &ExportArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let reader = Reader::open(config)?;
    let (format, writer) = find_format(args)?;
    // A table gives out no pictures, so an archive takes up what no archive has.
    let scope = if format == "zip" { Scope::Picture } else { Scope::Data };
    if args.new && reader.not_given_out(scope, 0, 1)?.is_empty() {
        say(args, out, "nothing new since the last export")?;
        return Ok(ExitCode::SUCCESS);
    }
    let filter = match args.new {
        true => Filter { not_left: Some(scope), ..Filter::default() },
        false => args.filter.filter(),
    };
    let destination = Destination::of(&args.file);
    let exported = destination.write(&reader, &filter, writer)?;
    if args.new && destination == Destination::File(args.file.clone()) {
        Store::open(config)?.give_out(&way(format), &exported.records)?;
    }
    let mut missing = 0;
    for Missing { sequence, cause, .. } in exported.lost() {
        missing += 1;
        eprintln!("record {sequence} is not whole in it: {cause}");
    }
    say(args, out, &format!("exported to {}", args.file.display()))?;
    if args.new && destination != Destination::File(args.file.clone()) {
        eprintln!("{} is no file, so none of it counts as given out", args.file.display());
    }
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// To a person, where the export itself does not go to the same place.
fn say(args: &ExportArgs, out: &mut impl Write, words: &str) -> anyhow::Result<()> {
    match Destination::of(&args.file) {
        Destination::File(_) => Ok(writeln!(out, "{words}")?),
        _ => {
            eprintln!("{words}");
            Ok(())
        }
    }
}

/// Where an export goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Destination {
    /// A file: written beside its place, synced, and renamed to it. It alone can be known to have arrived.
    File(PathBuf),
    /// A device, a pipe, or a link to whatever: written to as it is.
    Through(PathBuf),
    Output,
}

impl Destination {
    fn of(path: &Path) -> Self {
        match fs::symlink_metadata(path) {
            _ if path == Path::new("-") => Self::Output,
            Ok(about) if !about.is_file() => Self::Through(path.into()),
            _ => Self::File(path.into()),
        }
    }

    fn write(&self, reader: &Reader, filter: &Filter, format: Export) -> anyhow::Result<Exported> {
        match self {
            Self::File(path) => write_file(reader, filter, format, path),
            Self::Through(path) => {
                let file = File::options().write(true).truncate(true).open(path);
                let mut file = BufWriter::new(file.with_context(|| path.display().to_string())?);
                let exported = export(reader, filter, format, &mut file);
                exported.with_context(|| format!("{}: cannot export", path.display()))
            }
            Self::Output => {
                // The caller has it locked already for what it says itself.
                let mut output = BufWriter::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
                export(reader, filter, format, &mut output).context("cannot export to the standard output")
            }
        }
    }
}

/// The format's name, and what writes it.
fn find_format(args: &ExportArgs) -> anyhow::Result<(&'static str, Export)> {
    let extension = args.file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let wanted = if args.excel { "excel" } else { args.format.as_deref().unwrap_or(extension) };
    let known = FORMATS.iter().find(|(name, _, _)| *name == wanted);
    known.map(|(name, _, format)| (*name, *format)).with_context(|| {
        let names = FORMATS.iter().map(|(name, _, _)| *name).collect::<Vec<_>>().join(", ");
        format!("{}: no format called `{wanted}`; choose one with --format: {names}", args.file.display())
    })
}

/// Writes under a temporary name first: the file is whole and durable, or not there.
fn write_file(reader: &Reader, filter: &Filter, format: Export, path: &Path) -> anyhow::Result<Exported> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = write_part(reader, filter, format, &part)
        .and_then(|exported| {
            fs::rename(&part, path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(exported)
        })
        .with_context(|| format!("{}: cannot export", path.display()));
    if written.is_err() {
        // The first error says more than a second one could.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write_part(reader: &Reader, filter: &Filter, format: Export, part: &Path) -> anyhow::Result<Exported> {
    // A link in its place would have another file written over.
    let _ = fs::remove_file(part);
    let mut file = BufWriter::new(File::options().write(true).create_new(true).open(part)?);
    let exported = export(reader, filter, format, &mut file)?;
    file.into_inner()?.sync_all()?;
    Ok(exported)
}
