//! What an engine is: something that runs the network, and what it answers.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tract_onnx::prelude::TValue;

/// The network's outputs that are read, by name.
pub(super) const OUTPUTS: [&str; 3] = ["logits", "attention", "embedding"];

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
    /// How long it took in that run.
    pub time: Duration,
}

/// What runs the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Fused int8 operators.
    #[default]
    Int8,
    /// tract as it is: slow, the cross-check.
    Tract,
}

impl EngineKind {
    /// Every engine, the default first.
    pub const ALL: [Self; 2] = [Self::Int8, Self::Tract];

    /// As the configuration names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Tract => "tract",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for EngineKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("no engine called `{name}`; it is one of {known}")
        })
    }
}

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
    /// From the network's three outputs: logits, attention, embedding.
    pub(super) fn from_tensors(outputs: &[TValue]) -> Result<Self, EngineError> {
        let [logits, attention, embedding] = outputs else {
            anyhow::bail!("the network has {} outputs, not logits, attention and embedding", outputs.len());
        };
        let values = |tensor: &TValue| -> Result<Vec<f32>, EngineError> {
            Ok(tensor.to_plain_array_view::<f32>()?.iter().copied().collect())
        };
        Ok(Self {
            logits: values(logits)?,
            attention: values(attention)?,
            attention_size: attention.shape().last().copied().unwrap_or(0),
            embedding: values(embedding)?,
        })
    }

    /// That these are answers for so many labels: right counts, finite numbers.
    pub fn check(&self, labels: usize) -> Result<(), EngineError> {
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
