//! The int8 engine: fused operators, which the crate `tract-int8` makes of the network.

use tract_int8::kernels::{self, Kernel};
use tract_int8::{Network, Options, Unsupported};

use super::engine::{Engine, EngineError, OUTPUTS, Outputs, Step};
use super::manifest::Manifest;

/// A network on one of [`kernels`].
pub struct Int8(Network);

impl Int8 {
    /// Reads the network for a number of threads, and packs its weights for the kernel.
    pub fn load(
        network: &[u8],
        manifest: &Manifest,
        threads: usize,
        kernel: &'static dyn Kernel,
    ) -> Result<Self, EngineError> {
        let input = Some([3, manifest.input.height as usize, manifest.input.width as usize]);
        let outputs = Some(OUTPUTS.map(String::from).to_vec());
        let network = Network::load(network, &Options { input, outputs, threads, kernel });
        network.map(Self).map_err(|error| match error.downcast_ref::<Unsupported>() {
            Some(node) => {
                let message = format!("{node}; use engine = \"tract\"");
                error.context(message)
            }
            None => error,
        })
    }
}

/// On the fastest kernel that this processor has.
pub fn build(network: &[u8], manifest: &Manifest, threads: usize) -> Result<Box<dyn Engine>, EngineError> {
    Ok(Box::new(Int8::load(network, manifest, threads, kernels::fastest())?))
}

impl Engine for Int8 {
    fn run(&mut self, input: &[f32]) -> Result<Outputs, EngineError> {
        Outputs::from_tensors(&self.0.run(input)?)
    }

    fn kernel(&self) -> String {
        self.0.kernel().name().into()
    }

    fn profile(&mut self, input: &[f32]) -> Result<Vec<Step>, EngineError> {
        let steps = self.0.profile(input)?.into_iter();
        Ok(steps.map(|step| Step { node: step.node, operator: step.operator, time: step.time }).collect())
    }
}
