//! The importer: a QDQ network in ONNX, as onnxruntime's `quantize_static` writes it, to a `TypedModel` of fused int8
//! operators. What it does not know is an error that names the node.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail, ensure};
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::*;

use super::EngineError;
use super::head::{Attention, Dense, Pool, Reading};
use super::kernels::{self, Conv, Depthwise, Kernel, Requantise, Term, Window};
use super::onnx::{self, name};
use super::ops::{self, Operator, Work};
use super::threads::Workers;

type Result<T> = std::result::Result<T, EngineError>;

/// Reads the graph; `input` is the picture's channels, height and width, `outputs` the names of the answers.
pub fn import(
    graph: &GraphProto,
    input: [usize; 3],
    outputs: &[&str],
    kernel: &'static dyn Kernel,
    workers: Arc<Workers>,
) -> Result<TypedModel> {
    let mut importer = Importer { kernel, workers, model: TypedModel::default(), values: HashMap::new() };
    importer.open(graph, input)?;
    for node in &graph.node {
        let value = importer.node(node).with_context(|| {
            format!(
                "node `{}` ({}) is not one that the int8 engine can run; use engine = \"tract\"",
                name(node),
                node.op_type
            )
        })?;
        let output = node.output.first().with_context(|| format!("node `{}` has no output", name(node)))?;
        importer.values.insert(output, value);
    }
    importer.close(outputs)
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

enum Pending {
    /// Weights as outputs x inputs / groups x kernel x kernel, and bias in units of input scale x weight scale.
    Conv {
        input: Map,
        window: Window,
        groups: usize,
        weights: Vec<i8>,
        scales: Vec<f64>,
        bias: Vec<i32>,
    },
    Add {
        left: Map,
        right: Map,
    },
    /// One of these and then a ReLU: real values within `bounds`.
    Clamped {
        inner: Arc<Pending>,
        bounds: [f32; 2],
    },
}

struct Importer<'a> {
    kernel: &'static dyn Kernel,
    workers: Arc<Workers>,
    model: TypedModel,
    values: HashMap<&'a str, Value<'a>>,
}

impl<'a> Importer<'a> {
    fn open(&mut self, graph: &'a GraphProto, shape: [usize; 3]) -> Result<()> {
        self.values
            .extend(graph.initializer.iter().map(|tensor| (tensor.name.as_str(), Value::Constant(tensor))));
        let mut inputs = graph.input.iter().filter(|input| !self.values.contains_key(input.name.as_str()));
        let (Some(input), None) = (inputs.next(), inputs.next()) else {
            bail!("the network does not have one input")
        };
        let [channels, height, width] = shape;
        let outlet = self.model.add_source(&*input.name, f32::fact([1, channels, height, width]))?;
        self.values.insert(&input.name, Value::Picture(outlet, shape));
        Ok(())
    }

    fn close(mut self, outputs: &[&str]) -> Result<TypedModel> {
        let outlets = outputs.iter().map(|output| match self.values.get(output) {
            Some(Value::Floats(outlet)) => Ok(*outlet),
            Some(_) => Err(anyhow!("the network's output `{output}` is not of real numbers")),
            None => Err(anyhow!("the network has no output `{output}`")),
        });
        let outlets = outlets.collect::<Result<Vec<_>>>()?;
        self.model.select_output_outlets(&outlets)?;
        Ok(self.model)
    }

    fn node(&mut self, node: &'a NodeProto) -> Result<Value<'a>> {
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

    fn value(&self, node: &NodeProto, index: usize) -> Result<&Value<'a>> {
        let input = node.input.get(index).with_context(|| format!("input {index} is missing"))?;
        self.values.get(input.as_str()).with_context(|| format!("input `{input}` comes from nowhere"))
    }

    fn map(&self, node: &NodeProto, index: usize) -> Result<Map> {
        match self.value(node, index)? {
            Value::Map(map) => Ok(*map),
            _ => bail!("input {index} is not a quantised map"),
        }
    }

    fn constant(&self, node: &NodeProto, index: usize) -> Result<&'a TensorProto> {
        match self.value(node, index)? {
            Value::Constant(tensor) => Ok(tensor),
            _ => bail!("input {index} is not a constant"),
        }
    }

    /// The scale and zero of a whole map.
    fn affine(&self, node: &NodeProto) -> Result<Affine> {
        let scale = onnx::only_value(onnx::floats(self.constant(node, 1)?)?, "its scale")?;
        ensure!(scale.is_finite() && scale > 0.0, "its scale is {scale}");
        let zero = onnx::only_value(onnx::bytes(self.constant(node, 2)?)?, "its zero point")?;
        Ok(Affine { scale, zero })
    }

    fn wire(&mut self, node: &NodeProto, work: impl Work, inputs: &[OutletId]) -> Result<OutletId> {
        Ok(self.model.wire_node(name(node), Operator(Arc::new(work)), inputs)?[0])
    }

    fn quantise(&mut self, node: &'a NodeProto) -> Result<Value<'a>> {
        onnx::only(node, &["axis", "saturate"])?;
        let affine = self.affine(node)?;
        let (outlet, shape) = match self.value(node, 0)?.clone() {
            Value::Picture(outlet, [channels, height, width]) => {
                let inverse = 1.0 / affine.scale;
                let quantise = kernels::Quantise { height, width, channels, zero: affine.zero, inverse };
                quantise.check().map_err(EngineError::msg)?;
                let work = ops::Quantise { quantise, kernel: self.kernel, workers: self.workers.clone() };
                (self.wire(node, work, &[outlet])?, [height, width, channels])
            }
            Value::Layer(pending) => self.finish(node, &pending, affine)?,
            _ => bail!("its input is neither the picture nor a layer"),
        };
        Ok(Value::Map(Map { outlet, shape, affine }))
    }

    /// Wires a layer whose output's scale is known now.
    fn finish(
        &mut self,
        node: &NodeProto,
        pending: &Pending,
        affine: Affine,
    ) -> Result<(OutletId, [usize; 3])> {
        match pending {
            Pending::Clamped { inner, bounds } => {
                let reach = [-128.0, 127.0].map(|value: f32| (value - f32::from(affine.zero)) * affine.scale);
                let slack = affine.scale / 2.0;
                let implied = bounds[0] <= reach[0] + slack && bounds[1] >= reach[1] - slack;
                ensure!(
                    implied,
                    "it does not clamp to {bounds:?}, as the activation before it does, but to {reach:?}"
                );
                self.finish(node, inner, affine)
            }
            Pending::Add { left, right } => {
                let term = |map: &Map| Term { zero: map.affine.zero, scale: map.affine.scale / affine.scale };
                let add = kernels::Add { left: term(left), right: term(right), zero: affine.zero };
                add.check().map_err(EngineError::msg)?;
                let shape = left.shape;
                let work = ops::Add { add, kernel: self.kernel, shape, workers: self.workers.clone() };
                Ok((self.wire(node, work, &[left.outlet, right.outlet])?, shape))
            }
            Pending::Conv { input, window, groups, weights, scales, bias } => {
                let scale = scales.iter().map(|scale| (scale / f64::from(affine.scale)) as f32).collect();
                let requantise = Requantise { bias: bias.clone(), scale, zero: affine.zero };
                let outputs = bias.len();
                let (kind, layer) = if *groups == 1 {
                    self.pack_conv(*input, *window, weights, requantise)?
                } else {
                    self.pack_depthwise(*input, *window, weights, requantise)?
                };
                let shape = [window.out_height, window.out_width, outputs];
                let work = ops::Layer { name: kind, layer, shape, workers: self.workers.clone() };
                Ok((self.wire(node, work, &[input.outlet])?, shape))
            }
        }
    }

    fn pack_conv(
        &self,
        input: Map,
        window: Window,
        weights: &[i8],
        requantise: Requantise,
    ) -> Result<(&'static str, Box<dyn kernels::Layer>)> {
        let (inputs, outputs) = (input.shape[2], requantise.bias.len());
        let weights = weights
            .chunks_exact(inputs * window.kernel * window.kernel)
            .flat_map(|filter| transpose(filter, inputs));
        let conv =
            Conv { window, inputs, outputs, weights: weights.collect(), zero: input.affine.zero, requantise };
        conv.check().map_err(EngineError::msg)?;
        let kind = if window.is_pointwise() { "Int8Conv1x1" } else { "Int8Conv" };
        Ok((kind, self.kernel.conv(&conv)))
    }

    fn pack_depthwise(
        &self,
        input: Map,
        window: Window,
        weights: &[i8],
        requantise: Requantise,
    ) -> Result<(&'static str, Box<dyn kernels::Layer>)> {
        let channels = input.shape[2];
        let weights = transpose(weights, channels);
        let depthwise = Depthwise { window, channels, weights, zero: input.affine.zero, requantise };
        depthwise.check().map_err(EngineError::msg)?;
        let kind = match (window.kernel, window.stride) {
            (3, 1) => "Int8Depthwise3x3",
            (3, 2) => "Int8Depthwise3x3/2",
            (5, 1) => "Int8Depthwise5x5",
            (5, 2) => "Int8Depthwise5x5/2",
            _ => "Int8Depthwise",
        };
        Ok((kind, self.kernel.depthwise(&depthwise)))
    }

    fn dequantise(&mut self, node: &'a NodeProto) -> Result<Value<'a>> {
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

    fn conv(&mut self, node: &'a NodeProto) -> Result<Value<'a>> {
        onnx::only(node, &["dilations", "group", "kernel_shape", "pads", "strides"])?;
        let input = self.map(node, 0)?;
        match self.value(node, 1)?.clone() {
            Value::Constant(weights) => self.float_conv(node, input, weights),
            Value::Weights(weights) => self.int8_conv(node, input, &weights),
            _ => bail!("its weights are not constant"),
        }
    }

    fn int8_conv(&self, node: &'a NodeProto, input: Map, weights: &Weights<'a>) -> Result<Value<'a>> {
        let sides = onnx::sides(weights.values)?;
        let [outputs, depth, kernel, other] = sides[..] else { bail!("its weights do not have four sides") };
        ensure!(kernel == other, "its window of {kernel}x{other} is not square");
        ensure!(onnx::integers(node, "dilations").iter().all(|dilation| *dilation == 1), "it is dilated");
        let groups = usize::try_from(onnx::integer(node, "group", 1))?;
        let [height, width, channels] = input.shape;
        let known =
            groups == 1 && depth == channels || groups == channels && depth == 1 && outputs == channels;
        ensure!(
            known,
            "it is neither a convolution across all of its {channels} channels nor within each of them"
        );
        let window = window(node, [height, width], kernel)?;
        let per_output = |scales: &[f32]| -> Result<Vec<f64>> {
            ensure!(
                scales.len() == 1 || scales.len() == outputs,
                "there are {} scales for {outputs} outputs",
                scales.len()
            );
            Ok((0..outputs).map(|output| f64::from(scales[output % scales.len()])).collect())
        };
        let mut scales = per_output(&weights.scales)?;
        scales.iter_mut().for_each(|scale| *scale *= f64::from(input.affine.scale));
        ensure!(scales.iter().all(|scale| *scale > 0.0), "a scale of its weights is 0");
        let bias = match node.input.get(2).map(|_| self.value(node, 2)).transpose()? {
            None => vec![0.0; outputs],
            Some(Value::Weights(bias)) => {
                let values = onnx::words(bias.values)?;
                values
                    .iter()
                    .zip(per_output(&bias.scales)?)
                    .map(|(value, scale)| f64::from(*value) * scale)
                    .collect()
            }
            Some(Value::Constant(bias)) => {
                onnx::floats(bias)?.iter().map(|value| f64::from(*value)).collect()
            }
            Some(_) => bail!("its bias is not constant"),
        };
        ensure!(bias.len() == outputs, "there are {} biases for {outputs} outputs", bias.len());
        let bias =
            bias.iter().zip(&scales).map(|(bias, scale)| (bias / scale).round_ties_even() as i32).collect();
        let weights = onnx::bytes(weights.values)?;
        Ok(Value::Layer(Arc::new(Pending::Conv { input, window, groups, weights, scales, bias })))
    }

    fn float_conv(&mut self, node: &'a NodeProto, input: Map, weights: &TensorProto) -> Result<Value<'a>> {
        let [height, width, channels] = input.shape;
        let sides = onnx::sides(weights)?;
        ensure!(
            sides.len() == 4 && sides[1..] == [channels, 1, 1],
            "its f32 window is not 1x1 across all channels"
        );
        let plain = window(node, [height, width], 1)?.is_pointwise() && onnx::integer(node, "group", 1) == 1;
        ensure!(plain, "its f32 window has a stride, padding or groups");
        let dense = self.rows(node, onnx::floats(weights)?, channels)?;
        let work = Attention { dense, height, width, reading: self.reading(&input) };
        Ok(Value::Floats(self.wire(node, work, &[input.outlet])?))
    }

    fn add(&mut self, node: &'a NodeProto) -> Result<Value<'a>> {
        let (left, right) = (self.map(node, 0)?, self.map(node, 1)?);
        ensure!(left.shape == right.shape, "it adds maps of {:?} and {:?}", left.shape, right.shape);
        Ok(Value::Layer(Arc::new(Pending::Add { left, right })))
    }

    fn clamp(&mut self, node: &'a NodeProto) -> Result<Value<'a>> {
        let Value::Layer(inner) = self.value(node, 0)?.clone() else { bail!("its input is not a layer") };
        let bound = |index: usize, default: f32| match node.input.get(index).map(String::as_str) {
            None | Some("") => Ok(default),
            Some(_) => onnx::only_value(onnx::floats(self.constant(node, index)?)?, "its bound"),
        };
        let bounds = match node.op_type.as_str() {
            "Relu" => [0.0, f32::INFINITY],
            _ => {
                onnx::only(node, &["min", "max"])?;
                let [low, high] = [("min", f32::NEG_INFINITY), ("max", f32::INFINITY)]
                    .map(|(key, none)| onnx::number(node, key, none));
                [bound(1, low)?, bound(2, high)?]
            }
        };
        Ok(Value::Layer(Arc::new(Pending::Clamped { inner, bounds })))
    }

    fn pool(&mut self, node: &'a NodeProto) -> Result<Value<'a>> {
        let input = self.map(node, 0)?;
        let [height, width, channels] = input.shape;
        let work = Pool { channels, pixels: height * width, reading: self.reading(&input) };
        Ok(Value::Floats(self.wire(node, work, &[input.outlet])?))
    }

    fn dense(&mut self, node: &'a NodeProto) -> Result<Value<'a>> {
        onnx::only(node, &["alpha", "beta", "transA", "transB"])?;
        let Value::Floats(outlet) = *self.value(node, 0)? else { bail!("its input is not of features") };
        let plain = onnx::number(node, "alpha", 1.0) == 1.0 && onnx::number(node, "beta", 1.0) == 1.0;
        ensure!(plain && onnx::integer(node, "transA", 0) == 0, "it scales or transposes its input");
        let weights = self.constant(node, 1)?;
        let sides = onnx::sides(weights)?;
        let [rows, columns] = sides[..] else { bail!("its weights do not have two sides") };
        let transposed = onnx::integer(node, "transB", 0) != 0;
        let (values, inputs) = match transposed {
            true => (onnx::floats(weights)?, columns),
            false => (transpose(&onnx::floats(weights)?, rows), rows),
        };
        let shape = &self.model.outlet_fact(outlet)?.shape;
        ensure!(
            shape.volume().as_i64() == Some(inputs as i64),
            "its weights are for {inputs} features, not {shape:?}"
        );
        let dense = self.rows(node, values, inputs)?;
        Ok(Value::Floats(self.wire(node, dense, &[outlet])?))
    }

    /// Weights with the bias of input 2, if there is one.
    fn rows(&self, node: &NodeProto, weights: Vec<f32>, inputs: usize) -> Result<Dense> {
        let outputs = weights.len() / inputs.max(1);
        let bias = match node.input.len() {
            0..=2 => vec![0.0; outputs],
            _ => onnx::floats(self.constant(node, 2)?)?,
        };
        ensure!(bias.len() == outputs, "there are {} biases for {outputs} outputs", bias.len());
        Ok(Dense { weights, bias, inputs })
    }

    fn reading(&self, map: &Map) -> Reading {
        Reading { flip: self.kernel.flip(), zero: map.affine.zero, scale: map.affine.scale }
    }
}

/// The window of a convolution, from its attributes.
fn window(node: &NodeProto, map: [usize; 2], kernel: usize) -> Result<Window> {
    let positive = |values: Vec<i64>, default: Vec<usize>| -> Result<Vec<usize>> {
        let values =
            values.iter().map(|value| usize::try_from(*value)).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(if values.is_empty() { default } else { values })
    };
    let strides = positive(onnx::integers(node, "strides"), vec![1, 1])?;
    let pads = positive(onnx::integers(node, "pads"), vec![0; 4])?;
    let [stride, other] = strides[..] else { bail!("it has {} strides", strides.len()) };
    ensure!(stride == other, "its strides of {stride} and {other} are not alike");
    let pads = pads.try_into().map_err(|_| anyhow!("it does not have four paddings"))?;
    Window::new(map, kernel, stride, pads).map_err(EngineError::msg)
}

/// Rows of a matrix of `rows` rows to columns.
fn transpose<T: Copy>(values: &[T], rows: usize) -> Vec<T> {
    let columns = values.len() / rows.max(1);
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}
