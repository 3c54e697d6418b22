//! `dermascope bench`: how fast the network runs here, and where its time goes.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use image::{Rgb, RgbImage};
use serde::Serialize;

use crate::classifier::{Classifier, EngineKind, ModelConfig, Step};

/// Measure the network: time to load, time to read, where it goes, memory
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dermascope bench
  dermascope bench --engine tract --json
  dermascope bench --threads 4 --runs 200")]
pub struct BenchArgs {
    /// The model's manifest [default: models/lesion.toml beside the program or installed]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// What runs the network: int8 (fused operators) or tract (slow, the cross-check)
    #[arg(long, value_name = "NAME")]
    engine: Option<EngineKind>,
    /// CPU threads for one inference
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,
    /// Inferences to measure
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    engine: EngineKind,
    kernel: String,
    threads: u8,
    model: String,
    runs: u32,
    /// From the manifest's path to the first result, the file's hash check among it.
    load_ms: f64,
    inference_ms: Inference,
    /// Medians by kind of operator, the slowest first.
    operators: Vec<Operator>,
    peak_rss_mb: f64,
}

#[derive(Debug, Serialize)]
struct Inference {
    min: f64,
    median: f64,
    p95: f64,
}

#[derive(Debug, Serialize)]
struct Operator {
    operator: String,
    nodes: usize,
    ms: f64,
    /// Of the sum of all operators, from 0 to 1.
    share: f64,
}

pub fn run(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    let report = measure(args)?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        print(&report, &mut out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(args: &BenchArgs) -> anyhow::Result<Report> {
    let default = ModelConfig::default();
    let engine = args.engine.unwrap_or(default.engine);
    let config =
        ModelConfig { manifest: args.model.clone(), engine, threads: args.threads.into(), ..default };
    let start = Instant::now();
    let mut classifier = Classifier::load(&config)?;
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    let input = classifier.manifest().input.clone();
    let picture = RgbImage::from_fn(input.width, input.height, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]));
    let mut times = Vec::new();
    for _ in 0..args.runs {
        times.push(f64::from(classifier.assess(&picture)?.timings.inference_ms));
    }
    let profiles =
        (0..args.runs.min(30)).map(|_| classifier.profile(&picture)).collect::<Result<Vec<_>, _>>()?;
    Ok(Report {
        kernel: classifier.kernel(),
        engine: config.engine,
        threads: args.threads,
        model: classifier.model().name.clone(),
        runs: args.runs,
        load_ms,
        inference_ms: Inference {
            min: quantile(&mut times, 0.0),
            median: quantile(&mut times, 0.5),
            p95: quantile(&mut times, 0.95),
        },
        operators: by_operator(&profiles),
        peak_rss_mb: peak_rss_mb()?,
    })
}

/// Medians of each node over the profiles, added up by kind of operator.
fn by_operator(profiles: &[Vec<Step>]) -> Vec<Operator> {
    let mut operators: Vec<Operator> = Vec::new();
    for (index, step) in profiles.first().into_iter().flatten().enumerate() {
        let mut times: Vec<_> = profiles.iter().map(|steps| steps[index].time.as_secs_f64() * 1e3).collect();
        let ms = quantile(&mut times, 0.5);
        match operators.iter_mut().find(|known| known.operator == step.operator) {
            Some(known) => (known.nodes, known.ms) = (known.nodes + 1, known.ms + ms),
            None => operators.push(Operator { operator: step.operator.clone(), nodes: 1, ms, share: 0.0 }),
        }
    }
    let total: f64 = operators.iter().map(|operator| operator.ms).sum();
    operators.iter_mut().for_each(|operator| operator.share = operator.ms / total);
    operators.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    operators
}

/// The value below which that share of the others lies. There is at least one.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

/// The most memory that this process ever held, in MB of 1024 x 1024 bytes.
fn peak_rss_mb() -> anyhow::Result<f64> {
    const STATUS: &str = "/proc/self/status";
    let status = std::fs::read_to_string(STATUS).with_context(|| format!("{STATUS}: cannot be read"))?;
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    let kilobytes: f64 = peak.with_context(|| format!("{STATUS}: says no peak of memory (VmHWM)"))?;
    Ok(kilobytes / 1024.0)
}

fn print(report: &Report, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{} on {}, {} thread(s): {}", report.engine, report.kernel, report.threads, report.model)?;
    writeln!(out, "load to first result  {:9.1} ms", report.load_ms)?;
    writeln!(out, "inference, median     {:9.3} ms of {} runs", report.inference_ms.median, report.runs)?;
    writeln!(out, "inference, p95        {:9.3} ms", report.inference_ms.p95)?;
    writeln!(out, "peak memory           {:9.1} MB", report.peak_rss_mb)?;
    for Operator { operator, nodes, ms, share } in &report.operators {
        writeln!(out, "  {operator:<20} {nodes:3} nodes {ms:9.3} ms {:5.1} %", share * 100.0)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn operators_are_the_medians_of_their_nodes_added_up() {
        let step = |operator: &str, ms| Step {
            node: "n".into(),
            operator: operator.into(),
            time: Duration::from_millis(ms),
        };
        let profile = |a, b, c| vec![step("A", a), step("B", b), step("A", c)];
        let operators = by_operator(&[profile(1, 30, 2), profile(900, 10, 2), profile(3, 20, 4)]);
        let found: Vec<_> = operators.iter().map(|o| (o.operator.as_str(), o.nodes, o.ms.round())).collect();
        assert_eq!(found, [("B", 1, 20.0), ("A", 2, 5.0)]);
        assert!((operators[0].share - 0.8).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_of_the_sorted_values() {
        let mut values = [5.0, 1.0, 3.0, 2.0, 4.0];
        assert_eq!([quantile(&mut values, 0.5), quantile(&mut values, 0.95)], [3.0, 5.0]);
        assert_eq!(quantile(&mut [7.0], 0.95), 7.0);
    }

    #[test]
    fn the_peak_of_memory_is_more_than_none() {
        assert!(peak_rss_mb().unwrap() > 0.1);
    }
}
