//! `dermascope evaluate`: what the classifier is worth on a labelled folder.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};

use super::model::ModelArgs;
use super::reader::PictureReader;
use crate::RESEARCH_ONLY;
use crate::evaluation::{Labelled, Metrics, Outcome, Scheme, bootstrap, read_labels};

/// Run a labelled folder through the device's path and print its metrics
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope evaluate --images ham10000/images --labels ham10000/labels.csv --split test
  dermascope evaluate --images clinic/ --labels clinic.csv --json --bootstrap 1000

The labels are a CSV with the columns image_id and dx (one of the model's classes), and split and group_id
if present. A picture is DIR/IMAGE_ID with .jpg, .jpeg or .png. One that cannot be read is named, counted as
unreadable and left out of the figures; the exit status is then 1.")]
pub struct EvaluateArgs {
    /// The folder with the pictures
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// The labels
    #[arg(long, value_name = "CSV")]
    labels: PathBuf,
    /// Only the rows with this word in the column `split`
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// 95 % intervals from N resamples of the groups (1000 is usual)
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    bootstrap: usize,
    /// Pictures read at the same time [default: one for each CPU]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    #[command(flatten)]
    model: ModelArgs,
}

pub fn run(args: &EvaluateArgs) -> anyhow::Result<ExitCode> {
    let first = PictureReader::new(&args.model)?;
    let scheme = Scheme::of(first.classifier.manifest());
    anyhow::ensure!(args.images.is_dir(), "{}: not a folder", args.images.display());
    let labelled = read_labels(&args.labels, args.split.as_deref(), &scheme.classes)?;
    let (outcomes, unreadable) = read_all(first, &labelled, args)?;
    let metrics = Metrics::of(&outcomes.iter().collect::<Vec<_>>(), &scheme);
    let intervals = bootstrap(&outcomes, &scheme, args.bootstrap);
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", json(&metrics, outcomes.len(), unreadable, args.bootstrap, &intervals)?)?;
    } else {
        writeln!(out, "{} pictures read, {unreadable} unreadable", outcomes.len())?;
        print_table(&metrics, &intervals, &mut out)?;
    }
    Ok(if unreadable > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Reads every picture, several at a time; the outcomes come in the order of the labels.
fn read_all(
    first: PictureReader,
    labelled: &[Labelled],
    args: &EvaluateArgs,
) -> anyhow::Result<(Vec<Outcome>, usize)> {
    let jobs = args.jobs.map_or_else(default_jobs, usize::from).min(labelled.len()).max(1);
    let mut readers = vec![first];
    for _ in 1..jobs {
        readers.push(PictureReader::new(&args.model)?);
    }
    let bar = progress(labelled.len());
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<Option<Outcome>>> = Mutex::new(vec![None; labelled.len()]);
    std::thread::scope(|scope| {
        for mut reader in readers {
            let (bar, next, outcomes) = (&bar, &next, &outcomes);
            scope.spawn(move || {
                while let Some((index, row)) = take(next, labelled) {
                    match outcome(&mut reader, &args.images, row) {
                        Ok(outcome) => {
                            let mut outcomes =
                                outcomes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                            outcomes[index] = Some(outcome);
                        }
                        Err(error) => bar.suspend(|| eprintln!("error: {error:#}")),
                    }
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let outcomes = outcomes.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    let unreadable = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    Ok((outcomes.into_iter().flatten().collect(), unreadable))
}

fn take<'a>(next: &AtomicUsize, labelled: &'a [Labelled]) -> Option<(usize, &'a Labelled)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, labelled.get(index)?))
}

fn outcome(reader: &mut PictureReader, images: &Path, row: &Labelled) -> anyhow::Result<Outcome> {
    let path = find_picture(images, &row.image_id)?;
    let reading = reader.read(&path)?;
    Ok(Outcome {
        truth: row.truth,
        probabilities: reading.assessment.probabilities.iter().map(|class| class.probability).collect(),
        malignant: reading.assessment.malignant.probability,
        refused: reading.is_refused(),
        group: row.group.clone(),
    })
}

fn find_picture(images: &Path, id: &str) -> anyhow::Result<PathBuf> {
    let candidates =
        ["jpg", "jpeg", "png", "JPG", "JPEG", "PNG"].map(|ending| images.join(format!("{id}.{ending}")));
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .with_context(|| format!("{}: no picture with .jpg, .jpeg or .png", images.join(id).display()))
}

fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A bar on standard error, only where that is a terminal.
fn progress(length: usize) -> ProgressBar {
    const FORM: &str = "{bar:40} {pos}/{len} pictures, {per_sec}, {eta} left";
    // The template is a constant: if it did not parse, the plain bar would do.
    let style = ProgressStyle::with_template(FORM).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}

fn json(
    metrics: &Metrics,
    n: usize,
    unreadable: usize,
    rounds: usize,
    intervals: &BTreeMap<String, [f64; 2]>,
) -> anyhow::Result<Value> {
    let mut object = Map::new();
    object.insert("n".into(), n.into());
    object.insert("unreadable".into(), unreadable.into());
    if let Value::Object(figures) = serde_json::to_value(metrics)? {
        object.extend(figures);
    }
    if rounds > 0 {
        let mut ci95 = Value::Object(Map::new());
        for (name, bounds) in intervals {
            // A dotted name becomes nested objects, as the figures themselves are.
            let place = name.split('.').fold(&mut ci95, |object, part| &mut object[part]);
            *place = serde_json::to_value(bounds)?;
        }
        object.insert("ci95".into(), ci95);
    }
    Ok(Value::Object(object))
}

fn print_table(
    metrics: &Metrics,
    intervals: &BTreeMap<String, [f64; 2]>,
    out: &mut impl Write,
) -> io::Result<()> {
    for (name, value) in metrics.figures() {
        let interval = intervals
            .get(&name)
            .map_or(String::new(), |[low, high]| format!("   95 % interval {low:.3} to {high:.3}"));
        writeln!(out, "  {name:44} {value:.3}{interval}")?;
    }
    writeln!(out, "{RESEARCH_ONLY}")
}
