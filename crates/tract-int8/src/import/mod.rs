//! The importer: a QDQ network in ONNX, as onnxruntime's `quantize_static` writes it, to a `TypedModel` of fused int8
//! operators. What it does not know is an error that names the node.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail, ensure};
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto, ValueInfoProto};
use tract_onnx::prelude::*;

use crate::kernels::{self, Kernel};
use crate::onnx::{self, name};
use crate::ops::{self, Operator, Work};
use crate::threads::Workers;
use crate::unsupported::Unsupported;
use layers::Pending;

mod head;
mod layers;

/// Reads the graph; `input` is the picture's channels, height and width, `outputs` the names of the answers.
pub fn import(
    graph: &GraphProto,
    input: [usize; 3],
    outputs: &[String],
    kernel: &'static dyn Kernel,
    workers: Arc<Workers>,
) -> TractResult<TypedModel> {
    let mut importer = Importer { kernel, workers, model: TypedModel::default(), values: HashMap::new() };
    importer.open(graph, input)?;
    for node in &graph.node {
        let unsupported = || Unsupported { node: name(node).into(), operator: node.op_type.clone() };
        let value = importer.node(node).with_context(unsupported)?;
        let output = node.output.first().with_context(|| format!("node `{}` has no output", name(node)))?;
        importer.values.insert(output, value);
    }
    importer.close(outputs)
}

/// The graph's one input that is not a constant.
pub fn only_input(graph: &GraphProto) -> TractResult<&ValueInfoProto> {
    let is_constant = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
    let mut inputs = graph.input.iter().filter(|input| !is_constant(&input.name));
    match (inputs.next(), inputs.next()) {
        (Some(input), None) => Ok(input),
        _ => bail!("the network does not have one input"),
    }
}

/// What a name in the graph stands for.
#[derive(Clone)]
enum Value<'a> {
    Constant(&'a TensorProto),
    /// A constant behind a DequantizeLinear.
    Weights(Weights<'a>),
    /// The picture, not quantised yet.
    Picture(OutletId, [usize; 3]),
    Map(Map),
    /// A layer that waits for the QuantizeLinear that says what its output means.
    Layer(Arc<Pending>),
    /// Numbers in f32.
    Floats(OutletId),
}

/// A quantised map and what its values mean.
#[derive(Clone, Copy)]
struct Map {
    outlet: OutletId,
    shape: [usize; 3],
    affine: Affine,
}

#[derive(Clone, Copy)]
struct Affine {
    scale: f32,
    zero: i8,
}

#[derive(Clone)]
struct Weights<'a> {
    values: &'a TensorProto,
    /// One, or one per output channel.
    scales: Vec<f32>,
}

struct Importer<'a> {
    kernel: &'static dyn Kernel,
    workers: Arc<Workers>,
    model: TypedModel,
    values: HashMap<&'a str, Value<'a>>,
}

impl<'a> Importer<'a> {
    fn open(&mut self, graph: &'a GraphProto, shape: [usize; 3]) -> TractResult<()> {
        self.values
            .extend(graph.initializer.iter().map(|tensor| (tensor.name.as_str(), Value::Constant(tensor))));
        let input = only_input(graph)?;
        let [channels, height, width] = shape;
        let outlet = self.model.add_source(&*input.name, f32::fact([1, channels, height, width]))?;
        self.values.insert(&input.name, Value::Picture(outlet, shape));
        Ok(())
    }

    fn close(mut self, outputs: &[String]) -> TractResult<TypedModel> {
        let outlets = outputs.iter().map(|output| match self.values.get(output.as_str()) {
            Some(Value::Floats(outlet)) => Ok(*outlet),
            Some(_) => Err(anyhow!("the network's output `{output}` is not of real numbers")),
            None => Err(anyhow!("the network has no output `{output}`")),
        });
        let outlets = outlets.collect::<TractResult<Vec<_>>>()?;
        self.model.select_output_outlets(&outlets)?;
        Ok(self.model)
    }

    fn node(&mut self, node: &'a NodeProto) -> TractResult<Value<'a>> {
        ensure!(
            matches!(node.domain.as_str(), "" | "ai.onnx"),
            "its operator set `{}` is not known",
            node.domain
        );
        match node.op_type.as_str() {
            "QuantizeLinear" => self.quantise(node),
            "DequantizeLinear" => self.dequantise(node),
            "Conv" => self.conv(node),
            "Add" => self.add(node),
            "Relu" | "Clip" => self.clamp(node),
            "GlobalAveragePool" => self.pool(node),
            "Flatten" | "Reshape" | "Squeeze" => match self.value(node, 0)? {
                // Features are kept as 1 x channels, which is what comes out here.
                Value::Floats(outlet) => Ok(Value::Floats(*outlet)),
                _ => bail!("its input is not of pooled features"),
            },
            "Gemm" => self.dense(node),
            _ => bail!("the operator is not known"),
        }
    }

    fn value(&self, node: &NodeProto, index: usize) -> TractResult<&Value<'a>> {
        let input = node.input.get(index).with_context(|| format!("input {index} is missing"))?;
        self.values.get(input.as_str()).with_context(|| format!("input `{input}` comes from nowhere"))
    }

    fn map(&self, node: &NodeProto, index: usize) -> TractResult<Map> {
        match self.value(node, index)? {
            Value::Map(map) => Ok(*map),
            _ => bail!("input {index} is not a quantised map"),
        }
    }

    fn constant(&self, node: &NodeProto, index: usize) -> TractResult<&'a TensorProto> {
        match self.value(node, index)? {
            Value::Constant(tensor) => Ok(tensor),
            _ => bail!("input {index} is not a constant"),
        }
    }

    /// The scale and zero of a whole map.
    fn affine(&self, node: &NodeProto) -> TractResult<Affine> {
        let scale = onnx::only_value(onnx::floats(self.constant(node, 1)?)?, "its scale")?;
        ensure!(scale.is_finite() && scale > 0.0, "its scale is {scale}");
        let zero = onnx::only_value(onnx::bytes(self.constant(node, 2)?)?, "its zero point")?;
        Ok(Affine { scale, zero })
    }

    fn wire(&mut self, node: &NodeProto, work: impl Work, inputs: &[OutletId]) -> TractResult<OutletId> {
        Ok(self.model.wire_node(name(node), Operator(Arc::new(work)), inputs)?[0])
    }

    fn quantise(&mut self, node: &'a NodeProto) -> TractResult<Value<'a>> {
        onnx::only(node, &["axis", "saturate"])?;
        let affine = self.affine(node)?;
        let (outlet, shape) = match self.value(node, 0)?.clone() {
            Value::Picture(outlet, [channels, height, width]) => {
                let inverse = 1.0 / affine.scale;
                let quantise = kernels::Quantise { height, width, channels, zero: affine.zero, inverse };
                quantise.check().map_err(TractError::msg)?;
                let work = ops::Quantise { quantise, kernel: self.kernel, workers: self.workers.clone() };
                (self.wire(node, work, &[outlet])?, [height, width, channels])
            }
            Value::Layer(pending) => self.finish(node, &pending, affine)?,
            _ => bail!("its input is neither the picture nor a layer"),
        };
        Ok(Value::Map(Map { outlet, shape, affine }))
    }

    fn dequantise(&mut self, node: &'a NodeProto) -> TractResult<Value<'a>> {
        onnx::only(node, &["axis"])?;
        match self.value(node, 0)?.clone() {
            Value::Map(map) => {
                let affine = self.affine(node)?;
                let same = affine.scale == map.affine.scale && affine.zero == map.affine.zero;
                ensure!(same, "its scale and zero point are not those of the QuantizeLinear before it");
                Ok(Value::Map(map))
            }
            Value::Constant(values) => {
                ensure!(
                    onnx::integer(node, "axis", 1) == 0 || values.dims.is_empty(),
                    "its axis is not that of the output channels"
                );
                let scales = onnx::floats(self.constant(node, 1)?)?;
                ensure!(
                    scales.iter().all(|scale| scale.is_finite() && *scale >= 0.0),
                    "a scale is not a positive number"
                );
                if node.input.len() > 2 {
                    let zero = self.constant(node, 2)?;
                    let zeros = onnx::bytes(zero).map(|zeros| zeros.iter().all(|zero| *zero == 0));
                    let symmetric = zeros
                        .or_else(|_| onnx::words(zero).map(|zeros| zeros.iter().all(|zero| *zero == 0)))?;
                    ensure!(symmetric, "its weights are not symmetric");
                }
                Ok(Value::Weights(Weights { values, scales }))
            }
            _ => bail!("its input is neither a quantised map nor a constant"),
        }
    }
}
