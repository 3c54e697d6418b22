//! The int8 engine: a QDQ network as a `TypedModel` of fused int8 operators, run by tract's own planner.
//!
//! [`kernels`] holds the arithmetic and knows nothing of tract; `import` reads ONNX; `ops` and `head` are the operators.

mod head;
mod import;
pub mod kernels;
mod onnx;
mod ops;
mod threads;

use std::sync::Arc;

use anyhow::{Context, ensure};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::Framework;

use super::{Engine, EngineError, Manifest, Outputs, Step, tract};
use kernels::Kernel;
use threads::Workers;

/// Builds the engine from the network's bytes, on the fastest kernel that this processor has.
pub fn build(network: &[u8], manifest: &Manifest, threads: usize) -> Result<Box<dyn Engine>, EngineError> {
    Ok(Box::new(Int8::load(network, manifest, threads, kernels::available()[0])?))
}

/// The engine with a kernel of one's own choice.
pub struct Int8 {
    state: TypedSimpleState,
    shape: [usize; 4],
    kernel: &'static dyn Kernel,
}

impl Int8 {
    /// Reads the network and packs its weights for the kernel.
    pub fn load(
        network: &[u8],
        manifest: &Manifest,
        threads: usize,
        kernel: &'static dyn Kernel,
    ) -> Result<Self, EngineError> {
        let shape = [1, 3, manifest.input.height as usize, manifest.input.width as usize];
        let proto = tract_onnx::onnx().proto_model_for_read(&mut std::io::Cursor::new(network))?;
        let graph = proto.graph.as_ref().context("the file holds no graph")?;
        let workers = Arc::new(Workers::new(threads)?);
        let input = [shape[1], shape[2], shape[3]];
        let model = import::import(graph, input, &["logits", "attention", "embedding"], kernel, workers)?;
        Ok(Self { state: model.into_runnable()?.spawn()?, shape, kernel })
    }

    fn tensor(&self, input: &[f32]) -> Result<Tensor, EngineError> {
        let expected: usize = self.shape.iter().product();
        ensure!(input.len() == expected, "the picture has {} values, not {expected}", input.len());
        Tensor::from_shape(&self.shape, input)
    }
}

impl Engine for Int8 {
    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        let tensor = self.tensor(input)?;
        Outputs::from_tensors(&self.state.run(tvec!(tensor.into()))?)
    }

    fn kernel(&self) -> String {
        self.kernel.name().into()
    }

    fn profile(&mut self, input: &[f32]) -> Result<Vec<Step>, EngineError> {
        let tensor = self.tensor(input)?;
        tract::profile(&mut self.state, tensor)
    }
}
