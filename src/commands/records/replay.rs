//! `dermascope records replay`: what the model of today makes of the pictures of then.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::classifier::{Assessment, EngineKind, ModelConfig};
use crate::examiner::Examiner;
use crate::quality::QualityConfig;
use crate::records::{Filter, Reader, Record};
use crate::verdict::judge;

/// Read stored pictures again, and report every difference from what was recorded
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope records replay
  dermascope records replay 17 18 --json
  dermascope records replay --model models/candidate.toml

The same model and engine on the same kind of processor give the same numbers, bit by bit. Exits with 1 where
anything differs or a picture cannot be read. Research use only. Not a diagnosis.")]
pub struct ReplayArgs {
    /// The records' numbers; all of them where none is given
    #[arg(value_name = "NUMBER")]
    sequences: Vec<u64>,
    /// The model's manifest [default: the one that ships]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// What runs the network: int8 or tract
    #[arg(long, value_name = "NAME")]
    engine: Option<EngineKind>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// What a replay of one record gave.
#[derive(Serialize)]
struct Line {
    sequence: u64,
    /// Recorded with the very network that reads now.
    same_model: bool,
    /// Every number of the network is the same, bit by bit.
    identical: bool,
    malignant_then: f32,
    malignant_now: Option<f32>,
    /// The largest change of a class's probability.
    largest_change: Option<f32>,
    /// The word that was shown, and the one that would be now: "retake" where the picture would be refused.
    verdict_then: &'static str,
    verdict_now: Option<&'static str>,
    /// Why it could not be read again.
    error: Option<String>,
}

pub fn run(reader: &Reader, args: &ReplayArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let default = ModelConfig::default();
    let engine = args.engine.unwrap_or(default.engine);
    let model = ModelConfig { manifest: args.model.clone(), engine, ..default };
    let mut examiner = Examiner::load(&model, &QualityConfig::default())?;
    let (mut replayed, mut differing) = (0_u64, 0_u64);
    let mut replay = |record: Record| -> anyhow::Result<()> {
        let line = replay_one(reader, &mut examiner, &record);
        replayed += 1;
        differing += u64::from(!line.identical);
        print(&line, args.json, out)
    };
    match &args.sequences[..] {
        [] => {
            for bad in reader.each(&Filter::default(), |record| replay(record).map_err(Failure))? {
                eprintln!("record {} is passed over: {}", bad.sequence, bad.cause);
            }
        }
        some => {
            for sequence in some {
                let record = reader.get(*sequence)?;
                replay(record.ok_or_else(|| anyhow::anyhow!("there is no record {sequence}"))?)?;
            }
        }
    }
    if !args.json {
        writeln!(out, "{replayed} replayed, {differing} differ")?;
    }
    Ok(if differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Either kind of error, through [`Reader::each`].
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Failure(anyhow::Error);

impl From<crate::records::RecordError> for Failure {
    fn from(error: crate::records::RecordError) -> Self {
        Self(error.into())
    }
}

fn replay_one(reader: &Reader, examiner: &mut Examiner, record: &Record) -> Line {
    let then = &record.assessment;
    let now = reader
        .reading(record)
        .map_err(|error| error.to_string())
        .and_then(|reading| examiner.examine(&reading.capture.pixels).map_err(|error| error.to_string()));
    let read = now.as_ref().ok();
    let judged = read.map(|now| judge(&now.quality, &now.assessment, record.overridden));
    let read = read.map(|now| &now.assessment);
    Line {
        sequence: record.sequence,
        same_model: then.model.sha256 == examiner.classifier().model().sha256,
        identical: read.is_some_and(|now| same_numbers(then, now)),
        malignant_then: then.malignant.probability,
        malignant_now: read.map(|now| now.malignant.probability),
        largest_change: read.and_then(|now| largest_change(then, now)),
        verdict_then: record.verdict.code(),
        verdict_now: judged.map(|judgement| judgement.code()),
        error: now.err(),
    }
}

fn same_numbers(then: &Assessment, now: &Assessment) -> bool {
    then.probabilities == now.probabilities
        && then.malignant.probability == now.malignant.probability
        && then.strangeness == now.strangeness
        && then.attention == now.attention
}

/// None where the classes are not the same.
fn largest_change(then: &Assessment, now: &Assessment) -> Option<f32> {
    let classes = |assessment: &Assessment| -> Vec<String> {
        assessment.probabilities.iter().map(|class| class.class.clone()).collect()
    };
    let pairs = then.probabilities.iter().zip(&now.probabilities);
    let change = pairs.map(|(then, now)| (then.probability - now.probability).abs()).fold(0.0, f32::max);
    (classes(then) == classes(now)).then_some(change)
}

fn print(line: &Line, json: bool, out: &mut impl Write) -> anyhow::Result<()> {
    if json {
        return Ok(writeln!(out, "{}", serde_json::to_string(line)?)?);
    }
    let then = line.malignant_then * 100.0;
    let outcome = match (&line.error, line.malignant_now) {
        (Some(error), _) => format!("NOT READ: {error}"),
        (None, Some(_)) if line.identical => "identical".into(),
        (None, now) => format!(
            "DIFFERS: malignant {then:.3} % then, {:.3} % now{}",
            now.unwrap_or_default() * 100.0,
            if line.same_model { "" } else { " (another model)" }
        ),
    };
    Ok(writeln!(out, "{:>6}  {outcome}", line.sequence)?)
}
