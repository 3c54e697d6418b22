//! Engines: the ways to run the network, and what it answers.

use std::time::Duration;

use super::{Manifest, ModelError, int8, tract};

/// What can go wrong inside an engine: the node or tensor, and why.
pub type EngineError = anyhow::Error;

/// Something that runs the network.
pub trait Engine: Send {
    /// Runs the network once. `input` is NCHW, normalised, batch 1: 3 x height x width values.
    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError>;

    /// Which kernels it runs on, for logs and benches.
    fn kernel(&self) -> String;

    /// Runs the network once, as [`Engine::run`] does, and says how long each operator took, in running order.
    fn profile(&mut self, input: &[f32]) -> Result<Vec<Step>, EngineError>;
}

/// One operator of one run.
#[derive(Clone, Debug)]
pub struct Step {
    /// The node's name.
    pub node: String,
    /// The kind of operator.
    pub operator: String,
    pub time: Duration,
}

/// Builds an engine from the network's bytes (their hash is checked already) for a number of threads.
pub type EngineBuilder = fn(&[u8], &Manifest, usize) -> Result<Box<dyn Engine>, EngineError>;

/// Every engine by name, the default first.
pub const ENGINES: &[(&str, EngineBuilder)] = &[("int8", int8::build), ("tract", tract::build)];

/// What the network answers for one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// One per label, in the manifest's order.
    pub logits: Vec<f32>,
    /// Class activation maps: labels x `attention_size` x `attention_size`, row by row.
    pub attention: Vec<f32>,
    /// Rows, which are also columns, of each map.
    pub attention_size: usize,
    /// Centred, whitened features: their squared norm says how unlike the training pictures this one is.
    pub embedding: Vec<f32>,
}

impl Outputs {
    /// That these are answers to the manifest's questions: right counts, finite numbers.
    pub fn check(&self, manifest: &Manifest) -> Result<(), EngineError> {
        let labels = manifest.labels.len();
        anyhow::ensure!(
            self.logits.len() == labels,
            "the network answers {} classes, but the manifest names {labels}; install the model and its manifest \
             together again",
            self.logits.len()
        );
        let cells = self.attention_size * self.attention_size;
        anyhow::ensure!(
            self.attention.len() == labels * cells,
            "the attention output has {} values, not {labels} maps of {cells}",
            self.attention.len()
        );
        let mut values = self.logits.iter().chain(&self.attention).chain(&self.embedding);
        anyhow::ensure!(
            values.all(|value| value.is_finite()),
            "the network answers numbers that are not finite"
        );
        Ok(())
    }
}

/// Builds the engine of that name. The outer error is an unknown name.
pub(super) fn build(
    name: &str,
    network: &[u8],
    manifest: &Manifest,
    threads: usize,
) -> Result<Result<Box<dyn Engine>, EngineError>, ModelError> {
    match ENGINES.iter().find(|(known, _)| *known == name) {
        Some((_, builder)) => Ok(builder(network, manifest, threads)),
        None => {
            let known: Vec<_> = ENGINES.iter().map(|(name, _)| *name).collect();
            Err(ModelError::UnknownEngine(name.into(), known.join(", ")))
        }
    }
}
