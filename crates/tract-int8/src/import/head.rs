//! The network's end, in f32: pooling, dense layers on features, and on each pixel.

use anyhow::{bail, ensure};
use tract_onnx::pb::{NodeProto, TensorProto};
use tract_onnx::prelude::TractResult;

use super::layers::{transpose, window};
use super::{Importer, Map, Value};
use crate::head::{Dense, Dequantise, PixelDense, Pool};
use crate::onnx;

impl<'a> Importer<'a> {
    pub(super) fn float_conv(
        &mut self,
        node: &'a NodeProto,
        input: Map,
        weights: &TensorProto,
    ) -> TractResult<Value<'a>> {
        let [height, width, channels] = input.shape;
        let sides = onnx::sides(weights)?;
        ensure!(
            sides.len() == 4 && sides[1..] == [channels, 1, 1],
            "its f32 window is not 1x1 across all channels"
        );
        let plain = window(node, [height, width], 1)?.is_pointwise() && onnx::integer(node, "group", 1) == 1;
        ensure!(plain, "its f32 window has a stride, padding or groups");
        let dense = self.rows(node, onnx::floats(weights)?, channels)?;
        let work = PixelDense { dense, height, width, dequantise: self.dequantiser(&input) };
        Ok(Value::Floats(self.wire(node, work, &[input.outlet])?))
    }

    pub(super) fn pool(&mut self, node: &'a NodeProto) -> TractResult<Value<'a>> {
        let input = self.map(node, 0)?;
        let [height, width, channels] = input.shape;
        let work = Pool { channels, pixels: height * width, dequantise: self.dequantiser(&input) };
        Ok(Value::Floats(self.wire(node, work, &[input.outlet])?))
    }

    pub(super) fn dense(&mut self, node: &'a NodeProto) -> TractResult<Value<'a>> {
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
    fn rows(&self, node: &NodeProto, weights: Vec<f32>, inputs: usize) -> TractResult<Dense> {
        let outputs = weights.len() / inputs.max(1);
        let bias = match node.input.len() {
            0..=2 => vec![0.0; outputs],
            _ => onnx::floats(self.constant(node, 2)?)?,
        };
        ensure!(bias.len() == outputs, "there are {} biases for {outputs} outputs", bias.len());
        Ok(Dense { weights, bias, inputs })
    }

    fn dequantiser(&self, map: &Map) -> Dequantise {
        Dequantise { flip: self.kernel.flip(), zero: map.affine.zero, scale: map.affine.scale }
    }
}
