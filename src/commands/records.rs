//! `dermascope records`: list, show, verify, export, replay, prune, delete and wipe what the device has kept, and what became
//! of it.

mod departures;
mod due;
mod export;
mod filter;
mod outcomes;
mod performance;
mod prune;
mod replay;
mod wipe;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use filter::FilterArgs;

use crate::RESEARCH_ONLY;
use crate::classifier::ModelConfig;
use crate::config::Config;
use crate::records::export::verify_archive;
use crate::records::{Dermoscopy, Polarisation, Reader, Record, RecordsConfig, Store, Summary, Verification};

/// List, show, verify, export, replay, prune, delete and wipe what the device has kept
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records list
  dermascope records list --verdict suspicious --json | jq .sequence
  dermascope records show 17
  dermascope records verify --folder /mnt/card/dermascope
  dermascope records export records.zip
  dermascope records outcomes histology.csv
  dermascope records performance

All of it works while the device runs. Research use only. Not a diagnosis.")]
pub struct RecordsArgs {
    /// The folder that holds records.sqlite, instead of the configuration's
    #[arg(long, value_name = "DIR", global = true)]
    folder: Option<PathBuf>,
    /// The configuration that names the folder
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        default_value = "/etc/dermascope/dermascope.toml",
        conflicts_with = "folder"
    )]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(ListArgs),
    Show(ShowArgs),
    Verify(VerifyArgs),
    Export(export::ExportArgs),
    Outcomes(outcomes::OutcomesArgs),
    Performance(performance::PerformanceArgs),
    Due(due::DueArgs),
    Replay(replay::ReplayArgs),
    Prune(prune::PruneArgs),
    Departures(departures::DeparturesArgs),
    Delete(DeleteArgs),
    Wipe(wipe::WipeArgs),
}

/// List records, newest first
#[derive(Debug, Args)]
struct ListArgs {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    filter: FilterArgs,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Show all data of one record
#[derive(Debug, Args)]
struct ShowArgs {
    /// The record's number; the newest where none is given
    #[arg(value_name = "NUMBER")]
    sequence: Option<u64>,
    /// Print the record as one JSON object
    #[arg(long)]
    json: bool,
}

/// Prove that no record was lost or altered: walks the chain and hashes every picture
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records verify
  dermascope records verify --contains 120:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
  dermascope records verify records.zip

Whoever notes the last line, \"chain POSITION:HASH\", can ask later whether all up to there is as it was. An export is
verified on any computer, without the device: its files, its chain up to what the device signed, its records and
pictures. Exits with 1 where anything is wrong. Research use only. Not a diagnosis.")]
struct VerifyArgs {
    /// An export, instead of the records of this device
    #[arg(value_name = "FILE.zip")]
    archive: Option<PathBuf>,
    /// An entry that the chain must have, as an earlier verification printed it
    #[arg(long, value_name = "POSITION:HASH", value_parser = place)]
    contains: Vec<(u64, String)>,
    /// The public key that must have signed the export, as the device's status tells it, or the QR code on its screen
    #[arg(long, value_name = "KEY", requires = "archive")]
    key: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Delete a record and its picture for good; that it was there stays on record
#[derive(Debug, Args)]
struct DeleteArgs {
    /// The record's number
    #[arg(value_name = "NUMBER")]
    sequence: u64,
    /// Why, for the tombstone
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Exits with 1 where verification finds anything missing or altered.
pub fn run(args: &RecordsArgs) -> anyhow::Result<ExitCode> {
    // An export is verified where there is no configuration.
    let config = || records_config(args);
    let mut out = BufWriter::new(io::stdout().lock());
    let code = match &args.command {
        Command::List(args) => list(&Reader::open(&config()?)?, args, &mut out),
        Command::Show(args) => show(&Reader::open(&config()?)?, args, &mut out),
        Command::Verify(args) => match &args.archive {
            Some(archive) => verify_export(archive, args, &mut out),
            None => verify(&Reader::open(&config()?)?, args, &mut out),
        },
        Command::Export(args) => export::run(&config()?, args, &mut out),
        Command::Outcomes(args) => outcomes::run(&config()?, args, &mut out),
        Command::Performance(args_of) => {
            performance::run(&Reader::open(&config()?)?, &model_config(args)?, args_of, &mut out)
        }
        Command::Due(args) => due::run(&config()?, args, &mut out),
        Command::Replay(args) => replay::run(&Reader::open(&config()?)?, args, &mut out),
        Command::Prune(args) => prune::run(&config()?, args, &mut out),
        Command::Departures(args) => departures::run(&Reader::open(&config()?)?, args, &mut out),
        Command::Delete(args) => delete(&config()?, args, &mut out),
        Command::Wipe(args) => wipe::run(&config()?, args, &mut out),
    }?;
    out.flush()?;
    Ok(code)
}

fn records_config(args: &RecordsArgs) -> anyhow::Result<RecordsConfig> {
    match &args.folder {
        Some(folder) => Ok(RecordsConfig { folder: folder.clone(), ..RecordsConfig::default() }),
        None => Ok(Config::load(&args.config)?.records),
    }
}

fn model_config(args: &RecordsArgs) -> anyhow::Result<ModelConfig> {
    match &args.folder {
        Some(_) => Ok(ModelConfig::default()),
        None => Ok(Config::load(&args.config)?.model),
    }
}

fn list(reader: &Reader, args: &ListArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let page = reader.list(&args.filter.filter(), args.limit)?;
    if !args.json {
        writeln!(
            out,
            "{:>6}  {:20}  {:14}  {:>9}  LIKELIEST",
            "NUMBER", "CAPTURED (UTC)", "RESULT", "MALIGNANT"
        )?;
    }
    for record in &page.records {
        let summary = record.summary();
        if args.json {
            writeln!(out, "{}", serde_json::to_string(&summary)?)?;
        } else {
            print_line(&summary, out)?;
        }
    }
    for bad in &page.unreadable {
        eprintln!("record {} is passed over: {}", bad.sequence, bad.cause);
    }
    if !args.json {
        let more = if page.more { "; more with --limit or --before" } else { "" };
        writeln!(out, "{} of {} records{more}. {RESEARCH_ONLY}", page.records.len(), reader.count()?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print_line(summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let top = summary
        .top
        .first()
        .map_or(String::new(), |class| format!("{} {:.0} %", class.name, class.probability * 100.0));
    let case = summary.case_id.as_ref().map(|id| match summary.lesion {
        Some(lesion) => format!("{id} {lesion}"),
        None => id.clone(),
    });
    let notes = [
        (!summary.clock_set).then_some("clock not set"),
        summary.overridden.then_some("refused picture used anyway"),
        case.as_deref(),
    ];
    let notes: String = notes.into_iter().flatten().map(|note| format!("; {note}")).collect();
    let captured = summary.captured_at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    // As it was shown.
    let malignant = summary.here.map_or(summary.malignant_probability, |here| here.probability) * 100.0;
    let word = summary.verdict.word();
    writeln!(out, "{:>6}  {captured:20}  {word:14}  {malignant:>7.1} %  {top}{notes}", summary.sequence)
}

fn show(reader: &Reader, args: &ShowArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let record = match args.sequence {
        Some(sequence) => reader.get(sequence)?,
        None => reader.recent(0)?,
    };
    let Some(record) = record else {
        match args.sequence {
            Some(sequence) => anyhow::bail!("there is no record {sequence} (or it was deleted)"),
            None => anyhow::bail!("there are no records yet"),
        }
    };
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&record)?)?;
    } else {
        print_record(&record, &reader.image_path(&record), out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print_record(record: &Record, image: &Path, out: &mut impl Write) -> io::Result<()> {
    let assessment = &record.assessment;
    let malignant = &assessment.malignant;
    writeln!(out, "Record {} of device {}: {}", record.sequence, record.device, record.verdict.word())?;
    writeln!(
        out,
        "  P(malignant)  {:.1} %, threshold {:.1} % ({})",
        malignant.probability * 100.0,
        malignant.threshold * 100.0,
        malignant.operating_point
    )?;
    if let Some(here) = malignant.here {
        writeln!(
            out,
            "  shown as      {:.1} %, threshold {:.1} %, where {} % are malignant",
            here.probability * 100.0,
            here.threshold * 100.0,
            here.prevalence * 100.0
        )?;
    }
    for class in assessment.top(assessment.probabilities.len()) {
        writeln!(out, "  {:12}  {:5.1} %  {}", class.class, class.probability * 100.0, class.name)?;
    }
    let reasons: Vec<_> = record.quality.reasons.iter().map(|reason| reason.instruction()).collect();
    let doubts: Vec<_> = assessment.doubts.iter().map(|doubt| doubt.words()).collect();
    let joined = |words: Vec<&str>, none: &str| if words.is_empty() { none.into() } else { words.join("; ") };
    let clock = if record.clock_set { "" } else { " (the clock was not set)" };
    let overridden = if record.overridden { " (used anyway)" } else { "" };
    for (name, value) in [
        ("captured", format!("{}{clock}", record.captured_at)),
        ("quality", format!("{}{overridden}", joined(reasons, "good"))),
        ("doubts", joined(doubts, "none")),
        ("dermoscopy", dermoscopy(&record.dermoscopy)),
        ("case", record.case().name().unwrap_or_else(|| "-".into())),
        ("body site", record.case().place().unwrap_or_else(|| "-".into())),
        ("model", format!("{} {}", assessment.model.name, assessment.model.sha256)),
        ("firmware", record.firmware.clone()),
        ("picture", format!("{} ({} bytes)", image.display(), record.image_size)),
    ] {
        writeln!(out, "  {name:12}  {value}")?;
    }
    writeln!(out, "  {RESEARCH_ONLY}")
}

/// How the picture was taken, as far as it is known.
fn dermoscopy(taken: &Dermoscopy) -> String {
    let polarisation = taken.polarisation.map(|kind| match kind {
        Polarisation::Cross => "cross-polarised",
        Polarisation::Parallel => "parallel-polarised",
        Polarisation::Unpolarised => "unpolarised",
    });
    let contact = taken.contact.map(|contact| if contact { "contact" } else { "no contact" });
    let known = [
        polarisation.map(String::from),
        contact.map(String::from),
        taken.immersion.as_ref().map(|liquid| format!("immersion {}", liquid.word().replace('_', " "))),
        taken.magnification.map(|times| format!("{times}x")),
    ];
    let known: Vec<_> = known.into_iter().flatten().collect();
    if known.is_empty() { "-".into() } else { known.join(", ") }
}

/// `POSITION:HASH`
fn place(text: &str) -> Result<(u64, String), String> {
    let found = text.split_once([':', ' ']).and_then(|(position, hash)| Some((position.parse().ok()?, hash)));
    match found {
        Some((position, hash)) if crate::digest::unhex::<32>(hash).is_some() => {
            Ok((position, hash.to_ascii_lowercase()))
        }
        _ => Err("write the entry's number, a colon, and its 64 hexadecimal digits".into()),
    }
}

fn verify(reader: &Reader, args: &VerifyArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let report = reader.verify_noted(&args.contains)?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        print_report(&report, out)?;
    }
    Ok(if report.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_report(report: &Verification, out: &mut impl Write) -> io::Result<()> {
    for problem in &report.problems {
        writeln!(out, "PROBLEM: {problem}")?;
    }
    let Verification { device, records, deleted, images, unknown, wiped_at, position, head, problems } =
        report;
    writeln!(out, "device {device}: {records} records, {deleted} deleted, {images} pictures")?;
    if *unknown > 0 {
        writeln!(out, "{unknown} entries are of a newer version and were passed over")?;
    }
    if let Some(wiped_at) = wiped_at {
        writeln!(out, "it begins after all before was wiped, {wiped_at}")?;
    }
    writeln!(out, "chain {position}:{head}")?;
    print_outcome(problems.len(), out)
}

fn print_outcome(problems: usize, out: &mut impl Write) -> io::Result<()> {
    match problems {
        0 => writeln!(out, "nothing is missing or altered"),
        count => writeln!(out, "{count} problems"),
    }
}

fn verify_export(archive: &Path, args: &VerifyArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    use anyhow::Context;
    let mut report =
        verify_archive(archive).with_context(|| format!("{}: cannot verify it", archive.display()))?;
    if let Some(key) = args.key.as_ref().filter(|key| !key.eq_ignore_ascii_case(&report.public_key)) {
        report.problems.push(format!("it is not signed by the key {key}"));
    }
    for (position, hash) in &args.contains {
        if (report.position, &report.head) != (*position, hash) {
            report.problems.push(format!("its signed head is not {position}:{hash}"));
        }
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        for problem in &report.problems {
            writeln!(out, "PROBLEM: {problem}")?;
        }
        writeln!(out, "{report}")?;
        print_outcome(report.problems.len(), out)?;
    }
    Ok(if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn delete(config: &RecordsConfig, args: &DeleteArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    // Opening to read first makes no folder where there is none.
    Reader::open(config)?;
    Store::open(config)?.delete(args.sequence, &args.reason)?;
    writeln!(out, "record {} and its picture are deleted", args.sequence)?;
    Ok(ExitCode::SUCCESS)
}
