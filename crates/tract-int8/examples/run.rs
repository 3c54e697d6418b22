//! Reads a QDQ ONNX file, runs it on a made-up input or on a file of numbers, and says what came out and how long each
//! operator took.
//!
//!     cargo run --release -p tract-int8 --example run -- NETWORK.onnx [--input VALUES.f32] [--threads N]
//!
//! VALUES.f32 holds channels x height x width little-endian f32, channel by channel.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use tract_int8::{Network, Options};

const USAGE: &str = "usage: run NETWORK.onnx [--input VALUES.f32] [--threads N]";

struct Args {
    network: String,
    input: Option<String>,
    threads: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = parse(std::env::args().skip(1))?;
    let bytes = std::fs::read(&args.network).map_err(|error| format!("{}: {error}", args.network))?;
    let options = Options { threads: args.threads, ..Options::default() };
    let mut network =
        Network::load(&bytes, &options).map_err(|error| format!("{}: {error:#}", args.network))?;
    let [channels, height, width] = network.input();
    println!("input of {channels} x {height} x {width}, on {}", network.kernel().name());

    let input = match &args.input {
        Some(path) => read_values(path)?,
        None => (0..channels * height * width).map(|index| (index as f32 * 0.37).sin()).collect(),
    };
    let outputs = network.run(&input)?;
    for (name, tensor) in network.outputs().iter().zip(&outputs) {
        let view = tensor.to_plain_array_view::<f32>()?;
        let first: Vec<_> = view.iter().take(8).collect();
        println!("{name} {:?}: {first:.3?}{}", tensor.shape(), if view.len() > 8 { " ..." } else { "" });
    }

    let mut times = (0..10).map(|_| {
        let start = Instant::now();
        network.run(&input).map(|_| start.elapsed())
    });
    let fastest = times.try_fold(Duration::MAX, |fastest, time| time.map(|time| fastest.min(time)))?;
    println!("fastest of ten runs: {:.2} ms", fastest.as_secs_f64() * 1e3);
    let mut operators = BTreeMap::<String, (u32, Duration)>::new();
    for step in network.profile(&input)? {
        let (count, time) = operators.entry(step.operator).or_default();
        *count += 1;
        *time += step.time;
    }
    for (operator, (count, time)) in operators {
        println!("{:9.3} ms  {count:3} x {operator}", time.as_secs_f64() * 1e3);
    }
    Ok(())
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Args, Box<dyn Error>> {
    let mut parsed = Args { network: String::new(), input: None, threads: 1 };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--input" => parsed.input = Some(args.next().ok_or(USAGE)?),
            "--threads" => parsed.threads = args.next().ok_or(USAGE)?.parse()?,
            "-h" | "--help" => {
                println!("{USAGE}");
                std::process::exit(0);
            }
            _ if parsed.network.is_empty() && !arg.starts_with('-') => parsed.network = arg,
            _ => return Err(format!("`{arg}` is not known; {USAGE}").into()),
        }
    }
    if parsed.network.is_empty() { Err(USAGE.into()) } else { Ok(parsed) }
}

fn read_values(path: &str) -> Result<Vec<f32>, Box<dyn Error>> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    Ok(bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect())
}
