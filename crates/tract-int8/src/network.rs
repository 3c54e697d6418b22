//! A network, read and ready to run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Side;
use tract_onnx::pb::type_proto::Value as Type;
use tract_onnx::pb::{GraphProto, ValueInfoProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::plan;
use tract_onnx::tract_hir::internal::Framework;

use crate::import;
use crate::kernels::{self, Kernel};
use crate::threads::Workers;

/// How to read and run a network. What is left open is as the file says.
#[derive(Clone, Debug)]
pub struct Options {
    /// The input's channels, height and width. Needed where the file leaves its sides open.
    pub input: Option<[usize; 3]>,
    /// The outputs to compute, by name and in this order.
    pub outputs: Option<Vec<String>>,
    /// CPU threads for one run, from 1 to 64. Their number does not change the results.
    pub threads: usize,
    /// The kernel to run on.
    pub kernel: &'static dyn Kernel,
}

impl Default for Options {
    /// The file's own input and outputs, on one thread and the fastest kernel that this processor has.
    fn default() -> Self {
        Self { input: None, outputs: None, threads: 1, kernel: kernels::fastest() }
    }
}

/// A network whose weights are packed for one kernel.
///
/// ```no_run
/// use tract_int8::{Network, Options, kernels};
///
/// let bytes = std::fs::read("network.onnx")?;
/// let options = Options { threads: 4, outputs: Some(vec!["logits".into()]), ..Options::default() };
/// let mut network = Network::load(&bytes, &options)?;
/// let logits = network.run(&[0.0; 3 * 224 * 224])?.remove(0);
/// println!("{:?} on {}", logits.to_plain_array_view::<f32>()?, network.kernel().name());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Network {
    state: TypedSimpleState,
    input: [usize; 3],
    outputs: Vec<String>,
    kernel: &'static dyn Kernel,
}

/// One operator of one run.
#[derive(Clone, Debug)]
pub struct Step {
    /// The node's name.
    pub node: String,
    /// The kind of operator.
    pub operator: String,
    /// How long it took.
    pub time: Duration,
}

impl Network {
    /// Reads an ONNX file's bytes and packs the weights.
    ///
    /// # Errors
    /// Where the bytes are not ONNX, the input's sides are open, an output does not exist, or a node is not one that
    /// this crate runs. The error names the node and what about it is not known.
    pub fn load(network: &[u8], options: &Options) -> TractResult<Self> {
        let proto = tract_onnx::onnx().proto_model_for_read(&mut std::io::Cursor::new(network))?;
        let graph = proto.graph.as_ref().context("the file holds no graph")?;
        let input = options.input.map_or_else(|| input_sides(graph), Ok)?;
        let named = || graph.output.iter().map(|output| output.name.clone()).collect();
        let outputs: Vec<String> = options.outputs.clone().unwrap_or_else(named);
        let workers = Arc::new(Workers::new(options.threads)?);
        let model = import::import(graph, input, &outputs, options.kernel, workers)?;
        Ok(Self { state: model.into_runnable()?.spawn()?, input, outputs, kernel: options.kernel })
    }

    /// Channels, height and width of the input.
    pub fn input(&self) -> [usize; 3] {
        self.input
    }

    /// The outputs' names, in the order of [`Network::run`].
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// What it runs on.
    pub fn kernel(&self) -> &'static dyn Kernel {
        self.kernel
    }

    /// Runs the network once. `input` is channels x height x width, the batch is 1. One f32 tensor per output.
    ///
    /// # Errors
    /// Where `input` has another number of values.
    pub fn run(&mut self, input: &[f32]) -> TractResult<TVec<TValue>> {
        let input = self.tensor(input)?;
        self.state.run(tvec!(input.into()))
    }

    /// Runs the network once, and says how long each operator took, in running order.
    ///
    /// # Errors
    /// As [`Network::run`].
    pub fn profile(&mut self, input: &[f32]) -> TractResult<Vec<Step>> {
        let input = self.tensor(input)?;
        let mut steps = Vec::new();
        self.state.run_plan_with_eval(tvec!(input.into()), |context, state, node, inputs| {
            let start = Instant::now();
            let outputs = plan::eval(context, state, node, inputs);
            let (node, operator) = (node.name.clone(), node.op.name().to_string());
            steps.push(Step { node, operator, time: start.elapsed() });
            outputs
        })?;
        Ok(steps)
    }

    fn tensor(&self, input: &[f32]) -> TractResult<Tensor> {
        let [channels, height, width] = self.input;
        let expected = channels * height * width;
        ensure!(input.len() == expected, "the input has {} values, not {expected}", input.len());
        Tensor::from_shape(&[1, channels, height, width], input)
    }
}

/// The sides of the graph's one input that is not a constant.
fn input_sides(graph: &GraphProto) -> TractResult<[usize; 3]> {
    let input = import::only_input(graph)?;
    let sides = known_sides(input);
    let [Some(1) | None, Some(channels), Some(height), Some(width)] = sides[..] else {
        bail!(
            "the file does not say how large its input `{}` is (1 x channels x height x width); give it",
            input.name
        )
    };
    Ok([channels, height, width])
}

/// Each side of a value, where the file names a number.
fn known_sides(value: &ValueInfoProto) -> Vec<Option<usize>> {
    let Some(Type::TensorType(tensor)) = value.r#type.as_ref().and_then(|kind| kind.value.as_ref()) else {
        return Vec::new();
    };
    let sides = tensor.shape.iter().flat_map(|shape| &shape.dim);
    sides
        .map(|side| match side.value {
            Some(Side::DimValue(side)) => usize::try_from(side).ok().filter(|side| *side > 0),
            _ => None,
        })
        .collect()
}
