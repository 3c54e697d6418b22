//! `dermascope classify`: read picture files as the device would.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::model::ModelArgs;
use super::reader::{PictureReader, PictureReading};
use crate::RESEARCH_ONLY;
use crate::classifier::{Assessment, Doubt, Here, ModelId, Worth};
use crate::examiner::Examination;
use crate::quality::Quality;
use crate::verdict::{Verdict, Why};

/// Read pictures of skin lesions: class probabilities, P(malignant), quality
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope classify lesion.jpg
  dermascope classify --json *.png | jq .malignant
  dermascope classify --operating-point balanced lesion.jpg

A picture that cannot be read is named on standard error and the exit status is 1; the others are read all
the same. Research use only. Not a diagnosis.")]
pub struct ClassifyArgs {
    /// JPEG or PNG pictures; the central square of each is read
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelArgs,
}

pub fn run(args: &ClassifyArgs) -> anyhow::Result<ExitCode> {
    let mut reader = PictureReader::new(&args.model)?;
    let (mut out, mut failed) = (io::stdout().lock(), false);
    for image in &args.images {
        match reader.read(image) {
            Ok(reading) if args.json => {
                writeln!(out, "{}", serde_json::to_string(&Line::new(image, &reading))?)?;
            }
            Ok(reading) => print_reading(image, &reading, &mut out)?,
            Err(error) => {
                eprintln!("error: {error:#}");
                failed = true;
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

#[derive(Serialize)]
struct Line<'a> {
    image: String,
    probabilities: BTreeMap<&'a str, f32>,
    top: Vec<Top<'a>>,
    malignant: Malignant<'a>,
    /// The word that the device would show, or "retake" where it would ask for another picture.
    verdict: &'static str,
    /// It is uncertain, or to be taken again.
    uncertain: bool,
    /// Why it is no better, worst first.
    reasons: &'a [Why],
    quality: QualityLine<'a>,
    /// What is doubtful about the network's answer.
    doubts: &'a [Doubt],
    model: &'a ModelId,
    timings_ms: TimingsLine,
    notice: &'static str,
}

#[derive(Serialize)]
struct Top<'a> {
    class: &'a str,
    name: &'a str,
    probability: f32,
}

#[derive(Serialize)]
struct Malignant<'a> {
    probability: f32,
    operating_point: &'a str,
    threshold: f32,
    decision: &'static str,
    /// The share of malignant pictures in the set that the probability is true for.
    calibrated_on: Option<f32>,
    /// Probability and threshold for the stated prevalence, and what the word is worth there.
    here: Option<Here>,
    worth: Option<Worth>,
}

#[derive(Serialize)]
struct QualityLine<'a> {
    usable: bool,
    #[serde(flatten)]
    quality: &'a Quality,
}

#[derive(Serialize)]
struct TimingsLine {
    decode: f32,
    quality: f32,
    preprocess: f32,
    inference: f32,
}

impl<'a> Line<'a> {
    fn new(image: &Path, reading: &'a PictureReading) -> Self {
        let Examination { quality, assessment, judgement, quality_ms } = &reading.examination;
        let top = assessment.top(3).into_iter();
        Self {
            image: image.display().to_string(),
            probabilities: assessment
                .probabilities
                .iter()
                .map(|p| (p.class.as_str(), p.probability))
                .collect(),
            top: top.map(|p| Top { class: &p.class, name: &p.name, probability: p.probability }).collect(),
            malignant: Malignant {
                probability: assessment.malignant.probability,
                operating_point: &assessment.malignant.operating_point,
                threshold: assessment.malignant.threshold,
                decision: decision(assessment),
                calibrated_on: assessment.malignant.calibrated_on,
                here: assessment.malignant.here,
                worth: assessment.malignant.worth,
            },
            verdict: judgement.code(),
            uncertain: matches!(judgement.verdict, None | Some(Verdict::Uncertain)),
            reasons: &judgement.reasons,
            quality: QualityLine { usable: quality.is_usable(), quality },
            doubts: &assessment.doubts,
            model: &assessment.model,
            timings_ms: TimingsLine {
                decode: reading.decode_ms,
                quality: *quality_ms,
                preprocess: assessment.timings.preprocess_ms,
                inference: assessment.timings.inference_ms,
            },
            notice: RESEARCH_ONLY,
        }
    }
}

/// Which side of the threshold, whatever the doubts.
fn decision(assessment: &Assessment) -> &'static str {
    if assessment.malignant.is_suspicious() { "suspicious" } else { "not_suspicious" }
}

fn print_reading(image: &Path, reading: &PictureReading, out: &mut impl Write) -> io::Result<()> {
    let Examination { quality, assessment, judgement, quality_ms } = &reading.examination;
    let Assessment { malignant, model, timings, .. } = assessment;
    writeln!(out, "{}: {}", image.display(), judgement.word())?;
    if !judgement.reasons.is_empty() {
        let reasons: Vec<_> = judgement.reasons.iter().map(|why| why.words()).collect();
        writeln!(out, "  because: {}", reasons.join("; "))?;
    }
    writeln!(
        out,
        "  P(malignant) {:5.1} %   {} at `{}` (threshold {:.1} %)",
        malignant.probability * 100.0,
        decision(assessment).replace('_', " "),
        malignant.operating_point,
        malignant.threshold * 100.0
    )?;
    if let Some(Here { prevalence, probability, threshold }) = malignant.here {
        let [share, probability, threshold] = [prevalence, probability, threshold].map(|share| share * 100.0);
        writeln!(
            out,
            "  here         {probability:5.1} %   where {share} % are malignant (threshold {threshold:.1} %)"
        )?;
    }
    if let Some(Worth { malignant_of_100, low, high }) = malignant.worth {
        writeln!(
            out,
            "  of 100 like this here, about {malignant_of_100:.1} are malignant ({low:.1} to {high:.1})"
        )?;
    }
    for class in assessment.top(assessment.probabilities.len()) {
        let bar = "#".repeat((class.probability * 30.0).round() as usize);
        writeln!(out, "  {:6} {:5.1} %  {bar:30}  {}", class.class, class.probability * 100.0, class.name)?;
    }
    let reasons: Vec<_> = quality.reasons.iter().map(|reason| reason.instruction()).collect();
    writeln!(out, "  quality: {}", if reasons.is_empty() { "good".into() } else { reasons.join("; ") })?;
    if !assessment.class_stands_out() {
        writeln!(out, "  classes: no class stands out")?;
    }
    writeln!(out, "  model: {} ({})", model.name, &model.sha256[..8.min(model.sha256.len())])?;
    writeln!(
        out,
        "  time: decode {:.1} ms, quality {:.1} ms, preprocess {:.1} ms, inference {:.1} ms",
        reading.decode_ms, quality_ms, timings.preprocess_ms, timings.inference_ms
    )?;
    writeln!(out, "  {RESEARCH_ONLY}")
}
