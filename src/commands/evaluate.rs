//! `dermascope evaluate`: what the classifier is worth on a labelled folder.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::model::ModelArgs;
use super::reader::PictureReader;
use crate::RESEARCH_ONLY;
use crate::evaluation::{Choice, Labelled, Labels, Outcome, Pictures, Report, Scheme, read_labels};

/// Run a labelled folder through the device's path and print its metrics
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope evaluate --images ham10000/images --labels ham10000/labels.csv --split test
  dermascope evaluate --images clinic/ --labels clinic.csv --json --bootstrap 1000
  dermascope evaluate --images clinic/ --labels clinic.csv --stratify skin_tone

The first table is what the screen would show of them, word by word, at --operating-point; a picture that it would ask
for again counts as neither suspicious nor not suspicious.

The labels are a table (comma, semicolon or tab) with a column image_id (or image, isic_id, image_name) and the class in
dx, or in one column a class with a 1, as the ISIC challenges have it; and split and group_id or lesion_id if present.
An id may have an extension; case does not count. A picture is DIR/IMAGE_ID with .jpg, .jpeg or .png, also in a folder
below. One that cannot be read is named, counted as unreadable and left out of the figures; the exit status is then 1.")]
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
    /// Tell the figures apart by this column of the labels too: skin tone, body site, source
    #[arg(long, value_name = "COLUMN")]
    stratify: Option<String>,
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
    let classifier = first.examiner.classifier();
    let scheme = Scheme::of(classifier.manifest(), &classifier.operating_point().name);
    anyhow::ensure!(args.images.is_dir(), "{}: not a folder", args.images.display());
    let pictures = Pictures::of(&args.images).with_context(|| args.images.display().to_string())?;
    let choice = Choice { split: args.split.as_deref(), stratify: args.stratify.as_deref() };
    let labels = read_labels(&args.labels, choice, &scheme.classes)?;
    note(&labels, &args.labels);
    let (outcomes, unreadable) = read_all(first, &labels.rows, &pictures, args)?;
    let report = Report::new(&outcomes, &scheme, args.bootstrap, args.stratify.as_deref());
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", report.json(unreadable, &labels)?)?;
    } else {
        writeln!(out, "{} pictures read, {unreadable} unreadable", outcomes.len())?;
        report.print(&mut out)?;
        writeln!(out, "{RESEARCH_ONLY}")?;
    }
    Ok(if unreadable > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Says what was made of rows that could be taken for something else.
fn note(labels: &Labels, path: &Path) {
    let notes = [
        (labels.repeated, "repeat another row and are counted once"),
        (labels.without_class, "name no class and are left out"),
        (labels.shares, "give shares instead of one class: the largest is taken for the truth"),
    ];
    for (count, what) in notes.into_iter().filter(|(count, _)| *count > 0) {
        eprintln!("note: {}: rows that {what}: {count}", path.display());
    }
}

/// Reads every picture, several at a time; the outcomes come in the order of the labels.
fn read_all(
    first: PictureReader,
    labelled: &[Labelled],
    pictures: &Pictures,
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
                    match outcome(&mut reader, pictures, row) {
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

fn outcome(reader: &mut PictureReader, pictures: &Pictures, row: &Labelled) -> anyhow::Result<Outcome> {
    let path = pictures.find(&row.image_id).map_err(anyhow::Error::msg)?;
    let examination = reader.read(path)?.examination;
    let assessment = &examination.assessment;
    Ok(Outcome {
        truth: row.truth,
        probabilities: assessment.probabilities.iter().map(|class| class.probability).collect(),
        malignant: assessment.malignant.probability,
        judgements: reader.examiner.at_each_point(&examination),
        group: row.group.clone(),
        stratum: row.stratum.clone(),
    })
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
