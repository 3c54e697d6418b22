//! The stock engine: tract runs the QDQ network as it stands. Slow, and the cross-check of the int8 operators.

use std::sync::Arc;
use std::time::Instant;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::plan;

use super::engine::{Engine, EngineError, OUTPUTS, Outputs, Step};
use super::manifest::Manifest;

/// Builds the engine from the network's bytes.
pub fn build(network: &[u8], manifest: &Manifest) -> Result<Box<dyn Engine>, EngineError> {
    let shape = [1, 3, manifest.input.height as usize, manifest.input.width as usize];
    let model = tract_onnx::onnx()
        .model_for_read(&mut std::io::Cursor::new(network))?
        .with_input_fact(0, f32::fact(shape).into())?
        .with_outputs_by_name(OUTPUTS)?
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
        let input = Tensor::from_shape(&self.shape, input)?;
        let mut steps = Vec::new();
        self.model.spawn()?.run_plan_with_eval(tvec!(input.into()), |context, state, node, inputs| {
            let start = Instant::now();
            let outputs = plan::eval(context, state, node, inputs);
            let (node, operator) = (node.name.clone(), node.op.name().to_string());
            steps.push(Step { node, operator, time: start.elapsed() });
            outputs
        })?;
        Ok(steps)
    }
}
