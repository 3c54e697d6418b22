//! The stock engine: tract runs the QDQ network as it stands. Slow, and the cross-check of the int8 operators.

use std::sync::Arc;
use std::time::Instant;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::plan;

use super::{Engine, EngineError, Manifest, Outputs, Step};

/// Builds the engine from the network's bytes.
pub fn build(network: &[u8], manifest: &Manifest, _threads: usize) -> Result<Box<dyn Engine>, EngineError> {
    let shape = [1, 3, manifest.input.height as usize, manifest.input.width as usize];
    let model = tract_onnx::onnx()
        .model_for_read(&mut std::io::Cursor::new(network))?
        .with_input_fact(0, f32::fact(shape).into())?
        .with_outputs_by_name(["logits", "attention", "embedding"])?
        .into_optimized()?
        .into_runnable()?;
    Ok(Box::new(Stock { model, shape }))
}

struct Stock {
    model: Arc<TypedRunnableModel>,
    shape: [usize; 4],
}

impl Engine for Stock {
    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        let tensor = Tensor::from_shape(&self.shape, input)?;
        Outputs::from_tensors(&self.model.run(tvec!(tensor.into()))?)
    }

    fn kernel(&self) -> String {
        "tract".into()
    }

    fn profile(&mut self, input: &[f32]) -> Result<Vec<Step>, EngineError> {
        profile(&mut self.model.spawn()?, Tensor::from_shape(&self.shape, input)?)
    }
}

/// Runs a plan once, with a clock around each operator.
pub(super) fn profile(state: &mut TypedSimpleState, input: Tensor) -> Result<Vec<Step>, EngineError> {
    let mut steps = Vec::new();
    state.run_plan_with_eval(tvec!(input.into()), |context, state, node, inputs| {
        let start = Instant::now();
        let outputs = plan::eval(context, state, node, inputs);
        steps.push(Step {
            node: node.name.clone(),
            operator: node.op.name().to_string(),
            time: start.elapsed(),
        });
        outputs
    })?;
    Ok(steps)
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
}
