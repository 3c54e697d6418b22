//! Convolutions and sums: read first, wired when the QuantizeLinear behind them says what their output means.

use std::sync::Arc;

use anyhow::{anyhow, bail, ensure};
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;

use super::{Affine, Importer, Map, Value, Weights};
use crate::kernels::{self, Conv, Depthwise, Requantise, Term, Window};
use crate::{onnx, ops};

/// A layer as read, before its output's scale is known.
pub(super) enum Pending {
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

impl<'a> Importer<'a> {
    /// Wires a layer whose output's scale is known now.
    pub(super) fn finish(
        &mut self,
        node: &NodeProto,
        pending: &Pending,
        affine: Affine,
    ) -> TractResult<(OutletId, [usize; 3])> {
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
                add.check().map_err(TractError::msg)?;
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

    pub(super) fn pack_conv(
        &self,
        input: Map,
        window: Window,
        weights: &[i8],
        requantise: Requantise,
    ) -> TractResult<(&'static str, Box<dyn kernels::Layer>)> {
        let (inputs, outputs) = (input.shape[2], requantise.bias.len());
        let weights = weights
            .chunks_exact(inputs * window.kernel * window.kernel)
            .flat_map(|filter| transpose(filter, inputs));
        let conv =
            Conv { window, inputs, outputs, weights: weights.collect(), zero: input.affine.zero, requantise };
        conv.check().map_err(TractError::msg)?;
        let kind = if window.is_pointwise() { "Int8Conv1x1" } else { "Int8Conv" };
        Ok((kind, self.kernel.conv(&conv)))
    }

    pub(super) fn pack_depthwise(
        &self,
        input: Map,
        window: Window,
        weights: &[i8],
        requantise: Requantise,
    ) -> TractResult<(&'static str, Box<dyn kernels::Layer>)> {
        let channels = input.shape[2];
        let weights = transpose(weights, channels);
        let depthwise = Depthwise { window, channels, weights, zero: input.affine.zero, requantise };
        depthwise.check().map_err(TractError::msg)?;
        let kind = match (window.kernel, window.stride) {
            (3, 1) => "Int8Depthwise3x3",
            (3, 2) => "Int8Depthwise3x3/2",
            (5, 1) => "Int8Depthwise5x5",
            (5, 2) => "Int8Depthwise5x5/2",
            _ => "Int8Depthwise",
        };
        Ok((kind, self.kernel.depthwise(&depthwise)))
    }

    pub(super) fn conv(&mut self, node: &'a NodeProto) -> TractResult<Value<'a>> {
        onnx::only(node, &["dilations", "group", "kernel_shape", "pads", "strides"])?;
        let input = self.map(node, 0)?;
        match self.value(node, 1)?.clone() {
            Value::Constant(weights) => self.float_conv(node, input, weights),
            Value::Weights(weights) => self.int8_conv(node, input, &weights),
            _ => bail!("its weights are not constant"),
        }
    }

    pub(super) fn int8_conv(
        &self,
        node: &'a NodeProto,
        input: Map,
        weights: &Weights<'a>,
    ) -> TractResult<Value<'a>> {
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
        let per_output = |scales: &[f32]| -> TractResult<Vec<f64>> {
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

    pub(super) fn add(&mut self, node: &'a NodeProto) -> TractResult<Value<'a>> {
        let (left, right) = (self.map(node, 0)?, self.map(node, 1)?);
        ensure!(left.shape == right.shape, "it adds maps of {:?} and {:?}", left.shape, right.shape);
        Ok(Value::Layer(Arc::new(Pending::Add { left, right })))
    }

    pub(super) fn clamp(&mut self, node: &'a NodeProto) -> TractResult<Value<'a>> {
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
}

/// The window of a convolution, from its attributes.
pub(super) fn window(node: &NodeProto, map: [usize; 2], kernel: usize) -> TractResult<Window> {
    let positive = |values: Vec<i64>, default: Vec<usize>| -> TractResult<Vec<usize>> {
        let values = values.iter().map(|value| usize::try_from(*value)).collect::<Result<Vec<_>, _>>()?;
        Ok(if values.is_empty() { default } else { values })
    };
    let strides = positive(onnx::integers(node, "strides"), vec![1, 1])?;
    let pads = positive(onnx::integers(node, "pads"), vec![0; 4])?;
    let [stride, other] = strides[..] else { bail!("it has {} strides", strides.len()) };
    ensure!(stride == other, "its strides of {stride} and {other} are not alike");
    let pads = pads.try_into().map_err(|_| anyhow!("it does not have four paddings"))?;
    Window::new(map, kernel, stride, pads).map_err(TractError::msg)
}

/// Rows of a matrix of `rows` rows to columns.
pub(super) fn transpose<T: Copy>(values: &[T], rows: usize) -> Vec<T> {
    let columns = values.len() / rows.max(1);
    (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column])).collect()
}
